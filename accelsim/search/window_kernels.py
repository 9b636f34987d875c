"""Compiled sums over a window whose tiles are all alike: what passes, and what a loop's step leaves in place.

A loop over a dim moves its tile by one tile, loops inside it go back to their first, and loops outside stay.  So the
tile after a step lies against the one before by a fixed shift, what stays is one pattern of indexes, and its words are
that pattern at every place where the step happens, cut to the data.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
from __future__ import annotations

import numpy as np
from numba import njit

helper = njit(cache=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)

SUM, UNION, FORWARD = 1, 2, 3
"""Modes of a spatial loop (accelsim.model.kernels); any other counts its first coordinate."""


@helper
def _mark(row, colour, low, strides, lengths, dense):
    """Mark the indexes of one tile that begins at ``low``; all between its first and last when ``dense``."""
    reach = 0
    for d in range(len(strides)):
        reach += strides[d] * (lengths[d] - 1)
    longest = 0
    for d in range(len(strides)):
        if strides[d] == 1 and lengths[d] > lengths[longest]:
            longest = d
    if dense:
        for x in range(low, low + reach + 1):
            row[x] = colour
        return
    index = np.zeros(len(strides), np.int64)
    while True:
        x = low
        for d in range(len(strides)):
            x += strides[d] * index[d]
        for y in range(x, x + (lengths[longest] if strides[longest] == 1 else 1)):
            row[y] = colour
        d = 0
        while d < len(strides):
            if not (d == longest and strides[longest] == 1):
                index[d] += 1
                if index[d] < lengths[d]:
                    break
                index[d] = 0
            d += 1
        if d == len(strides):
            return


@helper
def _advanced(at, space, forwards):
    """Go on to the next coordinates of the loops that forward, or of those that do not; False when they start anew."""
    for s in range(len(space)):
        if space[s, 2] == forwards:
            at[s] += 1
            if at[s] < space[s, 1]:
                return True
            at[s] = 0
    return False


@helper
def _pattern(rows, alone, shift, strides, lengths, dense, space, low, reach):
    """Mark in ``rows[2]`` the indexes, relative to ``low``, that the tile has (``alone``) or that stay in it.

    space: per merged spatial loop (distance between neighbours, coordinates, forwards).
    """
    before, after, found, lost = rows[0], rows[1], rows[2], rows[3]
    for x in range(reach):
        found[x], lost[x] = 0, 0
    at = np.zeros(len(space), np.int64)
    while True:  # over multicast coordinates
        for x in range(reach):
            before[x], after[x] = 0, 0
        while True:  # over forwarding coordinates: any of them may have held an index before
            place = -low
            for s in range(len(space)):
                place += at[s] * space[s, 0]
            _mark(after, 1, place, strides, lengths, dense)
            if not alone:
                _mark(before, 1, place - shift, strides, lengths, dense)
            if not _advanced(at, space, 1):
                break
        for x in range(reach):
            if after[x]:
                found[x] = 1
                if not alone and not before[x]:
                    lost[x] = 1
        if not _advanced(at, space, 0):
            break
    for x in range(reach):
        if lost[x]:
            found[x] = 0


@helper
def _cut(found, reach, places, count, low, size, inside):
    """Words of the marked indexes at all these places, as far as they lie in 0..size."""
    total, x = 0, 0
    while x < reach:
        if not found[x]:
            x += 1
            continue
        end = x
        while end < reach and found[end]:
            end += 1
        if inside:
            total += (end - x) * count
        else:
            for i in range(count):
                total += max(0, min(size, places[i] + low + end) - max(0, places[i] + low + x))
        x = end
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


@njit(cache=True, error_model="numpy")
def rank_table(strides, offset, size, dense, inside, pos, rounds, widths, tiles, counts, merged, summed, moves, every,
               kept):  # fmt: skip
    """Fill ``every[tiles]`` and ``kept[tiles of the node, tiles inside the loop, kind]`` of one window.

    kind 0: a loop over another dim steps; 1 + m: a loop of moves[m] = (dim, trips) does. pos[dim, x]: elements before
    round x in time; widths: elements per round; merged: (distance, coordinates, forwards) of networks that merge.
    """
    dims, n = len(strides), every.shape[0]
    longest = 1
    for d in range(dims):
        longest *= rounds[d]
    for s in range(len(summed)):
        longest *= summed[s, 1]
    places, spare = np.empty(longest, np.int64), np.empty(longest, np.int64)
    spread = 0
    for s in range(len(merged)):
        spread += merged[s, 0] * (merged[s, 1] - 1)
    span = 1
    for d in range(dims):
        span += 2 * strides[d] * (pos[d, rounds[d] - 1] + widths[d])
    rows = np.zeros((4, 2 * (span + spread) + 2), np.int8)
    node, block = np.empty(dims, np.int64), np.empty(dims, np.int64)
    lengths = np.empty(dims, np.int64)
    for t in range(n):
        _unravel(t, counts, tiles, node)
        reach = 1 + spread
        for d in range(dims):
            lengths[d] = node[d] * widths[d]
            reach += strides[d] * (lengths[d] - 1)
        found = _places(places, spare, offset, strides, pos, rounds, node, -1, 1, summed)
        _pattern(rows, True, 0, strides, lengths, dense, merged, 0, reach)
        every[t] = _cut(rows[2], reach, places, found, 0, size, inside)
        for q in range(t, n):
            _unravel(q, counts, tiles, block)
            nests = True
            for d in range(dims):
                nests &= block[d] % node[d] == 0
            if not nests:
                continue
            for kind in range(1 + len(moves)):
                stepping, wider, shift = -1, 1, 0
                if kind > 0:
                    stepping = moves[kind - 1, 0]
                    wider = block[stepping] * moves[kind - 1, 1]
                    if rounds[stepping] % wider:
                        continue
                for d in range(dims):
                    shift -= strides[d] * pos[d, block[d] - node[d]]
                    if d == stepping:
                        shift += strides[d] * pos[d, block[d]]
                if abs(shift) >= reach:
                    continue
                found = _places(places, spare, offset, strides, pos, rounds, block, stepping, wider, summed)
                low = min(0, -shift)
                whole = reach + abs(shift)
                _pattern(rows, False, shift, strides, lengths, dense, merged, low, whole)
                kept[t, q, kind] = _cut(rows[2], whole, places, found, low, size, inside)


@helper
def _unravel(index, counts, tiles, out):
    """Write the tile of every dim at a place in the grid of tiles."""
    for d in range(len(counts) - 1, -1, -1):
        out[d] = tiles[d, index % counts[d]]
        index //= counts[d]
