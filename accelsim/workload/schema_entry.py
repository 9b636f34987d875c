"""What every entry of a workload file may say, and the kinds of its fields; checked by pydantic."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from accelsim.errors import nearest
from accelsim.units import came
from accelsim.workload.layer import Layer
from accelsim.workload.network import NetworkLayer
from accelsim.workload.precision import MACHINE_WORD, WIDEST, Bits, Precision
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


def _spans(value: Any) -> Any:
    if isinstance(value, list | tuple) and all(isinstance(span, str) for span in value):
        return tuple(value)
    raise ValueError(f"must be a list of letters per operand, such as [NCHW, NC], not {came(value)}")


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
SpansField = Annotated[Any, BeforeValidator(_spans), WithJsonSchema({"type": "array", "items": {"type": "string"}})]
NamesField = Annotated[Any, BeforeValidator(_names), WithJsonSchema(_NAMES_SCHEMA)]


Width = Annotated[int, Field(ge=1, le=WIDEST)]


class BitsEntry(BaseModel):
    """Widths of one layer's tensors in bits; what is left out has the machine's word."""

    model_config = ConfigDict(extra="forbid", strict=True)

    inputs: Width | None = None
    weights: Width | None = None
    outputs: Width | None = None


class PrecisionEntry(BaseModel):
    """Widths of a network's tensors in bits; ``accumulation`` is that of sums in layers with MACs."""

    model_config = ConfigDict(extra="forbid", strict=True)

    activations: Width | None = None
    weights: Width | None = None
    accumulation: Width | None = None

    def precision(self) -> Precision:
        return Precision(self.activations, self.weights, self.accumulation)


class Entry(BaseModel):
    """A layer of a file. ``from`` names the layers that feed it (default: the one before); ``weights_of`` an earlier
    layer whose weights it uses too; ``steps``: how often it runs with the same weights."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Word
    repeat: Extent = 1
    inputs: Annotated[NamesField, Field(alias="from")] = ()
    steps: Extent = 1
    weights_of: str = ""
    bits: BitsEntry | None = None

    def letters(self) -> dict[str, Any]:
        """The fields that the file gives, by the names of the layer's dataclass."""
        own = self.model_fields_set - {"type", "repeat", "inputs", "steps", "weights_of", "bits"}
        return {name: getattr(self, name) for name in own} | ({"bits": self.widths()} if self.bits else {})

    def widths(self) -> Bits:
        """The widths that the file gives."""
        return Bits(self.bits.inputs, self.bits.weights, self.bits.outputs) if self.bits else MACHINE_WORD

    def network_layers(self) -> tuple[NetworkLayer, ...]:
        """The layer in its network; several where one entry stands for several layers."""
        return (NetworkLayer(self.layer(), self.repeat, self.inputs, self.steps, self.weights_of),)

    def layer(self) -> Layer:
        """The checked layer; raises InputError when its letters do not fit each other."""
        raise NotImplementedError
