"""A bound of a frame's energy that follows slides step by step (accelsim.search.slide_kernels), and the guide that it
makes for the labels of the frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any

import numpy as np

from accelsim.search import slide_kernels
from accelsim.search.grid import Floats, Ints
from accelsim.search.standings import Standings
from accelsim.search.walk import Walk

MOST_STANDINGS, MOST_REACHED = 2_000, 200_000
"""Standings of a machine's levels beyond which slides are not followed, and how many may be reached in a frame."""


@dataclass(frozen=True)
class Guide:
    """What labels of a frame still come to at least, by their standing; those that have none come to ``floor`` or more.

    ``codes``: see Standings.codes; keys and values: a table of open addresses (slide_kernels.noted).
    """

    floor: float
    codes: tuple[Ints, Ints, Ints]
    keys: Ints
    values: Floats


class Slides:
    """Slides of one frame, followed at a price per bit of every shared memory."""

    def __init__(self, walk: Walk, price: Floats | None) -> None:
        self.walk = walk
        self.price = np.zeros(len(walk.common.capacities[1])) if price is None else price
        self.standings = _standings(walk)
        self.reached = 0

    @cached_property
    def _full(self) -> float:
        """What the prices are of all bits that there are."""
        return float((self.price * self.walk.common.capacities[1]).sum())

    @cached_property
    def _frame(self) -> tuple[Any, ...]:
        """What the kernels take of the frame: its standings; costs of edges; loops; gains of slides; and where children
        may stand at what price."""
        walk, standings = self.walk, self.standings
        assert standings is not None
        low, _, constant, _ = walk.fixed
        return (
            standings.arrays,
            (walk.common.items, low, constant, walk.visits, walk.special_at, walk.stand.closed_ok, walk.roles),
            (walk.moves, *walk.loops, walk.own_loops, walk.common.relaxed_moves),
            walk.gains,
            (
                walk.dense[0],
                walk.stand.bits,
                walk.per_bit(self.price),
                walk.stand.place_ok,
                np.array(standings.slides),
            ),
        )

    def bound(self, enough: float) -> float:
        """An energy that no mapping of the frame goes below. What is at least ``enough`` may be less than the best
        bound; where too much would have to be looked at, minus infinity."""
        return self._follow(enough)[0] if self.standings is not None and enough < inf else -inf

    def _follow(self, enough: float) -> tuple[float, Ints, Ints, Floats]:
        assert self.standings is not None
        bound = self.walk.priced(self.price)
        starts = [(self.standings.number(state), cost[0]) for state, cost, _ in self.walk.feeds]
        heads, room = np.full(self.walk.size, -1, np.int64), MOST_REACHED
        links, values = np.empty((room, 2), np.int64), np.empty(room)
        least, reached = slide_kernels.follow(
            np.array(starts, np.float64), self._frame, bound, enough + self._full, heads, links, values
        )
        self.reached += int(reached)
        return float(least) - self._full, heads, links[:reached], values[:reached]

    def guide(self, enough: float) -> Guide | None:
        """The guide for labels that come to less than ``enough``; None where that is not known."""
        if self.standings is None or enough == inf:
            return None
        least, heads, links, values = self._follow(enough)
        if least == -inf:
            return None
        rest = np.empty(len(links))
        slide_kernels.remaining(self._frame, heads, links, values, np.empty(self.standings.count, np.int64), rest)
        size = 1 << max(4, int(np.isfinite(rest).sum()).bit_length() + 1)
        keys, found = np.full(size, -1, np.int64), np.empty(size)
        slide_kernels.noted(heads, links, rest, keys, found)
        return Guide(enough, self.standings.codes, keys, found)


def _standings(walk: Walk) -> Standings | None:
    """The standings of frames like this one; None where nothing slides, or there are too many."""
    roles = tuple(map(tuple, walk.roles.tolist()))

    def made() -> Standings | None:
        standings = Standings(walk.problem, walk.common, roles)
        return standings if any(standings.slides) and standings.count <= MOST_STANDINGS else None

    return walk.costs.tables.once(("standings", roles), made)
