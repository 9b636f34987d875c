"""The fields of a workload file, checked by pydantic; imported only when a file is read or its schema asked for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from accelsim.errors import nearest
from accelsim.units import came
from accelsim.workload.layer import (
    UNARY,
    Convolution,
    ElementFunction,
    Elementwise,
    FullyConnected,
    Layer,
    MatrixProduct,
    PoolFunction,
    Pooling,
    SecondOperand,
    TransposedConvolution,
)
from accelsim.workload.window import Padding

SIDES = ("top", "bottom", "left", "right")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _pair(value: Any) -> Any:
    if _is_whole(value):
        return value
    if isinstance(value, list | tuple) and len(value) == 2 and all(_is_whole(v) for v in value):
        return tuple(value)
    raise ValueError(f"must be a whole number or [vertical, horizontal], not {came(value)}")


def _padding(value: Any) -> Any:
    if isinstance(value, dict):
        for side, number in value.items():
            if side not in SIDES:
                raise ValueError(f"must have the sides {', '.join(SIDES)}, not '{side}'{nearest(side, SIDES)}")
            if not _is_whole(number):
                raise ValueError(f"must be a whole number on each side, not {came(number)}")
        return Padding(**value)
    try:
        return _pair(value)
    except ValueError:
        raise ValueError(
            f"must be a whole number, [vertical, horizontal] or {{top: , bottom: , left: , right: }}, not {came(value)}"
        ) from None


def _word(value: str) -> str:
    if not value.strip():
        raise ValueError(f"must be a word, not {came(value)}")
    return value


def _names(value: Any) -> Any:
    names = [value] if isinstance(value, str) else value
    if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
        return tuple(names)
    raise ValueError(f"must be a layer's name or a list of them, not {came(value)}")


def _pair_schema(least: int) -> dict[str, Any]:
    number = {"type": "integer", "minimum": least}
    return {"anyOf": [number, {"type": "array", "items": number, "minItems": 2, "maxItems": 2}]}


_SIDES_SCHEMA = {
    "type": "object",
    "properties": {side: {"type": "integer", "minimum": 0} for side in SIDES},
    "additionalProperties": False,
}
_NAMES_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


Word = Annotated[str, AfterValidator(_word)]
Extent = Annotated[int, Field(ge=1)]
Derived = Annotated[int, Field(ge=1, json_schema_extra=_without_default)]
"""An extent that follows from others when the file leaves it out; its default here is never used."""
PairField = Annotated[Any, BeforeValidator(_pair), WithJsonSchema(_pair_schema(1))]
ExtraField = Annotated[Any, BeforeValidator(_pair), WithJsonSchema(_pair_schema(0))]
PaddingField = Annotated[
    Any, BeforeValidator(_padding), WithJsonSchema({"anyOf": [*_pair_schema(0)["anyOf"], _SIDES_SCHEMA]})
]
NamesField = Annotated[Any, BeforeValidator(_names), WithJsonSchema(_NAMES_SCHEMA)]


class Entry(BaseModel):
    """A layer of a file. ``from`` names the layers that feed it (default: the one before)."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Word
    repeat: Extent = 1
    inputs: Annotated[NamesField, Field(alias="from")] = ()

    def letters(self) -> dict[str, Any]:
        """The fields that the file gives, by the names of the layer's dataclass."""
        return {name: getattr(self, name) for name in self.model_fields_set - {"type", "repeat", "inputs"}}

    def layer(self) -> Layer:
        """The checked layer; raises InputError when its letters do not fit each other."""
        raise NotImplementedError


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

    def layer(self) -> Layer:
        several = {"operands": len(self.inputs)} if self.function not in UNARY and len(self.inputs) > 1 else {}
        return Elementwise(**{**several, **self.letters()})


AnyEntry = Annotated[
    ConvolutionEntry
    | DepthwiseEntry
    | TransposedConvolutionEntry
    | FullyConnectedEntry
    | MatrixProductEntry
    | PoolingEntry
    | ElementwiseEntry,
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
}
"""The value of ``type`` in a file -> what it may say."""


class NetworkFile(BaseModel):
    """A workload file: layers in order, and where their shapes come from."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Word | None = None
    source: str = ""
    layers: Annotated[list[AnyEntry], Field(min_length=1)]
