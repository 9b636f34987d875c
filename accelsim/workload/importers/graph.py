"""The neutral graph between a framework's file and our layers: tensors with shapes, nodes with canonical operators.

A reader (ONNX, PyTorch) says what each node *is* in these operators and with which extents; what becomes a layer, what
is fused and what is skipped is decided once, in ``accelsim.workload.importers.lower``.  So the same model comes out the
same, whichever way it came.

    conv          stride, padding ((before, after) per axis), dilation, groups, transposed, output_padding
                  inputs x [N, C, plane], weights [M, C/G, plane] ([C, M/G, plane] transposed)
    linear        inputs x [..., K], weights; ``out_first`` says whether they are [N, K] or [K, N]
    matmul        inputs a [..., M, K], b [..., K, N]
    attention     inputs q [..., T, D], k [..., L, D], v [..., L, D]
    pool          kernel, stride, padding, dilation, function
    reduce        axes, function (max or avg)
    elementwise   function
    norm          function, axes (normalised; of a batch normalisation none), size
    softmax       axes
    embedding     inputs table, indices
    concat        axis
    upsample      factors (vertical, horizontal), function
    recurrent     function, hidden, steps, batch, width: one direction of one layer
    view          the words of the first input under another shape or order; ``why`` says so
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Canonical = Literal[
    "conv", "linear", "matmul", "attention", "pool", "reduce", "elementwise", "norm", "softmax", "embedding", "concat",
    "upsample", "recurrent", "view",
]  # fmt: skip
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Value:
    """A tensor: its shape, the width that the model stores it in, and whether it is trained or constant.

    ``bits`` None: 32-bit floating point, which says nothing of the width on a machine.
    """

    name: str
    shape: Shape
    bits: int | None = None
    constant: bool = False

    @property
    def words(self) -> int:
        words = 1
        for extent in self.shape:
            words *= extent
        return words


@dataclass(frozen=True)
class Node:
    """An operator on tensors; ``kind`` is what the framework calls it, ``attributes`` belong to the canonical one."""

    name: str
    kind: str
    op: Canonical
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """The node in a sentence."""
        return f"node '{self.name}' ({self.kind})"


@dataclass(frozen=True)
class Graph:
    """Nodes in the order in which they run, every tensor by name, and what goes in and out."""

    name: str
    nodes: tuple[Node, ...]
    values: Mapping[str, Value]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    source: str = ""
    file: str = ""

    @property
    def label(self) -> str:
        """What messages call it: the file, or the name of what was built in a program."""
        return self.file or self.name
