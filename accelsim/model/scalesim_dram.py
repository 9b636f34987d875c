"""DRAM reads as SCALE-Sim's stall-free mode counts them: a buffer that forgets everything when it is full.

The words that the array demands are walked in its order. A word that is not in the buffer is fetched; when the buffer
holds half of the SRAM (50 sets of a hundredth of it each), it is emptied. Where it never fills, the fetched words are
the different ones, and nothing is walked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Numba in nopython mode, cached on disk, without losing the signature for the type checker."""
    return cast(F, numba.njit(cache=True, nogil=True)(function))


@compiled
def _address(shape: Ints, outer: int, inner: int) -> int:
    """Word at (lane, time) of an operand: element of a plain matrix, or pixel under a window, -1 outside the plane.

    shape: 0, number of inner indexes, 1 if lane and time are exchanged; or IFMAP height, width, channels, filter width,
    stride, OFMAP width, 1 if lane and time are exchanged.
    """
    if shape[-1]:
        outer, inner = inner, outer
    if shape[0] == 0:
        return int(outer * shape[1] + inner)
    channels = shape[2]
    row = outer // shape[5] * shape[4] + inner // (shape[3] * channels)
    column = outer % shape[5] * shape[4] + inner // channels % shape[3]
    if row >= shape[0] or column >= shape[1]:
        return -1
    return int((row * shape[1] + column) * channels + inner % channels)


@compiled
def _fetch(address: int, round_of: Ints, state: Ints, capacity: int) -> None:
    """state: words fetched, words held, how often the buffer was emptied."""
    if address < 0 or round_of[address] == state[2]:
        return
    round_of[address] = state[2]
    state[0] += 1
    state[1] += 1
    if state[1] == capacity:
        state[1] = 0
        state[2] += 1


@compiled
def moving_reads(
    shape: Ints, lanes: int, time: int, width: int, inner_repeats: int, outer_repeats: int, words: int, capacity: int
) -> int:
    """An operand that streams past: blocks of ``width`` lanes, lane i one cycle after lane i - 1."""
    round_of = np.full(words, -1, dtype=np.int64)
    state = np.zeros(3, dtype=np.int64)
    for _ in range(outer_repeats):
        for first in range(0, lanes, width):
            used = min(width, lanes - first)
            for _ in range(inner_repeats):
                for line in range(time + used - 1):
                    for lane in range(max(0, line - time + 1), min(used, line + 1)):
                        _fetch(_address(shape, first + lane, line - lane), round_of, state, capacity)
    return int(state[0])


@compiled
def fixed_reads(shape: Ints, rows: int, columns: int, height: int, width: int, words: int, capacity: int) -> int:
    """An operand that lies still: tile by tile, the last row first."""
    round_of = np.full(words, -1, dtype=np.int64)
    state = np.zeros(3, dtype=np.int64)
    for left in range(0, columns, width):
        for top in range(0, rows, height):
            for row in range(min(top + height, rows) - 1, top - 1, -1):
                for column in range(left, min(left + width, columns)):
                    _fetch(_address(shape, row, column), round_of, state, capacity)
    return int(state[0])
