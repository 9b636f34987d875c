"""Prices on the bits of memories that tensors share: they turn a relaxed bound into one that knows of capacity.

With a price p per bit, cost + p (bits - capacity) is at most the cost of every mapping that fits, so its least is a
bound; the best price makes the bound largest (Lagrange duality).
"""

from __future__ import annotations

import numpy as np

from accelsim.search.grid import Floats
from accelsim.search.walk import Walk

ROUNDS, HALVINGS = 2, 4


def best_price(walk: Walk, start: Floats | None, enough: float) -> tuple[Floats | None, float]:
    """A price per shared memory with a large bound, from ``start`` on, and that bound; None when there are no such
    memories, or no price helps. Ends where the bound is ``enough``."""
    groups, limits = walk.common.capacities
    if start is None:
        best, value = np.zeros(len(limits)), float(walk.lower[0])
    else:
        best, value = start, walk.root(start)
    if groups.max(initial=-1) >= 0 and value < enough and np.isfinite(value):
        rounds, factor, halvings = (ROUNDS, 4.0, HALVINGS) if start is None else (1, 1.4, 2)
        for _ in range(rounds):
            for g in np.flatnonzero(limits).tolist():
                best, value = _along(walk, best, value, g, value / limits[g] / 64, factor, halvings)
    return best if best.any() else None, value


def _along(
    walk: Walk, best: Floats, value: float, g: int, scale: float, factor: float, halvings: int
) -> tuple[Floats, float]:
    """The best price of one memory, the others as they are: by growing and shrinking steps."""
    at = best[g] or scale
    for _ in range(halvings):
        moved = False
        for candidate in (at * factor, at / factor):
            price = best.copy()
            price[g] = candidate
            tried = walk.root(price)
            if tried > value:
                best, value, at, moved = price, tried, candidate, True
                break
        if not moved:
            factor = factor**0.5
    return best, value
