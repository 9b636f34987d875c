"""Descent over steps: one dim at a time, then two together, until nothing improves."""

from __future__ import annotations

from math import inf

import numpy as np

from accelsim.search.objective import Score
from accelsim.search.pricing import Pricer
from accelsim.search.steps import segments
from accelsim.search.template import Steps

Found = tuple[Score, Steps]
Values = dict[str, tuple[int, ...]]
PAIR_ROWS = 60_000
FAR_BEHIND = 1.1


def descend(pricer: Pricer, start: Found, values: Values, sweeps: int, leader: float = inf) -> Found:
    """The best row reached by moving the factors of one dim at a time, best move first within the dim.

    Given up after one sweep when that leaves it far behind the ``leader``.
    """
    best, dims = start, list(pricer.template.slots.items())
    unchanged = 0
    for turn in range(sweeps * len(dims)):
        dim, slots = dims[turn % len(dims)]
        moved = pricer.best(_rows(best[1], slots, segments(best[1][list(slots)], values[dim])))
        if moved is not None and moved[0] < best[0]:
            best, unchanged = moved, 0
        else:
            unchanged += 1
        behind = turn == len(dims) - 1 and best[0][0] > FAR_BEHIND * leader
        if unchanged == len(dims) or behind or pricer.budget.is_spent:
            break
    return best


def descend_pairs(pricer: Pricer, start: Found, values: Values, sliding: bool) -> Found:
    """The best row reached by moving factors of two dims at once: one gives up the room that the other takes.

    ``sliding``: pairs with a dim of a window, or all others. All pairs of a dim are priced together, so that the tiles
    of a window, which are what costs, are counted once for all; two dims of one window are not moved together.
    """
    windows = pricer.template.rules.windows
    slides = {dim for window in windows for dim in window}
    dims = sorted(pricer.template.slots, key=lambda dim: dim not in slides)
    best = start
    for i, dim in enumerate(dims):
        others = [other for other in dims[i + 1 :] if not any({dim, other} <= window for window in windows)]
        if others and (dim in slides) == sliding and not pricer.budget.is_spent:
            pairs = [_pairs(pricer, best[1], values, dim, other) for other in others]
            moved = pricer.best_fitting(np.concatenate(pairs))
            if moved is not None and moved[0] < best[0]:
                best = moved
    return best


def _pairs(pricer: Pricer, row: Steps, values: Values, one: str, other: str) -> Steps:
    """Copies of a row with other chains of two dims, those that fit."""
    slots = [list(pricer.template.slots[dim]) for dim in (one, other)]
    first, second = (segments(row[s], values[dim]) for s, dim in zip(slots, (one, other), strict=True))
    rows = np.repeat(_rows(row, tuple(slots[0]), first), len(second), axis=0)
    rows[:, slots[1]] = np.tile(second, (len(first), 1))
    rows = rows[:PAIR_ROWS]
    return rows[pricer.template.fits(rows)]


def _rows(row: Steps, slots: tuple[int, ...], chains: Steps) -> Steps:
    """Copies of a row with other chains of one dim."""
    rows = np.repeat(row[None, :], len(chains), axis=0)
    rows[:, list(slots)] = chains
    return rows
