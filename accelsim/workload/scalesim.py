"""SCALE-Sim's topology files: convolutions (its first CSV format) and products of matrices (its second).

    Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
    Layer, M, N, K,

SCALE-Sim has no padding, and makes ceil((H - R + U) / U) output rows: a window that hangs over the edge counts. Here
that is a padding below and on the right, which multiplies as zero and is not fetched.  A row whose name has DP in it is
depthwise: SCALE-Sim runs it channel by channel.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from pathlib import Path

from accelsim.errors import InputError, check_name
from accelsim.files import read_text
from accelsim.units import came
from accelsim.workload.layer import Convolution, MatrixProduct
from accelsim.workload.matrix import MatrixForm
from accelsim.workload.operation import Operation
from accelsim.workload.window import Padding

CONVOLUTION = (
    "Layer name", "IFMAP Height", "IFMAP Width", "Filter Height", "Filter Width", "Channels", "Num Filter", "Strides",
)  # fmt: skip
PRODUCT = ("Layer", "M", "N", "K")
MOST_ROWS = 100_000


@dataclass(frozen=True)
class ScalesimLayer:
    """A row of a topology file in SCALE-Sim's own terms; a product of M x K by K x N is a plane of M x K pixels under a
    filter of 1 x K, as SCALE-Sim itself takes it. ``depthwise``: every channel runs by itself, as a layer of one.
    Raises InputError for a filter larger than its plane."""

    name: str
    ifmap_height: int
    ifmap_width: int
    filter_height: int
    filter_width: int
    channels: int
    filters: int
    stride: int
    gemm: bool = False
    depthwise: bool = False

    def __post_init__(self) -> None:
        if self.filter_height > self.ifmap_height or self.filter_width > self.ifmap_width:
            plane, window = f"{self.ifmap_height} x {self.ifmap_width}", f"{self.filter_height} x {self.filter_width}"
            raise InputError(f"the filter must fit the input of {plane}, not be {window}")

    @property
    def ofmap_height(self) -> int:
        return -(-(self.ifmap_height - self.filter_height + self.stride) // self.stride)

    @property
    def ofmap_width(self) -> int:
        return -(-(self.ifmap_width - self.filter_width + self.stride) // self.stride)

    @property
    def pixels(self) -> int:
        """Output pixels of one filter."""
        return self.ofmap_height * self.ofmap_width

    @property
    def window(self) -> int:
        """Words under a filter."""
        return self.filter_height * self.filter_width * (1 if self.depthwise else self.channels)

    @property
    def macs(self) -> int:
        return self.pixels * self.window * self.filters * (self.channels if self.depthwise else 1)

    def channel_by_channel(self) -> tuple[ScalesimLayer, ...]:
        """The layers that SCALE-Sim runs one after the other: a depthwise one is a layer of one channel per channel."""
        if not self.depthwise:
            return (self,)
        one = replace(self, channels=1, depthwise=False)
        return tuple(replace(one, name=f"{self.name}Channel_{i}") for i in range(self.channels))

    def operation(self) -> Operation:
        """The same layer in accelsim's terms."""
        return self.layer().operation()

    def layer(self) -> Convolution | MatrixProduct:
        """The same layer in accelsim's terms, under its name. Raises InputError for a name that cannot be one."""
        if self.gemm:
            return MatrixProduct(self.name, M=self.ifmap_height, K=self.ifmap_width, N=self.filters)
        groups = self.channels if self.depthwise else 1
        below = self.stride * (self.ofmap_height - 1) + self.filter_height - self.ifmap_height
        right = self.stride * (self.ofmap_width - 1) + self.filter_width - self.ifmap_width
        return Convolution(
            name=self.name, G=groups, M=self.filters * groups, C=self.channels, H=self.ifmap_height,
            W=self.ifmap_width, R=self.filter_height, S=self.filter_width, U=(self.stride, self.stride),
            padding=Padding(0, below, 0, right),
        )  # fmt: skip


def as_scalesim(operation: Operation) -> ScalesimLayer:
    """A layer as SCALE-Sim can take it: a convolution of one image without padding, else the product of matrices that
    it comes to. Raises InputError for several products that share nothing (groups), which SCALE-Sim has not."""
    form, size = MatrixForm.of(operation), operation.extents
    if form.groups > 1:
        raise InputError(f"{operation.name}: SCALE-Sim takes one product of matrices, not {form.groups} groups")
    window = _plain_window(operation)
    if window is None:
        return ScalesimLayer(operation.name, form.rows, form.terms, 1, form.terms, 1, form.columns, 1, gemm=True)
    height, width, stride = window
    layer = ScalesimLayer(operation.name, height, width, size["R"], size["S"], size["C"], size["M"], stride)
    assert layer.macs == operation.macs
    return layer


def _plain_window(operation: Operation) -> tuple[int, int, int] | None:
    """(rows, columns of the plane that are read, stride) of a convolution that SCALE-Sim has, None for any other."""
    size = operation.extents
    if operation.dims != ("N", "G", "M", "C", "E", "F", "R", "S") or size["N"] > 1:
        return None
    extents, strides = [], set()
    for rank, (out, tap) in zip(operation.tensors[0].ranks[3:], (("E", "R"), ("F", "S")), strict=True):
        steps = {term.dim: term.stride for term in rank.terms}
        reach = steps.get(out, 1) * (size[out] - 1) + size[tap]
        if rank.offset or reach > rank.size or (size[tap] > 1 and steps.get(tap) != 1):
            return None
        strides.add(steps.get(out, 1))
        extents.append(reach)
    return None if len(strides) > 1 else (extents[0], extents[1], strides.pop())


def load_topology(path: str) -> tuple[ScalesimLayer, ...]:
    """The layers of a topology file as SCALE-Sim runs them, in order.

    Raises InputError with file and line for whatever is not a layer.
    """
    layers: list[ScalesimLayer] = []
    for line, row in topology_rows(read_text(Path(path)), path):
        try:
            check_name("layer", row.name)
        except InputError as error:
            raise InputError(f"{path}:{line}: {error}") from None
        if len(layers) + (row.channels if row.depthwise else 1) > MOST_ROWS:
            raise InputError(f"{path}:{line}: must have at most {MOST_ROWS:,} layers, channels run one by one")
        layers += row.channel_by_channel()
    return tuple(layers)


def topology_rows(text: str, path: str) -> list[tuple[int, ScalesimLayer]]:
    """(line, layer) of every row below the header, which tells which of the two formats it is.

    ``path`` stands for the file in messages. Raises InputError, with the line, for whatever is wrong."""
    rows = _rows(text, path)
    if not rows:
        raise InputError(f"{path}:1: must have a header and a row per layer, not be empty")
    (line, header), body = rows[0], rows[1:]
    heads = [cell.casefold().replace(" ", "") for cell in header if cell]
    gemm = heads[1:4] == ["m", "n", "k"]
    if not gemm and not (len(heads) >= 8 and heads[1].startswith("ifmap")):
        raise InputError(
            f"{path}:{line}: the header must be '{', '.join(CONVOLUTION)}' or '{', '.join(PRODUCT)}', "
            f"not {came(','.join(header))}"
        )
    if not body:
        raise InputError(f"{path}:{line}: must have a row per layer below the header")
    return [(line, _layer(cells, gemm, f"{path}:{line}")) for line, cells in body]


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


def _layer(cells: list[str], gemm: bool, where: str) -> ScalesimLayer:
    numbers = _numbers(cells, PRODUCT if gemm else CONVOLUTION, where)
    try:
        if gemm:
            M, N, K = numbers
            return ScalesimLayer(cells[0], M, K, 1, K, 1, N, 1, gemm=True)
        height, width, rows, columns, channels, filters, stride = numbers
        return ScalesimLayer(
            cells[0], height, width, rows, columns, channels, filters, stride, depthwise="DP" in cells[0]
        )
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


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
