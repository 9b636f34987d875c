"""The Eyeriss chip's mapping parameters as loop nests: m n e p q r t of Chen, Krishna, Emer, Sze, JSSC 52(1), 2017.

m    filters, and n    images, of a pass of the buffer: their psums stay in it
e    output rows of a strip: the width of a set of R x e PEs (a wider one than the array is folded)
p, q filters and channels that a PE interleaves
r, t sets beside each other that take other channels, other filters
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from accelsim.mapping.nest import Mapping
from accelsim.mapping.parse import parse_mapping
from accelsim.validation.data import published_rows
from accelsim.workload.operation import Operation

COLUMNS = 14
LETTERS = ("m", "n", "e", "p", "q", "r", "t")


@dataclass(frozen=True)
class RowMapping:
    """The seven parameters of Table III."""

    m: int
    n: int
    e: int
    p: int
    q: int
    r: int
    t: int

    def passes(self, operation: Operation) -> int:
        """Times that the array is set up: once per strip, channels, filters and images of a pass."""
        size = operation.extents
        per_group = ceil(size["E"] / self.e) * ceil(size["C"] / (self.q * self.r)) * ceil(size["M"] / (self.p * self.t))
        return per_group * size["G"] * ceil(size["N"] / self.n)


def table3() -> dict[str, RowMapping]:
    """Layer -> the mapping that Table III prints."""
    return {
        row["layer"]: RowMapping(*(int(row[letter]) for letter in LETTERS))
        for row in published_rows("eyeriss_jssc17/table3.csv")
    }


def as_run() -> dict[str, RowMapping]:
    """Layer -> the mapping that was measured: Table III's, but CONV3's is that of CONV4 and CONV5.

    With the printed one CONV3 would move 69.2 MB through the buffer; 50.2 MB were measured.
    """
    printed = table3()
    return printed | {"CONV3": printed["CONV4"]}


def nest(operation: Operation, row: RowMapping) -> Mapping:
    """The loop nest of the parameters on architectures/eyeriss.yaml; a set wider than the array is folded onto rows."""
    size = operation.extents
    left = dict(size)
    lines = ["DRAM keeps inputs weights outputs"]

    def loop(dim: str, step: int, axis: str = "") -> None:
        if left[dim] > step:
            where = f" on {axis}" if axis else ""
            lines.append(f"{'par-for' if axis else 'for'} {dim.lower()} in 0..{left[dim]} by {step}{where}")
            left[dim] = step

    def loops(*steps: tuple[str, int]) -> None:
        for dim, step in steps:
            loop(dim, step)

    loops(("G", 1), ("N", min(row.n, size["N"])), ("E", row.e), ("M", row.m))
    lines.append("GlobalBuffer keeps outputs")
    loop("C", row.q * row.r)
    lines.append("GlobalBuffer keeps inputs")
    loop("M", row.p * row.t)
    loop("E", COLUMNS, "Y")
    loop("E", 1, "X")
    # Sets of other filters stand beside each other where there is room, else above each other.
    loop("M", row.p, "X" if row.e * row.t <= COLUMNS else "Y")
    loop("C", row.q, "Y")
    loop("R", 1, "Y")
    lines.append("Scratchpad keeps weights")
    loops(("N", 1), ("F", 1))
    lines.append("Scratchpad keeps inputs outputs")
    loops(("C", 1), ("S", 1), ("M", 1))
    return parse_mapping("\n".join([*lines, "MAC"]))
