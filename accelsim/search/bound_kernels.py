"""Compiled bounds of one frame: what edges cost at least at every tile vector, and what is still to come."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
from __future__ import annotations

import numpy as np
from numba import njit

kernel = njit(cache=True, error_model="numpy")
helper = njit(cache=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)

SPARSE = 4  # rows where fewer than one in so many tile vectors have a way on are walked through, others are swept


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
def numbered(shape, tiles, rounds, mine, odd, reuse, own, special, visits):
    """Write Lattice.places, growing what stands for the inner dims by one dim after the other."""
    for t in range(len(own)):
        own[t, 0], special[t, 0], visits[t, 0] = 0, 0, 1.0
        size, inner, within = 1, 1, 1
        for d in range(len(shape) - 1, -1, -1):
            for tile in range(shape[d] - 1, -1, -1):
                begin = tile * size
                at, among = inner * tile * mine[t, d], within * tile * odd[t, d]
                times = rounds[d] / tiles[d, tile] if reuse[t, d] else 1.0
                for x in range(size):
                    own[t, begin + x], special[t, begin + x] = own[t, x] + at, special[t, x] + among
                    visits[t, begin + x] = visits[t, x] * times
            size *= shape[d]
            inner *= shape[d] if mine[t, d] else 1
            within *= shape[d] if odd[t, d] else 1


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


@helper
def _kept(digits, tiles, least, most, out):
    """Take from the tile vectors of ``out`` those that lie below the least tile of a dim or above the most."""
    for d in range(len(least)):
        if least[d] > 0 or most[d] < tiles[d] - 1:
            for q in range(len(out)):
                out[q] &= (digits[d, q] >= least[d]) & (digits[d, q] <= most[d])


@kernel
def placed(tensors, held, first, room, own, digits, tiles, least, top, most, complete, bits, place_ok, closed_ok,
           closable, hull):  # fmt: skip
    """Write what holds of edges at every tile vector.

    held: bits of tiles, those of an edge from ``first`` on, by the place ``own`` among its tensor's; room: bits that
    there are; least, top, most: numbers of the least tile that may stand, of the largest, and of the largest that may
    stand or grow; complete: of the least tile around which loops that change it may run.
    """
    none, any_tile = np.zeros(least.shape[1], np.int64), tiles - 1
    for i in range(len(tensors)):
        at, base, limit = own[tensors[i]], first[i], room[i]
        for q in range(len(hull)):
            bits[i, q] = held[base + at[q]]
            place_ok[i, q], closed_ok[i, q] = bits[i, q] <= limit, True
        _kept(digits, tiles, none, most[i], place_ok[i])
        for q in range(len(hull)):
            hull[q] |= np.int64(place_ok[i, q]) << i
        _kept(digits, tiles, least[i], top[i], place_ok[i])
        _kept(digits, tiles, complete[i], any_tile, closed_ok[i])
        for q in range(len(hull)):
            closable[i, q] = place_ok[i, q] & closed_ok[i, q]


@kernel
def dense(items, low, saved, constant, visits, special, out):
    """Least cost per measure, edge and tile vector: what passes less what a slide saves at most."""
    for k in range(out.shape[0]):
        for i in range(len(items)):
            t = items[i, 0]
            for q in range(out.shape[2]):
                value = low[i, k, special[t, q]]
                if len(saved):
                    value -= saved[i, k, special[t, q]]
                out[k, i, q] = value * visits[t, q] + constant[i, k]


@helper
def _lowered(here, shape, move_dim, up, may_move):
    """Write at every tile vector the least of what stands there or further out, dim by dim."""
    inner = len(here)
    for d in range(len(shape)):
        tiles = shape[d]
        inner //= tiles
        if not may_move[d]:
            continue
        for m in range(len(move_dim)):
            if move_dim[m] != d:
                continue
            for tile in range(tiles - 2, -1, -1):
                if up[m, tile] < 0:
                    continue
                for outer in range(0, len(here), tiles * inner):
                    low, high = outer + tile * inner, outer + up[m, tile] * inner
                    for x in range(inner):
                        value, own = here[high + x], here[low + x]
                        here[low + x] = value if value < own else own


@kernel
def opened(radix, row_of, items, hull, first, counts):
    """(tile vectors with a way on, row by row and outermost first, of rows with few).

    first[row]: where they begin; counts[row]: how many there are. hull[q]: edges whose child may stand there or further
    out, a bit each.
    """
    rows, size = len(counts), len(hull)
    need = np.zeros(rows, np.int64)
    for s in range(1, len(row_of)):
        t, rest = 0, s
        while rest > 0 and row_of[s] >= 0:
            level, found = rest % radix, rest % radix == 0
            for i in range(len(items)):
                if not found and items[i, 0] == t and items[i, 1] == level:
                    need[row_of[s]] |= 1 << i
                    found = True
            if not found:
                need[row_of[s]] |= 1 << 62  # a level that no edge leads out of
            t, rest = t + 1, rest // radix
    total = 0
    for row in range(1, rows):
        for q in range(size):
            counts[row] += hull[q] & need[row] == need[row]
        total += counts[row] if SPARSE * counts[row] <= size else 0
    places, at = np.empty(total, np.int32), 0
    for row in range(1, rows):
        first[row] = at
        for q in range(size - 1, -1, -1) if SPARSE * counts[row] <= size else range(0):
            if hull[q] & need[row] == need[row]:
                places[at] = q
                at += 1
    return places


@kernel
def relax(
    radix, row_of, items, costs, bits, per_bit, item_ok, ways, moves, shape, move_dim, up, move_ok, out
):  # fmt: skip
    """Least sum of ``costs[edge, q] + per_bit[edge] x bits[edge, q]`` still to come, per state and tile vector, each
    edge wherever it likes best.

    ``row_of``: the row of every state, -1 for those that never occur; ways: as ``opened`` tells, ``out`` being
    infinite elsewhere; up[loop, tile]: number of the tile after the loop, or -1. A state in which few tile vectors have
    a way on is walked through, others are swept dim by dim.
    """
    first, counts, places = ways
    size = out.shape[1]
    mine, after = np.empty(len(items), np.int64), np.empty(len(items), np.int64)
    whole = np.empty((len(items), size))  # what an edge costs, infinite where it may not be
    for i in range(len(items)):
        for q in range(size):
            whole[i, q] = costs[i, q] + per_bit[i] * bits[i, q] if item_ok[i, q] else np.inf
    for q in range(size):
        out[0, q] = 0.0
    for s in range(1, len(row_of)):
        row = row_of[s]
        if row < 0 or counts[row] == 0:
            continue
        here, n, t, rest = out[row], 0, 0, s
        while rest > 0:
            level = rest % radix
            for i in range(len(items)):
                if level > 0 and items[i, 0] == t and items[i, 1] == level:
                    mine[n], after[n] = i, row_of[s - (level - items[i, 2]) * radix**t]
                    n += 1
            t, rest = t + 1, rest // radix
        if SPARSE * counts[row] > size:
            for q in range(size):
                here[q] = np.inf
            for j in range(n):
                further, own = out[after[j]], whole[mine[j]]
                for q in range(size):
                    value = own[q] + further[q]
                    here[q] = value if value < here[q] else here[q]
            _lowered(here, shape, move_dim, up, move_ok[s])
            continue
        for at in range(first[row], first[row] + counts[row]):
            q, best = places[at], np.inf
            for m in range(len(move_dim)):
                if moves[m, q] >= 0 and move_ok[s, move_dim[m]]:
                    best = min(best, here[moves[m, q]])
            for j in range(n):
                best = min(best, whole[mine[j], q] + out[after[j], q])
            here[q] = best
