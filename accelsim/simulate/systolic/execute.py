"""Runs a layer on an array of PEs, cycle by cycle, and gives what came out beside what NumPy computes.

for cycle in range(...):  every PE takes from its neighbours, multiplies, adds, passes on
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from accelsim.architecture.systolic import SystolicArray
from accelsim.errors import InputError
from accelsim.mapping.array_counts import ArrayCounts
from accelsim.mapping.row_sets import RowSets, row_sets
from accelsim.simulate.places import check_executable
from accelsim.simulate.reference import Values, random_operands, result
from accelsim.simulate.row_stationary import steps as row_steps
from accelsim.simulate.systolic import matrix_arrays
from accelsim.simulate.systolic.matrices import laid_back, matrices
from accelsim.simulate.trace import COUNTERS, Watch
from accelsim.workload.matrix import MatrixForm
from accelsim.workload.operation import Operation

CHUNK_CYCLES = 4096
MEMORY_LIMIT_BYTES = 4 << 30


@dataclass(frozen=True)
class ArrayExecution:
    """``counts`` of all cycles, the ``outputs`` that left the array and NumPy's own ``reference``."""

    counts: ArrayCounts
    outputs: Values
    reference: Values

    @property
    def equal(self) -> bool:
        """Whether the array computed the layer."""
        return bool(np.array_equal(self.outputs, self.reference))


def execute_array(
    operation: Operation, array: SystolicArray, seed: int = 0, watch: Watch | None = None
) -> ArrayExecution:
    """Steps every PE in every cycle on random integers from ``seed``.

    ``watch`` is called every few thousand cycles with what happened in each (a row per cycle, columns ``COUNTERS``),
    so that a trace can be written without being held. Raises InputError for an operation that the array does not
    take, or one whose matrices would not fit in memory.
    """
    if seed < 0:
        raise InputError(f"seed must be at least 0, not {seed}")
    check_executable(operation)
    if array.dataflow == "rs":
        sets: RowSets | None = row_sets(operation, array)
        form = None
    else:
        sets, form = None, MatrixForm.of(operation)
        _check_memory(form)
    operands = random_operands(operation, seed)
    outputs = np.zeros(operation.output.shape, dtype=np.int64)
    product = outputs if form is None else np.zeros((form.groups, form.rows, form.columns), dtype=np.int64)
    totals, cycles = np.zeros(len(COUNTERS), dtype=np.int64), 0
    for counts in _steps(array, sets, form, operands, product):
        named = counts[:, [0, 2, 1, 3, 4]] if array.dataflow == "is" else counts
        totals += named.sum(axis=0)
        cycles += len(named)
        if watch is not None:
            watch(named)
    if form is not None:
        outputs = laid_back(form, product)
    return ArrayExecution(ArrayCounts(cycles, *(int(total) for total in totals)), outputs, result(operation, operands))


def _steps(
    array: SystolicArray, sets: RowSets | None, form: MatrixForm | None, operands: list[Values], product: Values
) -> Iterator[Values]:
    if sets is not None:
        return row_steps.steps(array, sets, operands[0], operands[1], product, CHUNK_CYCLES)
    assert form is not None
    return matrix_arrays.steps(array, *matrices(form, operands), product, CHUNK_CYCLES)


def _check_memory(form: MatrixForm) -> None:
    words = form.groups * (form.rows * form.terms + form.terms * form.columns + form.rows * form.columns)
    needed = 8 * 4 * words  # operands, their indices, and which of them are data
    if needed > MEMORY_LIMIT_BYTES:
        raise InputError(
            f"{form.operation.name}: the matrices of an execution must fit in {MEMORY_LIMIT_BYTES >> 20} MiB, not "
            f"need {needed >> 20} MiB; use a smaller batch, or the closed form"
        )
