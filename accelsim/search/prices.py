"""Prices on the bits of memories that tensors share: they turn a relaxed bound into one that knows of capacity.

With a price p per bit, cost + p (bits - capacity) is at most the cost of every mapping that fits, so its least is a
bound; the best price makes the bound largest (Lagrange duality).
"""

from __future__ import annotations

import numpy as np

from accelsim.search.lattice import Floats
from accelsim.search.walk import Walk

ROUNDS, HALVINGS = 2, 4


def best_price(walk: Walk, start: Floats | None, enough: float) -> Floats | None:
    """A price per shared memory with a large bound, from ``start`` on; None when there are none, or none helps."""
    groups, limits = walk.capacities
    if groups.max(initial=-1) < 0:
        return None
    plain = float(walk.lower[0])
    best, value = np.zeros(len(limits)), plain
    if start is not None:
        tried = walk.root(walk.priced(start), start)
        if tried > value:
            best, value = start.copy(), tried
    if value >= enough or not np.isfinite(plain):
        return best if best.any() else None
    for _ in range(ROUNDS if start is None else 1):
        for g in range(len(limits)):
            best, value = _along(walk, best, value, g, plain / limits[g], 4.0 if start is None else 1.4)
    return best if best.any() else None


def tried(walk: Walk, price: Floats | None) -> tuple[float, Floats | None]:
    """The bound at this price, when it is better than without."""
    plain = float(walk.lower[0])
    if price is None or len(price) != len(walk.capacities[1]):
        return plain, None
    priced = walk.root(walk.priced(price), price)
    return (priced, price) if priced > plain else (plain, None)


def _along(walk: Walk, best: Floats, value: float, g: int, scale: float, factor: float) -> tuple[Floats, float]:
    """The best price of one memory, the others as they are: by doubling and halving steps."""
    at = best[g] or scale / 64
    for _ in range(HALVINGS if factor > 2 else 2):
        moved = False
        for candidate in (at * factor, at / factor):
            price = best.copy()
            price[g] = candidate
            tried = walk.root(walk.priced(price), price)
            if tried > value:
                best, value, at, moved = price, tried, candidate, True
                break
        if not moved:
            factor = factor**0.5
    return best, value
