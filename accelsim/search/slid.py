"""A bound of a frame's energy that follows slides step by step (accelsim.search.slide_kernels)."""

from __future__ import annotations

from math import inf

import numpy as np

from accelsim.search import slide_kernels
from accelsim.search.grid import Floats
from accelsim.search.standings import Standings
from accelsim.search.walk import Walk

MOST_STANDINGS, MOST_REACHED = 2_000, 200_000
"""Standings of a machine's levels beyond which slides are not followed, and how many may be reached in a frame."""


def slid(walk: Walk, price: Floats | None, enough: float) -> tuple[float, int]:
    """(energy that no mapping of the frame goes below, partial nests looked at).

    ``price``: per bit of every shared memory.  What is at least ``enough`` may be less than the best bound; where too
    much would have to be looked at, minus infinity.
    """
    standings = _standings(walk)
    if standings is None or enough == inf:
        return -inf, 0
    if price is None:
        price = np.zeros(len(walk.common.capacities[1]))
    bound, full = walk.priced(price), float((price * walk.common.capacities[1]).sum())
    low, _, constant, _ = walk.fixed
    numbers = np.array([(standings.number(state), cost[0]) for state, cost, _ in walk.feeds], np.float64)
    room = MOST_REACHED
    least, reached = slide_kernels.follow(
        numbers, standings.arrays,
        (walk.common.items, low, constant, walk.visits, walk.special_at, walk.stand.closed_ok, walk.roles),
        walk.dense[0], walk.stand.bits, walk.per_bit(price), walk.stand.place_ok,
        (walk.moves, *walk.loops, walk.own_loops, walk.common.relaxed_moves),
        walk.gains, np.array(standings.slides), bound, enough + full,
        np.full(walk.size, -1, np.int64), np.empty((room, 2), np.int64), np.empty(room),
    )  # fmt: skip
    return float(least) - full, int(reached)


def _standings(walk: Walk) -> Standings | None:
    """The standings of frames like this one; None where nothing slides, or there are too many."""
    roles = tuple(map(tuple, walk.roles.tolist()))

    def made() -> Standings | None:
        standings = Standings(walk.problem, walk.common, roles)
        return standings if any(standings.slides) and standings.count <= MOST_STANDINGS else None

    return walk.costs.tables.once(("standings", roles), made)
