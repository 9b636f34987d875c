"""Costs of a frame's edges over the dims that they depend on, as the compiled walk takes them."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any

import numpy as np

from accelsim.search.edges import Edges
from accelsim.search.grid import Flags, Floats, Ints
from accelsim.search.places import Places
from accelsim.search.profiles import Profile


class Tables(Places):
    """A frame with the costs of its edges: what passes, and what stays when loops step."""

    @cached_property
    def terms(self) -> tuple[Ints, Ints, Floats, Ints, Ints]:
        """Summands of the edges' costs, edge by edge: (first of every edge and the end, measure, weight, places of the
        sums that pass and of those that stay in the tables, per group)."""
        profiles = tuple(side.profile for side in self.sides)
        key = "terms", *(profile.number for profile in profiles)
        order, first, measures, every, kept = self.tables.once(key, partial(_joined, self.held, profiles))
        return first, measures, np.concatenate([side.weights for side in self.sides])[order], every, kept

    @cached_property
    def fixed(self) -> tuple[Floats, Floats, Floats, Flags]:
        """Per edge and measure: what passes per visit and special tile vector; what the best slide from there saves, at
        most (empty where nothing slides); what is added once; and whether that is exact."""
        shape = (max(1, len(self.edges)), self.measures)
        constant, exact = np.zeros(shape), np.ones(shape, np.bool_)
        low = np.zeros((*shape, int(self.lattice.widths.max())))
        saved = np.zeros(low.shape if any(side.slides for side in self.sides) else (0, 1, 1))
        for mine, side in zip(self.held.of, self.sides, strict=True):
            if len(mine):
                own, less, constant[mine], exact[mine] = side.fixed
                low[mine, :, : own.shape[2]] = own
                if len(saved):
                    saved[mine, :, : own.shape[2]] = less
        return low, saved, constant, exact

    @cached_property
    def slides(self) -> tuple[Floats, Flags]:
        """Per edge that slides, measure, tile of the node and tile inside the next loop: what loops to come save at
        most; and whether they save anything."""
        sliding = [t for t, side in enumerate(self.sides) if side.slides]
        width = max([1, *(self.sides[t].profile.grid.size for t in sliding)])
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
        sliding = [t for t, side in enumerate(self.sides) if side.slides]
        made = [self.sides[t].gains() for t in sliding]
        number = np.full(max(1, len(self.edges)), -1, np.int64)
        mine = [i for t in sliding for i, edge in enumerate(self.edges) if edge.tensor == t]
        number[mine] = np.arange(len(mine))
        return (*(_stacked(parts) for parts in zip(*made, strict=True)), number)


def _joined(held: Edges, profiles: tuple[Profile, ...]) -> tuple[Ints, ...]:
    """The rows that pass of all tensors, edge by edge: their order among those of the tensors one after the other,
    first of every edge and the end, measures, and places in the tables."""
    begin, starts = 0, []
    for profile in profiles:
        starts.append(begin)
        begin += len(profile.rows.passing)
    most = max(profile.places[2].shape[1] for profile in profiles)
    order, counts = [], [0]
    for i, edge in enumerate(held.all):
        first, at = profiles[edge.tensor].places[0], int(np.flatnonzero(held.of[edge.tensor] == i)[0])
        order += [starts[edge.tensor] + row for row in range(first[at], first[at + 1])]
        counts.append(len(order))
    places = np.array(order, np.int64)
    measures = np.concatenate([profile.places[1] for profile in profiles])[places]
    every, kept = (
        np.concatenate([_wider(profile.places[part][:-1], most) for profile in profiles])[places] for part in (2, 3)
    )
    return places, np.array(counts, np.int64), measures, every, kept


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
