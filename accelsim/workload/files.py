"""Workload files: one network (or one layer) per YAML file, found by name or path, written back as they are read.

name: alexnet
source: Krizhevsky, Sutskever, Hinton, NIPS 2012
layers:
  - {name: CONV1, type: conv, M: 96, C: 3, H: 227, R: 11, U: 4}
  - {name: POOL1, type: pool, C: 96, H: 55, R: 3, U: 2}
  - {name: SUM, type: elementwise, function: add, C: 96, H: 27, from: [POOL1, CONV1]}
"""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelsim.errors import InputError, nearest
from accelsim.files import Document, locate, parse_yaml, read_yaml, validate
from accelsim.units import came
from accelsim.workload.kinds import type_of
from accelsim.workload.layer import FullyConnected, Layer
from accelsim.workload.network import INPUT, Network, NetworkLayer
from accelsim.workload.precision import Bits, Precision
from accelsim.workload.scenario import AS_STATED, Scenario
from accelsim.workload.table import render_network
from accelsim.workload.vector_layers import Concatenation, Elementwise
from accelsim.workload.window import NO_PADDING, Padding

if TYPE_CHECKING:
    from accelsim.workload.schema_entry import Entry

__all__ = [
    "dump_network",
    "load_layer",
    "load_network",
    "network_json_schema",
    "parse_network",
    "render_network",
]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_WORDS = {"true", "false", "null"}


def load_network(name_or_path: str, batch: int | None = None, scenario: Scenario = AS_STATED) -> Network:
    """The network that ships under this name, or a file's; ``batch`` replaces the batch that its layers state.

    ``scenario`` says how a network of sequences runs: tokens, prefill or decode, how many tokens came before.
    A file that holds a single layer is a network of one.  Raises InputError, with the line, for whatever is wrong.
    """
    network = _network(read_yaml(locate("workloads", name_or_path)), scenario)
    return network if batch is None else network.with_batch(batch)


def parse_network(text: str, name: str) -> Network:
    """The network in YAML text; ``name`` stands for the file in messages and names a network that has no name."""
    return _network(parse_yaml(text, name), AS_STATED)


def load_layer(path: str | Path) -> Layer:
    """The layer in a file that holds one; raises InputError, with the line, for whatever is wrong."""
    document = read_yaml(Path(path))
    if isinstance(document.value, dict) and "layers" in document.value:
        raise document.error(("layers",), "must hold one layer (name, type, letters), not a network")
    return _one_layer(document)


def network_json_schema() -> dict[str, Any]:
    """The JSON schema of a workload file, for editors and other programs."""
    from accelsim.workload.schema import FamilyFile, NetworkFile

    written, generated = NetworkFile.model_json_schema(), FamilyFile.model_json_schema()
    either = [{"required": ["layers"]}, {"required": ["family"]}]
    return {**written, "properties": written["properties"] | generated["properties"], "required": [], "oneOf": either}


def dump_network(network: Network) -> str:
    """The network as YAML, one layer per line, defaults left out; ``parse_network`` gives an equal network back."""
    lines = [f"name: {_scalar(network.name)}"]
    if network.source:
        lines.append(f"source: {_scalar(network.source)}")
    lines.append("layers:")
    before = INPUT
    for entry in network.layers:
        lines.append(f"  - {{{', '.join(f'{key}: {_flow(value)}' for key, value in _entry(entry, before).items())}}}")
        before = entry.name
    return "\n".join(lines) + "\n"


def _network(document: Document, scenario: Scenario) -> Network:
    from accelsim.workload.schema import NetworkFile

    value = document.value
    if isinstance(value, dict) and "family" in value:
        return _generated(document, scenario)
    if scenario != AS_STATED:
        raise InputError(
            f"{document.path}: {scenario.stated()} needs a network that is generated from parameters ('family'), not "
            f"one whose layers are written out"
        )
    if isinstance(value, dict) and "type" in value and "layers" not in value:
        layer = _one_layer(document)
        return Network.chain(layer.name, (layer,))
    if isinstance(value, dict) and isinstance(value.get("layers"), list):
        for i, entry in enumerate(value["layers"]):
            _check_type(document, ("layers", i), entry)
    file = validate(NetworkFile, document)
    layers: list[NetworkLayer] = []
    places: list[int] = []
    for i, entry in enumerate(file.layers):
        several = _layers(document, ("layers", i), entry)
        layers += several
        places += [i] * len(several)
    layers = _renamed(layers)
    name = file.name or Path(document.path).stem
    try:
        network = Network(name, tuple(layers), file.source)
    except InputError as error:
        raise document.error(("layers", places[_first_bad(name, layers)]), str(error)) from None
    return _precise(network, file.bits.precision()) if file.bits else network


def _renamed(layers: list[NetworkLayer]) -> list[NetworkLayer]:
    """Edges that name a recurrent layer mean its last part, the cell."""
    names = {entry.name for entry in layers}
    cells = {name.removesuffix(".cell"): name for name in names if name.endswith(".cell")}
    cells = {short: name for short, name in cells.items() if short not in names}
    return [replace(e, inputs=tuple(cells.get(name, name) for name in e.inputs)) for e in layers] if cells else layers


def _precise(network: Network, precision: Precision) -> Network:
    """The network in the widths of its file, layers with widths of their own left as they are."""
    pairs = zip(network.layers, network.with_precision(precision).layers, strict=True)
    return replace(network, layers=tuple(old if old.layer.bits else new for old, new in pairs))


def _generated(document: Document, scenario: Scenario) -> Network:
    """The network of a family, generated from the parameters that the file states."""
    from accelsim.workload.families import generate
    from accelsim.workload.schema import FamilyFile

    file = validate(FamilyFile, document)
    name = file.name or Path(document.path).stem
    try:
        network = generate(file.family, file.parameters, name, file.source, scenario)
    except InputError as error:
        raise document.error(("family",), str(error)) from None
    return _precise(network, file.bits.precision()) if file.bits else network


def _first_bad(name: str, layers: list[NetworkLayer]) -> int:
    """Index of the first layer that does not fit those before it."""
    low, high = 0, len(layers) - 1  # the first so many layers fit, so many and one do not
    while low < high:
        middle = (low + high) // 2
        try:
            Network(name, tuple(layers[: middle + 1]))
            low = middle + 1
        except InputError:
            high = middle
    return low


def _one_layer(document: Document) -> Layer:
    from accelsim.workload.schema import ENTRIES

    _check_type(document, (), document.value)
    return _layer(document, (), validate(ENTRIES[document.value["type"]], document))


def _check_type(document: Document, key: tuple[str | int, ...], entry: object) -> None:
    """Raises InputError unless ``entry`` is a map whose type is known; every other check needs to know the type."""
    from accelsim.workload.schema import ENTRIES

    field = ".".join(map(str, (*key, "type")))
    if not isinstance(entry, dict):
        raise document.error(key, f"{'.'.join(map(str, key)) or 'the file'} must be a map of fields, not {came(entry)}")
    if "type" not in entry:
        raise document.error(key, f"{field} is missing; known: {', '.join(ENTRIES)}")
    kind = entry["type"]
    if not isinstance(kind, str) or kind not in ENTRIES:
        help_ = nearest(str(kind), list(ENTRIES)) if isinstance(kind, str) else ""
        guess = help_ if "did you mean" in help_ else ""
        raise document.error((*key, "type"), f"{field} must be one of {', '.join(ENTRIES)}, not {came(kind)}{guess}")


def _layers(document: Document, key: tuple[str | int, ...], entry: Entry) -> tuple[NetworkLayer, ...]:
    try:
        return entry.network_layers()
    except InputError as error:
        raise document.error(key, str(error)) from None


def _layer(document: Document, key: tuple[str | int, ...], entry: Entry) -> Layer:
    try:
        return entry.layer()
    except InputError as error:
        raise document.error(key, str(error)) from None


_ORDER = (
    *("B", "N", "G", "M", "K", "C", "H", "W", "R", "S", "E", "F", "U"),
    *("T", "vocabulary", "padding", "output_padding", "dilation", "function", "operands", "spans", "second", "samples"),
    "size",
)


def _entry(entry: NetworkLayer, before: str) -> dict[str, Any]:
    """The fields that the file must say; what follows from others is left out."""
    layer = entry.layer
    given = {field.name: field.default for field in fields(layer)}
    implied: dict[str, Any] = {"padding": NO_PADDING}
    for letter, other in (("W", "H"), ("S", "R")):
        implied[letter] = getattr(layer, other, None)
    if isinstance(layer, FullyConnected):
        implied |= {"H": 1, "R": layer.H, "S": layer.W}
    if isinstance(layer, Elementwise):
        implied["operands"] = layer.operands  # the network checked that it equals the number of inputs
        implied["spans"] = ()
    out: dict[str, Any] = {"name": layer.name, "type": type_of(layer)}
    for name in _ORDER:
        if name not in given or (name in "EF" and not isinstance(layer, FullyConnected)):
            continue
        value = getattr(layer, name)
        default = implied.get(name, given[name])
        if default is MISSING or value != default:
            out[name] = list(value) if name == "spans" or (name == "C" and isinstance(layer, Concatenation)) else value
    if layer.bits:
        out["bits"] = layer.bits
    for name in ("repeat", "steps"):
        if getattr(entry, name) != 1:
            out[name] = getattr(entry, name)
    if entry.weights_of:
        out["weights_of"] = entry.weights_of
    if entry.inputs != (before,):
        out["from"] = list(entry.inputs)
    return out


def _flow(value: Any) -> str:
    match value:
        case Padding(top, bottom, left, right):
            if top == bottom and left == right:
                return _flow((top, left))
            return f"{{top: {top}, bottom: {bottom}, left: {left}, right: {right}}}"
        case tuple():
            return str(value[0]) if value[0] == value[1] else f"[{value[0]}, {value[1]}]"
        case Bits():
            stated = {name: width for name, width in vars(value).items() if width is not None}
            return f"{{{', '.join(f'{name}: {width}' for name, width in stated.items())}}}"
        case list():
            return f"[{', '.join(map(_flow, value))}]"
        case int():
            return str(value)
        case _:
            return _scalar(value)


def _scalar(text: str) -> str:
    """Text as YAML, quoted where it would be read as something else."""
    if _PLAIN.fullmatch(text) and text not in _WORDS:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in quoted)
