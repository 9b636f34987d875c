"""Weight-, input- and output-stationary arrays run on matrices, in chunks of cycles so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from accelsim.architecture.systolic import SystolicArray
from accelsim.simulate.reference import Values
from accelsim.simulate.systolic import kernels as k


def steps(array: SystolicArray, inputs: Values, weights: Values, result: Values, chunk: int) -> Iterator[Values]:
    """Runs inputs [g, m, k] x weights [g, k, n] into ``result`` [g, m, n] (zeros); yields counts, a row per cycle.

    A tile is as much as the array holds; columns of the array are the outer loop, rows the inner one, so that the
    sums of one group of columns are finished before the next begins.
    """
    match array.dataflow:
        case "os":
            yield from _output_stationary(array, inputs, weights, result, chunk)
        case "is":
            # The same array with the operands' parts exchanged: the inputs lie still, the weights pass by.
            moved, fixed = (np.ascontiguousarray(x.transpose(0, 2, 1)) for x in (weights, inputs))
            turned = np.zeros((result.shape[0], result.shape[2], result.shape[1]), dtype=np.int64)
            yield from _stationary(array, moved, fixed, turned, chunk)
            result[:] = turned.transpose(0, 2, 1)
        case _:
            yield from _stationary(array, inputs, weights, result, chunk)


def _folds(array: SystolicArray, groups: int, on_rows: int, on_columns: int) -> Values:
    tiles = [
        (g, row, min(array.rows, on_rows - row), column, min(array.columns, on_columns - column))
        for g in range(groups)
        for column in range(0, on_columns, array.columns)
        for row in range(0, on_rows, array.rows)
    ]
    return np.array(tiles, dtype=np.int64)


def _before(sums: Values) -> Values:
    return np.concatenate([[0], np.cumsum(sums)]).astype(np.int64)


def _registers(array: SystolicArray) -> tuple[Values, Values, Values, Values, Values, Values, Values]:
    """Seven registers per PE; the last is empty (-1) at first."""
    size = (array.rows, array.columns)
    a, b, c, d, e, f = (np.zeros(size, dtype=np.int64) for _ in range(6))
    return a, b, c, d, e, f, np.full(size, -1, dtype=np.int64)


def _stationary(array: SystolicArray, moving: Values, fixed: Values, result: Values, chunk: int) -> Iterator[Values]:
    groups, vectors, terms = moving.shape
    folds = _folds(array, groups, terms, fixed.shape[2])
    before = _before(vectors * folds[:, k.COLS])
    state = np.zeros(k.STATE, dtype=np.int64)
    past = np.full((4, array.rows + array.columns), -1, dtype=np.int64)
    registers = _registers(array)
    first = [int(np.argmax(folds[:, k.COLS] > c)) for c in range(array.columns)]
    out = np.array([first, [0] * array.columns], dtype=np.int64)
    while not state[k.DONE]:
        counts = np.zeros((chunk, k.COUNTS), dtype=np.int64)
        done = k.stationary(
            moving, fixed, result, folds, before, array.double_buffered, state, past, *registers, out, counts
        )
        yield counts[:done]


def _output_stationary(
    array: SystolicArray, inputs: Values, weights: Values, result: Values, chunk: int
) -> Iterator[Values]:
    folds = _folds(array, len(inputs), inputs.shape[1], weights.shape[2])
    before = _before(folds[:, k.ROWS] * folds[:, k.COLS])
    state = np.zeros(k.STATE, dtype=np.int64)
    past = np.full((2, array.rows + array.columns), -1, dtype=np.int64)
    registers = _registers(array)
    while not state[k.DONE]:
        counts = np.zeros((chunk, k.COUNTS), dtype=np.int64)
        done = k.output_stationary(
            inputs, weights, result, folds, before, array.double_buffered, state, past, *registers, counts
        )
        assert done >= 0, "a finished sum was overwritten before it left its PE"
        yield counts[:done]
