"""Compiled sums over a window whose tiles are all alike: what passes, and what a loop's step leaves in place.

A loop over a dim moves its tile by one tile, loops inside it go back to their first, and loops outside stay.  So the
tile after a step lies against the one before by a fixed shift, what stays is one pattern of indexes, and its words are
that pattern at every place where the step happens, cut to the data.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
from __future__ import annotations

import numpy as np
from numba import njit

kernel = njit(cache=True, error_model="numpy", _nrt=False, no_cfunc_wrapper=True)
helper = njit(cache=True, error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)

SUM, UNION, FORWARD = 1, 2, 3
"""Modes of a spatial loop (accelsim.model.kernels); any other counts its first coordinate."""
BEFORE, AFTER, FOUND, LOST = range(4)  # rows of marks
# Numba compiles a helper anew for every literal that it is called with; these are integers like any other.
NONE, ZERO, ONE = np.int64(-1), np.int64(0), np.int64(1)
CAST, HANDED = np.int64(0), np.int64(1)  # whether a loop's coordinates forward what they held


@helper
def _mark(rows, which, low, strides, lengths, dense):
    """Mark the indexes of one tile that begins at ``low``; all between its first and last when ``dense``."""
    longest, run, pieces = 0, 1, 1
    for d in range(len(strides)):
        if strides[d] == 1 and (strides[longest] != 1 or lengths[d] > lengths[longest]):
            longest = d
    if dense:
        for d in range(len(strides)):
            run += strides[d] * (lengths[d] - 1)
    else:
        run = lengths[longest] if strides[longest] == 1 else 1
        for d in range(len(strides)):
            pieces *= lengths[d]
        pieces //= run
    for piece in range(pieces):
        x, rest = low, piece
        for d in range(len(strides)):
            if not (d == longest and strides[d] == 1):
                x += strides[d] * (rest % lengths[d])
                rest //= lengths[d]
        for y in range(x, x + run):
            rows[which, y] = 1


@helper
def _distance(number, space, forwards):
    """How far the tile at these coordinates, in mixed radix, lies from the first: of loops that forward, or not."""
    out = 0
    for s in range(len(space)):
        if space[s, 2] == forwards:
            out += number % space[s, 1] * space[s, 0]
            number //= space[s, 1]
    return out


@helper
def _pattern(rows, alone, shift, strides, lengths, dense, space, low, reach):
    """Mark as FOUND the indexes, relative to ``low``, that the tile has (``alone``) or that stay in it.

    space: per merged spatial loop (distance between neighbours, coordinates, forwards).
    """
    cast = handed = 1
    for s in range(len(space)):
        if space[s, 2]:
            handed *= space[s, 1]
        else:
            cast *= space[s, 1]
    for x in range(reach):
        rows[FOUND, x], rows[LOST, x] = 0, 0
    for first in range(cast):
        for x in range(reach):
            rows[BEFORE, x], rows[AFTER, x] = 0, 0
        for number in range(handed):  # any of them may have held an index before
            place = _distance(first, space, CAST) + _distance(number, space, HANDED) - low
            for which in range(AFTER if alone else BEFORE, AFTER + 1):
                _mark(rows, which, place if which == AFTER else place - shift, strides, lengths, dense)
        for x in range(reach):
            if rows[AFTER, x]:
                rows[FOUND, x] = 1
                if not alone and not rows[BEFORE, x]:
                    rows[LOST, x] = 1
    for x in range(reach):
        if rows[LOST, x]:
            rows[FOUND, x] = 0


@helper
def _cut(rows, reach, places, count, low, size, inside):
    """Words of the indexes that are FOUND at all these places, as far as they lie in 0..size."""
    total, x = 0, 0
    while x < reach:
        end = x
        while end < reach and rows[FOUND, end]:
            end += 1
        if inside:
            total += (end - x) * count
        else:
            for i in range(count if end > x else 0):
                total += max(0, min(size, places[i] + low + end) - max(0, places[i] + low + x))
        x = end + 1
    return total


@helper
def _places(out, spare, offset, strides, pos, rounds, blocks, stepping, wider, summed):
    """Write where the tile after a step begins: every place of the loops outside, and of the stepping loop past its
    first; returns how many. ``blocks``: per dim the tile of its loops inside; ``wider``: that of the stepping dim
    outside its loop. summed: (distance, coordinates) of spatial loops that are added up."""
    out[0], n = offset, 1
    for d in range(len(strides)):
        m = 0
        for j in range(0, rounds[d], blocks[d]):
            if d != stepping or j % wider != 0:
                for i in range(n):
                    spare[m] = out[i] + strides[d] * pos[d, j]
                    m += 1
        for i in range(m):
            out[i] = spare[i]
        n = m
    for s in range(len(summed)):
        for c in range(1, summed[s, 1]):
            for i in range(n):
                out[c * n + i] = out[i] + c * summed[s, 0]
        n *= summed[s, 1]
    return n


@helper
def _unravel(index, counts, tiles, out):
    """Write the tile of every dim at a place in the grid of tiles."""
    for d in range(len(counts) - 1, -1, -1):
        out[d] = tiles[d, index % counts[d]]
        index //= counts[d]


@kernel
def rank_table(
    strides, offset, size, dense, inside, pos, rounds, widths, tiles, counts, merged, summed, moves, scratch, every,
    kept,
):  # fmt: skip
    """Fill ``every[tiles]`` and ``kept[tiles of the node, tiles inside the loop, kind]`` of one window.

    kind 0: a loop over another dim steps; 1 + m: a loop of moves[m] = (dim, trips) does. pos[dim, x]: elements before
    round x in time; widths: elements per round; merged: (distance, coordinates, forwards) of networks that merge.
    scratch: see windows.room_of.
    """
    places, spare, rows, node, block, lengths = scratch
    spread = 1
    for s in range(len(merged)):
        spread += merged[s, 0] * (merged[s, 1] - 1)
    for t in range(len(every)):
        _unravel(t, counts, tiles, node)
        reach = spread
        for d in range(len(strides)):
            lengths[d] = node[d] * widths[d]
            reach += strides[d] * (lengths[d] - 1)
        for q in range(t, len(every)):
            _unravel(q, counts, tiles, block)
            nests = True
            for d in range(len(strides)):
                nests &= block[d] % node[d] == 0
            if not nests:
                continue
            for kind in range(-1 if q == t else 0, 1 + len(moves)):  # -1: what the tile has itself
                stepping, wider, shift = NONE, ONE, ZERO
                if kind > 0:
                    stepping = moves[kind - 1, 0]
                    wider = block[stepping] * moves[kind - 1, 1]
                    if rounds[stepping] % wider:
                        continue
                for d in range(len(strides)):
                    shift -= strides[d] * pos[d, block[d] - node[d]]
                    if d == stepping:
                        shift += strides[d] * pos[d, block[d]]
                if abs(shift) >= reach:
                    continue
                found = _places(places, spare, offset, strides, pos, rounds, block, stepping, wider, summed)
                low, whole = min(0, -shift), reach + abs(shift)
                _pattern(rows, kind < 0, shift, strides, lengths, dense, merged, low, whole)
                words = _cut(rows, whole, places, found, low, size, inside)
                if kind < 0:
                    every[t] = words
                else:
                    kept[t, q, kind] = words
