"""A network as a plain-text table: shape, MACs and weights of each layer, and the totals."""

from __future__ import annotations

from accelsim.workload.kinds import kind_of
from accelsim.workload.layer import (
    Convolution,
    FullyConnected,
    Layer,
    MatrixProduct,
    Pooling,
    TransposedConvolution,
)
from accelsim.workload.lifetimes import peak_activations
from accelsim.workload.network import Network, NetworkLayer
from accelsim.workload.vector_layers import (
    Concatenation,
    Elementwise,
    Embedding,
    Normalisation,
    RecurrentCell,
    Softmax,
    Upsampling,
)
from accelsim.workload.window import Padding, Pair

HEADER = ("layer", "type", "shape", "repeat", "MACs", "weights", "vector operations", "MACs/word")
RIGHT = (False, False, False, True, True, True, True, True)


def render_network(network: Network) -> str:
    """The network's layers, one per line: MACs, weights (words) and vector operations of all runs, and MACs per word of
    its tensors when each passes once (arithmetic intensity); the totals; what must be held at once."""
    cells = network_cells(network)
    *rows, total = cells
    widths = [max(map(len, column)) for column in zip(HEADER, *cells, strict=True)]
    rule = "  ".join("-" * width for width in widths)
    lines = [_line(HEADER, widths), rule, *(_line(row, widths) for row in rows), rule, _line(total, widths)]
    title = [network.name, *([network.source.strip()] if network.source else []), ""]
    return "\n".join([*title, *lines, "", *held(network)]) + "\n"


def network_cells(network: Network) -> list[tuple[str, ...]]:
    """A row of text per layer, as wide as HEADER, and at last the totals."""
    rows = [
        (
            entry.name,
            kind_of(entry.layer),
            render_shape(entry.layer),
            _times(entry),
            *(f"{n:,}" if n else "-" for n in (entry.macs, entry.weight_words, entry.vector_operations)),
            f"{intensity(entry):.1f}" if entry.macs else "-",
        )
        for entry in network.layers
    ]
    totals = (network.macs, network.weight_words, network.vector_operations)
    return [*rows, ("total", "", "", "", *(f"{n:,}" for n in totals), "")]


def intensity(entry: NetworkLayer) -> float:
    """MACs per word of the layer's tensors when every word passes once: how much a machine could reuse at most."""
    operation = entry.layer.operation()
    return operation.macs / sum(tensor.words for tensor in operation.tensors)


def _times(entry: NetworkLayer) -> str:
    return f"{entry.repeat} x {entry.steps}" if entry.steps > 1 else str(entry.repeat)


def held(network: Network) -> list[str]:
    """What must be held: weights, activations at their peak, and what outlives the run."""
    peak = peak_activations(network)
    size = f" ({-(-peak.bits // 8):,} bytes)" if peak.bits is not None else ""
    lines = [
        f"weights      {network.weight_words:,} words",
        f"activations  {peak.words:,} words{size} at most, while {peak.layer} runs",
    ]
    return [*lines, f"cache        {network.cache_words:,} words, kept between runs"] if network.cache_words else lines


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = (
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, RIGHT, strict=True)
    )
    return "  ".join(padded).rstrip()


def render_shape(layer: Layer) -> str:
    """The letters of a layer that say something, such as ``N=1 M=96 C=3 H=227 R=11 E=55 U=4``; W, S, F where they
    differ from H, R, E."""
    match layer:
        case MatrixProduct():
            parts = [_letter("B", layer.B, 1), f"M={layer.M} K={layer.K} N={layer.N}"]
            parts.append(_letter("samples", layer.samples, 1))
        case Elementwise():
            parts = [f"N={layer.N} C={layer.C}", _both("H", "W", (layer.H, layer.W))]
            parts.append(f"operands={','.join(span or '1' for span in layer.spans) or layer.operands}")
        case Normalisation() | Softmax():
            parts = [f"N={layer.N} C={layer.C}", _both("H", "W", (layer.H, layer.W))]
        case Embedding():
            parts = [f"N={layer.N} T={layer.T} C={layer.C} vocabulary={layer.vocabulary}"]
        case Concatenation():
            parts = [f"N={layer.N} C={'+'.join(map(str, layer.C))}", _both("H", "W", (layer.H, layer.W))]
        case Upsampling():
            parts = [f"N={layer.N} C={layer.C}", _both("H", "W", (layer.H, layer.W)), _pair("U", layer.U, 1)]
        case RecurrentCell():
            parts = [f"N={layer.N} C={layer.C}"]
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
