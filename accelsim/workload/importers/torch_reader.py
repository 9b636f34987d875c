"""A PyTorch module, or a saved .pt2, as a neutral graph, through ``torch.export``: no weights are read, only shapes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelsim.errors import InputError
from accelsim.workload.importers.graph import Graph, Node, Value
from accelsim.workload.importers.torch_nodes import READERS, One

if TYPE_CHECKING:
    from torch.export import ExportedProgram
    from torch.nn import Module

BITS = {
    "float16": 16,
    "bfloat16": 16,
    "float64": 64,
    "int8": 8,
    "uint8": 8,
    "bool": 1,
    "float8_e4m3fn": 8,
    "float8_e5m2": 8,
}
"""Widths of stored types that say something of the machine; 32-bit floats and indices do not."""


def load_exported(path: str | Path) -> ExportedProgram:
    """The program in a .pt2 file; raises InputError, one sentence, for whatever cannot be read."""
    torch = _torch()
    try:
        if not Path(path).is_file():
            raise InputError(f"{path}: no such file")
        return torch.export.load(path)
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{path}: is not a program saved by torch.export, or is cut off: {_line(error)}") from None


def export(
    module: Module, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None = None, name: str = "network"
) -> ExportedProgram:
    """The module traced with these inputs, which may be on the ``meta`` device.

    Raises InputError when it cannot be exported."""
    torch = _torch()
    try:
        with torch.no_grad():
            return torch.export.export(module.eval(), args, dict(kwargs or {}), strict=False)
    except Exception as error:
        raise InputError(f"{name}: cannot be exported by torch.export: {_line(error)}") from None


def read_program(program: ExportedProgram, name: str, source: str = "", skip: tuple[str, ...] = ()) -> Graph:
    """The graph of an exported program.

    Raises InputError, naming the node, for an unknown operator or an extent that is left symbolic."""
    values: dict[str, Value] = {}
    nodes: list[Node] = []
    constants = _constants(program, values, nodes)
    inputs = []
    for node in program.graph.nodes:
        if node.op == "placeholder":
            if node.name not in constants and _describe(name, node, values):
                inputs.append(node.name)
        elif node.op == "call_function":
            nodes += _read(name, node, values, skip)
        elif node.op == "get_attr":
            _describe(name, node, values, constant=True)
    outputs = tuple(spec.arg.name for spec in program.graph_signature.output_specs if hasattr(spec.arg, "name"))
    return Graph(name, tuple(nodes), values, tuple(inputs), outputs, source)


def _torch() -> Any:
    try:
        import torch
        import torch.export
    except ImportError:
        raise InputError("importing from PyTorch needs torch; install it with: pip install 'accelsim[torch]'") from None
    return torch


def _constants(program: Any, values: dict[str, Value], nodes: list[Node]) -> set[str]:
    """Parameters and buffers as constant tensors; one that is there under two names is a view of the first."""
    found: set[str] = set()
    first: dict[int, str] = {}
    for spec in program.graph_signature.input_specs:
        if spec.kind.name not in ("PARAMETER", "BUFFER", "CONSTANT_TENSOR"):
            continue
        tensor = program.state_dict.get(spec.target, program.constants.get(spec.target))
        if tensor is None:
            continue
        name = spec.arg.name
        found.add(name)
        values[name] = Value(name, tuple(tensor.shape), _bits(tensor.dtype), constant=True)
        if id(tensor) in first:
            nodes.append(Node(name, "parameter", "view", (first[id(tensor)],), (name,), {"why": "tied weights"}))
        first.setdefault(id(tensor), name)
    return found


def _describe(file: str, node: Any, values: dict[str, Value], constant: bool = False) -> bool:
    """Add the tensor that a node gives, the first one of several; False when it gives none."""
    given = node.meta.get("val")
    tensor = given[0] if isinstance(given, tuple | list) and given else given
    if not hasattr(tensor, "shape"):
        return False
    shape = []
    for axis, extent in enumerate(tensor.shape):
        if not isinstance(extent, int):
            raise InputError(
                f"{file}: node '{node.name}': axis {axis} must have an extent, not the symbol {extent}; "
                f"export it without dynamic shapes"
            )
        shape.append(extent)
    values[node.name] = Value(node.name, tuple(shape), _bits(tensor.dtype), constant)
    return True


def _bits(dtype: Any) -> int | None:
    return BITS.get(str(dtype).removeprefix("torch."))


def _read(file: str, node: Any, values: dict[str, Value], skip: tuple[str, ...]) -> tuple[Node, ...]:
    op = _operator(node)
    tensors = tuple(argument.name for argument in node.all_input_nodes if argument.name in values)
    constant = all(values[name].constant for name in tensors)
    if not _describe(file, node, values, constant):
        return ()
    if not tensors:  # made of numbers alone, such as positions
        return ()
    label = _label(node, op)
    where = f"{file}: node '{node.name}' ({op})"
    if op in skip:
        return (Node(label, op, "view", tensors[:1], (node.name,), {"why": "passed over, as asked"}),)
    if op not in READERS:
        if constant:
            return (Node(label, op, "view", tensors[:1], (node.name,), {"why": "its operands are constant"}),)
        raise InputError(f"{where}: operator '{op}' is not known; --skip {op} passes over it")
    one = One(label, op, _arguments(node), node.name, values, _operands(node, values))
    try:
        return READERS[op](one)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    except (IndexError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{where}: its arguments do not fit: {type(error).__name__} {error}") from None


def _operator(node: Any) -> str:
    """aten.conv2d.default, aten.relu_.default -> conv2d, relu."""
    target = node.target
    name = getattr(target, "_schema", None)
    plain = name.name.rpartition("::")[2] if name is not None else getattr(target, "__name__", str(target))
    return plain.rstrip("_") if not plain.startswith("_") and plain.rstrip("_") in READERS else plain


def _operands(node: Any, values: Mapping[str, Value]) -> tuple[str, ...]:
    """Tensors in the order of the arguments, one that is there twice twice."""
    found: list[str] = []

    def visit(argument: Any) -> None:
        if isinstance(argument, tuple | list):
            for inner in argument:
                visit(inner)
        elif hasattr(argument, "meta") and argument.name in values:
            found.append(argument.name)

    for argument in (*node.args, *node.kwargs.values()):
        visit(argument)
    return tuple(found)


def _arguments(node: Any) -> dict[str, Any]:
    """Arguments by their name, defaults included; tensors as their names."""

    def plain(value: Any) -> Any:
        if isinstance(value, tuple | list):
            return [plain(inner) for inner in value]
        return value.name if hasattr(value, "meta") and hasattr(value, "name") else value

    schema = getattr(node.target, "_schema", None)
    if schema is None:
        return {str(i): plain(value) for i, value in enumerate(node.args)}
    given = {argument.name: argument.default_value for argument in schema.arguments if argument.has_default_value()}
    given |= {argument.name: value for argument, value in zip(schema.arguments, node.args, strict=False)}
    return {name: plain(value) for name, value in (given | dict(node.kwargs)).items()}


def _label(node: Any, op: str) -> str:
    """The path of the module that calls the operator; with the node's own name where a module calls several."""
    stack = node.meta.get("nn_module_stack") or {}
    path = next(reversed(list(stack.values())), ("", None))[0] if stack else ""
    path = path.removeprefix("L['self'].").removeprefix("L__self__").strip(".")
    own = op in (
        "conv1d",
        "conv2d",
        "linear",
        "conv_transpose2d",
        "embedding",
        "layer_norm",
        "batch_norm",
        "lstm",
        "gru",
    )
    if own and path:
        return str(path)
    return f"{path}.{node.name}" if path else str(node.name)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
