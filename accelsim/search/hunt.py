"""The labels of one frame, explored step by step, and the nests that complete ones stand for."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, prod
from typing import Any

import numpy as np

from accelsim.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from accelsim.search import kernels
from accelsim.search.frames import Spread
from accelsim.search.grid import Floats
from accelsim.search.slid import Guide
from accelsim.search.walk import Walk

WEIGHT = 0.05
"""How much more than its bound the rest of a nest counts in the order of labels, so that whole nests come early."""
OBJECTIVE = {"energy": kernels.ENERGY, "latency": kernels.LATENCY, "edp": kernels.EDP}


class Hunt:
    """The search of one frame: ``run`` goes on where it stopped."""

    def __init__(
        self, walk: Walk, objective: int, lexical: bool, price: Floats | None = None, weight: float = WEIGHT,
        guide: Guide | None = None,
    ) -> None:  # fmt: skip
        self.walk, self.objective, self.lexical, self.weight = walk, objective, lexical, weight
        priced = np.zeros((1, 1)) if price is None else walk.least(0, price)
        charged = np.zeros(len(walk.common.capacities[1])) if price is None else price
        self.inputs = walk.inputs(charged, priced, Guide.none(walk) if guide is None else guide.arrays)
        self.rates = np.array([m.rate for m in walk.problem.measures[: walk.measures]])
        measures, (_, limits) = len(self.rates), walk.common.capacities
        self.ints = np.empty((1024, kernels.SLOT + 1 + int(walk.lattice.slots.max(initial=-1))), np.int64)
        self.floats = np.empty((1024, 2 * measures + len(limits)))
        self.keys, self.ids = np.empty(1024), np.empty(1024, np.int64)
        self.table = np.full(4096, -1, np.int64)
        self.counters = np.zeros(kernels.COUNTERS, np.int64)
        deepest = len(walk.common.items) + 2
        self.scratch = (
            np.empty((deepest, self.ints.shape[1]), np.int64), np.empty((deepest, self.floats.shape[1])),
            np.empty((deepest, kernels.COLUMNS), np.int64), np.empty(measures), np.empty(measures),
        )  # fmt: skip
        for n, (state, cost, exact) in enumerate(walk.feeds):
            self._root(n, state, cost, exact)
        cheapest = sorted(range(len(walk.feeds)), key=lambda n: float(walk.feeds[n][1][0]))
        self.ids[: len(cheapest)], self.keys[: len(cheapest)] = cheapest, self.floats[cheapest, 0]
        self.counters[[kernels.LABELS, kernels.HEAP]] = len(cheapest)
        walk.forget_tiles()

    def _root(self, n: int, state: int, cost: np.ndarray, exact: bool) -> None:
        row = np.zeros(self.ints.shape[1], np.int64)
        row[[kernels.STATE, kernels.PARENT, kernels.MOVE, kernels.NEXT, kernels.ALIVE]] = state, -1, -1, -1, 1
        measures = len(cost)
        self.ints[n] = row
        self.floats[n] = 0.0
        self.floats[n, :measures] = cost
        self.floats[n, measures : 2 * measures] = cost if exact else inf

    def _make_room(self) -> None:
        """Larger arrays, where they have no room for the labels that one more expansion may add."""
        labels, margin = int(self.counters[kernels.LABELS]), self.walk.margin
        if len(self.ints) - labels <= margin:
            size = 2 * len(self.ints) + margin
            self.ints, self.floats = (_grown(array, size) for array in (self.ints, self.floats))
        if len(self.keys) - int(self.counters[kernels.HEAP]) <= margin:
            size = 2 * len(self.keys) + margin
            self.keys, self.ids = (_grown(array, size) for array in (self.keys, self.ids))
        while len(self.table) // 2 - int(self.counters[kernels.BUCKETS]) <= margin:
            fresh = np.full(2 * len(self.table), -1, np.int64)
            kernels.rehashed(self.ints, self.table, fresh)
            self.table = fresh

    @property
    def compared(self) -> int:
        """Comparisons of labels, in expansions that take as long."""
        return int(self.counters[kernels.WORK]) // kernels.PER_LABEL

    @property
    def looked_at(self) -> int:
        return int(self.counters[kernels.LABELS])

    def run(self, goal: Floats, front: Floats, fronts: int, most: int) -> tuple[int, Mapping | None, float]:
        """Look at up to ``most`` labels: (status, the nest of a complete one, least value still open)."""
        aim = (self.objective, float(self.walk.frame.cycles), self.rates, self.lexical, goal, front, fronts)
        status = kernels.FULL
        while status == kernels.FULL:
            self._make_room()
            status, found, looked_at, least = kernels.explore(
                most, self.walk.margin, self.weight, self.scratch, aim, *self.inputs,
                self.ints, self.floats, self.keys, self.ids, self.table, self.counters,
            )  # fmt: skip
            most -= looked_at
        mapping = self.mapping(int(found)) if status == kernels.FOUND else None
        return int(status), mapping, float(least)

    def mapping(self, label: int) -> Mapping:
        """The nest of a complete label."""
        walk = self.walk
        problem, operation = walk.problem, walk.problem.rules.operation
        outermost = problem.levels[0].name
        nodes: list[Node] = [Storage(outermost, tensor.name) for tensor in operation.tensors]
        nodes += self._nodes(label)
        return Mapping.of(operation, _tidy(nodes, dict(operation.bounds)))

    def _nodes(self, label: int) -> Iterator[Node]:
        """The nodes of a label, outermost first; loops carry their steps."""
        walk, problem = self.walk, self.walk.problem
        left = list(walk.frame.spreads)
        while label >= 0:
            row = self.ints[label]
            parent, move = int(row[kernels.PARENT]), int(row[kernels.MOVE])
            if move == kernels.PASS:
                fanout = walk.frame.fanouts[int(self.ints[parent, kernels.REGION])]
                yield from self._spatial([s for s in left if s.fanout == fanout], left, parent)
            elif move >= 0:
                dim = walk.dims[int(walk.lattice.loops[0][move])]
                around = [s for s in left if s.dim == dim and s.below > self._tile(dim, parent)]
                passed = walk.frame.fanouts[: int(row[kernels.REGION])]
                yield from self._spatial([s for s in around if s.fanout in passed], left, parent)
                yield Temporal(dim, self._extent(dim, parent))
            placed = [edge for i, edge in enumerate(walk.edges) if int(row[kernels.NODES]) >> i & 1]
            for edge in sorted(placed, key=lambda edge: edge.child):
                yield Storage(problem.levels[edge.child].name, problem.tensors[edge.tensor].name)
            label = parent

    def _tile(self, dim: str, label: int) -> int:
        """The tile of a dim inside the nest of a label, in rounds."""
        d = self.walk.dims.index(dim)
        return self.walk.lattice.tiles[d][int(self.walk.lattice.digits[d, int(self.ints[label, kernels.Q])])]

    def _extent(self, dim: str, label: int) -> int:
        """Elements of a dim inside the nest of a label."""
        frame, tile = self.walk.frame, self._tile(dim, label)
        passed = frame.fanouts[: int(self.ints[label, kernels.REGION])]
        inside = (s for s in frame.along(dim) if (s.below <= tile if s.below else s.fanout in passed))
        return tile * prod(s.positions for s in inside)

    def _spatial(self, chosen: list[Spread], left: list[Spread], label: int) -> Iterator[Spatial]:
        """Loops in space around the nest of a label, outermost first; they are taken from ``left``."""
        for spread in chosen:
            left.remove(spread)
            inside = [s for s in left if s.dim == spread.dim and s.fanout >= spread.fanout]
            tile = spread.below or self._tile(spread.dim, label)
            yield Spatial(spread.dim, tile * prod(s.positions for s in inside), spread.axis)


def _grown(array: Any, size: int) -> Any:
    fresh = np.empty((size, *array.shape[1:]), array.dtype)
    fresh[: len(array)] = array
    return fresh


def _tidy(nodes: list[Node], left: dict[str, int]) -> Iterator[Node]:
    """Without loops of one trip; neighbouring loops in time over one dim are one."""
    kept: list[Node] = []
    for node in nodes:
        if not isinstance(node, Storage):
            if node.step >= left[node.dim]:
                continue
            left[node.dim] = node.step
            previous = kept[-1] if kept else None
            if isinstance(node, Temporal) and isinstance(previous, Temporal) and previous.dim == node.dim:
                kept.pop()
        kept.append(node)
    return iter(kept)
