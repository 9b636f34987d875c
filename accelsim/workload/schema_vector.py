"""The entries of a workload file that have no MACs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from accelsim.workload.layer import Layer
from accelsim.workload.schema_entry import Derived, Entry, Extent, PairField, SpansField
from accelsim.workload.vector_layers import (
    UNARY,
    CellFunction,
    Concatenation,
    ElementFunction,
    Elementwise,
    Embedding,
    Normalisation,
    NormalisationFunction,
    RecurrentCell,
    ResizeFunction,
    Softmax,
    Upsampling,
)


class ElementwiseEntry(Entry):
    """A function of the elements at one place of one or more tensors of C x H x W.

    ``operands`` defaults to the number of layers in ``from``."""

    type: Literal["elementwise"]
    function: ElementFunction = "add"
    operands: Derived = 2
    N: Extent = 1
    C: Extent
    H: Extent = 1
    W: Derived = 1
    spans: Annotated[SpansField, Field(default=())]

    def layer(self) -> Layer:
        several = {"operands": len(self.inputs)} if self.function not in UNARY and len(self.inputs) > 1 else {}
        return Elementwise(**{**several, **self.letters()})


class NormalisationEntry(Entry):
    """Normalisation of C x H x W elements; ``size`` is the neighbourhood of a local one."""

    type: Literal["norm"]
    function: NormalisationFunction = "layer"
    N: Extent = 1
    C: Extent
    H: Extent = 1
    W: Derived = 1
    size: Extent = 5

    def layer(self) -> Layer:
        return Normalisation(**self.letters())


class SoftmaxEntry(Entry):
    """Softmax over C of C x H x W elements."""

    type: Literal["softmax"]
    N: Extent = 1
    C: Extent
    H: Extent = 1
    W: Derived = 1

    def layer(self) -> Layer:
        return Softmax(**self.letters())


class EmbeddingEntry(Entry):
    """Rows of a table of ``vocabulary`` x C, one for each of T tokens."""

    type: Literal["embedding"]
    vocabulary: Extent
    N: Extent = 1
    T: Extent = 1
    C: Extent

    def layer(self) -> Layer:
        return Embedding(**self.letters())


class ConcatenationEntry(Entry):
    """Tensors copied behind one another by channel; C lists their channels."""

    type: Literal["concat"]
    N: Extent = 1
    C: Annotated[list[Extent], Field(min_length=2)]
    H: Extent = 1
    W: Derived = 1

    def layer(self) -> Layer:
        return Concatenation(**{**self.letters(), "C": tuple(self.C)})


class UpsamplingEntry(Entry):
    """A plane of C x H x W made U times as high and wide."""

    type: Literal["upsample"]
    function: ResizeFunction = "nearest"
    N: Extent = 1
    C: Extent
    H: Extent = 1
    W: Derived = 1
    U: PairField = 2

    def layer(self) -> Layer:
        return Upsampling(**self.letters())


class RecurrentCellEntry(Entry):
    """One step of a recurrent layer's gates, after its matrix products."""

    type: Literal["cell"]
    function: CellFunction = "lstm"
    N: Extent = 1
    C: Extent

    def layer(self) -> Layer:
        return RecurrentCell(**self.letters())
