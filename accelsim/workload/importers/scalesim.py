"""SCALE-Sim topologies: a CSV row per layer, convolutions or matrix products; read and written.

Rows are read by accelsim.workload.scalesim.  A batch, groups and dilation cannot be written; groups become a row each.
"""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

from accelsim.errors import InputError
from accelsim.workload.importers.names import Names
from accelsim.workload.importers.report import Imported, NodeReport
from accelsim.workload.layer import Convolution, FullyConnected, Layer, MatrixProduct
from accelsim.workload.network import Network, NetworkLayer
from accelsim.workload.scalesim import CONVOLUTION, PRODUCT, topology_rows


def read_topology(text: str, path: str) -> Imported:
    """The network of a topology; ``path`` stands for the file in messages.

    The header says which kind of rows follow. Raises InputError, with the line, for whatever is wrong."""
    names, layers, nodes = Names(), [], []
    for line, row in topology_rows(text, path):
        try:
            layer = replace(row, name=names.fresh(row.name)).layer()
        except InputError as error:
            raise InputError(f"{path}:{line}: {error}") from None
        layers.append(layer)
        nodes.append(NodeReport(row.name, "row", "taken", layer.name))
    network = Network.chain(Path(path).stem[:64] or "topology", tuple(layers), f"SCALE-Sim topology {Path(path).name}")
    hanging = [layer.name for layer in layers if isinstance(layer, Convolution) and layer.padding]
    notes = (
        (f"windows that hang over the end are padding, as SCALE-Sim counts them: {', '.join(hanging)}",)
        if hanging
        else ()
    )
    return Imported(network, tuple(nodes), notes)


def dump_topology(network: Network) -> tuple[str, tuple[NodeReport, ...]]:
    """The network as a topology, and which layers could not be written, and why.

    Rows are matrix products where every layer is one, else convolutions (a product is then one of 1 x 1 filters).
    Padding becomes data. A layer is written as often as it runs; a batch is refused.  Raises InputError when no layer
    can be written."""
    reports, layers = [], []
    for entry in network.layers:
        why = _cannot(entry.layer)
        fate = "skipped" if why else "taken"
        reports.append(NodeReport(entry.name, type(entry.layer).__name__, fate, why or entry.name))  # type: ignore[arg-type]
        if not why:
            layers.append(entry)
    if not layers:
        raise InputError(
            f"{network.name}: no layer can be written as a SCALE-Sim row: {reports[0].node}: {reports[0].note}"
        )
    products = all(isinstance(entry.layer, MatrixProduct) for entry in layers)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=",\n")
    writer.writerow(PRODUCT if products else CONVOLUTION)
    for entry in layers:
        for name, cells in _written(entry, products):
            writer.writerow((_plain_name(name), *cells))
    return out.getvalue(), tuple(reports)


def _plain_name(name: str) -> str:
    """The name without what a row gives a meaning to: commas, quotes, and DP, which makes it depthwise."""
    return name.replace(",", "_").replace('"', "_").replace("DP", "Dp")


def _cannot(layer: Layer) -> str:
    """Why a layer cannot be a row; '' when it can."""
    match layer:
        case Convolution():
            if layer.N > 1:
                return f"a row has no batch, the layer has {layer.N}"
            if layer.U[0] != layer.U[1]:
                return f"a row has one stride, the layer has {layer.U[0]} and {layer.U[1]}"
            return "a row has no dilation" if layer.dilation != (1, 1) else ""
        case FullyConnected():
            return f"a row has no batch, the layer has {layer.N}" if layer.N > 1 else ""
        case MatrixProduct():
            return ""
        case _:
            return "a row is a convolution or a matrix product"


def _written(entry: NetworkLayer, products: bool) -> list[tuple[str, tuple[int, ...]]]:
    """(name, cells) of every row of a layer: groups, products and runs side by side."""
    layer = entry.layer
    match layer:
        case Convolution():
            H, W = layer.H + sum(layer.padding.vertical), layer.W + sum(layer.padding.horizontal)
            used = (layer.U[0] * (layer.E - 1) + layer.R, layer.U[0] * (layer.F - 1) + layer.S)
            H, W = min(H, used[0]), min(W, used[1])  # what no window reaches would make SCALE-Sim add one
            cells = (H, W, layer.R, layer.S, layer.C // layer.G, layer.M // layer.G, layer.U[0])
            copies = layer.G
        case FullyConnected():
            cells, copies = (layer.H, layer.W, layer.H, layer.W, layer.C, layer.M, 1), 1
        case MatrixProduct():
            operation = layer.operation().extents
            rows, columns, K, copies = operation["N"], operation["M"], operation["C"], operation["G"]
            cells = (rows, columns, K) if products else (rows, 1, 1, 1, K, columns, 1)  # type: ignore[assignment]
        case _:
            raise AssertionError(layer)
    copies *= entry.runs
    return [(entry.name if copies == 1 else f"{entry.name}_{i}", cells) for i in range(1, copies + 1)]
