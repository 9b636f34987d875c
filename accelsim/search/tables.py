"""Costs of a frame's edges over the dims that they depend on, as the compiled walk takes them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from accelsim.search import kernels
from accelsim.search.grid import Flags, Floats, Ints
from accelsim.search.places import Places


class Tables(Places):
    """A frame with the costs of its edges: what passes, and what stays when loops step."""

    @cached_property
    def widths(self) -> Ints:
        """Per tensor, tile vectors of its special dims."""
        return np.array([side.grid.size for side in self.sides], np.int64)

    @cached_property
    def terms(self) -> tuple[Any, ...]:
        """Summands of the edges' costs, edge by edge: (first of every edge and the end, measure, weight, places of the
        sums that pass and of those that stay in the tables, per group)."""
        counts, most = [0], max(side.terms[3].shape[1] for side in self.sides)
        parts: list[list[Any]] = [
            [np.zeros(0, np.int64)],
            [np.zeros(0)],
            *([np.zeros((0, most), np.int64)] for _ in range(2)),
        ]
        for edge, at in zip(self.edges, self.within, strict=True):
            first, *columns = self.sides[edge.tensor].terms
            own = slice(first[at], first[at + 1])
            counts.append(counts[-1] + first[at + 1] - first[at])
            for part, column in zip(parts, columns, strict=True):
                part.append(column[own] if column.ndim == 1 else _wider(column[own], most))
        measures, weights, every, kept = (np.concatenate(part) for part in parts)
        return np.array(counts, np.int64), measures, weights, every, kept

    @cached_property
    def groups(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """Groups per tensor; places of special tile vectors in the grid of each; tiles of each; kinds of what stays in
        each; and per loop the kind that it is to each."""
        most, width = max(s.grid.groups[1].shape[1] for s in self.sides), int(self.widths.max())
        local = np.zeros((len(self.sides), most, width), np.int64)
        counts, kinds = (np.ones((len(self.sides), most), np.int64) for _ in range(2))
        kind_of = np.zeros((len(self.sides), most, len(self.loops[0])), np.int64)
        for t, side in enumerate(self.sides):
            _, places, own_counts, own_kinds, own_kind = side.grid.groups
            g, w = places.shape[1:]
            local[t, :g, :w], counts[t, :g], kinds[t, :g] = places[0], own_counts[0], own_kinds[0]
            for m, mine in self._own(t):
                kind_of[t, :g, m] = own_kind[0, :, mine]
        return np.array([len(side.groups) for side in self.sides]), local, counts, kinds, kind_of

    @cached_property
    def own_loops(self) -> Ints:
        """Per tensor and loop, its number among those of the tensor's special dims, or -1."""
        out = np.full((len(self.sides), len(self.loops[0])), -1, np.int64)
        for t in range(len(self.sides)):
            for m, mine in self._own(t):
                out[t, m] = mine
        return out

    def _own(self, tensor: int) -> list[tuple[int, int]]:
        """(number of a loop, its number among those of a tensor's special dims)."""
        dims = self.special[tensor]
        first: dict[int, int] = {}
        for mine, d in enumerate(self.sides[tensor].grid.loops[0].tolist() if dims else []):
            first.setdefault(dims[d], mine)
        seen = dict.fromkeys(dims, 0)
        out = []
        for m, d in enumerate(self.loops[0].tolist()):
            if d in first:
                out.append((m, first[d] + seen[d]))
                seen[d] += 1
        return out

    @cached_property
    def roles(self) -> Ints:
        """Per tensor and dim, what a loop over it does (FREE .. REUSES of the kernels)."""
        out = np.full((len(self.problem.tensors), max(1, len(self.dims))), kernels.FREE, np.int64)
        for t, side in enumerate(self.sides):
            out[t, [d for d, name in enumerate(self.dims) if name in side.tensor.dims]] = kernels.MOVES
            out[t, list(side.special)] = side.roles
        return out

    @cached_property
    def steps(self) -> Ints:
        """Per tensor, loop and special tile vector, the one after the loop; -1 where there is none."""
        out = np.full((len(self.sides), len(self.loops[0]), int(self.widths.max())), -1, np.int64)
        for t, side in enumerate(self.sides):
            for m, mine in self._own(t):
                out[t, m, : side.grid.size] = side.grid.steps[mine]
        return out

    @cached_property
    def slots(self) -> Ints:
        """Per edge, the column of a label that knows where its slide began; -1 when its tile cannot slide."""
        numbers: dict[tuple[int, int], int] = {}
        out = []
        for edge in self.edges:
            if self.sides[edge.tensor].slides:
                out.append(numbers.setdefault((edge.tensor, edge.child), len(numbers)))
            else:
                out.append(-1)
        return np.array(out, np.int64)

    @cached_property
    def fixed(self) -> tuple[Floats, Floats, Floats, Flags]:
        """Per edge and measure: what passes per visit and special tile vector; what the best slide from there saves, at
        most (empty where nothing slides); what is added once; and whether that is exact."""
        shape = (max(1, len(self.edges)), self.measures)
        constant, exact = np.zeros(shape), np.ones(shape, np.bool_)
        low = np.zeros((*shape, int(self.widths.max())))
        some = (self.slots >= 0).any() and not self.frame.is_family
        saved = np.zeros(low.shape) if some else np.zeros((0, 1, 1))
        for i, (edge, at) in enumerate(zip(self.edges, self.within, strict=True)):
            own, less, constants, exacts = self.sides[edge.tensor].fixed
            low[i, :, : own.shape[2]], constant[i], exact[i] = own[at], constants[at], exacts[at]
            if some:
                saved[i, :, : own.shape[2]] = less[at]
        return low, saved, constant, exact

    @cached_property
    def slides(self) -> tuple[Floats, Flags]:
        """Per edge that slides, measure, tile of the node and tile inside the next loop: what loops to come save at
        most; and whether they save anything."""
        sliding = [t for t, side in enumerate(self.sides) if side.slides and side.edges]
        width = max([1, *(self.sides[t].grid.size for t in sliding)])
        pairs = [(e.tensor, at) for e, at in zip(self.edges, self.within, strict=True) if e.tensor in sliding]
        if len(sliding) == 1:
            return self.sides[sliding[0]].potentials()
        saved = np.zeros((len(pairs), self.measures, width, width))
        live = np.zeros((len(pairs), width, width), np.bool_)
        made = {t: self.sides[t].potentials() for t in sliding}
        for number, (t, at) in enumerate(pairs):
            own, some = made[t]
            w = own.shape[2]
            saved[number, :, :w, :w], live[number, :w, :w] = own[at], some[at]
        return saved, live

    @cached_property
    def gains(self) -> tuple[Any, ...]:
        """What slides save of the energy (Side.gains), edge by edge of those that slide; and their numbers."""
        sliding = [t for t, side in enumerate(self.sides) if side.slides and side.edges]
        made = [self.sides[t].gains() for t in sliding]
        number = np.full(max(1, len(self.edges)), -1, np.int64)
        mine = [i for t in sliding for i, edge in enumerate(self.edges) if edge.tensor == t]
        number[mine] = np.arange(len(mine))
        return (*(_stacked(parts) for parts in zip(*made, strict=True)), number)


def _stacked(parts: tuple[Any, ...]) -> Any:
    """One after the other along the first axis; room is left along the others."""
    if len(parts) == 1:
        return parts[0]
    out = np.zeros((sum(map(len, parts)), *np.max([part.shape[1:] for part in parts], axis=0)), parts[0].dtype)
    at = 0
    for part in parts:
        out[(slice(at, at + len(part)), *map(slice, part.shape[1:]))] = part
        at += len(part)
    return out


def _wider(values: Any, columns: int) -> Ints:
    out = np.zeros((len(values), columns), np.int64)
    out[:, : values.shape[1]] = values
    return out
