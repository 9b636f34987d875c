"""Words of edges in one frame as products of tables, one per group of dims.

For an edge whose child holds a tile, words at a boundary are a product over the dims of

    a dim of its own rank               the bound (all of it passes, in pieces)
    dims of a window                    sums over positions (accelsim.search.windows)
    a dim that does not index it        rounds outside the tile, x positions where the network does not merge

The first and the last are numbers, or plain powers of tiles, while positions divide the bound (accelsim.search.
crossings); dims of windows and dims that leave a smaller last part are ``special`` to the tensor and have tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

import numpy as np

from accelsim.model import kernels as k
from accelsim.search.crossings import Crossing, Met, mode
from accelsim.search.frames import Frame, Spread, divisors, pins
from accelsim.search.place import Place
from accelsim.search.problem import Problem
from accelsim.search.windows import Table, WindowTables, covered
from accelsim.workload.operation import Rank, Term

Modes = dict[Spread, int]


@dataclass(frozen=True)
class Group:
    """Dims, by number, that decide one factor of a tensor's words; ``rank`` None: a dim that does not index it."""

    rank: Rank | None
    dims: tuple[int, ...]


class FrameCosts:
    """Words of one tensor's edges over its special dims, in one frame and all that are alike to it in these."""

    def __init__(self, problem: Problem, frame: Frame, tables: WindowTables, number: int) -> None:
        self.problem, self.frame, self.tables = problem, frame, tables
        self.number, self.tensor, self.is_output = number, problem.tensors[number], number == len(problem.tensors) - 1
        self.dims = problem.rules.dims
        self.extents = problem.rules.operation.extents
        self.tiles = tuple(divisors(n) for n in frame.rounds)
        self.shape = tuple(len(t) for t in self.tiles)
        self._made: dict[Crossing, tuple[Table, ...]] = {}
        self._tables: dict[tuple[tuple[int, ...], bool, tuple[int | None, ...]], Table] = {}

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The special dims of the tensor as groups: windows, then uneven dims."""
        plain, windows = self.parts
        out = [Group(rank, tuple(self.dims.index(t.dim) for t in rank.terms)) for rank in windows]
        for d, name in enumerate(self.dims):
            if self.frame.is_ragged(name) and name in plain:
                out.append(Group(Rank((Term(name),), self.extents[name]), (d,)))
            elif self.frame.is_ragged(name) and name not in self.tensor.dims:
                out.append(Group(None, (d,)))
        return tuple(out)

    @property
    def parts(self) -> tuple[list[str], list[Rank]]:
        """The tensor's dims that pass in pieces, and its windows."""
        return self.tables.groups(self.problem.rules.operation, self.tensor, self.problem.view.tiles.dense)

    @property
    def base(self) -> float:
        """Elements of the dims without tables that index the tensor."""
        return float(prod(self.extents[name] for name in self.parts[0] if not self.frame.is_ragged(name)))

    def met(self, spread: Spread) -> Met:
        """Where positions meet the tensor."""
        network = self.problem.rules.networks[spread.axis][self.number]
        return Met(spread.fanout, network, spread.dim in self.tensor.dims)

    def modes(self, crossing: Crossing) -> Modes:
        """A mode per spread above the child."""
        pairs = ((spread, mode(crossing, self.met(spread))) for spread in self.frame.spreads)
        return {spread: how for spread, how in pairs if how is not None}

    # Words per boundary

    def words(self, crossing: Crossing) -> tuple[Table, ...]:
        """Tables whose product is the words at a boundary per visit, per element of the dims without tables, in the
        order of the groups."""
        if crossing not in self._made:
            modes, dense = self.modes(crossing), crossing.rule.dense and not self.is_output
            self._made[crossing] = tuple(self._table(group, dense, modes) for group in self.groups)
        return self._made[crossing]

    def fed(self, crossing: Crossing) -> float:
        """The same when nothing is kept, every element passing anew in every step."""
        return prod(float(self.tables.every[table.at_every]) for table in self.words(crossing))

    def distinct(self, crossing: Crossing) -> float:
        """Distinct outputs that pass, per element of the dims without tables."""
        modes, words = self.modes(crossing), 1.0
        plain, windows = self.parts
        for name in self.dims:
            if self.frame.is_ragged(name) and name in plain:
                words *= self._coverage(name, modes)
            elif self.frame.is_ragged(name) and name not in self.tensor.dims:
                words *= prod(self._instances(s) for s in self.frame.along(name) if modes.get(s) == k.SUM)
        for rank in windows:
            words *= self._covered(rank, modes)
        return words

    def _coverage(self, name: str, modes: Modes) -> float:
        """Elements of an uneven dim that pass: all, or those of the first position."""
        first, bound = [s for s in self.frame.along(name) if modes.get(s) == k.FIRST], self.extents[name]
        if not first:
            return float(bound)
        (spread,) = first
        starts = range(0, bound, spread.below * spread.positions)
        return float(sum(min(spread.below, bound - at) for at in starts))

    def _instances(self, spread: Spread) -> int:
        return min(spread.positions, -(-self.extents[spread.dim] // max(1, spread.below)))

    @cached_property
    def sliding(self) -> frozenset[str]:
        """The dims of windows that slide."""
        return frozenset(t.dim for rank in self.parts[1] if len(rank.terms) > 1 for t in rank.terms)

    def _covered(self, rank: Rank, modes: Modes) -> float:
        """Indexes of a window that are ever reached. Where places in space are not known all count once, which is no
        more than there are; so their weight must not be negative (Plan.least)."""
        loops, bounds = [], []
        for i, term in enumerate(rank.terms):
            bounds.append(self.extents[term.dim])
            width = prod(s.positions for s in self.frame.along(term.dim))
            for spread in self.frame.along(term.dim):
                if spread in modes and not self.frame.is_family:
                    loops.append((i, spread.below * width, k.TEMPORAL))
                    width //= spread.positions
                    loops.append((i, spread.below * width, modes[spread]))
        return float(covered(rank, tuple(bounds), False, tuple(loops)))

    def _irrelevant(self, dim: int, spread: Spread, counted: int | None) -> tuple[int, ...]:
        """Per tile of an uneven dim that does not index the tensor: its visits, over the instances that count."""
        bound, n, below = self.extents[self.dims[dim]], spread.positions, spread.below
        counts = []
        for tile in self.tiles[dim]:
            if counted is None or tile > below:
                starts = np.arange(0, bound, tile * n)
                positions = n if counted == k.SUM else 1
                ever = [min(positions, -(-(bound - at) // below)) for at in starts.tolist()]
                counts.append(sum(ever))
                continue
            outer, inner = np.arange(0, bound, below * n), np.arange(0, below, tile)
            side = np.arange(n if counted == k.SUM else 1) * below
            starts = outer[:, None, None] + side[None, :, None] + inner[None, None, :]
            counts.append(int((starts < bound).sum()))
        return tuple(counts)

    def _table(self, group: Group, dense: bool, modes: Modes) -> Table:
        """The table of a group, which only the modes of its own dims matter to."""
        own = tuple(modes.get(spread) for d in group.dims for spread in self.frame.along(self.dims[d]))
        key = group.dims, dense, own
        if key not in self._tables:
            fresh = self._least_table if self.frame.is_family else self._fresh_table
            self._tables[key] = fresh(group, dense, modes)
        return self._tables[key]

    def _fresh_table(self, group: Group, dense: bool, modes: Modes) -> Table:
        if group.rank is None:
            (d,) = group.dims
            (spread,) = self.frame.along(self.dims[d])
            counts = self._irrelevant(d, spread, modes.get(spread))
            return self.tables.visits(counts, self.frame.rounds[d], self.tiles[d])
        places = tuple(self._place(d, self.frame.spreads, modes, self.tiles[d]) for d in group.dims)
        return self.tables.window(group.rank, dense, places)

    def _least_table(self, group: Group, dense: bool, modes: Modes) -> Table:
        """A table for all members of a family, no more than any of theirs."""
        options = [own for own in self._pins if own[0].dim in {self.dims[d] for d in group.dims}]
        if group.rank is None:
            (d,), (own,) = group.dims, options
            counts = [self._irrelevant(d, spread, modes.get(own[0].opened)) for spread in own]
            return self.tables.visits(tuple(map(min, zip(*counts, strict=True))), self.frame.rounds[d], self.tiles[d])
        choices = dict[tuple[Place, ...], None]()
        for spreads in product(*options):
            choices[tuple(self._place(d, spreads, modes, self.tiles[d][-1:]) for d in group.dims)] = None
        return self.tables.least(group.rank, dense, tuple(choices), tuple(self.shape[d] for d in group.dims))

    def _place(self, d: int, spreads: tuple[Spread, ...], modes: Modes, tiles: tuple[int, ...]) -> Place:
        """Where a dim lies whose spreads are among these, with these tiles."""
        mine = [(s, modes.get(s.opened if self.frame.is_family else s)) for s in spreads if s.dim == self.dims[d]]
        outside = tuple((s.positions, s.below or 1, how) for s, how in mine if how is not None)
        inside = prod(s.positions for s, how in mine if how is None)
        return Place(self.extents[self.dims[d]], self.frame.rounds[d], tiles, outside, inside)

    @cached_property
    def _pins(self) -> list[tuple[Spread, ...]]:
        return pins(self.frame)
