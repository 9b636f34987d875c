"""Processing latency of the Eyeriss chip from its specification: passes that set up, run and drain. Nothing is fitted.

A pass of n images, p t filters, q r channels and e output rows takes (words of 16 b, 200 MHz)

    load    p t q r R S / 4     filters through the 64-bit bus; a scratchpad in use has no room for the next ones
    first   rows q r S          the first window of every input row through the 16-bit bus, before any MAC can work
    run     max of  n F p q S   MACs of a PE, one per cycle
                    n q r rows W      inputs, 16-bit bus
                    n p t e F / 4     psums in (64-bit bus), and as many out (another 64-bit bus)
    drain   p t e / 4 + R + 3   psums of the last output column, down the rows of a set and the PE's three stages

rows = U (e - 1) + R, W input columns, F output columns. Later windows and the psums pass behind the MACs, while DRAM
fills the
buffer ahead (8 KB are set aside for it), which processing latency leaves out.
Source: Chen, Krishna, Emer, Sze, JSSC 52(1), 2017 (bus widths, scratchpads, pipeline of a PE).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import ceil, prod

from accelsim.validation.eyeriss_nests import RowMapping
from accelsim.workload.operation import Operation

BUS_WORDS, PE_STAGES = 4, 3
"""Words of 16 b in a 64-bit transfer of filters or psums; stages of a PE's pipeline."""


@dataclass(frozen=True)
class PassCycles:
    """Cycles of all passes of a layer, by what they are spent on; they follow each other."""

    load: int
    first: int
    run: int
    drain: int

    @property
    def cycles(self) -> int:
        return self.load + self.first + self.run + self.drain


def pass_cycles(operation: Operation, row: RowMapping) -> PassCycles:
    """The cycles of a convolution under the chip's mapping; last blocks that are smaller take what they need."""
    size = operation.extents
    window = operation.tensor("inputs").ranks[3:]
    stride = next(term.stride for term in window[0].terms if term.dim == "E")
    total = [0, 0, 0, 0]
    blocks = (
        _blocks(size[dim], length)
        for dim, length in (("N", row.n), ("E", row.e), ("M", row.p * row.t), ("C", row.q * row.r))
    )
    for combination in product(*blocks):
        times = size["G"] * prod(number for _, number in combination)
        n, e, filters, channels = (length for length, _ in combination)
        one = _one_pass(size, row, (n, e, filters, channels), stride, window[1].size)
        total = [a + times * b for a, b in zip(total, one, strict=True)]
    return PassCycles(*total)


def _one_pass(
    size: dict[str, int], row: RowMapping, block: tuple[int, int, int, int], stride: int, width: int
) -> tuple[int, int, int, int]:
    n, e, filters, channels = block
    p, q, rows = min(row.p, filters), min(row.q, channels), stride * (e - 1) + size["R"]
    psums = ceil(n * filters * e * size["F"] / BUS_WORDS)
    run = max(n * size["F"] * p * q * size["S"], n * channels * rows * width, psums)
    load = ceil(filters * channels * size["R"] * size["S"] / BUS_WORDS)
    return load, rows * channels * size["S"], run, ceil(filters * e / BUS_WORDS) + size["R"] + PE_STAGES


def _blocks(extent: int, length: int) -> list[tuple[int, int]]:
    """(length, number of such blocks): full ones, and a smaller last one."""
    full, last = divmod(extent, length)
    return [(block, number) for block, number in ((length, full), (last, 1)) if block and number]
