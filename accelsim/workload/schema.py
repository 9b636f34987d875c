"""The fields of a workload file, checked by pydantic; imported only when a file is read or its schema asked for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from accelsim.errors import InputError
from accelsim.workload.layer import (
    Convolution,
    FullyConnected,
    Layer,
    MatrixProduct,
    PoolFunction,
    Pooling,
    SecondOperand,
    TransposedConvolution,
)
from accelsim.workload.network import NetworkLayer
from accelsim.workload.recurrent import recurrent_layers
from accelsim.workload.schema_entry import (
    Derived,
    Entry,
    Extent,
    ExtraField,
    PaddingField,
    PairField,
    PrecisionEntry,
    Word,
)
from accelsim.workload.schema_vector import (
    ConcatenationEntry,
    ElementwiseEntry,
    EmbeddingEntry,
    NormalisationEntry,
    RecurrentCellEntry,
    SoftmaxEntry,
    UpsamplingEntry,
)


class _SlidingEntry(Entry):
    N: Extent = 1
    C: Extent
    H: Derived = 1
    W: Derived = 1
    R: Extent
    S: Derived = 1
    E: Derived = 1
    F: Derived = 1
    U: PairField = 1
    padding: PaddingField = 0
    dilation: PairField = 1


class ConvolutionEntry(_SlidingEntry):
    """A convolution, by the letters of the survey's Table I."""

    type: Literal["conv"]
    G: Extent = 1
    M: Extent

    def layer(self) -> Layer:
        return Convolution(**self.letters())


class DepthwiseEntry(_SlidingEntry):
    """A convolution with filters of its own for each channel: G = C; M defaults to C."""

    type: Literal["depthwise"]
    M: Derived = 1

    def layer(self) -> Layer:
        return Convolution(**{"M": self.C, "G": self.C, **self.letters()})


class TransposedConvolutionEntry(_SlidingEntry):
    """A transposed convolution; padding crops its output."""

    type: Literal["transposed_conv"]
    G: Extent = 1
    M: Extent
    output_padding: ExtraField = 0

    def layer(self) -> Layer:
        return TransposedConvolution(**self.letters())


class FullyConnectedEntry(Entry):
    """A fully connected layer of C inputs, or of C x H x W; R, S, E, F may be stated as in Table I."""

    type: Literal["fc"]
    N: Extent = 1
    M: Extent
    C: Extent
    H: Derived = 1
    W: Derived = 1
    R: Extent = 1
    S: Derived = 1
    E: Extent = 1
    F: Extent = 1

    def layer(self) -> Layer:
        return FullyConnected(**self.letters())


class MatrixProductEntry(Entry):
    """B products of M x K by K x N."""

    type: Literal["matmul"]
    B: Extent = 1
    M: Extent
    K: Extent
    N: Extent
    second: SecondOperand = "weights"
    samples: Extent = 1

    def layer(self) -> Layer:
        return MatrixProduct(**self.letters())


class PoolingEntry(_SlidingEntry):
    """Max or average pooling."""

    type: Literal["pool"]
    function: PoolFunction = "max"

    def layer(self) -> Layer:
        return Pooling(**self.letters())


class RecurrentEntry(Entry):
    """A recurrent layer of M hidden units over T steps of C inputs: two matrix products and a cell."""

    type: Literal["lstm", "gru", "rnn"]
    N: Extent = 1
    T: Extent = 1
    C: Extent
    M: Extent

    def network_layers(self) -> tuple[NetworkLayer, ...]:
        if self.steps != 1 or self.weights_of:
            raise InputError(f"{self.name}: a recurrent layer must state its steps as T, and no weights_of")
        return recurrent_layers(
            self.name, self.type, C=self.C, M=self.M, T=self.T, N=self.N, repeat=self.repeat, inputs=self.inputs,
            bits=self.widths(),
        )  # fmt: skip

    def layer(self) -> Layer:
        raise InputError(f"{self.name}: a file of a single layer must not hold a recurrent one, which is three layers")


AnyEntry = Annotated[
    ConvolutionEntry
    | DepthwiseEntry
    | TransposedConvolutionEntry
    | FullyConnectedEntry
    | MatrixProductEntry
    | PoolingEntry
    | ElementwiseEntry
    | NormalisationEntry
    | SoftmaxEntry
    | EmbeddingEntry
    | ConcatenationEntry
    | UpsamplingEntry
    | RecurrentCellEntry
    | RecurrentEntry,
    Field(discriminator="type"),
]
ENTRIES: dict[str, type[Entry]] = {
    "conv": ConvolutionEntry,
    "depthwise": DepthwiseEntry,
    "transposed_conv": TransposedConvolutionEntry,
    "fc": FullyConnectedEntry,
    "matmul": MatrixProductEntry,
    "pool": PoolingEntry,
    "elementwise": ElementwiseEntry,
    "norm": NormalisationEntry,
    "softmax": SoftmaxEntry,
    "embedding": EmbeddingEntry,
    "concat": ConcatenationEntry,
    "upsample": UpsamplingEntry,
    "cell": RecurrentCellEntry,
    "lstm": RecurrentEntry,
    "gru": RecurrentEntry,
    "rnn": RecurrentEntry,
}
"""The value of ``type`` in a file -> what it may say."""


class NetworkFile(BaseModel):
    """A workload file: layers in order, and where their shapes come from."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Word | None = None
    source: str = ""
    bits: PrecisionEntry | None = None
    layers: Annotated[list[AnyEntry], Field(min_length=1)]


class FamilyFile(BaseModel):
    """A workload file that names a family and its parameters, from which the layers are generated."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Word | None = None
    source: str = ""
    bits: PrecisionEntry | None = None
    family: Word
    parameters: dict[str, int | str | bool | list[int]] = Field(default_factory=dict)
