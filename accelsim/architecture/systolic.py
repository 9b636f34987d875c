"""A systolic array as a value: its size, what stays in the PEs, and whether the next tile may come in meanwhile.

The three classic arrays take a matrix product of M rows, K terms and N columns; the fourth slides filter rows:

    ws   weight stationary   K on the rows, N on the columns, M passes by
    is   input stationary    K on the rows, M on the columns, N passes by
    os   output stationary   M on the rows, N on the columns, K passes by
    rs   row stationary      filter rows on the rows, output rows on the columns (Chen et al., ISCA 2016)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from accelsim.errors import InputError, nearest

ArrayDataflow = Literal["ws", "os", "is", "rs"]
ARRAY_DATAFLOWS: tuple[ArrayDataflow, ...] = get_args(ArrayDataflow)
MOST_PES = 2**22


@dataclass(frozen=True)
class SystolicArray:
    """PEs in ``rows`` x ``columns``.

    double_buffered  each PE has a second register, so that weights (ws, rs), inputs (is) or finished sums (os) of the
                     next or last tile move while this one is worked on; else a tile leaves before the next comes in
    inputs_held, weights_held  words of a PE's scratchpads in a row-stationary array; they decide how many channels
                     and filters a PE interleaves
    prefetch_words   words of what stays that wait beside the array for their tile, None for what the levels hold

    Raises InputError for sizes below 1 or arrays above ``MOST_PES``, and for an unknown dataflow.
    """

    rows: int
    columns: int
    dataflow: ArrayDataflow
    double_buffered: bool = False
    inputs_held: int | None = None
    weights_held: int | None = None
    prefetch_words: int | None = None

    def __post_init__(self) -> None:
        for name in ("rows", "columns"):
            size = getattr(self, name)
            if not isinstance(size, int) or isinstance(size, bool) or size < 1:
                raise InputError(f"{name} of a systolic array must be a whole number of at least 1, not {size}")
        if self.rows * self.columns > MOST_PES:
            raise InputError(
                f"a systolic array must have at most {MOST_PES:,} PEs, not {self.rows:,} x {self.columns:,}"
            )
        if self.dataflow not in ARRAY_DATAFLOWS:
            choices = ", ".join(ARRAY_DATAFLOWS)
            raise InputError(
                f"dataflow of a systolic array must be one of {choices}, not '{self.dataflow}'"
                f"{nearest(self.dataflow, ARRAY_DATAFLOWS)}"
            )
        for name in ("inputs_held", "weights_held"):
            words = getattr(self, name)
            if words is not None and words < 1:
                raise InputError(f"{name} of a systolic array must be at least 1 word, not {words}")

    @property
    def pes(self) -> int:
        """Processing elements, one multiply-accumulate per cycle each."""
        return self.rows * self.columns

    def __str__(self) -> str:
        buffered = "double" if self.double_buffered else "single"
        return f"{self.rows} x {self.columns} {self.dataflow}, {buffered}-buffered"
