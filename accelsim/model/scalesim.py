"""SCALE-Sim's figures, exactly, and accelsim's own beside them with the reason for every difference.

With S_r, S_c on the rows and columns of an R x C array, T passing by, and ceil(S_r / R) ceil(S_c / C) folds:

    os      cycles of a fold  T + R + C - 2        (no drain)
    ws, is                    2 R + C + T - 2
    total cycles              folds x that - 1     (the index of the last cycle, not their number)

R and C are charged in full where a fold uses less. Figures are those of SCALE-Sim 3.0.0 when nothing stalls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelsim.architecture.scalesim import ScalesimConfig
from accelsim.mapping.tiles import distinct_words
from accelsim.model.array_time import ArrayTime, array_time
from accelsim.workload.scalesim import ScalesimLayer

SETS_HELD = 50
"""Of a hundred sets that SCALE-Sim cuts an SRAM into, those in use; the others prefetch."""


@dataclass(frozen=True)
class ScalesimFigures:
    """What SCALE-Sim reports of a layer when nothing stalls; words are bytes. ``sram_ofmap_writes`` of os count the
    bubbles between folds, as SCALE-Sim does."""

    total_cycles: int
    row_folds: int
    column_folds: int
    mapping_efficiency_pct: float
    overall_utilization_pct: float
    compute_utilization_pct: float
    sram_ifmap_reads: int
    sram_filter_reads: int
    sram_ofmap_writes: int
    dram_ifmap_reads: int
    dram_filter_reads: int


@dataclass(frozen=True)
class Difference:
    """``amount`` that has to be added to SCALE-Sim's ``figure`` for this ``reason``, to get accelsim's."""

    figure: str
    amount: int
    reason: str


def scalesim_figures(layer: ScalesimLayer, config: ScalesimConfig) -> ScalesimFigures:
    """The figures of SCALE-Sim's report; an array of one PE that is done in one cycle has utilization 0 here
    (SCALE-Sim divides by zero)."""
    array = config.array
    R, C = array.rows, array.columns
    on_rows, on_columns, T = _extents(layer, array.dataflow)
    row_folds, column_folds = -(-on_rows // R), -(-on_columns // C)
    folds = row_folds * column_folds
    length = T + R + C - 2 + (0 if array.dataflow == "os" else R)
    cycles = folds * length - 1
    moved = on_rows * T * column_folds
    if array.dataflow == "os":
        other, written = on_columns * T * row_folds, on_rows * on_columns + folds * (R + C)
    else:
        other, written = on_rows * on_columns, row_folds * on_columns * T
    ifmap, filters = (other, moved) if array.dataflow == "is" else (moved, other)
    counted = length if array.dataflow == "os" else length + C - 1
    return ScalesimFigures(
        total_cycles=cycles,
        row_folds=row_folds,
        column_folds=column_folds,
        mapping_efficiency_pct=100 * on_rows * on_columns / (folds * R * C),
        overall_utilization_pct=100 * layer.macs / (cycles * R * C) if cycles else 0.0,
        compute_utilization_pct=100 * layer.macs / (folds * R * C * counted),
        sram_ifmap_reads=ifmap,
        sram_filter_reads=filters,
        sram_ofmap_writes=written,
        dram_ifmap_reads=_dram_reads(layer, config, "ifmap"),
        dram_filter_reads=_dram_reads(layer, config, "filter"),
    )


def differences(
    layer: ScalesimLayer, config: ScalesimConfig, theirs: ScalesimFigures
) -> tuple[ArrayTime, tuple[Difference, ...]]:
    """accelsim's own time of the layer on the same array with single buffers, and what leads from SCALE-Sim's figures
    (``theirs``) to it; amounts of one figure add up to the whole difference."""
    array = config.array
    ours = array_time(layer.operation(), array)
    on_rows, on_columns, _ = _extents(layer, array.dataflow)
    R, C, rows, columns = array.rows, array.columns, theirs.row_folds, theirs.column_folds
    idle_rows, idle_columns = columns * (rows * R - on_rows), rows * (columns * C - on_columns)
    found = [
        Difference("cycles", 1, "SCALE-Sim reports the index of the last cycle, not the number of cycles"),
        Difference("cycles", rows * columns * R if array.dataflow == "os" else 0, "outputs must drain from the array"),
        Difference("cycles", -idle_rows, "rows that a ragged fold leaves idle are not waited for"),
        Difference("cycles", -idle_columns, "columns that a ragged fold leaves idle are not waited for"),
        Difference(
            "outputs written", -rows * columns * (R + C) if array.dataflow == "os" else 0, "bubbles are no traffic"
        ),
        Difference("outputs read", ours.counts.partial_sums, "partial sums of further folds must be read back"),
    ]
    return ours, tuple(difference for difference in found if difference.amount)


def _extents(layer: ScalesimLayer, dataflow: str) -> tuple[int, int, int]:
    """(on the rows, on the columns, passing by)."""
    M, K, N = layer.pixels, layer.window, layer.filters
    return {"ws": (K, N, M), "is": (K, M, N), "os": (M, N, K)}[dataflow]


def _dram_reads(layer: ScalesimLayer, config: ScalesimConfig, operand: str) -> int:
    kib = config.ifmap_sram_kib if operand == "ifmap" else config.filter_sram_kib
    capacity = SETS_HELD * (kib * 1024 // 100)
    operation = layer.operation()
    distinct = distinct_words(operation, operation.tensors[0 if operand == "ifmap" else 1])
    if distinct < capacity:
        return distinct
    from accelsim.model.scalesim_dram import fixed_reads, moving_reads

    M, K, N = layer.pixels, layer.window, layer.filters
    R, C, dataflow = config.array.rows, config.array.columns, config.array.dataflow
    if operand == "ifmap":  # pixel m, place k in its window
        words = layer.ifmap_height * layer.ifmap_width * layer.channels
        shape = [layer.ifmap_height, layer.ifmap_width, layer.channels, layer.filter_width, layer.stride,
                 layer.ofmap_width]  # fmt: skip
    else:  # place k in the window, filter n
        words, shape = K * N, [0, N]

    def at(exchanged: bool) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array([*shape, int(exchanged)], dtype=np.int64)

    rows, columns = -(-_extents(layer, dataflow)[0] // R), -(-_extents(layer, dataflow)[1] // C)
    match dataflow, operand:
        case "os", "ifmap":
            return moving_reads(at(False), M, K, R, 1, columns, words, capacity)
        case "os", _:
            return moving_reads(at(True), N, K, C, rows, 1, words, capacity)
        case "ws", "ifmap":
            return moving_reads(at(True), K, M, R, 1, columns, words, capacity)
        case "ws", _:
            return words  # every weight is asked for once
        case _, "ifmap":
            return fixed_reads(at(True), K, M, R, C, words, capacity)
        case _:
            return moving_reads(at(False), K, N, R, 1, columns, words, capacity)
