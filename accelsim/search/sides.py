"""The edges of one tensor, made once for all frames that they are alike in.

What they cost depends on how the tensor's special dims lie in space (accelsim.search.profiles), and on how many
positions the other dims have on every network.
"""

from __future__ import annotations

from functools import cached_property, partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accelsim.search import kernels, slide_kernels
from accelsim.search.edges import Edges
from accelsim.search.frames import Frame, divisors
from accelsim.search.grid import Flags, Floats, digits_of
from accelsim.search.held import allowed, bits_of, sizes_of
from accelsim.search.profiles import Profile, Scale
from accelsim.search.windows import WindowTables


class Side:
    """A profile at one scale."""

    def __init__(
        self, profile: Profile, fits: Flags | None, scale: Scale, visits: int, loose: tuple[bool, ...]
    ) -> None:
        """``fits``: where children may stand, if slides are asked for; ``visits``: rounds of the dims that reuse the
        tensor; ``loose``: per measure, whether the first instance need not be the busiest."""
        self.profile, self.visits, self.slides, self._fits = profile, visits, fits is not None, fits
        passing, once, forgotten, _ = profile.rows
        ends = np.cumsum([len(passing), len(once), len(forgotten)])
        self.weights, self._once, self._forgotten, self._fed = np.split(profile.amounts(scale), ends)
        exact, charged = profile.exact
        self._exact = exact & ~(charged & np.array(loose))
        self._made: tuple[Any, ...] = ()

    @cached_property
    def fixed(self) -> tuple[Floats, Floats, Floats, Flags]:
        """Per edge and measure: what passes per visit and special tile vector; what the best slide from there saves, at
        most; what is added once; and whether that is exact."""
        profile, count = self.profile, len(self.profile.edges)
        first, measures, _, _ = profile.places
        low = np.repeat(-self._summed(self._forgotten, 2)[:count, :, None], profile.grid.size, axis=2)
        rows = np.repeat(np.arange(count), np.diff(first)), measures[: first[-1]]
        np.add.at(low, rows, self.weights[: first[-1], None] * profile.products[: first[-1]])
        self._made = self._gains(count if self.slides else 0)
        return low, self._slid(self._made, *self._pairs(0)), self._summed(self._once, 1)[:count], self._exact[:count]

    @cached_property
    def feeds(self) -> list[tuple[int, Floats, bool]]:
        """Per way to feed the MACs: the level, its cost per measure, whether that is exact."""
        count = len(self.profile.edges)
        costs = self._summed(self._once, 1) + self.visits * self._summed(self._fed, 3)
        return [(edge.parent, costs[count + i], bool(self._exact[count + i].all()))
                for i, edge in enumerate(self.profile.feeds)]  # fmt: skip

    def _summed(self, amounts: Floats, part: int) -> Floats:
        """Amounts of a part of the rows, per edge and measure."""
        shape = self._exact.shape
        return np.bincount(self.profile.cells[part], amounts, prod(shape)).reshape(shape)

    # What slides save

    def potentials(self) -> tuple[Floats, Flags]:
        """Per edge, measure, tile of the node and tile inside the next loop: what loops to come save at most; and
        whether they save anything."""
        pairs = self._pairs(len(self.profile.edges))
        self._slid(self._gains(0), *pairs)
        return pairs

    def gains(self) -> tuple[Any, ...]:
        """What slides save of the energy per visit, per edge and tile vector (slide_kernels.potentials)."""
        if not self._made:
            self._made = self._gains(len(self.profile.edges))
            self._slid(self._made, *self._pairs(0))
        return self._made

    def _pairs(self, edges: int) -> tuple[Floats, Flags]:
        width = self.profile.grid.size
        return np.zeros((edges, len(self.profile.measures), width, width)), np.zeros((edges, width, width), np.bool_)

    def _gains(self, edges: int) -> tuple[Any, ...]:
        grid = self.profile.grid
        by_loop, by_tile = (edges, len(grid.loops[0]), grid.size), (edges, grid.size)
        kinds = float, float, np.int64
        return (*(np.zeros(by_loop, kind) for kind in kinds), np.zeros(by_tile), np.zeros(by_tile))

    def _slid(self, gains: tuple[Any, ...], saved: Floats, live: Flags) -> Floats:
        """Per edge, measure and tile of the node: what a slide saves at most; the rest is written where not empty."""
        profile, grid = self.profile, self.profile.grid
        measures = len(profile.measures)
        whole = np.zeros((max(1, len(profile.edges)), measures, grid.size))
        if self._fits is not None:
            first, measure, _, kept = profile.places
            reuses = profile.roles[grid.loops[0]] == kernels.REUSES
            groups = tuple(part[0, : grid.groups[0][0]] for part in grid.groups[1:])
            scratch = np.empty(measures), *np.empty((2, measures, grid.size)), np.empty(grid.size, np.bool_)
            for i, fits in enumerate(self._fits):
                own = slice(first[i], first[i + 1])
                slide_kernels.potentials(
                    reuses, grid.steps, grid.nests, fits, float(self.visits),
                    (measure[own], self.weights[own], kept[own]), groups, profile.costs.tables.kept, scratch,
                    whole[i], tuple(_of(part, i) for part in gains), _of(saved, i), _of(live, i),
                )  # fmt: skip
        return whole

    def forget(self) -> None:
        """Let go of what is large and quickly made again."""
        self._made = ()


def _of(parts: NDArray[Any], edge: int) -> NDArray[Any]:
    """The part of an edge, empty where all are."""
    return parts[edge] if len(parts) else np.empty((0,) * (parts.ndim - 1), parts.dtype)


def sides_of(edges: Edges, frame: Frame, tables: WindowTables, measures: int | None) -> tuple[Side, ...]:
    """The sides of a frame, per tensor; those of other frames where they are alike."""
    uneven = [] if frame.is_perfect else [d for d, name in enumerate(edges.dims) if frame.is_ragged(name)]
    out, places = [], {d: (frame.rounds[d], frame.along(edges.dims[d])) for d in {*edges.windows, *uneven}}
    for number, windowed in enumerate(edges.windowed):
        own = tuple((d, d in uneven, places[d]) for d in sorted({*windowed, *uneven}))
        key = "profile", number, measures, frame.is_family, own
        profile = tables.once(key, partial(Profile, edges.problem, frame, tables, measures, number))
        out.append(_side(profile, edges, frame))
    return tuple(out)


def _side(profile: Profile, edges: Edges, frame: Frame) -> Side:
    scale = profile.scale(frame)
    visits = prod(frame.rounds[d] for d in profile.reused)
    loose: tuple[bool, ...] = (False,) * len(profile.measures)
    if len(profile.measures) > 1 and (profile.padded or not frame.is_perfect):
        since = [0 if m.level < 0 else edges.problem.above[m.level] for m in profile.measures]
        loose = tuple(any(s.fanout < level for s in frame.spreads) for level in since)
    once = profile.costs.tables.once
    slides = profile.slides and bool(profile.edges) and not frame.is_family
    fits = once(("fits", profile.number), partial(_fits, profile, edges, frame)) if slides else None
    return once(("side", profile.number, scale, visits, loose), partial(Side, profile, fits, scale, visits, loose))


def _fits(profile: Profile, edges: Edges, frame: Frame) -> Flags:
    """Per edge and special tile vector, whether the child may stand there with one element of the other dims."""
    tensor, digits = profile.costs.number, digits_of(profile.grid.shape)
    mine, own = edges.of[tensor], [d for d, name in enumerate(edges.dims) if name in profile.tensor.dims]
    one = (1,) * (1 + len(edges.regions[tensor]))
    sizes = tuple(size if d in profile.special else one
                  for d, size in zip(own, sizes_of(edges, frame, tensor), strict=True))  # fmt: skip
    at, stride = np.zeros(profile.grid.size, np.int64), 1
    for d, (rounds, *_) in zip(reversed(own), reversed(sizes), strict=True):
        if d in profile.special:
            at += digits[profile.special.index(d)] * stride
        stride *= len(divisors(rounds))
    out = bits_of(edges, tensor, sizes, profile.costs.tables)[:, at] <= edges.room[mine, None]
    may = allowed(edges, frame)
    for number, d in enumerate(profile.special):
        if d in own:
            out &= (may[d, digits[number]] >> mine[:, None] & 1).astype(np.bool_)
    return np.ascontiguousarray(out)
