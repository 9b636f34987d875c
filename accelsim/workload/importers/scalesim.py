"""SCALE-Sim topologies: a CSV row per layer, convolutions or matrix products; read and written.

    Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
    Layer, M, N, K,

SCALE-Sim has no padding, and its output is ceil((IFMAP - filter + stride) / stride): a window that hangs over the end
counts.  Such a window is read as padding at the bottom and right, so that the output has the same extents.  A batch,
groups and dilation cannot be written; groups become a row each.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from accelsim.errors import InputError
from accelsim.units import came
from accelsim.workload.importers.names import Names
from accelsim.workload.importers.report import Imported, NodeReport
from accelsim.workload.layer import Convolution, FullyConnected, Layer, MatrixProduct
from accelsim.workload.network import Network, NetworkLayer
from accelsim.workload.window import Padding

CONVOLUTION = (
    "Layer name",
    "IFMAP Height",
    "IFMAP Width",
    "Filter Height",
    "Filter Width",
    "Channels",
    "Num Filter",
    "Strides",
)
PRODUCT = ("Layer", "M", "N", "K")
MOST_ROWS = 100_000


def read_topology(text: str, path: str) -> Imported:
    """The network of a topology; ``path`` stands for the file in messages.

    The header says which kind of rows follow. Raises InputError, with the line, for whatever is wrong."""
    rows = _rows(text, path)
    if not rows:
        raise InputError(f"{path}:1: must have a header and a row per layer, not be empty")
    (line, header), body = rows[0], rows[1:]
    heads = [cell.casefold().replace(" ", "") for cell in header if cell]
    is_product = heads[1:4] == ["m", "n", "k"]
    if not is_product and not (len(heads) >= 8 and heads[1].startswith("ifmap")):
        raise InputError(
            f"{path}:{line}: the header must be '{', '.join(CONVOLUTION)}' or '{', '.join(PRODUCT)}', "
            f"not {came(','.join(header))}"
        )
    if not body:
        raise InputError(f"{path}:{line}: must have a row per layer below the header")
    names = Names()
    read = _product if is_product else _convolution
    layers = [read(cells, names, f"{path}:{line}") for line, cells in body]
    nodes = tuple(
        NodeReport(cells[0], "row", "taken", layer.name) for (_, cells), layer in zip(body, layers, strict=True)
    )
    network = Network.chain(Path(path).stem[:64] or "topology", tuple(layers), f"SCALE-Sim topology {Path(path).name}")
    hanging = [layer.name for layer in layers if isinstance(layer, Convolution) and layer.padding]
    notes = (
        (f"windows that hang over the end are padding, as SCALE-Sim counts them: {', '.join(hanging)}",)
        if hanging
        else ()
    )
    return Imported(network, nodes, notes)


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
            writer.writerow((name.replace(",", "_").replace('"', "_"), *cells))
    return out.getvalue(), tuple(reports)


def _rows(text: str, path: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text))
    rows = []
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                rows.append((reader.line_num, stripped))
            if len(rows) > MOST_ROWS:
                raise InputError(f"{path}:{reader.line_num}: must have at most {MOST_ROWS:,} rows")
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: is not CSV: {error}") from None
    return rows


def _numbers(cells: list[str], header: tuple[str, ...], where: str) -> list[int]:
    numbers = []
    for name, cell in zip(header[1:], cells[1:], strict=False):
        if not cell.isascii() or not cell.isdigit() or not 1 <= int(cell[:11]) < 2**31:
            raise InputError(f"{where}: {name} must be a positive whole number, not {came(cell)}")
        numbers.append(int(cell))
    if len(numbers) < len(header) - 1:
        raise InputError(f"{where}: {header[len(numbers) + 1]} is missing")
    extra = [cell for cell in cells[len(header) :] if cell]
    if extra and extra != ["1:1"]:
        raise InputError(
            f"{where}: a row must end after {header[-1]}, not go on with {came(extra[0])} (sparsity is not read)"
        )
    return numbers


def _convolution(cells: list[str], names: Names, where: str) -> Layer:
    H, W, R, S, C, M, U = _numbers(cells, CONVOLUTION, where)
    if R > H or S > W:
        raise InputError(f"{where}: the filter must fit the input of {H} x {W}, not be {R} x {S}")
    hang = Padding(bottom=-(H - R) % U, right=-(W - S) % U)
    return Convolution(names.fresh(cells[0]), M=M, C=C, H=H, W=W, R=R, S=S, U=(U, U), padding=hang)


def _product(cells: list[str], names: Names, where: str) -> Layer:
    M, N, K = _numbers(cells, PRODUCT, where)
    return MatrixProduct(names.fresh(cells[0]), M=M, K=K, N=N)


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
