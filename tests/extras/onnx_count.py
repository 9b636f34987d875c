"""MACs of an ONNX file counted from its bytes by another route: onnx's shapes, one formula per operator, no layers."""

from __future__ import annotations

from math import prod
from typing import Any


def count_macs(data: bytes) -> int:
    """Multiply-accumulates of every convolution and matrix product in the file.

    Conv           output elements x (C / groups) x filter plane
    ConvTranspose  input elements x (M / groups) x filter plane
    Gemm, MatMul   output elements x summed extent
    """
    import onnx

    model = onnx.ModelProto()
    model.ParseFromString(data)
    if all(node.domain in ("", "ai.onnx") for node in model.graph.node):
        del model.graph.value_info[:]
        for value in model.graph.output:
            value.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes: dict[str, tuple[int, ...]] = {}
    for value in (*inferred.input, *inferred.value_info, *inferred.output):
        shapes[value.name] = tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)
    constants = {tensor.name for tensor in inferred.initializer}
    for tensor in inferred.initializer:
        shapes[tensor.name] = tuple(tensor.dims)
    macs = 0
    for node in inferred.node:
        if all(name in constants for name in node.input if name):
            constants |= set(node.output)  # what is constant is not computed
            continue
        macs += _macs(node, shapes)
    return macs


def _macs(node: Any, shapes: dict[str, tuple[int, ...]]) -> int:
    if node.op_type == "Conv":
        return prod(shapes[node.output[0]]) * prod(shapes[node.input[1]][1:])
    if node.op_type == "ConvTranspose":
        return prod(shapes[node.input[0]]) * prod(shapes[node.input[1]][1:])
    if node.op_type in ("Gemm", "MatMul"):
        return prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]
    return 0
