"""What a machine's YAML file may say, as pydantic models; imported only when a file is read.

Units are read here, so that a wrong one is an error on its own line; words need the width of a word and the clock,
and are worked out in ``files``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, PlainValidator, Tag, WithJsonSchema

from accelsim.architecture.spec import Keep, Network
from accelsim.architecture.systolic import ArrayDataflow
from accelsim.errors import InputError
from accelsim.units import Amount, Quantity, amount, came

RESERVED = ("MAC", "for")
UNBOUNDED = "unbounded"


def _unit(quantity: Quantity, example: str) -> tuple[PlainValidator, WithJsonSchema]:
    def read(value: object) -> Amount:
        try:
            return amount(value, quantity, "")
        except InputError as error:
            raise ValueError(str(error)) from None

    return PlainValidator(read), WithJsonSchema({"type": "string", "examples": [example], "title": quantity})


Size = Annotated[Amount, *_unit("size", "16 b")]
Capacity = Annotated[Amount, *_unit("capacity", "108 KiB")]
Frequency = Annotated[Amount, *_unit("frequency", "200 MHz")]
Energy = Annotated[Amount, *_unit("energy", "2 pJ")]
Area = Annotated[Amount, *_unit("area", "0.5 mm2")]
Bandwidth = Annotated[Amount, *_unit("bandwidth", "4 words/cycle")]
Latency = Annotated[Amount, *_unit("latency", "20 cycles")]
TensorName = Literal["inputs", "weights", "outputs", "*"]


def _name(value: object) -> object:
    if isinstance(value, str) and not (value.isascii() and value.replace("_", "a").isalnum() and value[:1].isalpha()):
        raise ValueError(f"must be a name of letters, digits and _ that starts with a letter, not '{value}'")
    if value in RESERVED:
        raise ValueError(f"must not be '{value}', which has a meaning in a loop nest")
    return value


Name = Annotated[str, BeforeValidator(_name)]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceFields(_Fields):
    """Where a number comes from, when it needs to be said that nobody has looked it up."""

    text: str = Field(description="citation")
    unverified: bool = Field(False, description="true when the number rests on memory or assumption alone")


def _source(value: object) -> object:
    """A citation alone is the short form."""
    if isinstance(value, str):
        return {"text": value}
    if not isinstance(value, dict):
        raise ValueError(f"must be a citation, not {came(value)}")
    return value


Sources = dict[str, Annotated[SourceFields, BeforeValidator(_source, json_schema_input_type=str | SourceFields)]]


class EqualArea(_Fields):
    """The reference machine whose storage area this one has: a register file per PE and a buffer's share per PE."""

    register_: Size = Field(alias="register", description="register file of each PE of the reference")
    buffer_per_pe: Size = Field(description="buffer of the reference, per PE")


class EqualAreaCapacity(_Fields):
    """A capacity that follows from the area that the levels inside leave (ISCA 2016, Fig. 7)."""

    equal_area: EqualArea


def _capacity_kind(value: Any) -> str:
    if isinstance(value, dict):
        return "<rule>"
    return "<unbounded>" if value == UNBOUNDED else "<amount>"


AnyCapacity = Annotated[
    Annotated[Capacity, Tag("<amount>")]
    | Annotated[Literal["unbounded"], Tag("<unbounded>")]
    | Annotated[EqualAreaCapacity, Tag("<rule>")],
    Discriminator(_capacity_kind),
]


class LevelFields(_Fields):
    """A memory, instantiated once per position of the fan-outs that stand before it."""

    level: Name = Field(description="name of the level")
    capacity: AnyCapacity | None = Field(None, description="per instance, shared by all tensors without a partition")
    partitions: dict[TensorName, Capacity] = Field({}, description="private capacity of single tensors")
    keeps: dict[TensorName, Keep] | None = Field(None, description="whether a tensor must, may or may not stay here")
    buffers: int = Field(1, ge=1, description="copies of every tile that must fit; 2 is double buffering")
    word: Size | None = Field(None, description="width of a word, when it is not the machine's")
    read_bandwidth: Bandwidth | None = Field(None, description="per instance; unbounded when left out")
    write_bandwidth: Bandwidth | None = Field(None, description="per instance; unbounded when left out")
    shared_port: bool = Field(False, description="reads and writes compete for read_bandwidth")
    latency: Latency | None = Field(None, description="until the first word of a tile arrives; none when left out")
    read_energy: Energy = Field(description="per word")
    write_energy: Energy = Field(description="per word")
    area: Area | None = Field(None, description="per instance")
    nested: bool = Field(False, description="storage nodes of sibling levels follow the order of this file")
    packed: bool = Field(True, description="elements narrower than a word share one; false: each takes whole words")
    sources: Sources = Field({}, description="field -> citation; '*' for all others")


class AxisFields(_Fields):
    """One direction of an array."""

    axis: Name = Field(description="name of the axis")
    size: int = Field(ge=1, le=2**31 - 1, description="positions along it")
    networks: dict[TensorName, Network] = Field({}, description="how each tensor travels; unicast when left out")
    irrelevant_to: Literal["inputs", "weights", "outputs"] | None = Field(
        None, description="only dims that do not index this tensor may be spread here"
    )
    dims: tuple[str, ...] | None = Field(None, description="only these dims may be spread here")


class FanoutFields(_Fields):
    """Everything after it is instantiated once per position of its axes."""

    fanout: Name = Field(description="name of the fan-out")
    axes: tuple[AxisFields, ...]
    hop_energy: dict[TensorName, Energy] = Field({}, description="per word delivered over this network")
    word: Size | None = Field(None, description="width of that word, when it is not the machine's")
    sources: Sources = Field({}, description="field -> citation; '*' for all others")


class ComputeFields(_Fields):
    """The MAC unit at every innermost position."""

    compute: Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9_]*$")] = Field(description="name of the unit")
    energy: Energy = Field(description="per multiply-accumulate")
    gate_padding: bool = Field(False, description="multiply-accumulates on padding cost nothing")
    area: Area | None = Field(None, description="per unit")
    sources: Sources = Field({}, description="field -> citation; '*' for all others")


def _element_kind(value: Any) -> str | None:
    kinds = [kind for kind in ("level", "fanout", "compute") if isinstance(value, dict) and kind in value]
    return f"<{kinds[0]}>" if len(kinds) == 1 else None


Element = Annotated[
    Annotated[LevelFields, Tag("<level>")]
    | Annotated[FanoutFields, Tag("<fanout>")]
    | Annotated[ComputeFields, Tag("<compute>")],
    Discriminator(
        _element_kind,
        custom_error_type="element",
        custom_error_message="must be a map with one of the fields 'level', 'fanout' and 'compute'",
    ),
]


class SystolicFields(_Fields):
    """The array as one whose PEs pass words on, for time in cycles (``accelsim time --depth cycle``).

    Where the file lists no elements, ``buffer`` and ``dram_bandwidth`` complete a machine of this kind.
    """

    rows: int = Field(ge=1, le=2**22, description="PEs in a column")
    cols: int = Field(ge=1, le=2**22, description="PEs in a row")
    dataflow: ArrayDataflow = Field(description="what stays in a PE: ws, is, os, or filter rows in rs")
    double_buffered: bool = Field(False, description="the next tile's operands come in, or sums go out, meanwhile")
    inputs_held: int | None = Field(None, ge=1, description="words of inputs that a PE of rs holds")
    weights_held: int | None = Field(None, ge=1, description="words of weights that a PE of rs holds")
    prefetch: Capacity | None = Field(None, description="room beside the array for what stays, until its tile begins")
    buffer: Capacity | None = Field(None, description="the level between array and DRAM, where no elements are listed")
    dram_bandwidth: Bandwidth | None = Field(None, description="of the DRAM, where no elements are listed")


class ArchitectureFields(_Fields):
    """A machine: its elements outermost first, and what holds for all of it."""

    name: str = Field(min_length=1)
    extends: str | None = Field(None, description="machine, by name or path, that this one changes")
    description: str = ""
    technology: str = ""
    clock: Frequency
    dataflow: str | None = Field(None, description="the dataflow it is built for")
    word: Size = Field(description="width of a word, unless a level has its own")
    vector_energy: Energy | None = Field(None, description="per operation without a MAC, such as pooling")
    other_area: Area | None = Field(None, description="area that belongs to no element")
    sources: Sources = Field({}, description="field -> citation; '*' for all others")
    systolic: SystolicFields | None = Field(None, description="the array, cycle by cycle")
    elements: tuple[Element, ...]
