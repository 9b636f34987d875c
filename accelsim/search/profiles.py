"""What one tensor's edges pass over its special dims, alike in all frames where these lie alike.

The other dims only multiply it: every summand of a cost is

    amount x product over networks of positions ^ power x tables of the special dims

and the powers are known beforehand (accelsim.search.crossings).
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from accelsim.search import kernels
from accelsim.search.charges import Plan
from accelsim.search.costs import FrameCosts
from accelsim.search.crossings import Crossing, Met, power
from accelsim.search.frames import Frame
from accelsim.search.grid import Flags, Floats, Grid, Ints
from accelsim.search.problem import MACS, Edge, Problem
from accelsim.search.windows import WindowTables

Scale = tuple[tuple[Met, int], ...]
"""Positions of the dims without tables, where they count."""


class Row(NamedTuple):
    """A summand of an edge's cost: its number among the tensor's edges, those to the MACs coming last; the measure; the
    crossing that positions are counted at; and the amount at one position."""

    edge: int
    measure: int
    crossing: Crossing
    amount: float


class Rows(NamedTuple):
    """Summands per visit and tile vector; once; forgotten per visit, at most; and of edges to the MACs per visit."""

    passing: list[Row]
    once: list[Row]
    forgotten: list[Row]
    fed: list[Row]


class Profile:
    """Edges of one tensor; ``frame`` is one of the frames that are alike."""

    def __init__(self, problem: Problem, frame: Frame, tables: WindowTables, measures: int | None, number: int) -> None:
        self.problem, self.frame, self.number = problem, frame, tables.counted()
        self.tensor, self.measures = problem.tensors[number], problem.measures[:measures]
        self.costs = FrameCosts(problem, frame, tables, number)
        self.edges = tuple(edge for edge in problem.edges if edge.tensor == number)
        self.feeds = problem.feeds[number]
        self.groups = self.costs.groups
        self.special = tuple(sorted({d for group in self.groups for d in group.dims}))
        self.names = frozenset(self.costs.dims[d] for d in self.special)
        self.grid = Grid.of(
            tuple(tuple(self.special.index(d) for d in group.dims) for group in self.groups),
            tuple(frame.rounds[d] for d in self.special),
        )
        self.reused = tuple(d for d, name in enumerate(self.costs.dims)
                            if name not in self.tensor.dims and name not in self.names)  # fmt: skip
        self._powers: dict[Met, Ints | None] = {}
        self._mets: dict[tuple[str, str], Met | None] = {}

    @cached_property
    def plans(self) -> list[list[Plan]]:
        """Per edge, those to the MACs last, and measure."""
        once, problem = self.costs.tables.once, self.problem
        return [
            [once(("plan", edge, m), partial(Plan.of, problem, edge, m)) for m in self.measures]
            for edge in (*self.edges, *self.feeds)
        ]

    @cached_property
    def rows(self) -> Rows:
        base, rows = self.costs.base, Rows([], [], [], [])
        unknown = self.costs.is_output and self.frame.is_family
        unknown &= any(spread.dim in self.costs.sliding for spread in self.frame.spreads)
        for e, edge in enumerate((*self.edges, *self.feeds)):
            merges = self.merges(edge)
            for m, plan in enumerate(self.plans[e]):
                crossings, once = plan.least() if unknown else plan.charged(merges)
                for weight, crossing in crossings:
                    if edge.child == MACS:
                        rows.fed.append(Row(e, m, crossing, weight * base * self.costs.fed(crossing)))
                    else:
                        rows.passing.append(Row(e, m, crossing, weight * base))
                if once:
                    rows.once.append(Row(e, m, plan.ever, once * base * self.costs.distinct(plan.ever)))
                for weight, crossing in plan.forgotten if crossings or once else ():
                    rows.forgotten.append(Row(e, m, crossing, weight * base * self.costs.fed(crossing)))
        return rows

    def merges(self, edge: Edge) -> bool:
        """Whether outputs of different instances may overlap, so that the parent may have to merge them."""
        if not self.costs.is_output:
            return False
        first = self.problem.above[edge.parent]
        last = len(self.problem.rules.architecture.fanouts) if edge.child == MACS else self.problem.above[edge.child]
        return any(s.dim in self.costs.sliding and first <= s.fanout < last for s in self.frame.spreads)

    @cached_property
    def exact(self) -> tuple[Flags, Flags]:
        """Per edge, those to the MACs last, and measure: whether it costs just what its rows say, not perhaps more; and
        whether it costs anything."""
        shape = len(self.plans), len(self.measures)
        exact, charged = np.ones(shape, np.bool_), np.zeros(shape, np.bool_)
        for part in self.rows:
            for row in part:
                charged[row.edge, row.measure] = True
        for row in self.rows.forgotten:
            exact[row.edge, row.measure] = row.amount == 0.0
        for e, edge in enumerate((*self.edges, *self.feeds)):
            exact[e] &= not self.merges(edge)
        return exact | ~charged, charged

    @cached_property
    def cells(self) -> tuple[Ints, ...]:
        """Per part of the rows, the place of each among edges x measures."""
        count = len(self.measures)
        return tuple(np.array([row.edge * count + row.measure for row in part], np.int64) for part in self.rows)

    @cached_property
    def padded(self) -> bool:
        """Whether the tensor has indexes without data, or data that is never read."""
        spans = ((rank.span(self.costs.extents), rank.size) for rank in self.tensor.ranks)
        return any(low < 0 or high >= size for (low, high), size in spans)

    @cached_property
    def _crossings(self) -> list[Crossing]:
        return [row.crossing for part in self.rows for row in part]

    @cached_property
    def _amounts(self) -> Floats:
        return np.array([row.amount for part in self.rows for row in part])

    def powers(self, met: Met) -> Ints | None:
        """The power of positions that meet the tensor there, per row; None where all are zero."""
        if met not in self._powers:
            powers = np.array([power(crossing, met) for crossing in self._crossings], np.int64)
            self._powers[met] = powers if powers.any() else None
        return self._powers[met]

    def scale(self, frame: Frame) -> Scale:
        """What the amounts of a frame differ in from those at one position."""
        counts: dict[Met, int] = {}
        for spread in frame.spreads:
            where = spread.axis, spread.dim
            if where not in self._mets:
                met = self.costs.met(spread)
                self._mets[where] = None if spread.dim in self.names or self.powers(met) is None else met
            found = self._mets[where]
            if found is not None:
                counts[found] = counts.get(found, 1) * spread.positions
        return tuple(sorted(counts.items()))

    def amounts(self, scale: Scale) -> Floats:
        """Per row, the amount at a scale."""
        more, less = np.ones(len(self._amounts)), np.ones(len(self._amounts))
        for met, positions in scale:
            powers = self.powers(met)
            more[powers == 1] *= positions
            less[powers == -1] *= positions
        return self._amounts * more / less

    # What the kernels take

    @cached_property
    def places(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Of the rows that pass, edge by edge: first of every edge and the end, measure, and per group places in the
        tables of the sums that pass and of those that stay."""
        rows, most = self.rows.passing, max(1, len(self.groups))
        every, kept = np.zeros((len(rows) + 1, most), np.int64), np.zeros((len(rows) + 1, most), np.int64)
        for number, row in enumerate(rows):
            for g, table in enumerate(self.costs.words(row.crossing)):
                every[number, g], kept[number, g] = table.at_every, table.at_kept
        first = np.searchsorted([row.edge for row in rows], np.arange(len(self.edges) + 1))
        return first.astype(np.int64), np.array([row.measure for row in rows], np.int64), every, kept

    @cached_property
    def products(self) -> Floats:
        """What passes per visit, per row and special tile vector."""
        _, _, every, _ = self.places
        out, local = np.ones((len(self.rows.passing), self.grid.size)), self.grid.groups[1][0]
        for g in range(len(self.groups)):
            out *= self.costs.tables.every[every[:-1, g, None] + local[g]]
        return out

    @cached_property
    def roles(self) -> Ints:
        """Per special dim, what a loop over it does: SLIDES or REUSES of the kernels."""
        own = [name in self.tensor.dims for name in (self.costs.dims[d] for d in self.special)]
        return np.array([kernels.SLIDES if slides else kernels.REUSES for slides in own], np.int64)

    @cached_property
    def slides(self) -> bool:
        """Whether a tile of the tensor may keep a part when it moves."""
        return bool((self.roles == kernels.SLIDES).any())
