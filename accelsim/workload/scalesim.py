"""SCALE-Sim's topology files: convolutions (its first CSV format) and products of matrices (its second).

    Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,
    Layer, M, N, K,

SCALE-Sim has no padding, and makes ceil((H - R + U) / U) output rows: a window that hangs over the edge counts. Here
that is a padding below and on the right, which multiplies as zero and is not fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from accelsim.errors import InputError, check_name
from accelsim.files import read_text
from accelsim.workload.layer import Convolution, MatrixProduct
from accelsim.workload.matrix import MatrixForm
from accelsim.workload.operation import Operation
from accelsim.workload.window import LARGEST, Padding

_CONV = ("IFMAP height", "IFMAP width", "filter height", "filter width", "channels", "number of filters", "stride")
_GEMM = ("M", "N", "K")


@dataclass(frozen=True)
class ScalesimLayer:
    """A row of a topology file in SCALE-Sim's own terms; a product of M x K by K x N is a plane of M x K pixels under a
    filter of 1 x K, as SCALE-Sim itself takes it. Raises InputError for a filter larger than its plane."""

    name: str
    ifmap_height: int
    ifmap_width: int
    filter_height: int
    filter_width: int
    channels: int
    filters: int
    stride: int
    gemm: bool = False

    def __post_init__(self) -> None:
        check_name("layer", self.name)
        for side in ("height", "width"):
            window, plane = getattr(self, f"filter_{side}"), getattr(self, f"ifmap_{side}")
            if window > plane:
                raise InputError(f"{self.name}: filter {side} must be at most the IFMAP's {plane}, not {window}")

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
        return self.filter_height * self.filter_width * self.channels

    @property
    def macs(self) -> int:
        return self.pixels * self.window * self.filters

    def operation(self) -> Operation:
        """The same layer in accelsim's terms."""
        if self.gemm:
            return MatrixProduct(self.name, M=self.ifmap_height, K=self.ifmap_width, N=self.filters).operation()
        below = self.stride * (self.ofmap_height - 1) + self.filter_height - self.ifmap_height
        right = self.stride * (self.ofmap_width - 1) + self.filter_width - self.ifmap_width
        return Convolution(
            name=self.name, M=self.filters, C=self.channels, H=self.ifmap_height, W=self.ifmap_width,
            R=self.filter_height, S=self.filter_width, U=(self.stride, self.stride),
            padding=Padding(0, below, 0, right),
        ).operation()  # fmt: skip


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
    """The layers of a topology file, in order; the header tells which of the two formats it is.

    Raises InputError with file and line for whatever is not a layer.
    """
    lines = read_text(Path(path)).splitlines()
    if not lines or "," not in lines[0]:
        raise InputError(f"{path}:1: must begin with a header, 'Layer name, IFMAP Height, ...' or 'Layer, M, N, K,'")
    names = [cell.strip().lower() for cell in lines[0].split(",")]
    gemm = names[1:4] == ["m", "n", "k"]
    layers: list[ScalesimLayer] = []
    for number, line in enumerate(lines[1:], 2):
        if line.strip(" \t,"):
            layers += _layers(f"{path}:{number}", line, gemm)
    if not layers:
        raise InputError(f"{path}: must have at least one layer below the header")
    return tuple(layers)


def _layers(where: str, line: str, gemm: bool) -> list[ScalesimLayer]:
    cells = [cell.strip() for cell in line.strip().rstrip(",").split(",")]
    fields = _GEMM if gemm else _CONV
    if len(cells) < len(fields) + 1:
        raise InputError(f"{where}: must have a name and {', '.join(fields)}, not {len(cells)} entries")
    if any(cell not in ("", "1:1") for cell in cells[len(fields) + 1 :]):
        raise InputError(f"{where}: sparsity must be left out or 1:1, not '{cells[len(fields) + 1]}'")
    numbers = [_number(where, field, cell) for field, cell in zip(fields, cells[1:], strict=False)]
    try:
        if gemm:
            M, N, K = numbers
            return [ScalesimLayer(cells[0], M, K, 1, K, 1, N, 1, gemm=True)]
        if "DP" in cells[0]:  # depthwise: SCALE-Sim runs a layer of one channel per channel
            return [_convolution(f"{cells[0]}Channel_{i}", [*numbers[:4], 1, *numbers[5:]]) for i in range(numbers[4])]
        return [_convolution(cells[0], numbers)]
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _convolution(name: str, numbers: list[int]) -> ScalesimLayer:
    height, width, rows, columns, channels, filters, stride = numbers
    return ScalesimLayer(name, height, width, rows, columns, channels, filters, stride)


def _number(where: str, field: str, cell: str) -> int:
    if not (cell.isascii() and cell.isdigit()) or not 1 <= int(cell[:12]) <= LARGEST:
        raise InputError(f"{where}: {field} must be a whole number of at least 1, not '{cell}'")
    return int(cell)
