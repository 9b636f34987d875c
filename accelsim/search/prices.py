"""Prices on the bits of memories that tensors share: they turn a relaxed bound into one that knows of capacity.

With a price p per bit, cost + p (bits - capacity) is at most the cost of every mapping that fits, so its least is a
bound; the best price makes the bound largest (Lagrange duality).  The bound is concave in the price: at every price the
bits that the cheapest way takes, less the capacity, tell on which side a better one lies, and the lines of two prices
meet above all that lies between.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple

import numpy as np

from accelsim.search.grid import Floats
from accelsim.search.walk import Walk

ROUNDS, TRIES, CLOSE_TO, NEW, NEXT = 2, 8, 1e-3, 4.0, 1.4
"""Looks at every memory where no price is known; prices tried per look; gain of a bound that is worth one more; and
steps between prices where none is known, and where one is."""


class _At(NamedTuple):
    """A bound, and what it gains per price of the memory that is looked at."""

    price: float
    bound: float
    slope: float


def best_price(walk: Walk, start: Floats | None, enough: float) -> tuple[Floats | None, float]:
    """A price per shared memory with a large bound, from ``start`` on, and that bound; None when there are no such
    memories, or no price helps. Ends where the bound is ``enough``."""
    groups, limits = walk.common.capacities
    best = np.zeros(len(limits)) if start is None else start
    value = walk.root(best)
    if groups.max(initial=-1) >= 0 and np.isfinite(value):
        for _ in range(ROUNDS if start is None else 1):
            for g in np.flatnonzero(limits).tolist():
                if value < enough:
                    best, value = _along(walk, best, value, g, NEW if start is None else NEXT)
    return best if best.any() else None, value


def _along(walk: Walk, best: Floats, value: float, g: int, factor: float) -> tuple[Floats, float]:
    """The best price of one memory, the others as they are; ``value``: the bound at the price so far."""
    below, above = _At(0.0, -inf, inf), _At(inf, -inf, -inf)
    here = _At(float(best[g]), value, float(walk.excess(best)[g]))
    for _ in range(TRIES):
        if here.slope > 0:
            below = here
        else:
            above = here
        at = _between(below, above, factor, value, value / walk.common.capacities[1][g] / 64)
        if at is None:
            break
        price = best.copy()
        price[g] = at
        here = _At(at, walk.root(price), float(walk.excess(price)[g]))
        if here.bound > value:
            best, value = price, here.bound
    return best, value


def _between(below: _At, above: _At, factor: float, value: float, scale: float) -> float | None:
    """The next price to try, None where none can be worth it. ``scale``: of a first price."""
    if above.price == inf:
        return max(below.price * factor, scale)
    if above.price == 0.0:
        return None
    if below.bound == -inf:
        return above.price / factor if above.slope < 0 else None
    if above.slope >= 0 or below.slope <= 0:
        return None
    at = (above.bound - below.bound + below.slope * below.price - above.slope * above.price) / (
        below.slope - above.slope
    )
    meets = below.bound + below.slope * (at - below.price)
    return at if meets > value + CLOSE_TO * abs(value) and below.price < at < above.price else None
