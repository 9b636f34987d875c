"""Costs of a frame's edges over the dims that they depend on, as the compiled walk takes them."""

from __future__ import annotations

from functools import cached_property, lru_cache
from math import prod
from typing import Any

import numpy as np

from accelsim.search import bound_kernels, kernels
from accelsim.search.charges import EdgeCosts
from accelsim.search.costs import Group
from accelsim.search.frames import divisors, primes
from accelsim.search.lattice import Flags, Floats, Ints, loops_of, ups_of
from accelsim.search.places import Places


class Tables(Places):
    """A frame with the costs of its edges: what passes, and what stays when loops step."""

    @cached_property
    def items(self) -> Ints:
        """Per edge its tensor, child and parent."""
        return np.array([(e.tensor, e.child, e.parent) for e in self.edges], np.int64).reshape(-1, 3)

    @cached_property
    def charged(self) -> list[list[EdgeCosts | None]]:
        """Per edge and measure."""
        return [[charges.edge(edge) for charges in self.charges] for edge in self.edges]

    @cached_property
    def widths(self) -> Ints:
        """Per tensor, tile vectors of its special dims."""
        return np.array([prod(self.shape[d] for d in dims) for dims in self.special], np.int64)

    @cached_property
    def terms(self) -> tuple[Any, ...]:
        """Summands of the edges' costs, edge by edge: (first of every edge and the end, measure, weight, places of the
        sums that pass and of those that stay in the tables, per group)."""
        first, rows, most = [0], [], max([1, *map(len, self.costs.groups)])
        for charged in self.charged:
            for measure, costs in enumerate(charged):
                if costs is not None:
                    rows += [(measure, weight * words.scale, words.tables) for weight, words in costs.parts]
            first.append(len(rows))
        every, kept = np.zeros((len(rows) + 1, most), np.int64), np.zeros((len(rows) + 1, most), np.int64)
        for number, (_, _, tables) in enumerate(rows):
            for g, table in enumerate(tables):
                every[number, g], kept[number, g] = table.at_every, table.at_kept
        measures, weights = np.array([r[0] for r in rows], np.int64), np.array([r[1] for r in rows], np.float64)
        return np.array(first), measures, weights, every, kept

    @cached_property
    def groups(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """Groups per tensor; places of special tile vectors in the grid of each; tiles of each; kinds of what stays in
        each; and per loop the kind that it is to each."""
        return _groups(self.costs.groups, self.special, self.frame.rounds, self.shape)

    @cached_property
    def roles(self) -> Ints:
        """Per tensor and dim, what a loop over it does (FREE .. REUSES of the kernels)."""
        out = np.full((len(self.problem.tensors), max(1, len(self.dims))), kernels.FREE, np.int64)
        for t, tensor in enumerate(self.problem.tensors):
            for d, name in enumerate(self.dims):
                if d in self.special[t]:
                    out[t, d] = kernels.SLIDES if name in tensor.dims else kernels.REUSES
                elif name in tensor.dims:
                    out[t, d] = kernels.MOVES
        return out

    @cached_property
    def steps(self) -> Ints:
        """Per tensor, loop and special tile vector, the one after the loop; -1 where there is none."""
        return _steps(self.special, self.frame.rounds, self.shape)

    @cached_property
    def slots(self) -> Ints:
        """Per edge, the column of a label that knows where its slide began; -1 when its tile cannot slide."""
        numbers: dict[tuple[int, int], int] = {}
        out = []
        for edge in self.edges:
            if (self.roles[edge.tensor] == kernels.SLIDES).any():
                out.append(numbers.setdefault((edge.tensor, edge.child), len(numbers)))
            else:
                out.append(-1)
        return np.array(out, np.int64)

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
        low, saved = np.zeros((*shape, int(self.widths.max(initial=1)))), np.zeros((0, 1, 1))
        bound_kernels.passed(self.items, self.widths, self.terms, self.groups, self.costs.tables.every, forgotten, low)
        if (self.slots >= 0).any() and not self.frame.is_family:
            saved = np.zeros(low.shape)
            kernels.potentials(*self.sliding, np.zeros((0, 1, 1, 1)), np.zeros((0, 1, 1), np.bool_), saved)
        return low, saved, constant, exact

    @property
    def sliding(self) -> tuple[Any, ...]:
        """What kernels.potentials takes of a frame."""
        return (
            self.items, self.slots, self.widths, self.terms, self.groups, self.costs.tables.kept, self.roles,
            self.steps, self.loops[0], self.nests,
            np.array([self.costs.most_visits(t) for t in self.problem.tensors], np.float64), len(self.charges),
        )  # fmt: skip

    @cached_property
    def nests(self) -> Flags:
        """Per tensor, whether special tile vectors lie inside others."""
        return _nests(self.special, self.frame.rounds)

    @cached_property
    def slides(self) -> tuple[Floats, Flags]:
        """Per edge that slides, measure, tile of the node and tile inside the next loop: what loops to come save at
        most; and whether they save anything."""
        width, count = int(self.widths.max(initial=1)), int((self.slots >= 0).sum())
        saved = np.zeros((count, len(self.charges), width, width))
        live = np.zeros((count, width, width), np.bool_)
        kernels.potentials(*self.sliding, saved, live, np.zeros((0, 1, 1)))
        return saved, live


@lru_cache(maxsize=256)
def _groups(
    groups: tuple[tuple[Group, ...], ...], special: tuple[tuple[int, ...], ...], rounds: tuple[int, ...],
    shape: tuple[int, ...],
) -> tuple[Ints, Ints, Ints, Ints, Ints]:  # fmt: skip
    loops = list(zip(*(own.tolist() for own in loops_of(rounds)), strict=True))
    most, width = max([1, *map(len, groups)]), max([1, *(prod(shape[d] for d in dims) for dims in special)])
    local = np.zeros((len(groups), most, width), np.int64)
    counts, kinds = (np.ones((len(groups), most), np.int64) for _ in range(2))
    kind_of = np.zeros((len(groups), most, len(loops)), np.int64)
    for t, own in enumerate(groups):
        digits = _grid(tuple(shape[d] for d in special[t]))
        for g, group in enumerate(own):
            place = np.zeros(digits.shape[1], np.int64)
            for d in group.dims:
                place = place * shape[d] + digits[special[t].index(d)]
            local[t, g, : len(place)] = place
            mine = [(d, trips) for d in group.dims for trips in primes(rounds[d])]  # in the order of the tables
            counts[t, g], kinds[t, g] = prod(shape[d] for d in group.dims), 1 + len(mine)
            for m, loop in enumerate(loops):
                kind_of[t, g, m] = 1 + mine.index(loop) if loop in mine else 0
    return np.array([len(own) for own in groups], np.int64), local, counts, kinds, kind_of


@lru_cache(maxsize=256)
def _steps(special: tuple[tuple[int, ...], ...], rounds: tuple[int, ...], shape: tuple[int, ...]) -> Ints:
    loop_dims, width = loops_of(rounds)[0].tolist(), max([1, *(prod(shape[d] for d in dims) for dims in special)])
    out = np.full((len(special), len(loop_dims), width), -1, np.int64)
    for t, dims in enumerate(special):
        digits = _grid(tuple(shape[d] for d in dims))
        for m, (d, up) in enumerate(zip(loop_dims, ups_of(rounds), strict=True)):
            if d in dims:
                at, stride = digits[dims.index(d)], prod(shape[x] for x in dims if x > d)
                here = np.arange(digits.shape[1])
                out[t, m, : len(at)] = np.where(up[at] >= 0, here + (up[at] - at) * stride, -1)
    return out


@lru_cache(maxsize=64)
def _nests(special: tuple[tuple[int, ...], ...], rounds: tuple[int, ...]) -> Flags:
    parts = [_inside(tuple(rounds[d] for d in dims)) for dims in special]
    width = max([1, *map(len, parts)])
    out = np.zeros((len(special), width, width), np.bool_)
    for t, own in enumerate(parts):
        out[t, : len(own), : len(own)] = own
    return out


@lru_cache(maxsize=256)
def _grid(shape: tuple[int, ...]) -> Ints:
    return np.indices(shape).reshape(len(shape), -1).astype(np.int64) if shape else np.zeros((0, 1), np.int64)


@lru_cache(maxsize=64)
def _inside(rounds: tuple[int, ...]) -> Flags:
    """Whether tile vectors (row) divide others (column)."""
    out = np.ones((1, 1), np.bool_)
    for n in rounds:
        tiles = np.array(divisors(n))
        out = np.kron(out, tiles[None, :] % tiles[:, None] == 0)
    return out
