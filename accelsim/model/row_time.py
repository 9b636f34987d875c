"""Time of the row-stationary array in closed form; accelsim.simulate.row_stationary steps every PE.

A pass (accelsim.mapping.row_sets) of F output columns, p filters and q channels per PE, S taps, and `used` rows:

    stream    F p q S cycles, a multiply-accumulate each; PE row r works r cycles after row 0
    preload   until the last filter row has hopped to the last column of its set; the farthest set's comes first
    skew      used - 1 cycles, down which the last sums run

With one register file per PE, passes add up; with two, pass i + 1 begins max(stream of i, preload of i + 1) after i.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from accelsim.architecture.systolic import SystolicArray
from accelsim.mapping.array_counts import ArrayCounts
from accelsim.mapping.row_sets import RowSets

Times = tuple[ArrayCounts, tuple[int, int], int, int, int, int, int]
"""Counts, (passes, 1), and cycles of stream, preload, exchange, skew and drain."""
Ints = NDArray[np.int64]


def row_stationary_time(sets: RowSets, array: SystolicArray) -> Times:
    """Counts and the parts of the time of a convolution on the array."""
    size = sets.extents
    filters, rows, channels = (_blocks(size[dim], per) for dim, per in _cuts(sets))
    repeats = size["N"] * size["G"]
    grid = np.meshgrid(filters, rows, channels, indexing="ij")
    m, e, c = (axis.ravel() for axis in grid)
    p, q = np.minimum(m, sets.filters_held), np.minimum(c, sets.channels_held)
    stream = size["F"] * p * q * size["S"]
    preload = _preload(sets, m, e, q)
    skew = -(-c // sets.channels_held) * size["R"] - 1
    counts = _words(sets, repeats, filters, rows, channels)
    passes, streams = repeats * len(m), repeats * int(stream.sum())
    if not array.double_buffered:
        return _times(counts, passes, streams, repeats * int(preload.sum()), repeats * int(skew.sum()))
    # Every image and group repeats the same passes; the last repetition ends last, pass by pass.
    period = int(np.maximum(stream, np.roll(preload, -1)).sum())
    start = (repeats - 1) * period + preload[0]
    start = start + np.concatenate([[0], np.cumsum(np.maximum(stream[:-1], preload[1:]))])
    cycles, last = int((start + stream + skew).max()), int(start[-1] + stream[-1])
    return _times(counts, passes, streams, last - streams, cycles - last)


def _times(counts: ArrayCounts, passes: int, stream: int, preload: int, skew: int) -> Times:
    return replace(counts, cycles=stream + preload + skew), (passes, 1), stream, preload, 0, skew, 0


def _cuts(sets: RowSets) -> tuple[tuple[str, int], ...]:
    return ("M", sets.filters_per_pass), ("E", sets.strip), ("C", sets.channels_per_pass)


def _blocks(extent: int, length: int) -> Ints:
    starts = np.arange(0, extent, length, dtype=np.int64)
    return np.minimum(length, extent - starts)


def _preload(sets: RowSets, m: Ints, e: Ints, q: Ints) -> Ints:
    """Cycles until the last PE of every set has its filter rows: sets b = last .. 0 enter one after the other."""
    each, held = q * sets.extents["S"], sets.filters_held
    latest = np.zeros_like(m)
    for b in range(sets.beside):
        there = b * held < m
        entered = (m - b * held) * each
        latest = np.maximum(latest, np.where(there, entered + b * sets.strip + e - 1, 0))
    return latest


def pass_preload(sets: RowSets, filters: int, rows: int, channels_held: int) -> int:
    """Cycles of preload of one pass of so many filters and output rows, ``channels_held`` channels in a PE."""
    return int(_preload(sets, np.array([filters]), np.array([rows]), np.array([channels_held]))[0])


def _words(sets: RowSets, repeats: int, filters: Ints, rows: Ints, channels: Ints) -> ArrayCounts:
    """A strip of e rows takes its input rows once per block of filters; sets side by side share them. No cycles yet."""
    size = sets.extents
    taps = size["R"] * size["S"]
    pixels = int(sum(_pixel_rows(sets, int(i) * sets.strip, int(e)) for i, e in enumerate(rows))) * _pixel_columns(sets)
    blocks = len(rows)
    out = repeats * size["M"] * size["E"] * size["F"]
    return ArrayCounts(
        cycles=0,
        macs=repeats * size["M"] * size["C"] * size["E"] * size["F"] * taps,
        inputs=repeats * len(filters) * size["C"] * pixels,
        weights=repeats * blocks * size["M"] * size["C"] * taps,
        outputs=out * len(channels),
        partial_sums=out * (len(channels) - 1),
    )


def _pixel_rows(sets: RowSets, first: int, e: int) -> int:
    """Input rows inside the plane that enter for output rows first .. first + e - 1; one per set row that it feeds."""
    (U, _), (top, _), R = sets.stride, sets.padding, sets.extents["R"]
    height = sets.operation.operands[0].ranks[3].size
    entering = {(U * (first + i) + r) for i in range(e) for r in range(R) if r < U or i == e - 1}
    return sum(0 <= row - top < height for row in entering)


def _pixel_columns(sets: RowSets) -> int:
    """Input columns inside the plane that a PE takes in for F output columns: S first, then the new ones of each."""
    (_, V), (_, left), S = sets.stride, sets.padding, sets.extents["S"]
    width = sets.operation.operands[0].ranks[4].size
    taken = [V * f + s for f in range(sets.extents["F"]) for s in range(S) if f == 0 or s >= S - V]
    return sum(0 <= column - left < width for column in taken)
