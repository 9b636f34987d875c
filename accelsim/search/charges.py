"""What edges cost under a measure: weights x words at every boundary between parent and child."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from accelsim.model import kernels as k
from accelsim.search.costs import EdgeCosts, FrameCosts, SlideCosts, Values
from accelsim.search.frames import Spread
from accelsim.search.problem import MACS, Edge, Measure, Weights
from accelsim.search.windows import GAIN, HIGHEST, RESET
from accelsim.workload.operation import Rank, Tensor

Terms = list[tuple[float, dict[Spread, int]]]


class Charges:
    """The edges of one frame under one measure."""

    def __init__(self, costs: FrameCosts, measure: Measure) -> None:
        self.costs, self.measure, self.problem = costs, measure, costs.problem
        self.rule = self.problem.rule(measure)
        self.since = 0 if measure.level < 0 else self.problem.above[measure.level]

    def feed(self, edge: Edge) -> tuple[float, bool]:
        """Cost of an edge to the MACs, and whether that is exact."""
        weights = self.problem.weights(edge, self.measure)
        terms, constant = self.terms(edge, weights)
        total = constant
        for weight, modes in terms:
            low = self.costs.words(edge, modes, self.rule)
            visits = prod(
                n for name, n in zip(self.costs.dims, self.costs.frame.rounds, strict=True)
                if name not in self.problem.tensors[edge.tensor].dims and not self.costs.frame.is_ragged(name)
            )  # fmt: skip
            total += weight * float(low[(0,) * low.ndim]) * visits
        return total, not (self.merges(edge) or self.loose(edge))

    def edge(self, edge: Edge) -> EdgeCosts | None:
        """Costs of an edge between levels; None when the measure charges nothing for it."""
        weights = self.problem.weights(edge, self.measure)
        terms, constant = self.terms(edge, weights)
        if not any(weight for weight, _ in terms) and not constant:
            return None
        tensor = self.problem.tensors[edge.tensor]
        share = self._kept_idle(tensor)
        low = self._sum(edge, terms)
        _, windows = self.costs.groups(tensor, self.rule)
        sliding = [t.dim for rank in windows if len(rank.terms) > 1 for t in rank.terms]
        # More words cost less where a weight is negative, so what windows keep makes a nest dearer.
        negative = bool(sliding) and any(weight < 0 for weight, _ in terms)
        loose = self.loose(edge) or self.merges(edge) or negative
        high = np.full_like(low, np.inf) if loose else low
        slides = []
        for name in sliding:
            ends = self._slid(edge, terms, name)
            if share < 1:
                ends[GAIN] += np.where(np.isfinite(ends[HIGHEST]), (1 - share) * ends[HIGHEST], 0.0)
            slides.append(SlideCosts(self.costs.dims.index(name), ends))
        return EdgeCosts(low * share - self._forgotten(edge), high, tuple(slides), constant, loose)

    def _forgotten(self, edge: Edge) -> float:
        """Per visit, what the child's reads cost at most where the convention may forget them (reads without reuse)."""
        if self.measure.level >= 0 or not self.problem.child_is_dropped(edge):
            return 0.0
        feed = Edge(edge.tensor, MACS, edge.child)
        read = self.problem.weights(feed, self.measure).read
        tensor = self.problem.tensors[edge.tensor]
        words = self.costs.words(feed, self.costs.modes(feed, self.problem.above[edge.child], self.rule, 0), self.rule)
        ragged = self.costs.frame.is_ragged
        rounds = zip(self.costs.dims, self.costs.frame.rounds, strict=True)
        visits = prod(n for name, n in rounds if name not in tensor.dims and not ragged(name))
        most = float(words[(0,) * words.ndim]) * visits
        return read * most / float(self.costs.visits(tensor).max())

    def _kept_idle(self, tensor: Tensor) -> float:
        """Share of the words that instances with more than one round move: the last round of a ragged dim may leave an
        instance idle, which keeps its only tile."""
        share = 1.0
        for name in tensor.dims & set(self.costs.dims):
            if self.costs.frame.is_ragged(name):
                (spread,) = self.costs.frame.along(name)
                rest = self.costs.extents[name] - spread.below * spread.positions
                idle = spread.positions - max(0, -(-rest // spread.below)) if rest > 0 else 0
                share *= 1.0 - min(1.0, idle * spread.below / self.costs.extents[name])
        return share

    def _sum(self, edge: Edge, terms: Terms) -> Values:
        total: Values = np.zeros((1,) * len(self.costs.dims))
        for weight, modes in terms:
            total = total + weight * self.costs.words(edge, modes, self.rule)
        return total

    def _slid(self, edge: Edge, terms: Terms, slide: str) -> Values:
        """Costs of slides per end."""
        total: Any = 0.0
        for weight, modes in terms:
            ends = self.costs.words(edge, modes, self.rule, slide)
            if weight < 0:  # what is kept costs, so that the least is when every row starts afresh
                ends = np.stack([ends[HIGHEST], 0 * ends[RESET], 0 * ends[GAIN]])
            with np.errstate(invalid="ignore"):
                total = total + weight * ends
        return np.asarray(total)

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
        _, windows = self.costs.groups(self.problem.tensors[-1], self.rule)
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
        plain, windows = self.costs.groups(tensor, self.rule)
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
