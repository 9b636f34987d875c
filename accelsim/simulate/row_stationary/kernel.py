"""The row-stationary array, every PE in every cycle, compiled.

PE (row, column) holds row ``r`` of its filters and makes output row ``e``: it needs input row U e + r. Every PE walks
the same steps (output column f, filter i, channel c, tap s), one multiply-accumulate each, row by row one cycle later.
A pixel enters at the first row or the last column of a set and moves to the PE below on the left, U rows down and one
column over, which wants it U cycles later. Filter rows enter on the left and hop to the right. When the last tap of
a sum is done, it is added to what came from the PE above and goes on down; below the last row in use it is added to
``result``. Rows are walked from the last to the first and columns from the right to the left, so that a PE reads what
its neighbour held at the beginning of the cycle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
F_ = TypeVar("F_", bound=Callable[..., object])

# passes: what RowSets.Pass says, then filters and channels that the busiest PE interleaves, sets side by side, rows in
# use, steps, weights that enter a row, and words that row 0 must receive before the pass can begin
IMAGE, GROUP, FILTER0, FILTERS, ROW0, ROWS, CHANNEL0, CHANNELS, P, Q, SETS, USED, STEPS, ENTER, ARRIVE = range(15)
# shape: filter rows and columns, output columns, strides, top and left padding, input rows and columns, strip, filters
# and channels held by a PE, room for weights in it
R, S, F, U, V, TOP, LEFT, H, W, STRIP, PMAX, QMAX, ROOM = range(13)
CYCLE, LOAD, LOAD_STEP, PASS, STEP, BEGUN, GONE, ARRIVED, DONE = range(9)
STATE = 9
BUSY, PIXELS, WEIGHTS, OUT, BACK = range(5)
COUNTS = 5


def compiled(function: F_) -> F_:
    """Numba in nopython mode, cached on disk, without losing the signature for the type checker."""
    return cast(F_, numba.njit(cache=True, nogil=True)(function))


@compiled
def _entering(passes: Ints, shape: Ints, load: int, step: int) -> tuple[int, int]:
    """(set, place in the scratchpad) of the weight that enters a row at this step; the farthest set comes first."""
    each = passes[load, Q] * shape[S]
    sets = passes[load, SETS]
    last = (passes[load, FILTERS] - (sets - 1) * shape[PMAX]) * each
    if step < last:
        return sets - 1, step
    full = shape[PMAX] * each
    return int(sets - 2 - (step - last) // full), int((step - last) % full)


@compiled
def _pixel(inputs: Ints, passes: Ints, shape: Ints, work: int, channel: int, y: int, z: int) -> tuple[int, int]:
    """(value, 1) of a pixel of the plane, (0, 0) in the padding."""
    if y < 0 or y >= shape[H] or z < 0 or z >= shape[W]:
        return 0, 0
    return int(inputs[passes[work, IMAGE], passes[work, GROUP], channel, y, z]), 1


@compiled
def _hop(
    weights: Ints, passes: Ints, shape: Ints, state: Ints, coming: Ints, bus: Ints, row: int, load: int, step: int
) -> int:
    """Moves the weights of a row of PEs on by one column, lets the next one of pass ``load`` in (-1: none), and keeps
    those that have come to their set; the number that entered."""
    stack, r, entered = row // shape[R], row % shape[R], 0
    for col in range(bus.shape[2] - 1, -1, -1):
        bus[1, row, col] = -1
        if col > 0:
            if bus[1, row, col - 1] >= 0 and bus[2, row, col - 1] >= col:
                bus[:, row, col] = bus[:, row, col - 1]
        elif load >= 0 and row < passes[load, USED]:
            block, place = _entering(passes, shape, load, step)
            c = (place // shape[S]) % passes[load, Q]
            if stack * shape[QMAX] + c < passes[load, CHANNELS]:
                m = passes[load, FILTER0] + block * shape[PMAX] + place // (shape[S] * passes[load, Q])
                channel = passes[load, CHANNEL0] + stack * shape[QMAX] + c
                bus[0, row, 0] = weights[passes[load, GROUP], m, channel, r, place % shape[S]]
                bus[1, row, 0] = block * shape[ROOM] + place
                bus[2, row, 0] = block * shape[STRIP] + passes[load, ROWS] - 1
                entered += 1
        if bus[1, row, col] >= 0 and bus[1, row, col] // shape[ROOM] == col // shape[STRIP]:
            coming[row, col, bus[1, row, col] % shape[ROOM]] = bus[0, row, col]
            if row == 0:
                state[ARRIVED] += 1
    return entered


@compiled
def run(
    inputs: Ints, weights: Ints, result: Ints, passes: Ints, before: Ints, shape: Ints, double: bool, state: Ints,
    past: Ints, active: Ints, coming: Ints, bus: Ints, pixels: Ints, window: Ints, sums: Ints, counts: Ints,
) -> int:  # fmt: skip
    """Steps the array for at most ``len(counts)`` cycles; the number of cycles that it took.

    inputs [n, g, c, h, w], weights [g, m, c, r, s], result [n, g, m, e, f]; ``before``: outputs that leave earlier.
    active, coming  weights in use and those that wait, per PE
    bus             weight that passes a PE: its value, place (set x room + place, or -1), last column it goes to
    pixels          pixel that reached a PE in each of the last cycles
    window          pixels that a PE holds, per channel and column modulo S
    sums            sum in the making, and the one handed down
    past            what row 0 did in the last cycles: pass and step of work, of weights
    """
    height, width = sums.shape[1], sums.shape[2]
    depth, ring = past.shape[1], pixels.shape[0]
    done = 0
    while done < len(counts) and not state[DONE]:
        t = state[CYCLE]
        now = t % depth
        past[0, now] = past[2, now] = -1
        if state[PASS] < len(passes):
            at = state[PASS]
            ready = state[LOAD] > at and state[ARRIVED] == passes[at, ARRIVE]
            if state[STEP] > 0 or ready:
                past[0, now], past[1, now] = at, state[STEP]
                if state[STEP] == 0:
                    state[BEGUN] += 1
                    state[ARRIVED] = 0
                state[STEP] += 1
                if state[STEP] == passes[at, STEPS]:
                    state[PASS] += 1
                    state[STEP] = 0
        load = state[LOAD]
        if load < len(passes):
            free = state[BEGUN] >= load if double else state[GONE] >= before[load]
            if state[LOAD_STEP] > 0 or free:
                past[2, now], past[3, now] = load, state[LOAD_STEP]
                state[LOAD_STEP] += 1
                if state[LOAD_STEP] == passes[load, ENTER]:
                    state[LOAD] += 1
                    state[LOAD_STEP] = 0
        busy = read = entered = out = back = 0
        for row in range(height - 1, -1, -1):
            stack, r = row // shape[R], row % shape[R]
            then = (t - row) % depth
            work = past[0, then] if t >= row else -1
            if work >= 0 and row < passes[work, USED]:
                step = past[1, then]
                s = step % shape[S]
                c = (step // shape[S]) % passes[work, Q]
                i = (step // (shape[S] * passes[work, Q])) % passes[work, P]
                f = step // (shape[S] * passes[work, Q] * passes[work, P])
                has_channel = stack * shape[QMAX] + c < passes[work, CHANNELS]
                channel = passes[work, CHANNEL0] + stack * shape[QMAX] + c
                fresh = i == 0 and has_channel and (f == 0 or s >= shape[S] - shape[V])
                w = shape[V] * f + s
                ends = c == passes[work, Q] - 1 and s == shape[S] - 1
                for col in range(width - 1, -1, -1):
                    block, e = col // shape[STRIP], col % shape[STRIP]
                    if block >= passes[work, SETS] or e >= passes[work, ROWS]:
                        continue
                    if step == 0:
                        active[row, col] = coming[row, col]
                    if fresh:
                        if r >= shape[U] and e + 1 < passes[work, ROWS]:
                            pixel = pixels[(t - shape[U]) % ring, row - shape[U], col + 1]
                        else:
                            y = shape[U] * (passes[work, ROW0] + e) + r - shape[TOP]
                            pixel, inside = _pixel(inputs, passes, shape, work, channel, y, w - shape[LEFT])
                            read += inside if block == 0 else 0
                        pixels[t % ring, row, col] = pixel
                        window[row, col, c, w % shape[S]] = pixel
                    if step % (shape[S] * passes[work, Q]) == 0:
                        sums[0, row, col] = 0
                    has_filter = block * shape[PMAX] + i < passes[work, FILTERS]
                    if has_filter and has_channel:
                        busy += 1
                        place = (i * passes[work, Q] + c) * shape[S] + s
                        sums[0, row, col] += active[row, col, place] * window[row, col, c, w % shape[S]]
                    if ends:
                        value = sums[0, row, col] + (sums[1, row - 1, col] if row > 0 else 0)
                        sums[1, row, col] = value
                        if has_filter and row == passes[work, USED] - 1:
                            m = passes[work, FILTER0] + block * shape[PMAX] + i
                            result[passes[work, IMAGE], passes[work, GROUP], m, passes[work, ROW0] + e, f] += value
                            out += 1
                            if passes[work, CHANNEL0] > 0:
                                back += 1
            into = past[2, then] if t >= row else -1
            entered += _hop(weights, passes, shape, state, coming, bus, row, into, past[3, then])
        counts[done, BUSY], counts[done, PIXELS], counts[done, WEIGHTS] = busy, read, entered
        counts[done, OUT], counts[done, BACK] = out, back
        state[GONE] += out
        state[CYCLE] += 1
        state[DONE] = 1 if state[GONE] == before[-1] else 0
        done += 1
    return done
