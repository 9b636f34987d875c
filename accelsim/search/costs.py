"""Words of edges in one frame as products of tables, one per group of dims.

For an edge whose child holds a tile, words at a boundary are a product over the dims of

    a dim of its own rank               the bound (all of it passes, in pieces)
    dims of a window                    sums over positions (accelsim.search.windows)
    a dim that does not index it        rounds outside the tile, x positions where the network does not merge

The first and the last are numbers, or plain powers of tiles, while positions divide the bound; dims of windows and dims
that leave a smaller last part are ``special`` to the tensor and have tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np

from accelsim.model import kernels as k
from accelsim.model.plan import TileRule
from accelsim.search.frames import Frame, Spread, divisors, pins
from accelsim.search.place import Place
from accelsim.search.problem import Problem
from accelsim.search.windows import Table, WindowTables
from accelsim.workload.operation import Rank, Tensor, Term

Modes = dict[Spread, int]


@dataclass(frozen=True)
class Group:
    """Dims, by number, that decide one factor of a tensor's words; ``rank`` None: a dim that does not index it."""

    rank: Rank | None
    dims: tuple[int, ...]


@dataclass(frozen=True)
class Words:
    """Words at a boundary: ``scale`` x the product of the tables, in the order of the tensor's groups."""

    scale: float
    tables: tuple[Table, ...]


class Crossing(NamedTuple):
    """A boundary between a parent and a child inside of fan-out ``below`` - 1, for a measure whose level lies inside of
    fan-out ``since`` - 1; ``returns``: one child instance counts per group that adds to the same outputs."""

    tensor: int
    below: int
    boundary: int
    since: int
    rule: TileRule
    to_macs: bool
    returns: bool = False


class FrameCosts:
    """The words of every edge in one frame."""

    def __init__(self, problem: Problem, frame: Frame, tables: WindowTables) -> None:
        self.problem, self.frame, self.tables = problem, frame, tables
        rules = problem.rules
        self.dims = rules.dims
        self.extents = rules.operation.extents
        self.tiles = tuple(divisors(n) for n in frame.rounds)
        self.shape = tuple(len(t) for t in self.tiles)
        self._words: dict[Crossing, Words] = {}
        self._groups: dict[str, tuple[Group, ...]] = {}
        self._tables: dict[tuple[tuple[int, ...], bool, tuple[int | None, ...]], Table] = {}
        self._boxes = problem.view.tiles.dense

    def groups(self, tensor: Tensor) -> tuple[Group, ...]:
        """The special dims of a tensor as groups: windows, then uneven dims."""
        if tensor.name not in self._groups:
            self._groups[tensor.name] = tuple(self._grouped(tensor))
        return self._groups[tensor.name]

    def _grouped(self, tensor: Tensor) -> list[Group]:
        plain, windows = self.parts(tensor)
        out = [Group(rank, tuple(self.dims.index(t.dim) for t in rank.terms)) for rank in windows]
        for d, name in enumerate(self.dims):
            if self.frame.is_ragged(name) and name in plain:
                out.append(Group(Rank((Term(name),), self.extents[name]), (d,)))
            elif self.frame.is_ragged(name) and name not in tensor.dims:
                out.append(Group(None, (d,)))
        return out

    def parts(self, tensor: Tensor) -> tuple[list[str], list[Rank]]:
        """The tensor's dims that pass in pieces, and its windows."""
        return self.tables.groups(self.problem.rules.operation, tensor, self._boxes)

    # Words per boundary

    def modes(self, crossing: Crossing) -> Modes:
        """A mode per spread above the child: summed outside the boundary, merged inside it as its network does.

        Fan-outs outside the measure's level count with their first position only.
        """
        tensor, out = self.problem.tensors[crossing.tensor], {}
        for spread in self.frame.spreads:
            if spread.fanout >= crossing.below:
                continue
            if spread.fanout < crossing.since:
                out[spread] = k.FIRST
            elif crossing.returns:
                apart = spread.fanout < crossing.boundary or spread.dim in tensor.dims
                out[spread] = k.SUM if apart else k.FIRST
            elif spread.fanout < crossing.boundary:
                out[spread] = k.SUM
            else:
                out[spread] = self._merged(tensor, spread, crossing.rule, crossing.to_macs)
        return out

    def _merged(self, tensor: Tensor, spread: Spread, rule: TileRule, to_macs: bool) -> int:
        network = self.problem.rules.architecture.axes[spread.axis].network(tensor.name)
        relevant = spread.dim in tensor.dims
        if tensor is self.problem.tensors[-1]:
            return k.FIRST if network == "reduction" and not relevant else k.SUM
        if network == "unicast" or (relevant and not rule.shared_halo):
            return k.SUM
        return k.FORWARD if network == "forwarding" and not to_macs else k.UNION

    def irrelevant(self, dim: int, modes: Modes) -> tuple[int, ...]:
        """Per tile of an uneven dim that does not index the tensor: its visits, over the instances that count."""
        (spread,) = self.frame.along(self.dims[dim])
        return self._irrelevant(dim, spread, modes.get(spread))

    def _irrelevant(self, dim: int, spread: Spread, mode: int | None) -> tuple[int, ...]:
        bound, n, below = self.extents[self.dims[dim]], spread.positions, spread.below
        counts = []
        for tile in self.tiles[dim]:
            if mode is None or tile > below:
                starts = np.arange(0, bound, tile * n)
                positions = n if mode == k.SUM else 1
                ever = [min(positions, -(-(bound - at) // below)) for at in starts.tolist()]
                counts.append(sum(ever))
                continue
            outer, inner = np.arange(0, bound, below * n), np.arange(0, below, tile)
            side = np.arange(n if mode == k.SUM else 1) * below
            starts = outer[:, None, None] + side[None, :, None] + inner[None, None, :]
            counts.append(int((starts < bound).sum()))
        return tuple(counts)

    def coverage(self, name: str, modes: Modes) -> float:
        """Elements of a dim that pass: all, or those of the first position."""
        first = [s for s in self.frame.along(name) if modes.get(s) == k.FIRST]
        bound = self.extents[name]
        if not first:
            return float(bound)
        if not self.frame.is_ragged(name):
            return bound / prod(s.positions for s in first)
        (spread,) = first
        starts = range(0, bound, spread.below * spread.positions)
        return float(sum(min(spread.below, bound - at) for at in starts))

    def most_visits(self, tensor: Tensor) -> int:
        """Rounds over the dims that reuse the tensor, those of uneven dims left out."""
        rounds = zip(self.dims, self.frame.rounds, strict=True)
        return prod(n for name, n in rounds if name not in tensor.dims and not self.frame.is_ragged(name))

    def words(self, crossing: Crossing) -> Words:
        """Words at a boundary per visit."""
        if crossing not in self._words:
            self._words[crossing] = self._fresh_words(crossing.tensor, self.modes(crossing), crossing.rule)
        return self._words[crossing]

    def _fresh_words(self, number: int, modes: Modes, rule: TileRule) -> Words:
        tensor = self.problem.tensors[number]
        plain, _ = self.parts(tensor)
        scale = prod(self.coverage(name, modes) for name in plain if not self.frame.is_ragged(name))
        for spread in self.frame.spreads:
            if modes.get(spread) == k.SUM and spread.dim not in tensor.dims and not self.frame.is_ragged(spread.dim):
                scale *= spread.positions
        dense = rule.dense and tensor is not self.problem.tensors[-1]
        return Words(scale, tuple(self._table(group, dense, modes) for group in self.groups(tensor)))

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
            return self.tables.visits(self.irrelevant(d, modes), self.frame.rounds[d], self.tiles[d])
        places = []
        for d in group.dims:
            mine = self.frame.along(self.dims[d])
            outside = tuple((s.positions, s.below, modes[s]) for s in mine if s in modes)
            inside = prod(s.positions for s in mine if s not in modes)
            uneven = self.frame.is_ragged(self.dims[d])
            places.append(
                Place(self.extents[self.dims[d]], self.frame.rounds[d], self.tiles[d], outside, inside, uneven)
            )
        return self.tables.window(group.rank, dense, tuple(places))

    def _least_table(self, group: Group, dense: bool, modes: Modes) -> Table:
        """A table for all members of a family, no more than any of theirs."""
        options = [own for own in self._pins if own[0].dim in {self.dims[d] for d in group.dims}]
        if group.rank is None:
            (d,), (own,) = group.dims, options
            counts = [self._irrelevant(d, spread, modes.get(own[0].opened)) for spread in own]
            return self.tables.visits(tuple(map(min, zip(*counts, strict=True))), self.frame.rounds[d], self.tiles[d])
        choices = []
        for spreads in product(*options):
            places = []
            for d in group.dims:
                mine = [s for s in spreads if s.dim == self.dims[d]]
                outside = tuple((s.positions, s.below or 1, modes[s.opened]) for s in mine if s.opened in modes)
                inside = prod(s.positions for s in mine if s.opened not in modes)
                rounds, uneven = self.frame.rounds[d], self.frame.is_ragged(self.dims[d])
                places.append(Place(self.extents[self.dims[d]], rounds, (rounds,), outside, inside, uneven))
            choices.append(tuple(places))
        shape = tuple(self.shape[d] for d in group.dims)
        return self.tables.least(group.rank, dense, tuple(dict.fromkeys(choices)), shape)

    @cached_property
    def _pins(self) -> list[tuple[Spread, ...]]:
        return pins(self.frame)

    def fed(self, words: Words, tensor: Tensor) -> float:
        """Words at a boundary when nothing is kept: every element anew in every step."""
        first = prod(float(self.tables.every[table.at_every]) for table in words.tables)
        return words.scale * first * self.most_visits(tensor)
