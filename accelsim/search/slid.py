"""A bound of a frame's energy that follows slides step by step (accelsim.search.bound_kernels), and the guide that it
makes for the labels of the frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any, NamedTuple

import numpy as np

from accelsim.search import bound_kernels
from accelsim.search.grid import Floats, Ints
from accelsim.search.standings import Standings
from accelsim.search.walk import Walk

MOST_STANDINGS, MOST_REACHED = 2_000, 200_000
"""Standings of a machine's levels beyond which slides are not followed, and how many may be reached in a frame."""
WAYS = 20
"""Ways on from one of them, on average, that a guide has room for."""
NO_RECORD = np.empty((0, 2), np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64), np.empty(0)
"""Nothing is kept for bound_kernels.remaining."""


class _Reached(NamedTuple):
    """What bound_kernels.follow found: the least energy of a way through the frame and of what was ruled out; the
    standings reached, and how many of them were not ruled out."""

    least: float
    floor: float
    links: Ints
    kept: int


@dataclass(frozen=True)
class Guide:
    """What labels of a frame still come to at least, by their standing; those that have none come to ``floor`` or more.
    ``arrays``: what kernels take to find it."""

    floor: float
    arrays: tuple[Any, ...]

    @staticmethod
    def none(walk: Walk) -> tuple[Any, ...]:
        """The arrays of no guide."""
        edges, tensors = np.zeros(len(walk.edges), np.int64), np.zeros(len(walk.sides), np.int64)
        one, table, flat = np.zeros(1, np.int64), np.zeros((1, 1, 1), np.int64), np.zeros((1, 1), np.int64)
        return one, edges, edges, table, flat, tensors, one, np.zeros(1)


class Slides:
    """Slides of one frame, followed at a price per bit of every shared memory."""

    def __init__(self, walk: Walk, price: Floats | None) -> None:
        self.walk, self.price = walk, price
        self.standings = _standings(walk)
        self.reached = 0

    @cached_property
    def _frame(self) -> tuple[Any, ...]:
        """What the kernels take of the frame: its standings; Walk.site; loops and what they do; gains of slides; prices
        of bits, and which tensors slide; and room for what holds at one tile vector."""
        walk, lattice, standings = self.walk, self.walk.lattice, self.standings
        assert standings is not None
        (*stand, first, after, edge, onward) = standings.arrays
        return (
            ((*stand, walk.held.tensors), (first, after, edge), onward),
            walk.site,
            (*lattice.loops, lattice.roles, lattice.own_loops, walk.common.relaxed_moves),
            walk.gains,
            (walk.per_bit(self.price), np.array(standings.slides)),
            walk.spot,
        )

    def bound(self, enough: float) -> float:
        """An energy that no mapping of the frame goes below. What is at least ``enough`` may be less than the best
        bound; where too much would have to be looked at, minus infinity."""
        if self.standings is None or enough == inf:
            return -inf
        reached = self._follow(enough)
        return min(reached.least, reached.floor)

    def guide(self, enough: float) -> Guide | None:
        """The guide for labels that come to less than ``enough``; None where that is not known."""
        if self.standings is None or enough == inf:
            return None
        ways = MOST_REACHED * WAYS
        places, begins, targets = (np.empty(n, np.int64) for n in ((MOST_REACHED, 2), MOST_REACHED + 1, ways))
        record = places, begins, np.empty(MOST_REACHED), targets, np.empty(ways)
        reached = self._follow(enough, record)
        if reached.floor == -inf:
            return None
        rest, size = np.full(len(reached.links), inf), 1 << max(4, reached.kept.bit_length() + 1)
        keys, found, codes = np.full(size, -1, np.int64), np.empty(size), np.zeros(len(self.walk.sides), np.int64)
        bound_kernels.remaining(reached.kept, record, reached.links, self.walk.lattice.size, rest, keys, found)
        return Guide(reached.floor, (*self.standings.labels, codes, keys, found))

    def _follow(self, enough: float, record: tuple[Any, ...] = NO_RECORD) -> _Reached:
        assert self.standings is not None
        bound, full, plain = self.walk.priced(self.price), self.walk.full(self.price), self.standings.labels[0]
        starts: dict[int, float] = {}
        for state, cost, _ in self.walk.feeds:
            starts[int(plain[state])] = min(float(cost[0]), starts.get(int(plain[state]), inf))
        heads, room = np.full(self.walk.lattice.size, -1, np.int64), MOST_REACHED
        links, values, count = np.empty((room, 2), np.int64), np.empty(room), len(starts)
        rows, heads[0] = sorted(starts, reverse=True), 0
        links[:count], values[:count] = list(zip(rows, [*range(1, count), -1], strict=True)), [starts[r] for r in rows]
        least, floor, used, kept = bound_kernels.follow(
            count, self._frame, bound, enough + full, heads, links, values, record
        )
        self.reached += int(used)
        return _Reached(float(least) - full, float(floor) - full, links[:used], int(kept))


def _standings(walk: Walk) -> Standings | None:
    """The standings of frames like this one; None where nothing slides, or there are too many."""
    roles = tuple(map(tuple, walk.lattice.roles.tolist()))

    def made() -> Standings | None:
        standings = Standings(walk.problem, walk.common, roles)
        return standings if any(standings.slides) and standings.count <= MOST_STANDINGS else None

    return walk.tables.once(("standings", roles), made)
