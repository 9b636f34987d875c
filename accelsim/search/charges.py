"""What edges cost under a measure: weights x words at every boundary between parent and child."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from accelsim.model import kernels as k
from accelsim.search.costs import FrameCosts, Modes, Words
from accelsim.search.frames import Spread
from accelsim.search.problem import MACS, Edge, Measure, Weights
from accelsim.workload.operation import Rank

Terms = list[tuple[float, Modes]]


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

    def feed(self, edge: Edge) -> tuple[float, bool]:
        """Cost of an edge to the MACs, and whether that is exact."""
        terms, total = self.terms(edge, self.problem.weights(edge, self.measure))
        tensor = self.problem.tensors[edge.tensor]
        for weight, modes in terms:
            total += weight * self.costs.fed(self.costs.words(edge, modes, self.rule), tensor)
        return total, not (self.merges(edge) or self.loose(edge))

    def edge(self, edge: Edge) -> EdgeCosts | None:
        """Costs of an edge between levels; None when the measure charges nothing for it."""
        terms, constant = self.terms(edge, self.problem.weights(edge, self.measure))
        if not terms and not constant:
            return None
        parts = tuple((weight, self.costs.words(edge, modes, self.rule)) for weight, modes in terms)
        forgotten = self._forgotten(edge)
        return EdgeCosts(parts, constant, forgotten, not (forgotten or self.loose(edge) or self.merges(edge)))

    def _forgotten(self, edge: Edge) -> float:
        """Per visit, what the child's reads cost at most where the convention may forget them (reads without reuse)."""
        if self.measure.level >= 0 or not self.problem.child_is_dropped(edge):
            return 0.0
        feed = Edge(edge.tensor, MACS, edge.child)
        read = self.problem.weights(feed, self.measure).read
        tensor = self.problem.tensors[edge.tensor]
        words = self.costs.words(feed, self.costs.modes(feed, self.problem.above[edge.child], self.rule, 0), self.rule)
        return read * self.costs.fed(words, tensor) / float(self.costs.visits(tensor).max())

    def terms(self, edge: Edge, weights: Weights) -> tuple[Terms, float]:
        """(weight, modes) of every boundary whose words count, and what is added once."""
        is_output = edge.tensor == len(self.problem.tensors) - 1
        to_macs = edge.child == MACS
        first = self.problem.above[edge.parent]
        last = len(self.problem.rules.architecture.fanouts) if to_macs else self.problem.above[edge.child]
        hops = weights.hops or ((0.0, 0.0),) * last
        terms: Terms = []
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
                terms.append((weight, self.costs.modes(edge, boundary, self.rule, self.since)))
        if not is_output:
            return terms, 0.0
        back = (0.0 if to_macs else weights.fill) + sum(s + d for s, d in hops[first:last])
        distinct = self.distinct(edge, first, last)
        if back and not self.merges(edge):
            terms.append((back, self._group(first, last, edge)))
        else:
            back = 0.0
        return terms, (weights.distinct - weights.read - back) * distinct

    def _group(self, first: int, last: int, edge: Edge) -> dict[Spread, int]:
        """Modes that count one child instance per group that adds to the same outputs."""
        dims = self.problem.tensors[edge.tensor].dims
        out = {}
        for spread in self.costs.frame.spreads:
            if spread.fanout < last:
                between = spread.fanout >= first and spread.dim not in dims
                out[spread] = k.FIRST if spread.fanout < self.since or between else k.SUM
        return out

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

    def distinct(self, edge: Edge, first: int, last: int) -> float:
        """Outputs that the parent's instances ever add to, summed over instances."""
        tensor = self.problem.tensors[edge.tensor]
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
        return float(covered(rank, tuple(bounds), tuple(loops)))


def covered(rank: Rank, bounds: tuple[int, ...], loops: tuple[tuple[int, int, int], ...]) -> int:
    """Indexes of a rank that hold data and are ever reached, per combination of summed coordinates."""
    limits, strides = np.ones(k.DIMS, np.int64), np.zeros(k.DIMS, np.int64)
    for i, term in enumerate(rank.terms):
        limits[i], strides[i] = bounds[i], term.stride
    count = max(1, len(loops))
    dims, steps, modes, coords = (np.zeros(count, np.int64) for _ in range(4))
    trips = np.ones(count, np.int64)
    enclosing = list(bounds)
    for i, (dim, step, mode) in enumerate(loops):
        dims[i], steps[i], modes[i] = dim, min(step, enclosing[dim]), mode
        trips[i] = -(-enclosing[dim] // steps[i])
        enclosing[dim] = int(steps[i])
    return int(
        k.window_cover(limits, strides, rank.offset, rank.size, False, dims, steps, modes, trips, coords, len(loops))
    )
