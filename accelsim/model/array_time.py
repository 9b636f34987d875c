"""Time of systolic arrays in closed form; accelsim.simulate.systolic steps every PE and must come to the same cycles.

A tile of the array takes (rows x columns of PEs: H x W; of the tile: k x n in a stationary array, m x n in an
output-stationary one; T operands pass by):

    stationary, one tile alone          k + T + H + n - 2     k cycles of preload, T vectors, skew, way down
    output stationary, one tile alone   T + m + n + H - 2     T terms, skew, then every sum sinks below row H

With one register a tile leaves before the next comes in, so these add up (Samajdar et al., ISPASS 2020, equation 1,
has 2 H + W + T - 2, the same for full tiles). With two the next tile's operands come in, or the last one's sums go
out, meanwhile: tile i + 1 begins max(T, k of tile i + 1) cycles after tile i (output stationary: max(T, m of tile i)),
the first after its own k, and the array is done when the last sum of any tile has left.
"""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.architecture.systolic import SystolicArray
from accelsim.mapping.array_counts import ArrayCounts
from accelsim.mapping.row_sets import row_sets
from accelsim.model.row_time import row_stationary_time
from accelsim.workload.matrix import MatrixForm
from accelsim.workload.operation import Operation


@dataclass(frozen=True)
class ArrayTime:
    """``counts`` of a layer on an array, and where its cycles go: the six parts add up to ``counts.cycles``.

    folds      (row tiles, column tiles), over all groups together; of rs, passes and 1
    stream     cycles in which operands stream through row 0
    preload    cycles in which row 0 waits for the operands of its next tile to come in
    exchange   cycles in which row 0 waits for sums to move on, or for a tile to leave altogether
    skew       cycles after the last operand entered row 0 until it reached the last PE of its tile
    drain      cycles from there until the last output left
    """

    array: SystolicArray
    counts: ArrayCounts
    folds: tuple[int, int]
    stream: int
    preload: int
    exchange: int
    skew: int
    drain: int

    @property
    def cycles(self) -> int:
        return self.counts.cycles

    @property
    def utilization(self) -> float:
        """MACs / (PEs x cycles)."""
        return self.counts.macs / (self.array.pes * self.cycles)


def array_time(operation: Operation, array: SystolicArray) -> ArrayTime:
    """Cycles and words of a layer on an array; raises InputError for what the array does not take."""
    if array.dataflow == "rs":
        return ArrayTime(array, *row_stationary_time(row_sets(operation, array), array))
    return _matrix_time(MatrixForm.of(operation), array)


@dataclass(frozen=True)
class _Tiles:
    """``extent`` cut into tiles of ``size``: ``number`` of them, the last of ``last``."""

    extent: int
    size: int

    @property
    def number(self) -> int:
        return -(-self.extent // self.size)

    @property
    def last(self) -> int:
        return self.extent - (self.number - 1) * self.size

    @property
    def first(self) -> int:
        return min(self.size, self.extent)

    def at(self, index: int) -> int:
        return self.last if index == self.number - 1 else self.size

    def at_least_sum(self, floor: int) -> int:
        """Sum over the tiles of max(floor, tile)."""
        return (self.number - 1) * max(floor, self.size) + max(floor, self.last)


def _matrix_time(form: MatrixForm, array: SystolicArray) -> ArrayTime:
    G, M, K, N = form.groups, form.rows, form.terms, form.columns
    on_rows, on_columns, T = {"ws": (K, N, M), "is": (K, M, N), "os": (M, N, K)}[array.dataflow]
    rows, columns = _Tiles(on_rows, array.rows), _Tiles(on_columns, array.columns)
    tiles = G * rows.number * columns.number
    stationary = array.dataflow != "os"
    parts = _together if array.double_buffered else _apart
    preload, exchange, skew, drain = parts(rows, columns, T, G, array.rows, stationary)
    moved, fixed = G * on_rows * T * columns.number, G * on_rows * on_columns
    out, back = G * on_columns * T * rows.number, G * on_columns * T * (rows.number - 1)
    if not stationary:
        fixed, out, back = G * on_columns * T * rows.number, fixed, 0
    inputs, weights = (fixed, moved) if array.dataflow == "is" else (moved, fixed)
    cycles = tiles * T + preload + exchange + skew + drain
    counts = ArrayCounts(cycles, form.macs, inputs, weights, out, back)
    folds = (rows.number, G * columns.number)
    return ArrayTime(array, counts, folds, tiles * T, preload, exchange, skew, drain)


Parts = tuple[int, int, int, int]
"""(preload, exchange, skew, drain) of all tiles, in cycles."""


def _apart(rows: _Tiles, columns: _Tiles, T: int, G: int, height: int, stationary: bool) -> Parts:
    """One register: the tiles one after the other."""
    tiles = G * rows.number * columns.number
    on_rows, on_columns = G * columns.number * rows.extent, G * rows.number * columns.extent
    skew = on_rows + on_columns - 2 * tiles
    return (on_rows, 0, skew, tiles * height - on_rows) if stationary else (0, 0, skew, tiles * height)


def _together(rows: _Tiles, columns: _Tiles, T: int, G: int, height: int, stationary: bool) -> Parts:
    """Two registers: what comes in or goes out is hidden behind T; the sums of some tile are the last to leave."""
    period, number = rows.at_least_sum(T), rows.number

    def start(column: int, row: int) -> int:
        """Cycle in which a tile of the last product begins to stream."""
        at = ((G - 1) * columns.number + column) * period
        if not stationary:
            return at + row * max(T, rows.size)
        through = period if row == number - 1 else (row + 1) * max(T, rows.size)
        return rows.first + at + through - max(T, rows.first)

    last = start(columns.number - 1, number - 1) + T
    ends = []
    for column in {columns.number - 1, max(0, columns.number - 2)}:
        for row in {number - 1, max(0, number - 2)}:
            skew = rows.at(row) + columns.at(column) - 2
            drain = height - rows.at(row) if stationary else height
            ends.append((start(column, row) + T + skew + drain, drain))
    end, drain = max(ends)
    waited = last - T * G * number * columns.number
    drain = min(drain, end - last)
    return (waited, 0, end - last - drain, drain) if stationary else (0, waited, end - last - drain, drain)
