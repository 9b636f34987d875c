"""One tensor's side of a frame: what its edges cost and what its tiles hold.

It depends on how the tensor's own dims lie in space and time, and of the others only on how many positions a network
serves and how often they come again; so frames share their sides, and each is worked out once.
"""

from __future__ import annotations

from functools import cached_property
from math import inf
from typing import Any

import numpy as np

from accelsim.search import bound_kernels, kernels, slide_kernels
from accelsim.search.charges import Charges, EdgeCosts
from accelsim.search.costs import FrameCosts
from accelsim.search.frames import Frame
from accelsim.search.grid import Flags, Floats, Grid, Ints, along
from accelsim.search.problem import Problem
from accelsim.search.sizes import tile_words
from accelsim.search.windows import WindowTables


class Side:
    """Edges of one tensor in all frames that are alike to it; ``frame`` is one of them."""

    def __init__(self, problem: Problem, frame: Frame, tables: WindowTables, measures: int | None, number: int) -> None:
        self.problem, self.frame, self.number = problem, frame, number
        self.costs, self.tensor = FrameCosts(problem, frame, tables), problem.tensors[number]
        self.charges = [Charges(self.costs, measure) for measure in problem.measures[:measures]]
        self.edges = tuple(edge for edge in problem.edges if edge.tensor == number)
        self.groups = self.costs.groups[number]
        self.special = tuple(sorted({d for group in self.groups for d in group.dims}))
        self.grid = Grid.of(
            tuple(tuple(self.special.index(d) for d in group.dims) for group in self.groups),
            tuple(frame.rounds[d] for d in self.special),
        )
        self._bits: dict[int, Ints] = {}
        self._stands: dict[tuple[int, int | None], tuple[Flags, Flags]] = {}
        self._gains: dict[tuple[int | None, ...], tuple[Any, ...]] = {}
        self._apart: dict[tuple[int | None, ...], Floats] = {}

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
        low, saved = np.zeros((*shape, self.grid.size)), np.zeros((*shape, self.grid.size))
        every, widths = self.costs.tables.every, np.array([self.grid.size])
        bound_kernels.passed(self._items, widths, self.terms, self.grid.groups, every, forgotten, low)
        if self.slides and not self.frame.is_family and self.edges:
            kernels.potentials(*self._sliding, np.zeros((0, 1, 1, 1)), np.zeros((0, 1, 1), np.bool_), saved)
        return low, saved, constant, exact

    def potentials(self) -> tuple[Floats, Flags]:
        """Per edge, measure, tile of the node and tile inside the next loop: what loops to come save at most; and
        whether they save anything."""
        count, width = len(self.edges), self.grid.size
        saved, live = np.zeros((count, len(self.charges), width, width)), np.zeros((count, width, width), np.bool_)
        kernels.potentials(*self._sliding, saved, live, np.zeros((0, 1, 1)))
        return saved, live

    def gains(self, rooms: tuple[int | None, ...]) -> tuple[Any, ...]:
        """What slides save of the energy per visit, per edge and tile vector (slide_kernels.gains); ``rooms``: bits
        that the tensor may take per level."""
        if rooms not in self._gains:
            saved, live = self.potentials()
            edges, loops, width = len(self.edges), len(self.grid.loops[0]), self.grid.size
            by_loop, by_tile = (edges, loops, width), (edges, width)
            out = np.zeros(by_loop), np.zeros(by_loop, np.bool_), np.zeros(by_loop), np.zeros(by_tile), np.zeros(by_tile)
            fits = np.array([self._fits(i, rooms[edge.child]) for i, edge in enumerate(self.edges)])
            slide_kernels.gains(
                self.roles, self.grid.loops[0], self.grid.steps, self.grid.nests, live, saved, fits, self.terms,
                self.grid.groups, self.costs.tables.kept, *out,
            )  # fmt: skip
            self._gains[rooms] = out
        return self._gains[rooms]

    @property
    def _items(self) -> Ints:
        return np.array([(0, edge.child, edge.parent) for edge in self.edges], np.int64).reshape(-1, 3)

    @property
    def _sliding(self) -> tuple[object, ...]:
        """What kernels.potentials takes."""
        visits = np.array([self.costs.most_visits(self.tensor)], np.float64)
        return (
            self._items, np.zeros(len(self.edges), np.int64), np.array([self.grid.size]), self.terms, self.grid.groups,
            self.costs.tables.kept, self.roles[None], self.grid.steps[None], self.grid.loops[0], self.grid.nests[None],
            visits, len(self.charges),
        )  # fmt: skip

    @cached_property
    def feeds(self) -> list[tuple[int, Floats, bool]]:
        """Per way to feed the MACs: the level, its cost per measure, whether that is exact."""
        out = []
        for edge in self.problem.feeds[self.number]:
            pairs = [charges.feed(edge) for charges in self.charges]
            out.append((edge.parent, np.array([cost for cost, _ in pairs]), all(exact for _, exact in pairs)))
        return out

    # What tiles hold

    def along(self, dim: int, values: Flags) -> Flags:
        """Values per tile of a dim, on its axis."""
        return along(max(1, len(self.costs.shape)), dim, values)

    def bits(self, at: int) -> Ints:
        """Bits that the tile takes in a level, all buffers together, along the tensor's dims, with one along others."""
        if at not in self._bits:
            level, above = self.problem.levels[at], self.problem.above[at]
            sizes = tuple((d, self.frame.rounds[d], self.frame.positions(name, above)) if name in self.tensor.dims
                          else (d, 1, 1) for d, name in enumerate(self.costs.dims))  # fmt: skip
            bounds = tuple((name, self.costs.extents[name]) for name in self.costs.dims)
            words = tile_words(self.tensor, bounds, sizes)
            self._bits[at] = words * (level.element_bits(self.tensor.bits) * level.buffers)
        return self._bits[at]

    def stands(self, at: int, room: int | None) -> tuple[Flags, Flags]:
        """Where a tile of at most ``room`` bits may stand, and where it may stand or grow to, as far as dims of the
        tensor go."""
        if (at, room) not in self._stands:
            self._stands[at, room] = self._standing(at, room)
        return self._stands[at, room]

    def _standing(self, at: int, room: int | None) -> tuple[Flags, Flags]:
        level, dims = self.problem.levels[at], self.costs.dims
        within = np.ones((1,) * max(1, len(dims)), np.bool_)
        beyond = within
        if room is not None:
            within = self.bits(at) <= room
        for spread in self.frame.spreads:
            if spread.below and spread.dim in self.tensor.dims:
                d = dims.index(spread.dim)
                pin, tiles = self.costs.tiles[d].index(spread.below), np.arange(self.costs.shape[d])
                if self.problem.above[at] <= spread.fanout:  # it lies outside of all that the fan-out carries
                    beyond = beyond & self.along(d, tiles >= pin)
                else:
                    within = within & self.along(d, tiles <= pin)
        for name, dim, extent in self.problem.rules.tiles:
            if name == level.name and dim in self.tensor.dims and dim in dims:
                d, inside = dims.index(dim), self.frame.positions(dim, self.problem.above[at])
                held = np.array([min(self.costs.extents[dim], tile * inside) for tile in self.costs.tiles[d]])
                beyond = beyond & self.along(d, held == extent)
        return within & beyond, within

    def barred(self, edge: int) -> tuple[int, ...]:
        """Dims that must be complete before the child of an edge closes."""
        child = self.problem.levels[self.edges[edge].child].name
        names = {d for level, tensor, dims in self.problem.rules.complete for d in dims
                 if (level, tensor) == (child, self.tensor.name)}  # fmt: skip
        return tuple(d for d, name in enumerate(self.costs.dims) if name in names)

    def forget(self) -> None:
        """Let go of what is large and quickly made again."""
        self._bits.clear()
        self._stands.clear()

    # A quick bound

    def apart(self, rooms: tuple[int | None, ...]) -> Floats:
        """Per measure, the least that the tensor costs in any nest, whatever the others do; ``rooms``: bits that it may
        take per level."""
        if rooms not in self._apart:
            radix = len(self.problem.levels)
            best = np.zeros((len(self.charges), radix))
            for level in range(1, radix):
                ways = [self._cheapest(i, rooms[level]) + best[:, edge.parent]
                        for i, edge in enumerate(self.edges) if edge.child == level]  # fmt: skip
                best[:, level] = np.min(ways, axis=0) if ways else inf
            self._apart[rooms] = np.min([cost + best[:, parent] for parent, cost, _ in self.feeds], axis=0)
        return self._apart[rooms]

    def _cheapest(self, number: int, room: int | None) -> Floats:
        """Per measure, the least that an edge costs wherever its child may stand."""
        low, saved, constant, _ = self.fixed
        fits = self._fits(number, room)
        least: Floats = np.where(fits, low[number] - saved[number], inf).min(axis=1) + constant[number]
        return least

    def _fits(self, number: int, room: int | None) -> Flags:
        """Per special tile vector, whether the child of an edge may stand there with some tiles of the other dims."""
        may, _ = self.stands(self.edges[number].child, room)
        for d in self.barred(number):
            if self.costs.dims[d] in self.tensor.dims or d in self.special:
                may = may & self.along(d, np.arange(self.costs.shape[d]) == self.costs.shape[d] - 1)
        may = np.asarray(may.any(axis=tuple(d for d in range(may.ndim) if d not in self.special)))
        return np.broadcast_to(may, self.grid.shape).ravel()


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
