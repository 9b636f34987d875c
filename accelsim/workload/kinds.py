"""What each kind of layer is called: in files (``type``) and in words."""

from __future__ import annotations

from accelsim.workload.layer import Convolution, FullyConnected, Layer, MatrixProduct, Pooling, TransposedConvolution
from accelsim.workload.vector_layers import (
    Concatenation,
    Elementwise,
    Embedding,
    Normalisation,
    RecurrentCell,
    Softmax,
    Upsampling,
)


def type_of(layer: Layer) -> str:
    """The ``type`` of a layer in a workload file."""
    match layer:
        case Convolution():
            return "conv"
        case TransposedConvolution():
            return "transposed_conv"
        case FullyConnected():
            return "fc"
        case MatrixProduct():
            return "matmul"
        case Pooling():
            return "pool"
        case Elementwise():
            return "elementwise"
        case Normalisation():
            return "norm"
        case Softmax():
            return "softmax"
        case Embedding():
            return "embedding"
        case Concatenation():
            return "concat"
        case Upsampling():
            return "upsample"
        case RecurrentCell():
            return "cell"


def kind_of(layer: Layer) -> str:
    """The kind of a layer in words."""
    match layer:
        case Convolution():
            return "depthwise conv" if layer.is_depthwise else "conv"
        case TransposedConvolution():
            return "transposed conv"
        case FullyConnected() | MatrixProduct() | Softmax() | Embedding():
            return type_of(layer)
        case Pooling():
            return f"{layer.function} pool"
        case Elementwise():
            return layer.function
        case Normalisation():
            return f"{layer.function} norm"
        case Concatenation():
            return "concatenation"
        case Upsampling():
            return f"{layer.function} upsampling"
        case RecurrentCell():
            return f"{layer.function} cell"
