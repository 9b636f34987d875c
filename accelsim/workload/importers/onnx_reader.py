"""An ONNX file as a neutral graph: shapes inferred, constants folded, symbolic extents given by the user.

Only shapes are read of weights, so files whose weights lie beside them (external data) need not be loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from accelsim.errors import InputError, nearest
from accelsim.workload.importers.graph import Graph, Node, Value
from accelsim.workload.importers.onnx_fold import fold
from accelsim.workload.importers.onnx_nodes import NodeReader, read_node

BITS = {
    "FLOAT16": 16, "BFLOAT16": 16, "DOUBLE": 64, "INT8": 8, "UINT8": 8, "INT16": 16, "UINT16": 16, "INT4": 4,
    "UINT4": 4, "INT2": 2, "UINT2": 2, "BOOL": 1, "FLOAT8E4M3FN": 8, "FLOAT8E4M3FNUZ": 8, "FLOAT8E5M2": 8,
    "FLOAT8E5M2FNUZ": 8, "FLOAT4E2M1": 4, "FLOAT8E8M0": 8,
}  # fmt: skip
"""Widths of stored types that say something of the machine; 32-bit floats and indices do not."""
MOST_BYTES = 2**31
STANDARD = ("", "ai.onnx")


def read_onnx(
    path: str | Path, dims: Mapping[str, int] | None = None, weights: bool = True, skip: tuple[str, ...] = ()
) -> Graph:
    """The graph of an ONNX file.

    ``dims``: symbolic extent -> value, such as {"batch": 1}; ``weights`` False does without files of weights that are
    missing; ``skip``: operators to pass over as if they gave their first operand.
    Raises InputError, one sentence, naming the node, for whatever is damaged, unknown or left symbolic.
    """
    name = str(path)
    onnx = _onnx()
    model = _parsed(onnx, Path(path), name)
    _check_versions(onnx, model, name)
    if weights:
        _check_external(onnx, model, Path(path), name)
    model = _inlined(onnx, model, name)
    _check_order(model.graph, name)
    _check_used(model, dims or {}, name)
    _set_dims(model.graph, dims or {}, name)
    model, constants = fold(onnx, model, name)
    return _graph(onnx, model, name, constants, skip)


def _onnx() -> Any:
    try:
        import onnx
        import onnx.inliner
        import onnx.shape_inference
    except ImportError:
        raise InputError("reading ONNX needs the package onnx; install it with: pip install 'accelsim[onnx]'") from None
    return onnx


def _parsed(onnx: Any, path: Path, name: str) -> Any:
    try:
        if path.is_file() and path.stat().st_size > MOST_BYTES:
            raise InputError(f"{name}: must be at most 2 GiB, the most that an ONNX file may have")
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{name}: no such file") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except Exception as error:  # protobuf's own family, which moves between its versions
        raise InputError(f"{name}: is not an ONNX file, or is cut off: {_line(error)}") from None
    if not model.graph.node:
        raise InputError(f"{name}: is not an ONNX file: it has no graph with nodes")
    return model


def _check_versions(onnx: Any, model: Any, name: str) -> None:
    known = onnx.defs.onnx_opset_version()
    stated = {entry.domain: entry.version for entry in model.opset_import}
    version = stated.get("", stated.get("ai.onnx"))
    if version is None and not stated:
        raise InputError(f"{name}: must state its operator set (opset_import)")
    if version is not None and not 1 <= version <= known:
        raise InputError(
            f"{name}: opset must be from 1 to {known}, which the installed onnx {onnx.__version__} knows, not {version}"
        )


def _check_external(onnx: Any, model: Any, path: Path, name: str) -> None:
    """Files of weights must lie beside the model; what needs them is named."""
    for tensor in model.graph.initializer:
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        place = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
        if not place or "\0" in place or not (path.parent / place).is_file():
            user = next((node for node in model.graph.node if tensor.name in node.input), None)
            by = f", which node '{user.name or user.output[0]}' uses," if user is not None and user.output else ""
            raise InputError(
                f"{name}: weights '{tensor.name}'{by} must lie in the file '{place}' beside the model, "
                f"which is missing; without weights the shapes are enough: --no-weights"
            )


def _inlined(onnx: Any, model: Any, name: str) -> Any:
    if not model.functions:
        return model
    try:
        return onnx.inliner.inline_local_functions(model)
    except Exception as error:
        raise InputError(f"{name}: its functions cannot be written out: {_line(error)}") from None


def _check_order(graph: Any, name: str) -> None:
    """Every tensor is made once and before it is used, so that the graph has no cycle."""
    made = {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}
    made |= {tensor.values.name for tensor in graph.sparse_initializer}
    later = {output for node in graph.node for output in node.output}
    for node in graph.node:
        where = f"{name}: node '{_label(node)}' ({node.op_type})"
        for operand in node.input:
            if operand and operand not in made:
                how = "a node behind it: the graph has a cycle or is out of order" if operand in later else "nothing"
                raise InputError(f"{where}: operand '{operand}' is made by {how}")
        for output in node.output:
            if output and output in made:
                raise InputError(f"{where}: tensor '{output}' must be made once, not again")
            made.add(output)
    for value in graph.output:
        if value.name not in made:
            raise InputError(f"{name}: its output '{value.name}' is made by nothing")


def _check_used(model: Any, dims: Mapping[str, int], name: str) -> None:
    known = {axis.dim_param for value in model.graph.input for axis in value.type.tensor_type.shape.dim} - {""}
    for dim, extent in dims.items():
        if dim not in known:
            raise InputError(f"{name}: no symbolic extent is called '{dim}'{nearest(dim, sorted(known))}")
        if not 1 <= extent < 2**31:
            raise InputError(f"{name}: extent {dim} must be at least 1 and below 2147483648, not {extent}")


def _set_dims(graph: Any, dims: Mapping[str, int], name: str) -> None:
    """Symbolic extents of the inputs become numbers; what was inferred from them before is forgotten."""
    initialised = {tensor.name for tensor in graph.initializer}
    for value in graph.input:
        if value.name not in initialised and not value.type.tensor_type.HasField("shape"):
            raise InputError(f"{name}: input '{value.name}' must be a tensor with a shape")
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if dim.HasField("dim_value") and dim.dim_value > 0:
                continue
            if dim.dim_param in dims:
                dim.dim_value = dims[dim.dim_param]
            elif value.name not in initialised:
                called = dim.dim_param
                remedy = (
                    f"give it with --dim {called}=N" if called else "it has no name, so export it with a fixed shape"
                )
                raise InputError(f"{name}: axis {axis} of input '{value.name}' must have an extent; {remedy}")
    if all(node.domain in STANDARD for node in graph.node):  # what the file says of shapes is not needed, nor trusted
        del graph.value_info[:]
        for value in graph.output:
            value.type.tensor_type.ClearField("shape")


def _label(node: Any) -> str:
    return str(node.name or next(iter(node.output), "") or "?")


def _graph(onnx: Any, model: Any, name: str, constants: Mapping[str, Any], skip: tuple[str, ...]) -> Graph:
    values = dict(_values(onnx, model.graph, constants))
    opset = next((entry.version for entry in model.opset_import if entry.domain in STANDARD), 13)
    reader = NodeReader(onnx, name, values, constants, skip, opset)
    nodes: list[Node] = []
    for node in model.graph.node:
        if node.op_type != "Constant" and not all(output in constants for output in node.output if output):
            nodes += read_node(reader, node, _label(node))
    inputs = tuple(
        value.name for value in model.graph.input if value.name in values and not values[value.name].constant
    )
    outputs = tuple(value.name for value in model.graph.output)
    stem = Path(name).stem
    source = f"ONNX file {Path(name).name}"
    if model.producer_name:
        source += f", written by {model.producer_name} {model.producer_version}".rstrip()
    return Graph(_fit(stem), tuple(nodes), values, inputs, outputs, "".join(c for c in source if c.isprintable()), name)


def _fit(stem: str) -> str:
    name = "".join(c if c.isprintable() and c != "|" else "_" for c in stem).strip(" =@")[:64]
    return name or "network"


def _values(onnx: Any, graph: Any, constants: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    """Every tensor whose shape is known in full."""
    for value in (*graph.input, *graph.value_info, *graph.output):
        tensor = value.type.tensor_type
        shape = tuple(dim.dim_value if dim.HasField("dim_value") else 0 for dim in tensor.shape.dim)
        if tensor.HasField("shape") and all(extent > 0 for extent in shape):
            yield value.name, Value(value.name, shape, _bits(onnx, tensor.elem_type))
    for name, array in constants.items():
        yield name, Value(name, tuple(array.shape), None, constant=True)
    for tensor in graph.initializer:
        yield tensor.name, Value(tensor.name, tuple(tensor.dims), _bits(onnx, tensor.data_type), constant=True)


def _bits(onnx: Any, element: int) -> int | None:
    names = {number: name for name, number in onnx.TensorProto.DataType.items()}
    return BITS.get(names.get(element, ""))


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
