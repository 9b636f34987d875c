"""The bytes that a mapping's tiles ask of DRAM, in order: what is contiguous depends on tile and tensor.

Tensors lie one after the other, each row by row in the order of its ranks. A tile is fetched element by element in that
order, so a narrow tile is many short runs; outputs are written back as their tiles leave.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from accelsim.architecture.spec import Architecture
from accelsim.mapping.nest import Mapping, Spatial
from accelsim.simulate.dram.serve import Run
from accelsim.simulate.pipeline.views import View, bits
from accelsim.simulate.places import check_executable, places
from accelsim.simulate.reference import Values
from accelsim.workload.operation import Operation

MOST_WORDS = 4_000_000
"""After so many words the pattern is known well enough."""


def tile_runs(
    operation: Operation, architecture: Architecture, mapping: Mapping, most_words: int = MOST_WORDS
) -> Iterator[Run]:
    """Runs of bytes between DRAM and the tiles right below it, in program order, up to ``most_words`` words."""
    check_executable(operation)
    edges = [
        _Edge(operation, architecture, mapping, i)
        for i, place in enumerate(places(operation, architecture, mapping))
        if not place.is_mac and place.parent is not None and _outermost(operation, architecture, mapping, place.parent)
    ]
    if not edges:
        return
    trips = [
        mapping.trips(i)
        for i, node in enumerate(mapping.nodes)
        if node in mapping.loops and not isinstance(node, Spatial)
    ][: max(edge.depth for edge in edges)]
    words = 0
    for time in product(*(range(n) for n in trips)):
        moves = [(edge, *edge.step(time)) for edge in edges]
        for write in (True, False):
            for edge, leaving, arriving in moves:
                indices = leaving if write else arriving
                words += len(indices)
                yield from edge.runs(indices, write)
        if words >= most_words:
            return
    for edge in edges:
        yield from edge.runs(edge.rest(), True)


def _outermost(operation: Operation, architecture: Architecture, mapping: Mapping, parent: int) -> bool:
    return places(operation, architecture, mapping)[parent].parent is None


class _Edge:
    """One tensor between DRAM and its next level: which elements are on chip."""

    def __init__(self, operation: Operation, architecture: Architecture, mapping: Mapping, index: int) -> None:
        place = places(operation, architecture, mapping)[index]
        self.view, self.depth = View(operation, mapping, place), place.temporal
        self.tensor = operation.tensors[place.tensor]
        self.is_output = self.tensor is operation.output
        dram = architecture.levels[0]
        self.bits = dram.element_bits(self.tensor.bits)
        before = operation.tensors[: place.tensor]
        self.base = sum(-(-tensor.words * dram.element_bits(tensor.bits) // 8) for tensor in before)
        self.held: Values = np.zeros(0, dtype=np.int64)
        self.key: object = None
        self.seen = np.zeros(self.tensor.words if self.is_output else 0, dtype=np.bool_)

    def step(self, time: tuple[int, ...]) -> tuple[Values, Values]:
        """(elements that leave, elements that arrive) when the loops stand there."""
        where = {d: tuple(time[i] for i in self.view.times[d]) for d in self.tensor.dims}
        key = tuple(where[d] for d in sorted(where))
        none: Values = np.zeros(0, dtype=np.int64)
        if key == self.key:
            return none, none
        self.key = key
        tile = self._tile(where)
        if len(tile) == 0:
            return none, none
        arriving, leaving = np.setdiff1d(tile, self.held, True), np.setdiff1d(self.held, tile, True)
        self.held = tile
        if not self.is_output:
            return none, arriving
        back = arriving[self.seen[arriving]]
        self.seen[leaving] = True
        return leaving, back

    def rest(self) -> Values:
        """What is still on chip at the end and belongs in DRAM."""
        none: Values = np.zeros(0, dtype=np.int64)
        return self.held if self.is_output else none

    def runs(self, indices: Values, write: bool) -> Iterator[Run]:
        """The elements, in ascending order, as runs of bytes."""
        if len(indices) == 0:
            return
        breaks = np.flatnonzero(np.diff(indices) != 1)
        starts = np.concatenate([[0], breaks + 1])
        ends = np.concatenate([breaks, [len(indices) - 1]])
        for first, last in zip(indices[starts].tolist(), indices[ends].tolist(), strict=True):
            begin, end = first * self.bits // 8, -(-(last + 1) * self.bits // 8)
            yield self.base + begin, end - begin, write

    def _tile(self, where: dict[str, tuple[int, ...]]) -> Values:
        """Flat indices of all that the instances hold, ascending."""
        different = {self.view.sets(where, j) for j in range(len(self.view.coordinates))}
        parts = []
        for sets in different:
            flat: Values = np.zeros(1, dtype=np.int64)
            for rank, held in zip(self.tensor.ranks, sets, strict=True):
                flat = (flat[:, None] * rank.size + np.array(bits(held), dtype=np.int64)[None, :]).ravel()
            parts.append(flat)
        return np.unique(np.concatenate(parts))
