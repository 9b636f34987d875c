"""Compiled tables of one frame: what holds at every tile vector."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
from __future__ import annotations

from numba import njit

kernel = njit(cache=True, error_model="numpy")


@kernel
def passed(first, measure, weight, products, forgotten, low):
    """What passes per visit: ``low[edge, measure, special tile vector]``, without what a convention may forget.

    first: rows of every edge and the end; products: what a row's tables come to.
    """
    for i in range(len(low)):
        for k in range(low.shape[1]):
            for w in range(low.shape[2]):
                low[i, k, w] = -forgotten[i, k]
        for row in range(first[i], first[i + 1]):
            k = measure[row]
            for w in range(low.shape[2]):
                low[i, k, w] += weight[row] * products[row, w]


@kernel
def numbered(shape, own_step, special_step, times, own, special, visits):
    """Write Lattice.places, growing what stands for the inner dims by one dim after the other."""
    for t in range(len(own)):
        own[t, 0], special[t, 0], visits[t, 0] = 0, 0, 1.0
        size = 1
        for d in range(len(shape) - 1, -1, -1):
            for tile in range(shape[d] - 1, -1, -1):
                begin, at, among = tile * size, tile * own_step[d, t], tile * special_step[d, t]
                for x in range(size):
                    own[t, begin + x], special[t, begin + x] = own[t, x] + at, special[t, x] + among
                    visits[t, begin + x] = visits[t, x] * times[d, t, tile]
            size *= shape[d]


@kernel
def moved(loop_dim, ups, digits, shape, out):
    """Write the tile vector after every loop, or -1 where it may not come; ups[loop, tile]: the dim's tile after it."""
    size = out.shape[1]
    for m in range(len(loop_dim)):
        d, stride = loop_dim[m], 1
        for after in range(d + 1, len(shape)):
            stride *= shape[after]
        for q in range(size):
            tile = digits[d, q] if len(digits) else 0
            out[m, q] = q + (ups[m, tile] - tile) * stride if ups[m, tile] >= 0 else -1


@kernel
def placed(tensors, held, first, room, may, closes, own, digits, bits, place_ok, closed_ok):
    """Write what holds of edges at every tile vector: bits of the child's tile, and whether it may stand and close.

    held: bits of tiles, those of an edge from ``first`` on, by the place ``own`` among its tensor's; room: bits that
    there are; may, closes: per dim and tile the edges that it allows this, a bit each.
    """
    for q in range(bits.shape[1]):
        standing, closing = -1, -1
        for d in range(len(digits)):
            standing &= may[d, digits[d, q]]
            closing &= closes[d, digits[d, q]]
        for i in range(len(tensors)):
            bits[i, q] = held[first[i] + own[tensors[i], q]]
            place_ok[i, q] = (standing >> i) & 1 and bits[i, q] <= room[i]
            closed_ok[i, q] = (closing >> i) & 1
