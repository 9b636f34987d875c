"""Machines as YAML files: read, written, and described to editors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from accelsim.architecture.extends import extended
from accelsim.architecture.family import generated
from accelsim.architecture.spec import Architecture, Axis, Compute, Fanout, Level, Source
from accelsim.architecture.systolic import SystolicArray
from accelsim.files import Document, dump_yaml, locate, parse_yaml, read_yaml, validate

_KINDS = {"LevelFields": "level", "FanoutFields": "fanout", "AxisFields": "axis", "ComputeFields": "compute"}


def load_architecture(name_or_path: str) -> Architecture:
    """The machine of a shipped name ('eyeriss') or of a file ('mine.yaml'); raises InputError."""
    path = locate("architectures", name_or_path)
    return read_architecture(read_yaml(path), path.parent)


def parse_architecture(text: str, name: str) -> Architecture:
    """The machine that a text describes; ``name`` stands for the file in messages. Raises InputError."""
    return read_architecture(parse_yaml(text, name), Path())


def read_architecture(document: Document, folder: Path) -> Architecture:
    """The machine of a document; a path in its ``extends`` is relative to ``folder``. Raises InputError."""
    from accelsim.architecture.build import built
    from accelsim.architecture.schema import ArchitectureFields

    document = generated(extended(document, folder))
    return built(validate(ArchitectureFields, document), document)


def architecture_json_schema() -> dict[str, Any]:
    """The JSON schema of a machine's file, for editors.

    Nothing but names is required in it, because a file that extends another may leave out anything else.
    """
    from accelsim.architecture.schema import ArchitectureFields

    schema = ArchitectureFields.model_json_schema()
    schema["required"] = ["name"]
    for fields, needed in _KINDS.items():
        schema["$defs"][fields]["required"] = [needed]
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema


def dump_architecture(arch: Architecture) -> str:
    """The machine as YAML that reads back equal; computed capacities are written as the words they came to."""
    unit, bits = arch.energy_unit, _common_bits(arch)
    fields: dict[str, Any] = {
        "name": arch.name,
        "description": arch.description or None,
        "technology": arch.technology or None,
        "clock": f"{_number(arch.clock_mhz)} MHz",
        "dataflow": arch.dataflow,
        "word": f"{bits} b",
        "vector_energy": f"{_number(arch.vector_energy)} {unit}" if arch.vector_energy else None,
        "other_area": _area(arch.other_area_um2),
        "systolic": None if arch.systolic is None else _systolic(arch.systolic),
        "sources": _sources(arch.sources),
        "elements": [
            *(_level(e, unit, bits) if isinstance(e, Level) else _fanout(e, unit, bits) for e in arch.elements),
            _compute(arch.compute, unit),
        ],
    }
    return dump_yaml(_stated(fields))


def _systolic(array: SystolicArray) -> dict[str, Any]:
    return _stated(
        {
            "rows": array.rows,
            "cols": array.columns,
            "dataflow": array.dataflow,
            "double_buffered": array.double_buffered or None,
            "inputs_held": array.inputs_held,
            "weights_held": array.weights_held,
            "prefetch": None if array.prefetch_words is None else _words(array.prefetch_words),
        }
    )


def _level(level: Level, unit: str, bits: int) -> dict[str, Any]:
    return _stated(
        {
            "level": level.name,
            "capacity": "unbounded" if level.capacity_words is None else _words(level.capacity_words),
            "partitions": {tensor: _words(words) for tensor, words in level.tensor_capacity_words},
            "keeps": dict(level.keeps),
            "buffers": level.buffers if level.buffers != 1 else None,
            "word": f"{level.word_bits} b" if level.word_bits != bits else None,
            "read_bandwidth": _rate(level.read_bandwidth),
            "write_bandwidth": _rate(level.write_bandwidth),
            "shared_port": level.shared_port or None,
            "latency": f"{level.latency_cycles} cycles" if level.latency_cycles else None,
            "read_energy": f"{_number(level.read_energy)} {unit}",
            "write_energy": f"{_number(level.write_energy)} {unit}",
            "area": _area(level.area_um2),
            "nested": level.nested or None,
            "packed": None if level.packed else False,
            "sources": _sources(level.sources),
        }
    )


def _fanout(fanout: Fanout, unit: str, bits: int) -> dict[str, Any]:
    return _stated(
        {
            "fanout": fanout.name,
            "axes": [_axis(axis) for axis in fanout.axes],
            "hop_energy": {tensor: f"{_number(energy)} {unit}" for tensor, energy in fanout.hop_energy},
            "word": f"{fanout.word_bits} b" if fanout.word_bits != bits else None,
            "sources": _sources(fanout.sources),
        }
    )


def _axis(axis: Axis) -> dict[str, Any]:
    return _stated(
        {
            "axis": axis.name,
            "size": axis.size,
            "networks": dict(axis.networks),
            "irrelevant_to": axis.irrelevant_to,
            "dims": None if axis.dims is None else list(axis.dims),
        }
    )


def _compute(compute: Compute, unit: str) -> dict[str, Any]:
    return _stated(
        {
            "compute": compute.name,
            "energy": f"{_number(compute.mac_energy)} {unit}",
            "gate_padding": compute.gate_padding or None,
            "area": _area(compute.area_um2),
            "sources": _sources(compute.sources),
        }
    )


def _stated(fields: dict[str, Any]) -> dict[str, Any]:
    """Without what is left to its default; an empty list of dims is no default."""
    return {field: value for field, value in fields.items() if value is not None and value != {}}


def _common_bits(arch: Architecture) -> int:
    return arch.levels[0].word_bits


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _words(words: int) -> str:
    return f"{words} words"


def _rate(words_per_cycle: float | None) -> str | None:
    return None if words_per_cycle is None else f"{_number(words_per_cycle)} words/cycle"


def _area(area_um2: float | None) -> str | None:
    return None if area_um2 is None else f"{_number(area_um2)} um2"


def _sources(sources: tuple[Source, ...]) -> dict[str, Any]:
    return {s.field: s.text if s.verified else {"text": s.text, "unverified": True} for s in sources}
