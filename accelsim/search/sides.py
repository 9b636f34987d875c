"""One tensor's side of a frame: what its edges cost and what its tiles hold.

It depends on how the tensor's own dims lie in space and time, and of the others only on how many positions a network
serves and how often they come again; so frames share their sides, and each is worked out once.
"""

from __future__ import annotations

from functools import cached_property, partial
from math import prod
from typing import Any

import numpy as np

from accelsim.search import bound_kernels, kernels, slide_kernels
from accelsim.search.charges import Charges, EdgeCosts
from accelsim.search.costs import FrameCosts
from accelsim.search.frames import Frame, divisors
from accelsim.search.grid import Flags, Floats, Grid, Ints, digits_of
from accelsim.search.problem import Problem
from accelsim.search.sizes import rank_words
from accelsim.search.windows import WindowTables
from accelsim.workload.operation import Rank


class Side:
    """Edges of one tensor in all frames that are alike to it; ``frame`` is one of them."""

    def __init__(self, problem: Problem, frame: Frame, tables: WindowTables, measures: int | None, number: int) -> None:
        self.problem, self.frame, self.number = problem, frame, number
        self.costs, self.tensor = FrameCosts(problem, frame, tables), problem.tensors[number]
        self.charges = [Charges(self.costs, measure) for measure in problem.measures[:measures]]
        self.edges = tuple(edge for edge in problem.edges if edge.tensor == number)
        self.groups = self.costs.groups(self.tensor)
        self.special = tuple(sorted({d for group in self.groups for d in group.dims}))
        self.grid = Grid.of(
            tuple(tuple(self.special.index(d) for d in group.dims) for group in self.groups),
            tuple(frame.rounds[d] for d in self.special),
        )
        self._bits: dict[int, Ints] = {}
        self._made: tuple[Any, ...] = ()
        self._stands: dict[tuple[int | None, ...], tuple[Ints, Flags, Flags]] = {}

    @cached_property
    def charged(self) -> list[list[EdgeCosts | None]]:
        """Per edge and measure."""
        return [[charges.edge(edge) for charges in self.charges] for edge in self.edges]

    @cached_property
    def terms(self) -> tuple[Ints, Ints, Floats, Ints, Ints]:
        """Summands of the edges' costs, edge by edge: (first of every edge and the end, measure, weight, places of the
        sums that pass and of those that stay in the tables, per group)."""
        first, rows, most = [0], [], max(1, len(self.groups))
        for charged in self.charged:
            for measure, costs in enumerate(charged):
                if costs is not None:
                    rows += [(measure, weight * words.scale, words.tables) for weight, words in costs.parts]
            first.append(len(rows))
        every, kept = np.zeros((len(rows) + 1, most), np.int64), np.zeros((len(rows) + 1, most), np.int64)
        for number, (_, _, tables) in enumerate(rows):
            for g, table in enumerate(tables):
                every[number, g], kept[number, g] = table.at_every, table.at_kept
        measures = np.array([r[0] for r in rows], np.int64)
        return np.array(first), measures, np.array([r[1] for r in rows], np.float64), every, kept

    @cached_property
    def roles(self) -> Ints:
        """Per special dim, what a loop over it does: SLIDES or REUSES of the kernels."""
        own = [self.costs.dims[d] in self.tensor.dims for d in self.special]
        return np.array([kernels.SLIDES if slides else kernels.REUSES for slides in own], np.int64)

    @cached_property
    def slides(self) -> bool:
        """Whether a tile of the tensor may keep a part when it moves."""
        return bool((self.roles == kernels.SLIDES).any())

    @cached_property
    def fixed(self) -> tuple[Floats, Floats, Floats, Flags]:
        """Per edge and measure: what passes per visit and special tile vector; what the best slide from there saves, at
        most; what is added once; and whether that is exact."""
        shape = (max(1, len(self.edges)), len(self.charges))
        constant, exact, forgotten = np.zeros(shape), np.ones(shape, np.bool_), np.zeros(shape)
        for i, charged in enumerate(self.charged):
            for k, costs in enumerate(charged):
                if costs is not None:
                    constant[i, k], exact[i, k], forgotten[i, k] = costs.constant, costs.exact, costs.forgotten
        low = np.zeros((*shape, self.grid.size))
        every, widths = self.costs.tables.every, np.array([self.grid.size])
        bound_kernels.passed(self._items, widths, self.terms, self.grid.groups, every, forgotten, low)
        self._made = self._gains(len(self.edges))
        return low, self._slid(self._made, *self._pairs(0)), constant, exact

    def potentials(self) -> tuple[Floats, Flags]:
        """Per edge, measure, tile of the node and tile inside the next loop: what loops to come save at most; and
        whether they save anything."""
        pairs = self._pairs(len(self.edges))
        self._slid(self._gains(0), *pairs)
        return pairs

    def gains(self) -> tuple[Any, ...]:
        """What slides save of the energy per visit, per edge and tile vector (slide_kernels.potentials)."""
        if not self._made:
            self._made = self._gains(len(self.edges))
            self._slid(self._made, *self._pairs(0))
        return self._made

    def _pairs(self, edges: int) -> tuple[Floats, Flags]:
        width = self.grid.size
        return np.zeros((edges, len(self.charges), width, width)), np.zeros((edges, width, width), np.bool_)

    def _gains(self, edges: int) -> tuple[Any, ...]:
        by_loop, by_tile = (edges, len(self.grid.loops[0]), self.grid.size), (edges, self.grid.size)
        kinds = float, np.bool_, float, np.bool_, np.bool_
        return (*(np.zeros(by_loop, kind) for kind in kinds), np.zeros(by_tile), np.zeros(by_tile))

    def _slid(self, gains: tuple[Any, ...], saved: Floats, live: Flags) -> Floats:
        """Per edge, measure and tile of the node: what a slide saves at most; the rest is written where not empty."""
        whole = np.zeros((max(1, len(self.edges)), len(self.charges), self.grid.size))
        if self.slides and not self.frame.is_family and self.edges:
            slide_kernels.potentials(
                self.roles, *self._sliding, self._fits, self.terms, self.grid.groups, self.costs.tables.kept, whole,
                gains, saved, live,
            )  # fmt: skip
        return whole

    @property
    def _items(self) -> Ints:
        return np.array([(0, edge.child, edge.parent) for edge in self.edges], np.int64).reshape(-1, 3)

    @property
    def _sliding(self) -> tuple[object, ...]:
        visits = float(self.costs.most_visits(self.tensor))
        return self.grid.loops[0], self.grid.steps, self.grid.nests, visits

    @cached_property
    def feeds(self) -> list[tuple[int, Floats, bool]]:
        """Per way to feed the MACs: the level, its cost per measure, whether that is exact."""
        out = []
        for edge in self.problem.feeds[self.number]:
            pairs = [charges.feed(edge) for charges in self.charges]
            out.append((edge.parent, np.array([cost for cost, _ in pairs]), all(exact for _, exact in pairs)))
        return out

    # What tiles hold

    @cached_property
    def _own(self) -> tuple[int, ...]:
        """The tensor's dims, by number."""
        return tuple(d for d, name in enumerate(self.costs.dims) if name in self.tensor.dims)

    @cached_property
    def _shape(self) -> tuple[int, ...]:
        """Tiles of the tensor's dims."""
        return tuple(self.costs.shape[d] for d in self._own)

    def bits(self, at: int) -> Ints:
        """Bits that the tile takes in a level, all buffers together, per choice of tiles of the tensor's dims."""
        if at not in self._bits:
            level, above = self.problem.levels[at], self.problem.above[at]
            words = np.ones((1,) * len(self._own), np.int64)
            for number, (rank, dims) in enumerate(self._ranks):
                sizes = tuple((self.frame.rounds[d], self.frame.positions(self.costs.dims[d], above)) for d in dims)
                key = "words", self.number, number, sizes
                words = words * self.costs.tables.once(key, partial(self._words, rank, dims, sizes))
            whole = np.broadcast_to(words * (level.element_bits(self.tensor.bits) * level.buffers), self._shape)
            self._bits[at] = whole.ravel()
        return self._bits[at]

    @cached_property
    def _ranks(self) -> list[tuple[Rank, tuple[int, ...]]]:
        """Ranks, each with its dims by number."""
        numbers = {name: d for d, name in enumerate(self.costs.dims)}
        return [(rank, tuple(numbers[t.dim] for t in rank.terms if t.dim in numbers)) for rank in self.tensor.ranks]

    def _words(self, rank: Rank, dims: tuple[int, ...], sizes: tuple[tuple[int, int], ...]) -> Ints:
        """Words along a rank per choice of tiles of its dims, on the axes of the tensor's."""
        bounds = [(self.costs.dims[d], self.costs.extents[self.costs.dims[d]]) for d in dims]
        shape = [1] * len(self._own)
        for d, (rounds, _) in zip(dims, sizes, strict=True):
            shape[self._own.index(d)] = len(divisors(rounds))
        return np.transpose(rank_words(rank, bounds, sizes), np.argsort(dims).tolist()).reshape(shape)

    def stands(self, rooms: tuple[int | None, ...]) -> tuple[Ints, Flags, Flags]:
        """Per edge and choice of tiles of the tensor's dims: bits that the child's tile takes; whether it may stand
        there; and whether it may stand there or where it grows to. ``rooms``: bits that it may take per level."""
        if rooms not in self._stands:
            shape = len(self.edges), prod(self._shape)
            bits, may, hull = np.empty(shape, np.int64), np.empty(shape, np.bool_), np.empty(shape, np.bool_)
            for i, edge in enumerate(self.edges):
                bits[i] = self.bits(edge.child)
                may[i], hull[i] = self._standing(edge.child, rooms[edge.child])
            self._stands[rooms] = bits, may, hull
        return self._stands[rooms]

    def _standing(self, at: int, room: int | None) -> tuple[Flags, Flags]:
        """Where a tile of at most ``room`` bits may stand, and where it may stand or grow to."""
        level, dims = self.problem.levels[at], self.costs.dims
        within = np.ones(prod(self._shape), np.bool_) if room is None else self.bits(at) <= room
        beyond = np.ones(prod(self._shape), np.bool_)
        for spread in self.frame.spreads:
            if spread.below and spread.dim in self.tensor.dims:
                d = dims.index(spread.dim)
                tiles, pin = self._digits[self._own.index(d)], self.costs.tiles[d].index(spread.below)
                if self.problem.above[at] <= spread.fanout:  # it lies outside of all that the fan-out carries
                    beyond &= tiles >= pin
                else:
                    within = within & (tiles <= pin)
        for name, dim, extent in self.problem.rules.tiles:
            if name == level.name and dim in self.tensor.dims and dim in dims:
                d, inside = dims.index(dim), self.frame.positions(dim, self.problem.above[at])
                held = np.array([min(self.costs.extents[dim], tile * inside) for tile in self.costs.tiles[d]])
                beyond &= (held == extent)[self._digits[self._own.index(d)]]
        return within & beyond, within

    @property
    def _digits(self) -> Ints:
        return digits_of(self._shape)

    @cached_property
    def complete(self) -> Ints:
        """Per edge and dim of the frame, the tile that must be reached before the edge's child closes."""
        out = np.zeros((len(self.edges), max(1, len(self.costs.dims))), np.int64)
        for level, tensor, dims in self.problem.rules.complete:
            for i, edge in enumerate(self.edges):
                if (level, tensor) == (self.problem.levels[edge.child].name, self.tensor.name):
                    for d, name in enumerate(self.costs.dims):
                        out[i, d] = max(out[i, d], self.costs.shape[d] - 1 if name in dims else 0)
        return out

    def forget(self) -> None:
        """Let go of what is large and quickly made again."""
        self._bits.clear()
        self._stands.clear()
        self._made = ()

    @property
    def _fits(self) -> Flags:
        """Per edge and special tile vector, whether the child has room for it with the least tiles of other dims."""
        levels = range(len(self.problem.levels))
        _, may, _ = self.stands(tuple(room_of(self.problem, self.number, at, 0) for at in levels))
        special = tuple(d for d in self.special if d in self._own)
        tiles = tuple(self.costs.shape[d] for d in special)
        at = np.ravel_multi_index(tuple(self._digits[self._own.index(d)] for d in special), tiles)
        out = np.zeros((len(self.edges), prod(tiles)), np.bool_)
        for i, row in enumerate(may):
            out[i, at[row]] = True
        # special dims that do not index the tensor leave its tile as it is
        shape = tuple(self.costs.shape[d] if d in special else 1 for d in self.special)
        whole = np.broadcast_to(out.reshape(-1, *shape), (len(out), *self.grid.shape))
        return np.ascontiguousarray(whole.reshape(len(out), -1))


def sides_of(problem: Problem, frame: Frame, tables: WindowTables, measures: int | None) -> tuple[Side, ...]:
    """The sides of a frame, per tensor; those of other frames where they are alike."""
    places, uneven = [], []
    for d, name in enumerate(problem.rules.dims):
        uneven.append(frame.is_ragged(name))
        own = d, frame.rounds[d], frame.along(name), uneven[-1]
        places.append(tables.number_of(own))
    return tuple(
        _side(problem, frame, tables, measures, number, places, uneven) for number in range(len(problem.tensors))
    )


def _side(
    problem: Problem, frame: Frame, tables: WindowTables, measures: int | None, number: int, places: list[int],
    uneven: list[bool],
) -> Side:  # fmt: skip
    tensor, dims = problem.tensors[number], problem.rules.dims
    own = tuple(places[d] if name in tensor.dims or uneven[d] else -1 for d, name in enumerate(dims))
    visits = 1
    served: dict[tuple[int, str], int] = {}
    for d, name in enumerate(dims):
        if own[d] < 0:
            visits *= frame.rounds[d]
            for spread in frame.along(name):
                where = spread.fanout, problem.rules.architecture.axes[spread.axis].network(tensor.name)
                served[where] = served.get(where, 1) * spread.positions
    key = number, measures, frame.is_family, own, visits, tuple(sorted(served.items()))
    return tables.once(key, lambda: Side(problem, frame, tables, measures, number))


def room_of(problem: Problem, number: int, at: int, least: int) -> int | None:
    """Bits that a tensor may take in a level whose other tensors take ``least``; None for a level without end."""
    level = problem.levels[at]
    words = dict(level.tensor_capacity_words).get(problem.tensors[number].name, level.capacity_words)
    return None if words is None else words * level.word_bits - least
