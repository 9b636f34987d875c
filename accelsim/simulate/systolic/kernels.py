"""Weight- (and input-) stationary and output-stationary arrays, every PE in every cycle, compiled.

A cycle is: what the registers held at its beginning is used, what comes out is written at its end. Rows are walked
from the last to the first and columns from the right to the left, so that a PE reads its neighbour's old value before
the neighbour is overwritten. The state lives in the arrays that are passed, so a run can stop after any number of
cycles and go on: that is how a trace is streamed. ``folds`` holds, per tile of the array, the product it belongs to,
and first index and length along the rows and along the columns of the array; ``before`` the sums that leave before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., object])

GROUP, ROW0, ROWS, COL0, COLS = range(5)
# state: next cycle; fold and step that come in next (weights of ws); fold and step that stream next; folds whose stream
# began; outputs that have left; last cycle at which a stream began; 1 when all is done
CYCLE, LOAD_FOLD, LOAD_STEP, FOLD, STEP, BEGUN, LEFT, BEGAN_AT, DONE = range(9)
STATE = 9
# counts of a cycle: PEs with a MAC, words that enter from the left, from the top, that leave, that are read back
BUSY, LEFT_IN, TOP_IN, OUT, BACK = range(5)
COUNTS = 5


def compiled(function: F) -> F:
    """Numba in nopython mode, cached on disk, without losing the signature for the type checker."""
    return cast(F, numba.njit(cache=True, nogil=True)(function))


@compiled
def _next_fold(folds: Ints, fold: int, column: int) -> int:
    """The first fold from here on that uses this column of the array."""
    while fold < len(folds) and folds[fold, COLS] <= column:
        fold += 1
    return fold


@compiled
def stationary(
    moving: Ints, fixed: Ints, result: Ints, folds: Ints, before: Ints, double: bool, state: Ints, past: Ints,
    x: Ints, hops: Ints, psum: Ints, live: Ints, held: Ints, coming: Ints, target: Ints, out: Ints, counts: Ints,
) -> int:  # fmt: skip
    """Steps a weight-stationary array for at most ``len(counts)`` cycles; the number of cycles that it took.

    moving [g, m, k] streams in from the left, row r of the array one cycle after row r - 1. fixed [g, k, n] comes in
    from the top and sinks to its row; column c one cycle after column c - 1. Sums go down and leave below the last row,
    where they are added to ``result`` [g, m, n]; one that continues an earlier tile is read back there first.

    x, hops    operand of a PE, and twice the columns left to go, plus one when a new tile begins with it
    psum, live sum of a PE, and whether it is one
    held       weight in use; ``coming`` the one that waits or sinks, ``target`` the row it sinks to
    past       what entered at row 0 and column 0 in the last cycles: fold and step of operands, of weights
    out        per column, fold and row of the sum that leaves next
    """
    height, width = x.shape
    vectors, window = moving.shape[1], past.shape[1]
    done = 0
    while done < len(counts) and not state[DONE]:
        t = state[CYCLE]
        now = t % window
        past[0, now] = past[2, now] = -1
        if state[FOLD] < len(folds) and (state[STEP] > 0 or state[LOAD_FOLD] > state[FOLD]):
            past[0, now], past[1, now] = state[FOLD], state[STEP]
            if state[STEP] == 0:
                state[BEGUN] += 1
            state[STEP] += 1
            if state[STEP] == vectors:
                state[FOLD] += 1
                state[STEP] = 0
        load = state[LOAD_FOLD]
        if load < len(folds):
            free = state[BEGUN] >= load if double else state[LEFT] >= before[load]
            if state[LOAD_STEP] > 0 or free:
                past[2, now], past[3, now] = load, state[LOAD_STEP]
                state[LOAD_STEP] += 1
                if state[LOAD_STEP] == folds[load, ROWS]:
                    state[LOAD_FOLD] += 1
                    state[LOAD_STEP] = 0
        busy = left_in = top_in = left = back = 0
        for r in range(height - 1, -1, -1):
            then = (t - r) % window
            fold = past[0, then] if t >= r else -1
            for c in range(width - 1, -1, -1):
                if c > 0:
                    x[r, c] = x[r, c - 1]
                    hops[r, c] = hops[r, c - 1] - 2 if hops[r, c - 1] >= 4 else 0
                elif fold >= 0 and r < folds[fold, ROWS]:
                    step = past[1, then]
                    x[r, 0] = moving[folds[fold, GROUP], step, folds[fold, ROW0] + r]
                    hops[r, 0] = 2 * folds[fold, COLS] + (1 if step == 0 else 0)
                    left_in += 1
                else:
                    hops[r, 0] = 0
                above, alive = (psum[r - 1, c], live[r - 1, c]) if r > 0 else (0, 1 if hops[0, c] else 0)
                if hops[r, c]:
                    busy += 1
                    if hops[r, c] & 1:
                        held[r, c] = coming[r, c]
                    above += held[r, c] * x[r, c]
                psum[r, c] = above
                live[r, c] = alive
                if r > 0:
                    if target[r - 1, c] >= r:
                        coming[r, c] = coming[r - 1, c]
                        target[r, c] = target[r - 1, c]
                        target[r - 1, c] = -1
                    continue
                fold_in = past[2, (t - c) % window] if t >= c else -1
                if fold_in >= 0 and c < folds[fold_in, COLS]:
                    row = folds[fold_in, ROWS] - 1 - past[3, (t - c) % window]
                    coming[0, c] = fixed[folds[fold_in, GROUP], folds[fold_in, ROW0] + row, folds[fold_in, COL0] + c]
                    target[0, c] = row
                    top_in += 1
        for c in range(width):
            if live[height - 1, c]:
                fold, m = out[0, c], out[1, c]
                result[folds[fold, GROUP], m, folds[fold, COL0] + c] += psum[height - 1, c]
                left += 1
                if folds[fold, ROW0] > 0:
                    back += 1
                out[1, c] += 1
                if out[1, c] == vectors:
                    out[0, c], out[1, c] = _next_fold(folds, fold + 1, c), 0
        counts[done, BUSY], counts[done, LEFT_IN], counts[done, TOP_IN] = busy, left_in, top_in
        counts[done, OUT], counts[done, BACK] = left, back
        state[LEFT] += left
        state[CYCLE] += 1
        state[DONE] = 1 if state[LEFT] == before[-1] else 0
        done += 1
    return done


@compiled
def output_stationary(
    left: Ints, top: Ints, result: Ints, folds: Ints, before: Ints, double: bool, state: Ints, past: Ints,
    x: Ints, hops: Ints, y: Ints, drops: Ints, total: Ints, leaving: Ints, whose: Ints, counts: Ints,
) -> int:  # fmt: skip
    """Steps an output-stationary array for at most ``len(counts)`` cycles; the cycles that it took, or -1 if a sum
    that had not left was overwritten, which the control must prevent.

    left [g, m, k] enters row r of the array one cycle after row r - 1, top [g, k, n] column c one after column c - 1.
    A finished sum drops into the PE's second register and sinks whenever the next one below is free; below the last
    row it is written to ``result`` [g, m, n]. Double-buffered, a new tile begins when the stream of the last has ended
    and that tile's rows can have moved on; else when all its sums have left.

    hops   four times the columns left to go, plus 2 on the first operand of a tile and 1 on the last; ``drops`` rows
    whose  where the sum in the second register belongs in ``result``, or -1
    """
    height, width = x.shape
    terms, window = left.shape[2], past.shape[1]
    rows, columns = result.shape[1], result.shape[2]
    flat = result.reshape(-1)
    done = 0
    while done < len(counts) and not state[DONE]:
        t = state[CYCLE]
        now = t % window
        past[0, now] = -1
        fold = state[FOLD]
        if fold < len(folds):
            moved_on = fold == 0 or t >= state[BEGAN_AT] + folds[fold - 1, ROWS]
            free = moved_on if double else state[LEFT] >= before[fold]
            if state[STEP] > 0 or free:
                past[0, now], past[1, now] = fold, state[STEP]
                if state[STEP] == 0:
                    state[BEGAN_AT] = t
                state[STEP] += 1
                if state[STEP] == terms:
                    state[FOLD] += 1
                    state[STEP] = 0
        busy = left_in = top_in = out = 0
        for r in range(height - 1, -1, -1):
            row_fold = past[0, (t - r) % window] if t >= r else -1
            for c in range(width - 1, -1, -1):
                if c > 0:
                    x[r, c] = x[r, c - 1]
                    hops[r, c] = hops[r, c - 1] - 4 if hops[r, c - 1] >= 8 else 0
                elif row_fold >= 0 and r < folds[row_fold, ROWS]:
                    step = past[1, (t - r) % window]
                    x[r, 0] = left[folds[row_fold, GROUP], folds[row_fold, ROW0] + r, step]
                    ends = (2 if step == 0 else 0) + (1 if step == terms - 1 else 0)
                    hops[r, 0] = 4 * folds[row_fold, COLS] + ends
                    left_in += 1
                else:
                    hops[r, 0] = 0
                if r > 0:
                    y[r, c] = y[r - 1, c]
                    drops[r, c] = drops[r - 1, c] - 1 if drops[r - 1, c] >= 2 else 0
                else:
                    fold_in = past[0, (t - c) % window] if t >= c else -1
                    drops[0, c] = 0
                    if fold_in >= 0 and c < folds[fold_in, COLS]:
                        y[0, c] = top[folds[fold_in, GROUP], past[1, (t - c) % window], folds[fold_in, COL0] + c]
                        drops[0, c] = folds[fold_in, ROWS]
                        top_in += 1
                if whose[r, c] >= 0:
                    if r == height - 1:
                        flat[whose[r, c]] = leaving[r, c]
                        whose[r, c] = -1
                        out += 1
                    elif whose[r + 1, c] < 0:
                        whose[r + 1, c] = whose[r, c]
                        leaving[r + 1, c] = leaving[r, c]
                        whose[r, c] = -1
                if hops[r, c] and drops[r, c]:
                    busy += 1
                    if hops[r, c] & 2:
                        total[r, c] = 0
                    total[r, c] += x[r, c] * y[r, c]
                    if hops[r, c] & 1:
                        if whose[r, c] >= 0:
                            return -1
                        ending = past[0, (t - r - c) % window]
                        m, n = folds[ending, ROW0] + r, folds[ending, COL0] + c
                        whose[r, c] = (folds[ending, GROUP] * rows + m) * columns + n
                        leaving[r, c] = total[r, c]
        counts[done, BUSY], counts[done, LEFT_IN], counts[done, TOP_IN] = busy, left_in, top_in
        counts[done, OUT], counts[done, BACK] = out, 0
        state[LEFT] += out
        state[CYCLE] += 1
        state[DONE] = 1 if state[LEFT] == before[-1] else 0
        done += 1
    return done
