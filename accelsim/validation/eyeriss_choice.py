"""The chip's own family of mappings, all of it on one layer, and the one of least cost.

What the specification allows (JSSC 52(1), 2017): q S inputs, p q S weights and p psums in a PE's scratchpads (12,
224 and 24
words); n q r rows W inputs and n m e F psums in the 25 banks of 4 KiB of the buffer, a bank to one of the two; R r
rows and e t
columns of PEs on the 12 x 14 array, sets wider than it folded. Here m and p t divide M and n divides N.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from accelsim.architecture.files import load_architecture
from accelsim.model.evaluate import evaluate
from accelsim.validation.eyeriss_nests import COLUMNS, RowMapping, nest
from accelsim.validation.eyeriss_time import pass_cycles
from accelsim.workload.operation import Operation

ROWS, INPUTS_HELD, WEIGHTS_HELD, PSUMS_HELD = 12, 12, 224, 24
BANKS, BANK_WORDS = 25, 2048


def allowed(operation: Operation) -> Iterator[RowMapping]:
    """Every mapping of the family that the chip can hold."""
    size = operation.extents
    M, C, E, R, S = (size[dim] for dim in "MCERS")
    for e in sorted({ceil(E / strips) for strips in range(1, E + 1)}):
        folds = ceil(e / COLUMNS)
        if R * folds > ROWS:
            continue
        for q in range(1, min(C, INPUTS_HELD // S) + 1):
            # More filters in a PE use its inputs more often: the two largest numbers of them are enough to look at.
            for p in [p for p in _divisors(M) if p <= PSUMS_HELD and p * q * S <= WEIGHTS_HELD][-2:]:
                for r, t in _beside(R * folds, e):
                    if M % (p * t) or (r > 1 and q * r > C):
                        continue
                    yield from _fitting(operation, e, p, q, r, t)


def _beside(height: int, e: int) -> Iterator[tuple[int, int]]:
    """(r, t): sets of ``height`` rows that fit, beside each other where e t columns fit, else above each other."""
    for r in range(1, ROWS // height + 1):
        for t in range(1, 1 + max(COLUMNS // e, ROWS // (height * r))):
            if e * t <= COLUMNS or height * r * t <= ROWS:
                yield r, t


def _fitting(operation: Operation, e: int, p: int, q: int, r: int, t: int) -> Iterator[RowMapping]:
    """The largest m per n: fewer filters in a pass fetch the inputs more often and save nothing."""
    size = operation.extents
    window = operation.tensor("inputs").ranks[3:]
    stride = next((term.stride for term in window[0].terms if term.dim == "E"), 1)
    strip = q * r * (stride * (e - 1) + size["R"]) * window[1].size
    for n in _divisors(size["N"]):
        fitting = (
            m
            for m in _divisors(size["M"])
            if m % (p * t) == 0 and ceil(n * strip / BANK_WORDS) + ceil(n * m * e * size["F"] / BANK_WORDS) <= BANKS
        )
        largest = max(fitting, default=None)
        if largest is not None:
            yield RowMapping(largest, n, e, p, q, r, t)


def _divisors(number: int) -> list[int]:
    return [n for n in range(1, number + 1) if number % n == 0]


def chosen(operation: Operation, with_time: bool = False) -> RowMapping:
    """The mapping of least energy, or of least energy x processing cycles; the same for the same layer."""
    chip = load_architecture("eyeriss")

    def cost(row: RowMapping) -> tuple[float, tuple[int, ...]]:
        energy = evaluate(operation, chip, nest(operation, row), check=False).energy
        cycles = pass_cycles(operation, row).cycles if with_time else 1
        return energy * cycles, (row.m, row.n, row.e, row.p, row.q, row.r, row.t)

    return min(allowed(operation), key=cost)
