"""Shapes of all tensors of an ONNX model: constants folded by ONNX's reference, shapes inferred, until both rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accelsim.errors import InputError

MOST_ELEMENTS = 100_000
"""Constants with more are weights, not shapes, and are not folded."""
ROUNDS = 16
SHAPELIKE = frozenset({
    "Constant", "ConstantOfShape", "Shape", "Size", "Gather", "Concat", "Slice", "Unsqueeze", "Squeeze", "Cast", "Add",
    "Sub", "Mul", "Div", "Mod", "Min", "Max", "Neg", "Abs", "Floor", "Ceil", "Range", "Reshape", "Transpose", "Expand",
    "Where", "Equal", "Not", "And", "Or", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Identity", "ReduceProd",
    "ReduceSum", "ReduceMax", "ReduceMin", "Tile", "Split", "Flatten", "Trilu", "CastLike", "Pow", "Sqrt", "Reciprocal",
    "ScatterND", "GatherND", "CumSum", "NonZero", "Sign", "Cos", "Sin", "Exp", "Log", "Einsum", "MatMul", "Softmax",
    "DequantizeLinear",
})  # fmt: skip


def fold(onnx: Any, model: Any, name: str) -> tuple[Any, dict[str, Any]]:
    """The model with shapes inferred, and the value of every tensor that is constant and small.

    Raises InputError when shapes contradict each other."""
    constants = _initializers(onnx, model)
    model = _inferred(onnx, model, name)
    for _ in range(ROUNDS):
        found = _folded(onnx, model, constants)
        if not found:
            break
        constants |= found
        model = _inferred(onnx, _with_constants(onnx, model, found), name)
    return model, constants


def _initializers(onnx: Any, model: Any) -> dict[str, Any]:
    """Values of the small initializers that the file itself holds."""
    held = {}
    for tensor in model.graph.initializer:
        words = 1
        for extent in tensor.dims:
            words *= extent
        if words <= MOST_ELEMENTS and tensor.data_location != onnx.TensorProto.EXTERNAL:
            try:
                held[tensor.name] = onnx.numpy_helper.to_array(tensor)
            except Exception:
                continue  # a weight whose data is left out or damaged still has its shape
    return held


def _inferred(onnx: Any, model: Any, name: str) -> Any:
    try:
        return onnx.shape_inference.infer_shapes(model, data_prop=True, strict_mode=False)
    except Exception as error:
        raise InputError(f"{name}: shapes cannot be inferred: {' '.join(str(error).split())[:200]}") from None


def _folded(onnx: Any, model: Any, constants: Mapping[str, Any]) -> dict[str, Any]:
    """Values of nodes whose operands are constant, or whose operand's shape is all that they ask for."""
    shapes = _shapes(model.graph)
    found: dict[str, Any] = {}
    known = dict(constants)
    for node in model.graph.node:
        if node.op_type not in SHAPELIKE or node.domain not in ("", "ai.onnx"):
            continue
        if any(output in known for output in node.output):
            continue
        values = _computed(onnx, model, node, known, shapes)
        known |= values
        found |= values
    return found


def _shapes(graph: Any) -> dict[str, tuple[int, ...]]:
    shapes = {}
    for value in (*graph.input, *graph.value_info, *graph.output):
        dims = value.type.tensor_type.shape.dim
        if value.type.tensor_type.HasField("shape") and all(dim.HasField("dim_value") for dim in dims):
            shapes[value.name] = tuple(dim.dim_value for dim in dims)
    return shapes


def _computed(
    onnx: Any, model: Any, node: Any, known: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, Any]:
    import numpy as np

    operands = [operand for operand in node.input if operand]
    feeds = {operand: known[operand] for operand in operands if operand in known}
    if node.op_type in ("Shape", "Size") and operands and operands[0] in shapes:
        if any(extent < 0 or extent > 2**31 for extent in shapes[operands[0]]):
            return {}
        feeds = {operands[0]: np.broadcast_to(np.float32(0), shapes[operands[0]])}
    elif len(feeds) < len(set(operands)) or _too_large(node, feeds, shapes):
        return {}
    try:
        from onnx.reference import ReferenceEvaluator

        alone = onnx.helper.make_graph(
            [node], "fold",
            [onnx.helper.make_tensor_value_info(o, onnx.helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
             for o, a in feeds.items()],
            [onnx.ValueInfoProto(name=output) for output in node.output],
        )  # fmt: skip
        single = onnx.helper.make_model(alone, opset_imports=model.opset_import, ir_version=model.ir_version)
        results = ReferenceEvaluator(single).run(None, feeds)
    except Exception:
        return {}  # what cannot be computed is no constant; whoever needs it says so
    pairs = zip(node.output, results, strict=True)
    return {name: np.asarray(value) for name, value in pairs if name and np.size(value) <= MOST_ELEMENTS}


def _too_large(node: Any, feeds: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether the result may be larger than a shape; asked before it is computed."""
    words = sum(value.size for value in feeds.values())
    for output in node.output:
        size = 1
        for extent in shapes.get(output, ()):
            size *= max(extent, 1)
        words = max(words, size)
    if node.op_type in ("ConstantOfShape", "Expand", "Tile", "Range"):
        numbers = [int(v) for value in feeds.values() if value.dtype.kind in "iu" for v in value.reshape(-1)[:64]]
        size = 1
        for number in numbers:
            size *= max(abs(number), 1)
        words = max(words, size)
    return bool(words > MOST_ELEMENTS)


def _with_constants(onnx: Any, model: Any, found: Mapping[str, Any]) -> Any:
    """The model with folded nodes replaced by initializers, so that inference sees their values."""
    folded = onnx.ModelProto()
    folded.CopyFrom(model)
    kept = [node for node in folded.graph.node if not (node.output and all(o in found for o in node.output if o))]
    del folded.graph.node[:]
    folded.graph.node.extend(kept)
    names = {tensor.name for tensor in folded.graph.initializer}
    for name, value in found.items():
        if name not in names:
            folded.graph.initializer.append(onnx.numpy_helper.from_array(value, name))
    return folded
