"""How a row-stationary array takes a convolution: sets of PEs, what they interleave, and the passes it needs.

    a set       R rows x e columns of PEs make e output rows of one filter (Chen et al., ISCA 2016, section V)
    stacked     sets above each other take different channels; their sums run through
    beside      sets beside each other take different filters
    q, p        channels and filters that one PE interleaves, as many as its scratchpads hold rows of
    a pass      all PEs, once through F output columns

The array is filled greedily: as many output rows as there are columns, then sets, then channels, then filters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from accelsim.architecture.systolic import SystolicArray
from accelsim.errors import InputError
from accelsim.workload.operation import Operation


@dataclass(frozen=True)
class Pass:
    """One pass: image, group, then first index and length of its filters, output rows and channels."""

    image: int
    group: int
    filter0: int
    filters: int
    row0: int
    rows: int
    channel0: int
    channels: int


@dataclass(frozen=True)
class RowSets:
    """``extents`` in the letters of the operation; ``stride`` and ``padding`` are (vertical, horizontal)."""

    operation: Operation
    strip: int
    stacked: int
    beside: int
    channels_held: int
    filters_held: int
    stride: tuple[int, int]
    padding: tuple[int, int]

    @cached_property
    def extents(self) -> dict[str, int]:
        return self.operation.extents

    @property
    def filters_per_pass(self) -> int:
        return self.filters_held * self.beside

    @property
    def channels_per_pass(self) -> int:
        return self.channels_held * self.stacked

    def passes(self) -> Iterator[Pass]:
        """In order: image, group, filters, output rows, channels; sums of one block of outputs stay until complete."""
        size = self.extents
        for image in range(size["N"]):
            for group in range(size["G"]):
                for filters in _blocks(size["M"], self.filters_per_pass):
                    for rows in _blocks(size["E"], self.strip):
                        for channels in _blocks(size["C"], self.channels_per_pass):
                            yield Pass(image, group, *filters, *rows, *channels)


def _blocks(extent: int, length: int) -> list[tuple[int, int]]:
    return [(start, min(length, extent - start)) for start in range(0, extent, length)]


def row_sets(operation: Operation, array: SystolicArray) -> RowSets:
    """The sets that fill the array.

    Raises InputError for anything but a convolution without dilation, for filters with more rows than the array has,
    and for filter rows that a scratchpad does not hold.
    """
    size, name = operation.extents, operation.name
    if operation.kind != "mac" or tuple(operation.dims) != ("N", "G", "M", "C", "E", "F", "R", "S"):
        raise InputError(f"{name}: a row-stationary array takes convolutions and their kin, not this operation")
    strides, padding = [], []
    for rank in operation.tensors[0].ranks[3:]:
        slide = {term.dim: term.stride for term in rank.terms}
        taps = [dim for dim in ("R", "S") if dim in slide]
        if any(slide[dim] != 1 and size[dim] > 1 for dim in taps):
            raise InputError(f"{name}: a row-stationary array takes filters with dilation 1, not {slide[taps[0]]}")
        strides += [step for dim, step in slide.items() if dim in ("E", "F")] or [1]
        padding.append(-rank.offset)
    if size["R"] > array.rows:
        raise InputError(f"{name}: filters must have at most {array.rows} rows, those of the array, not {size['R']}")
    for what, held in (("inputs", array.inputs_held), ("weights", array.weights_held)):
        if held is not None and held < size["S"]:
            raise InputError(f"{name}: a PE must hold a filter row of {size['S']} {what}, but holds {held} words")
    strip = min(size["E"], array.columns)
    q = min(size["C"], (array.inputs_held or size["S"]) // size["S"])
    if array.weights_held is not None:
        q = min(q, array.weights_held // size["S"])
    beside = min(array.columns // strip, size["M"])
    stacked = min(array.rows // size["R"], -(-size["C"] // q))
    p = min(-(-size["M"] // beside), max(1, (array.weights_held or 1) // (q * size["S"])))
    return RowSets(
        operation, strip, stacked, beside, q, p, (strides[0], strides[1]), (padding[0], padding[1])
    )  # fmt: skip
