"""What edges cost under a measure: weights x words at every boundary between parent and child."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from accelsim.model import kernels as k
from accelsim.search.costs import Crossing, FrameCosts, Words
from accelsim.search.frames import Spread
from accelsim.search.problem import MACS, Edge, Measure, Problem
from accelsim.search.windows import covered
from accelsim.workload.operation import Rank


@dataclass(frozen=True)
class Plan:
    """What an edge charges whatever lies in space: a weight per boundary, per word that goes back to a group of
    instances, and per distinct word."""

    crossings: tuple[tuple[float, Crossing], ...]
    back: float
    returned: Crossing
    distinct: float

    @staticmethod
    def of(problem: Problem, edge: Edge, measure: Measure) -> Plan:
        weights, rule = problem.weights(edge, measure), problem.rule(measure)
        is_output, to_macs = edge.tensor == len(problem.tensors) - 1, edge.child == MACS
        since = 0 if measure.level < 0 else problem.above[measure.level]
        first = problem.above[edge.parent]
        last = len(problem.rules.architecture.fanouts) if to_macs else problem.above[edge.child]
        hops = weights.hops or ((0.0, 0.0),) * last
        crossings = []
        for boundary in range(first, last + 1):
            weight = 0.0
            if boundary == first:
                weight += weights.read + (weights.update if is_output else 0.0)
            if boundary == last and not to_macs:
                weight += weights.drain if is_output else weights.fill
            if boundary < last:
                weight += hops[boundary][0]
            if boundary > first:
                weight += hops[boundary - 1][1]
            if weight:
                crossings.append((weight, Crossing(edge.tensor, last, boundary, since, rule, to_macs)))
        returned = Crossing(edge.tensor, last, first, since, rule, to_macs, returns=True)
        if not is_output:
            return Plan(tuple(crossings), 0.0, returned, 0.0)
        back = (0.0 if to_macs else weights.fill) + sum(s + d for s, d in hops[first:last])
        return Plan(tuple(crossings), back, returned, weights.distinct - weights.read)


@dataclass(frozen=True)
class EdgeCosts:
    """Per visit the sum of weight x words, less ``forgotten`` at most; ``constant`` is added once. ``exact``: an edge
    costs just this, not perhaps more."""

    parts: tuple[tuple[float, Words], ...]
    constant: float
    forgotten: float
    exact: bool


class Charges:
    """The edges of one frame under one measure."""

    def __init__(self, costs: FrameCosts, measure: Measure) -> None:
        self.costs, self.measure, self.problem = costs, measure, costs.problem
        self.rule = self.problem.rule(measure)
        self.since = 0 if measure.level < 0 else self.problem.above[measure.level]

    def plan(self, edge: Edge) -> Plan:
        """What the edge charges whatever lies in space."""
        key = "plan", edge, self.measure
        return self.costs.tables.once(key, lambda: Plan.of(self.problem, edge, self.measure))

    def feed(self, edge: Edge) -> tuple[float, bool]:
        """Cost of an edge to the MACs, and whether that is exact."""
        costs = self.edge(edge)
        if costs is None:
            return 0.0, True
        tensor = self.problem.tensors[edge.tensor]
        return costs.constant + sum(w * self.costs.fed(words, tensor) for w, words in costs.parts), costs.exact

    def edge(self, edge: Edge) -> EdgeCosts | None:
        """Costs of an edge; None when the measure charges nothing for it."""
        plan, merges = self.plan(edge), self.merges(edge)
        crossings, constant = plan.crossings, plan.distinct
        if plan.back and not merges:
            crossings, constant = (*crossings, (plan.back, plan.returned)), constant - plan.back
        if not crossings and not constant:
            return None
        parts = tuple((weight, self.costs.words(crossing)) for weight, crossing in crossings)
        if constant:
            constant *= self.distinct(edge)
        forgotten = self._forgotten(edge) if edge.child != MACS else 0.0
        return EdgeCosts(parts, constant, forgotten, not (forgotten or merges or self.loose(edge)))

    def _forgotten(self, edge: Edge) -> float:
        """Per visit, what the child's reads cost at most where the convention may forget them (reads without reuse)."""
        if self.measure.level >= 0 or not self.problem.child_is_dropped(edge):
            return 0.0
        read = self.problem.weights(Edge(edge.tensor, MACS, edge.child), self.measure).read
        tensor, last = self.problem.tensors[edge.tensor], len(self.problem.rules.architecture.fanouts)
        words = self.costs.words(Crossing(edge.tensor, last, self.problem.above[edge.child], 0, self.rule, True))
        return read * self.costs.fed(words, tensor) / self.costs.most_visits(tensor)

    def merges(self, edge: Edge) -> bool:
        """Whether outputs of different instances may overlap, so that the parent may have to merge them."""
        if edge.tensor != len(self.problem.tensors) - 1:
            return False
        first = self.problem.above[edge.parent]
        last = len(self.problem.rules.architecture.fanouts) if edge.child == MACS else self.problem.above[edge.child]
        _, windows = self.costs.parts(self.problem.tensors[-1])
        sliding = {t.dim for rank in windows if len(rank.terms) > 1 for t in rank.terms}
        return any(s.dim in sliding and first <= s.fanout < last for s in self.costs.frame.spreads)

    def loose(self, edge: Edge) -> bool:
        """Whether instances are unlike, so that the first need not be the busiest."""
        if not self.since or not any(s.fanout < self.since for s in self.costs.frame.spreads):
            return False
        extents = self.costs.extents
        ranks = self.problem.tensors[edge.tensor].ranks
        padded = any(low < 0 or high >= rank.size for rank in ranks for low, high in [rank.span(extents)])
        return padded or not self.costs.frame.is_perfect

    def distinct(self, edge: Edge) -> float:
        """Outputs that the parent's instances ever add to, summed over instances."""
        tensor, first = self.problem.tensors[edge.tensor], self.problem.above[edge.parent]
        plain, windows = self.costs.parts(tensor)
        modes = {}
        for spread in self.costs.frame.spreads:
            if spread.fanout < max(first, self.since):
                modes[spread] = k.FIRST if spread.fanout < self.since else k.SUM
        words = prod(self.costs.coverage(name, modes) for name in plain)
        for name in self.costs.dims:
            if name not in tensor.dims:
                words *= prod(self._instances(s) for s in self.costs.frame.along(name) if modes.get(s) == k.SUM)
        for rank in windows:
            words *= self._covered(rank, modes)
        return words

    def _instances(self, spread: Spread) -> int:
        return min(spread.positions, -(-self.costs.extents[spread.dim] // max(1, spread.below)))

    def _covered(self, rank: Rank, modes: dict[Spread, int]) -> float:
        loops = []
        bounds = []
        for i, term in enumerate(rank.terms):
            bound = self.costs.extents[term.dim]
            bounds.append(bound)
            width = prod(s.positions for s in self.costs.frame.along(term.dim))
            for spread in self.costs.frame.along(term.dim):
                if spread in modes:
                    loops.append((i, spread.below * width, k.TEMPORAL))
                    width //= spread.positions
                    loops.append((i, spread.below * width, modes[spread]))
        return float(covered(rank, tuple(bounds), False, tuple(loops)))
