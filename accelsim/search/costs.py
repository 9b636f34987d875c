"""Costs of edges in one frame, for every tile vector of the lattice at once.

For an edge whose child holds a tile, words per boundary are a product over the dims of

    a dim of its own rank               the bound (all of it passes, in pieces)
    dims of a window                    sums over positions (accelsim.search.windows)
    a dim that does not index it        rounds outside the tile, x positions where the network does not merge

so one edge costs  sum over boundaries of (weight x words) = S(window dims) x V(other dims).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.model import kernels as k
from accelsim.model.plan import TileRule
from accelsim.search.frames import Frame, Spread, divisors
from accelsim.search.problem import MACS, Edge, Problem
from accelsim.search.windows import Place, WindowTable, WindowTables
from accelsim.workload.operation import Rank, Tensor

Values = NDArray[np.float64]


@dataclass(frozen=True)
class SlideCosts:
    """Along a dim of number ``dim``: cost ``[ENDS, start, *tiles]``, see accelsim.search.windows."""

    dim: int
    ends: Values


@dataclass(frozen=True)
class EdgeCosts:
    """Costs per visit over the dims of windows: ``low`` and ``high`` when the child's tile changes altogether,
    ``slides`` when it slides; to be multiplied by ``visits``, with ``constant`` added once. ``loose``: the highest is
    not known."""

    low: Values
    high: Values
    slides: tuple[SlideCosts, ...]
    constant: float = 0.0
    loose: bool = False


class FrameCosts:
    """The costs of every edge in one frame."""

    def __init__(self, problem: Problem, frame: Frame, tables: WindowTables) -> None:
        self.problem, self.frame, self.tables = problem, frame, tables
        rules = problem.rules
        self.dims = rules.dims
        self.extents = rules.operation.extents
        self.tiles = tuple(divisors(n) for n in frame.rounds)
        self.shape = tuple(len(t) for t in self.tiles)
        self._words: dict[Any, Values] = {}

    def axis(self, dim: int, values: Values) -> Values:
        """Values per tile of one dim, laid along its axis of the lattice."""
        shape = [1] * len(self.dims)
        shape[dim] = -1
        return values.reshape(shape)

    # Words per boundary

    def modes(self, edge: Edge, boundary: int, rule: TileRule, since: int) -> dict[Spread, int]:
        """A mode per spread above the child: summed outside the boundary, merged inside it as its network does.

        Fan-outs below ``since`` count with their first position only.
        """
        tensor = self.problem.tensors[edge.tensor]
        below = len(self.problem.rules.architecture.fanouts) if edge.child == MACS else self.problem.above[edge.child]
        out = {}
        for spread in self.frame.spreads:
            if spread.fanout < since:
                out[spread] = k.FIRST
            elif spread.fanout < boundary:
                out[spread] = k.SUM
            elif spread.fanout < below:
                out[spread] = self._merged(tensor, spread, rule, edge.child == MACS)
        return out

    def _merged(self, tensor: Tensor, spread: Spread, rule: TileRule, to_macs: bool) -> int:
        network = self.problem.rules.architecture.axes[spread.axis].network(tensor.name)
        relevant = spread.dim in tensor.dims
        if tensor is self.problem.tensors[-1]:
            return k.FIRST if network == "reduction" and not relevant else k.SUM
        if network == "unicast" or (relevant and not rule.shared_halo):
            return k.SUM
        return k.FORWARD if network == "forwarding" and not to_macs else k.UNION

    def irrelevant(self, dim: int, modes: dict[Spread, int]) -> Values:
        """Per tile of a dim that does not index the tensor: visits of the tile, over the instances that count."""
        name, rounds = self.dims[dim], self.frame.rounds[dim]
        mine = self.frame.along(name)
        tiles = np.array(self.tiles[dim], np.float64)
        if not self.frame.is_ragged(name):
            factor = prod(s.positions for s in mine if modes.get(s) == k.SUM)
            return rounds / tiles * factor
        (spread,) = mine
        bound, n, below = self.extents[name], spread.positions, spread.below
        counts = []
        for tile in self.tiles[dim]:
            if spread not in modes or tile > below:
                starts = np.arange(0, bound, tile * n)
                positions = n if modes.get(spread) == k.SUM else 1
                ever = [min(positions, -(-(bound - at) // below)) for at in starts.tolist()]
                counts.append(sum(ever))
                continue
            outer, inner = np.arange(0, bound, below * n), np.arange(0, below, tile)
            side = np.arange(n if modes[spread] == k.SUM else 1) * below
            starts = outer[:, None, None] + side[None, :, None] + inner[None, None, :]
            counts.append(int((starts < bound).sum()))
        return np.array(counts, np.float64)

    def coverage(self, name: str, modes: dict[Spread, int]) -> float:
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

    def groups(self, tensor: Tensor, rule: TileRule) -> tuple[list[str], list[Rank]]:
        """The tensor's dims that pass in pieces, and its windows."""
        return self.tables.groups(self.problem.rules.operation, tensor, rule)

    def window(self, rank: Rank, dense: bool, modes: dict[Spread, int], slides: bool) -> WindowTable:
        """The sums of a window whose dims lie in space as the modes say."""
        places = []
        for term in rank.terms:
            mine = self.frame.along(term.dim)
            dim = self.dims.index(term.dim)
            outside = tuple((s.positions, s.below, modes[s]) for s in mine if s in modes)
            inside = prod(s.positions for s in mine if s not in modes)
            places.append(Place(self.extents[term.dim], self.frame.rounds[dim], self.tiles[dim], outside, inside))
        return self.tables.table(rank, dense, tuple(places), slides)

    def visits(self, tensor: Tensor) -> Values:
        """Rounds outside a tile over the dims that reuse the tensor, those of ragged dims left out."""
        out = np.ones((1,) * len(self.dims))
        for dim, name in enumerate(self.dims):
            if name not in tensor.dims and not self.frame.is_ragged(name):
                out = out * self.axis(dim, self.frame.rounds[dim] / np.array(self.tiles[dim], np.float64))
        return out

    def words(self, edge: Edge, modes: dict[Spread, int], rule: TileRule, slide: str = "") -> Values:
        """Words at a boundary without ``visits``; of a slide along that dim, ``[ENDS, start, ...]``."""
        key = (edge.tensor, frozenset(modes.items()), rule, slide)
        if key not in self._words:
            self._words[key] = self._fresh_words(self.problem.tensors[edge.tensor], modes, rule, slide)
        return self._words[key]

    def _fresh_words(self, tensor: Tensor, modes: dict[Spread, int], rule: TileRule, slide: str) -> Values:
        plain, windows = self.groups(tensor, rule)
        scale = prod(self.coverage(name, modes) for name in plain)
        words = np.ones((1,) * len(self.dims))
        for dim, name in enumerate(self.dims):
            if name in tensor.dims:
                continue
            if self.frame.is_ragged(name):
                words = words * self.axis(dim, self.irrelevant(dim, modes))
            else:
                scale *= prod(s.positions for s in self.frame.along(name) if modes.get(s) == k.SUM)
        words = words * scale
        dense = rule.dense and tensor is not self.problem.tensors[-1]
        for rank in windows:
            names = [t.dim for t in rank.terms]
            table = self.window(rank, dense, modes, bool(slide))
            sums = dict(table.slides)[names.index(slide)] if slide in names else table.every
            with np.errstate(invalid="ignore"):  # 0 x infinite where no slide is possible
                words = words * self._laid(names, sums)
        return words

    def left(self, edge: Edge, *rules: TileRule) -> Iterator[tuple[int, Values]]:
        """Per sliding dim, the share of the child's tile that a loop over it leaves at most, under all of the rules."""
        tensor = self.problem.tensors[edge.tensor]
        found: dict[int, Values] = {}
        for rule in dict.fromkeys(rules):
            modes = self.modes(edge, self.problem.above[edge.child], rule, 0)
            outer = self.modes(edge, self.problem.above[edge.parent], rule, 0)
            dense = rule.dense and tensor is not self.problem.tensors[-1]
            for rank in (r for r in self.groups(tensor, rule)[1] if len(r.terms) > 1):
                names = [t.dim for t in rank.terms]
                tables = [self.window(rank, dense, m, True) for m in (modes, outer)]
                for i, name in enumerate(names):
                    d = self.dims.index(name)
                    both = np.maximum(*(self._laid(names, table.left[i]) for table in tables))
                    found[d] = np.maximum(both, found[d]) if d in found else both
        return iter(found.items())

    def _laid(self, names: list[str], table: Values) -> Values:
        """A table over the dims of a window (after a leading axis, if it has one more) on the axes of the lattice."""
        places = [self.dims.index(name) for name in names]
        extra = table.ndim - len(names)
        ordered = np.transpose(table, [*range(extra), *(extra + i for i in np.argsort(places))])
        shape = [*table.shape[:extra], *(len(t) if i in places else 1 for i, t in enumerate(self.tiles))]
        return ordered.reshape(shape)
