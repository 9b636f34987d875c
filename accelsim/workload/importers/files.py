"""One door for networks from elsewhere: the format is told by the file, and every file is one network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelsim.errors import InputError, nearest
from accelsim.files import Document, parse_yaml, read_text
from accelsim.workload.importers.report import Imported, NodeReport
from accelsim.workload.network import Network

if TYPE_CHECKING:
    from torch.nn import Module

FORMATS = ("onnx", "torch", "scalesim", "timeloop", "zigzag")
SUFFIXES = {".onnx": "onnx", ".pt2": "torch", ".csv": "scalesim"}
TAGS = re.compile(r"!(Component|Container|Parallel|Hierarchical|Pipelined|Nothing)\b")
"""Timeloop v4 marks its nodes by tags; what a node is follows from its fields too."""


def import_network(
    path: str | Path, format: str | None = None, *, dims: Mapping[str, int] | None = None, weights: bool = True,
    skip: tuple[str, ...] = (), name: str | None = None,
) -> Imported:  # fmt: skip
    """The network in a file of another tool, and what became of each part of it.

    ``format``: onnx, torch (a saved .pt2), scalesim (topology CSV), timeloop (a problem), zigzag (a workload); None
    tells it by the file.  ``dims``: values of symbolic extents; ``weights`` False does without weights that lie in
    missing files (ONNX); ``skip``: operators to pass over (ONNX, PyTorch); ``name`` of the network, else the file's.
    Raises InputError, one sentence, naming the node or line, for whatever is damaged or not understood.
    """
    kind = format or format_of(path)
    if kind not in FORMATS:
        raise InputError(f"format must be one of {', '.join(FORMATS)}, not '{kind}'{nearest(kind, FORMATS)}")
    if (dims or not weights) and kind != "onnx":
        raise InputError(f"{path}: symbolic extents and missing weights are of ONNX files, not of {kind}")
    if skip and kind not in ("onnx", "torch"):
        raise InputError(f"{path}: operators can be passed over in ONNX and PyTorch graphs, not in {kind}")
    try:
        imported = _read(kind, path, dims, weights, skip)
    except InputError as error:  # names come from the file, and a damaged one holds any character
        raise InputError("".join(c if c.isprintable() else "?" for c in str(error))) from None
    if name is None:
        return imported
    network = Network(name, imported.network.layers, imported.network.source)
    return Imported(network, imported.nodes, imported.notes)


def import_torch(
    module: Module, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None, *, name: str = "network",
    skip: tuple[str, ...] = (),
) -> Imported:  # fmt: skip
    """The network that a PyTorch module runs on these inputs, which may be on the ``meta`` device.

    Raises InputError, naming the node, for what cannot be exported or is not understood."""
    from accelsim.workload.importers.lower import lower
    from accelsim.workload.importers.torch_reader import export, read_program

    program = export(module, args, kwargs, name)
    return lower(read_program(program, name, f"PyTorch module {type(module).__name__}", skip))


def format_of(path: str | Path) -> str:
    """The format that a file looks like; raises InputError when it looks like none."""
    suffix = Path(path).suffix.casefold()
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    if suffix not in (".yaml", ".yml"):
        known = ", ".join([*SUFFIXES, ".yaml"])
        raise InputError(f"{path}: a file to import must end in {known}, or --format must say what it is")
    value = read_foreign(path).value
    if isinstance(value, list):
        return "zigzag"
    if isinstance(value, dict) and {"problem", "arch", "architecture", "mapping"} & set(value):
        return "timeloop"
    if isinstance(value, dict) and {"layers", "family", "type"} & set(value):
        raise InputError(f"{path}: is a workload file of accelsim already; any command takes it in place of a name")
    raise InputError(f"{path}: is neither a ZigZag workload (a list) nor a Timeloop file (problem, arch or mapping)")


def read_foreign(path: str | Path) -> Document:
    """A YAML file of another tool, without the tags that mark nodes there."""
    return parse_yaml(TAGS.sub("", read_text(Path(path))), str(path))


def _read(
    kind: str, path: str | Path, dims: Mapping[str, int] | None, weights: bool, skip: tuple[str, ...]
) -> Imported:
    if kind == "scalesim":
        from accelsim.workload.importers.scalesim import read_topology

        return read_topology(read_text(Path(path)), str(path))
    if kind == "zigzag":
        from accelsim.workload.importers.zigzag import read_workload

        return read_workload(read_foreign(path))
    if kind == "timeloop":
        return _problem(read_foreign(path))
    from accelsim.workload.importers.lower import lower

    if kind == "onnx":
        from accelsim.workload.importers.onnx_reader import read_onnx

        return lower(read_onnx(path, dims, weights, skip))
    from accelsim.workload.importers.torch_reader import load_exported, read_program

    program = load_exported(path)
    stem = Path(path).stem[:64].strip(" =@") or "network"
    return lower(read_program(program, stem, f"torch.export file {Path(path).name}", skip))


def _problem(document: Document) -> Imported:
    from accelsim.workload.importers.timeloop import read_problem

    problem = read_problem(document)
    if problem.layer is None:
        raise document.error(
            ("problem",), f"problem '{problem.operation.name}' must be a convolution or a product to be a layer of ours"
        )
    stem = Path(document.path).stem[:64].strip(" =@") or "problem"
    network = Network.chain(stem, (problem.layer,), f"Timeloop problem {Path(document.path).name}")
    notes = tuple(f"not understood and left out: {field}" for field in problem.unknown)
    return Imported(network, (NodeReport(problem.layer.name, "problem", "taken", problem.layer.name),), notes)
