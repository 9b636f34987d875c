"""What an array does to one layer, exactly: the cycles it takes and the words that pass its edges."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ArrayCounts:
    """``cycles`` from the first word that enters until the last output has left.

    macs          multiply-accumulates, all points of the iteration space
    inputs, weights  words that enter at the edges of the array; where inputs are laid out as a matrix (ws, is, os)
                  the zeros of a padding are among them
    outputs       words that leave: finished sums, or partial sums of one tile
    partial_sums  words read back to be added to, where a sum is made in several tiles
    """

    cycles: int
    macs: int
    inputs: int
    weights: int
    outputs: int
    partial_sums: int
