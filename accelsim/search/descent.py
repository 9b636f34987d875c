"""Descent over steps: one dim at a time, then two together, until nothing improves."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from accelsim.search.objective import Score
from accelsim.search.pricing import Pricer
from accelsim.search.steps import segments
from accelsim.search.template import Steps

Found = tuple[Score, Steps]
Values = dict[str, tuple[int, ...]]
PAIR_ROWS = 60_000


def descend(pricer: Pricer, start: Found, values: Values, sweeps: int) -> Found:
    """The best row reached by moving the factors of one dim at a time, best move first within the dim."""
    best, dims = start, list(pricer.template.slots.items())
    unchanged = 0
    for turn in range(sweeps * len(dims)):
        dim, slots = dims[turn % len(dims)]
        moved = pricer.best(_rows(best[1], slots, segments(best[1][list(slots)], values[dim])))
        if moved is not None and moved[0] < best[0]:
            best, unchanged = moved, 0
        else:
            unchanged += 1
        if unchanged == len(dims) or pricer.budget.is_spent:
            break
    return best


def descend_pairs(pricer: Pricer, start: Found, values: Values) -> Found:
    """The best row reached by moving factors of two dims at once: one gives up the room that the other takes."""
    best = start
    for one, other in combinations(pricer.template.slots, 2):
        slots = (pricer.template.slots[one], pricer.template.slots[other])
        first, second = (segments(best[1][list(s)], values[dim]) for s, dim in zip(slots, (one, other), strict=True))
        rows = np.repeat(_rows(best[1], slots[0], first), len(second), axis=0)
        rows[:, list(slots[1])] = np.tile(second, (len(first), 1))
        moved = pricer.best(rows[:PAIR_ROWS])
        if moved is not None and moved[0] < best[0]:
            best = moved
        if pricer.budget.is_spent:
            break
    return best


def _rows(row: Steps, slots: tuple[int, ...], chains: Steps) -> Steps:
    """Copies of a row with other chains of one dim."""
    rows = np.repeat(row[None, :], len(chains), axis=0)
    rows[:, list(slots)] = chains
    return rows
