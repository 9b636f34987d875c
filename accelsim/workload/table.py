"""A network as a plain-text table: shape, MACs and weights of each layer, and the totals."""

from __future__ import annotations

from accelsim.workload.layer import (
    Convolution,
    Elementwise,
    FullyConnected,
    Layer,
    MatrixProduct,
    Pooling,
    TransposedConvolution,
)
from accelsim.workload.network import Network
from accelsim.workload.window import Padding, Pair

HEADER = ("layer", "type", "shape", "repeat", "MACs", "weights", "vector operations")
_RIGHT = (False, False, False, True, True, True, True)


def render_network(network: Network) -> str:
    """The network's layers, one per line, with MACs, weights (words) and vector operations, repeats included."""
    rows = [
        (
            entry.name,
            kind_of(entry.layer),
            render_shape(entry.layer),
            str(entry.repeat),
            *(f"{n:,}" if n else "-" for n in (entry.macs, entry.weight_words, entry.vector_operations)),
        )
        for entry in network.layers
    ]
    totals = (network.macs, network.weight_words, network.vector_operations)
    total = ("total", "", "", "", *(f"{n:,}" for n in totals))
    widths = [max(map(len, column)) for column in zip(HEADER, *rows, total, strict=True)]
    rule = "  ".join("-" * width for width in widths)
    lines = [_line(HEADER, widths), rule, *(_line(row, widths) for row in rows), rule, _line(total, widths)]
    title = [network.name, *([network.source.strip()] if network.source else []), ""]
    return "\n".join([*title, *lines]) + "\n"


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = (
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, _RIGHT, strict=True)
    )
    return "  ".join(padded).rstrip()


def kind_of(layer: Layer) -> str:
    """The kind of a layer in words."""
    match layer:
        case Convolution():
            return "depthwise conv" if layer.is_depthwise else "conv"
        case TransposedConvolution():
            return "transposed conv"
        case FullyConnected():
            return "fc"
        case MatrixProduct():
            return "matmul"
        case Pooling():
            return f"{layer.function} pool"
        case Elementwise():
            return layer.function


def render_shape(layer: Layer) -> str:
    """The letters of a layer that say something, such as ``N=1 M=96 C=3 H=227 R=11 E=55 U=4``; W, S, F where they
    differ from H, R, E."""
    match layer:
        case MatrixProduct():
            parts = [_letter("B", layer.B, 1), f"M={layer.M} K={layer.K} N={layer.N}"]
            parts.append(_letter("samples", layer.samples, 1))
        case Elementwise():
            parts = [f"N={layer.N} C={layer.C}", _both("H", "W", (layer.H, layer.W))]
            parts.append(f"operands={layer.operands}")
        case FullyConnected():
            parts = [f"N={layer.N} M={layer.M} C={layer.C}"]
            parts.append(_both("H", "W", (layer.H, layer.W)) if (layer.H, layer.W) != (1, 1) else "")
        case Pooling():
            parts = [f"N={layer.N} C={layer.C}", *_window(layer)]
        case Convolution():
            parts = [f"N={layer.N}", _letter("G", layer.G, 1), f"M={layer.M} C={layer.C}", *_window(layer)]
        case TransposedConvolution():
            parts = [f"N={layer.N}", _letter("G", layer.G, 1), f"M={layer.M} C={layer.C}", *_window(layer)]
            parts.append(_pair("output_padding", layer.output_padding, 0))
    return " ".join(part for part in parts if part)


def _window(layer: Convolution | TransposedConvolution | Pooling) -> list[str]:
    return [
        _both("H", "W", (layer.H, layer.W)),
        _both("R", "S", (layer.R, layer.S)),
        _both("E", "F", (layer.E, layer.F)),
        _pair("U", layer.U, 1),
        _padding(layer.padding),
        _pair("dilation", layer.dilation, 1),
    ]


def _both(first: str, second: str, value: Pair) -> str:
    return f"{first}={value[0]}" + (f" {second}={value[1]}" if value[0] != value[1] else "")


def _letter(name: str, value: int, default: int) -> str:
    return f"{name}={value}" if value != default else ""


def _pair(name: str, value: Pair, default: int) -> str:
    if value == (default, default):
        return ""
    return f"{name}={value[0]}" if value[0] == value[1] else f"{name}={value[0]},{value[1]}"


def _padding(padding: Padding) -> str:
    sides = (padding.top, padding.bottom, padding.left, padding.right)
    if padding.top == padding.bottom and padding.left == padding.right:
        return _pair("padding", (padding.top, padding.left), 0)
    return f"padding={','.join(map(str, sides))}"
