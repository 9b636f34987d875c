"""Timeloop architectures (native ``arch`` grammar, and the plain part of v4) as machines.

    arch:
      storage:                         innermost first; instances fall outwards, which makes the fan-outs
      - {name: RF, instances: 16, meshX: 4, word_bits: 16, entries: 256}
      - {name: DRAM, instances: 1, word_bits: 16, technology: DRAM}
      arithmetic: {name: MAC, instances: 16, meshX: 4}

    architecture: {version: 0.4, nodes: [{name, class, attributes: {...}, spatial: {meshX, meshY}}, ...]}

Nodes of v4 are listed outermost first.

The file says nothing of energies and areas (Timeloop's come from its own tables): they are 0 here, and the machine says
so.
"""

from __future__ import annotations

from typing import Any

from accelsim.architecture.spec import Architecture, Axis, Compute, Fanout, Level
from accelsim.errors import InputError
from accelsim.files import Document
from accelsim.files.document import Key
from accelsim.units import came

STORAGE = {
    "name", "class", "instances", "meshX", "meshY", "word_bits", "word-bits", "datawidth", "entries", "sizeKB", "depth",
    "width", "technology", "block_size", "block-size", "cluster_size", "read_bandwidth", "write_bandwidth",
    "shared_bandwidth",
}  # fmt: skip
"""Fields of a level that are read, or that say nothing about counts."""
NODE = {"name", "class", "attributes", "spatial"}


CLOCK_MHZ = 1000.0
LACKING = (
    "read from a Timeloop file, which has no energies and areas (0 here) and no clock (1 GHz here, so 1 ns a cycle)"
)


def read_architecture(document: Document, output: str = "outputs") -> tuple[Architecture, tuple[str, ...]]:
    """The machine of a Timeloop file, and the parts of the file that were not understood.

    ``output`` is the tensor that networks reduce.  Raises InputError, with the line, for whatever is wrong."""
    top = document.value if isinstance(document.value, dict) else {}
    if "arch" in top:
        rows, unknown = _native(document, top["arch"])
    elif "architecture" in top:
        rows, unknown = _nodes(document, top["architecture"])
    else:
        raise document.error((), "a Timeloop architecture must have 'arch' or 'architecture' at the top")
    elements: list[Level | Fanout] = []
    for outer, (key, fields) in enumerate(rows):
        if outer:
            fanout = _fanout(document, key, rows[outer - 1][1], fields, output)
            elements += [fanout] if fanout else []
        if outer < len(rows) - 1:
            elements.append(_level(document, key, fields))
    compute = Compute(str(rows[-1][1].get("name", "MAC")))
    return Architecture("timeloop", tuple(elements), compute, CLOCK_MHZ, description=LACKING), unknown


def _native(document: Document, arch: Any) -> tuple[list[tuple[Key, dict[str, Any]]], tuple[str, ...]]:
    """(place, fields) of every level, outermost first, the arithmetic last."""
    key: Key = ("arch",)
    if not isinstance(arch, dict) or not isinstance(arch.get("storage"), list) or not arch["storage"]:
        raise document.error(key, f"arch.storage must be a list of levels, not {came(arch)}")
    rows: list[tuple[Key, dict[str, Any]]] = []
    unknown = [f"arch.{name}" for name in arch if name not in ("storage", "arithmetic", "version")]
    for i, level in enumerate(arch["storage"]):
        fields = _map(document, (*key, "storage", i), level)
        unknown += [f"arch.storage.{i}.{name}" for name in fields if name not in STORAGE]
        rows.append(((*key, "storage", i), fields))
    compute = _map(document, (*key, "arithmetic"), arch.get("arithmetic"))
    return [*reversed(rows), ((*key, "arithmetic"), compute)], tuple(unknown)


def _nodes(document: Document, architecture: Any) -> tuple[list[tuple[Key, dict[str, Any]]], tuple[str, ...]]:
    """The same of v4's flat list of nodes, whose spatial extents multiply inwards."""
    key: Key = ("architecture", "nodes")
    fields = _map(document, key[:1], architecture)
    if not isinstance(fields.get("nodes"), list):
        raise document.error(key, f"architecture.nodes must be a list, not {came(fields.get('nodes'))}")
    rows: list[tuple[Key, dict[str, Any]]] = []
    unknown: list[str] = []
    instances = mesh_x = 1
    for i, node in enumerate(fields["nodes"]):
        place: Key = (*key, i)
        own = _map(document, place, node)
        spatial = _map(document, (*place, "spatial"), own.get("spatial") or {})
        x, y = (_number(document, place, f"spatial.{axis}", spatial.get(axis, 1)) for axis in ("meshX", "meshY"))
        instances, mesh_x = instances * x * y, mesh_x * x
        unknown += [f"architecture.nodes.{i}.{name}" for name in own if name not in NODE]
        if "class" in own:
            attributes = _map(document, (*place, "attributes"), own.get("attributes") or {})
            rows.append((place, {**attributes, "name": own.get("name"), "instances": instances, "meshX": mesh_x}))
            unknown += [f"architecture.nodes.{i}.attributes.{name}" for name in attributes if name not in STORAGE]
    if len(rows) < 2:
        raise document.error(key, "architecture.nodes must have a memory and a compute component")
    return rows, tuple(unknown)


def _map(document: Document, key: Key, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise document.error(key, f"{'.'.join(map(str, key))} must be a map of fields, not {came(value)}")
    return value


def _number(document: Document, key: Key, name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 2**40:
        raise document.error(
            key, f"{'.'.join(map(str, key))}.{name} must be a positive whole number, not {came(value)}"
        )
    return value


def _level(document: Document, key: Key, fields: dict[str, Any]) -> Level:
    bits = _number(
        document, key, "word_bits", fields.get("word_bits", fields.get("word-bits", fields.get("datawidth", 16)))
    )
    words = fields.get("entries")
    if words is None and "depth" in fields:
        width = _number(document, key, "width", fields.get("width", bits))
        words = _number(document, key, "depth", fields["depth"]) * width // bits
    if words is None and "sizeKB" in fields:
        words = _number(document, key, "sizeKB", fields["sizeKB"]) * 8192 // bits
    capacity = None if words is None else _number(document, key, "entries", words)
    rates = [_rate(document, key, fields, name) for name in ("read_bandwidth", "write_bandwidth", "shared_bandwidth")]
    shared = rates[2] is not None
    try:
        return Level(
            str(fields.get("name")), capacity, word_bits=bits, read_bandwidth=rates[2] if shared else rates[0],
            write_bandwidth=rates[1], shared_port=shared,
        )  # fmt: skip
    except InputError as error:
        raise document.error(key, str(error)) from None


def _rate(document: Document, key: Key, fields: dict[str, Any], name: str) -> float | None:
    value = fields.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value <= 0):
        raise document.error(key, f"{'.'.join(map(str, key))}.{name} must be words per cycle, not {came(value)}")
    return None if value is None else float(value)


def _fanout(document: Document, key: Key, outer: dict[str, Any], inner: dict[str, Any], output: str) -> Fanout | None:
    """The fan-out between two levels, X by Y, where the inner one has more instances."""
    many = _number(document, key, "instances", inner.get("instances", 1))
    few = _number(document, key, "instances", outer.get("instances", 1))
    if many == few:
        return None
    x_many = _number(document, key, "meshX", inner.get("meshX", many))
    x_few = _number(document, key, "meshX", outer.get("meshX", few))
    if many % few or x_many % x_few or (many // few) % (x_many // x_few):
        raise document.error(
            key, f"instances and meshX must be multiples of those outside, {few} and {x_few}, not {many} and {x_many}"
        )
    x = x_many // x_few
    kinds = ((output, "reduction"), ("*", "multicast"))
    name = str(outer.get("name"))
    axes = (Axis(f"{name}_X", x, kinds), Axis(f"{name}_Y", many // few // x, kinds))  # type: ignore[arg-type]
    return Fanout(f"{name}_array", axes)
