"""Layers laid one after another while a family is generated: each takes its extents from those that feed it."""

from __future__ import annotations

from typing import Any

from accelsim.errors import InputError
from accelsim.workload.layer import Convolution, FullyConnected, Pooling, TransposedConvolution
from accelsim.workload.layer import Layer as AnyLayer
from accelsim.workload.network import INPUT, Network, NetworkLayer
from accelsim.workload.vector_layers import ElementFunction, Elementwise, Normalisation, NormalisationFunction
from accelsim.workload.window import Padding

Names = str | tuple[str, ...]
Extents = tuple[int, int, int]
"""Channels, rows, columns."""


class Graph:
    """A network being generated; every method adds a layer behind ``of`` (default: the last one) and returns its name.

    Several names in ``of`` are concatenated by channel, in place.
    """

    def __init__(self, channels: int, rows: int, columns: int | None = None) -> None:
        self.entries: list[NetworkLayer] = []
        self.extents: dict[str, Extents] = {INPUT: (channels, rows, columns or rows)}
        self.last: Names = INPUT

    def at(self, of: Names | None = None) -> Extents:
        """Channels, rows and columns of what these layers give."""
        sources = of or self.last
        names = (sources,) if isinstance(sources, str) else sources
        parts = [self.extents[name] for name in names]
        if any(part[1:] != parts[0][1:] for part in parts):
            raise InputError(f"layers {', '.join(names)} must have equal planes to be concatenated")
        return sum(part[0] for part in parts), *parts[0][1:]

    def add(self, layer: AnyLayer, of: Names | None, gives: Extents) -> str:
        """The layer behind ``of``; ``gives`` are the extents of its output."""
        sources = of or self.last
        self.entries.append(NetworkLayer(layer, inputs=(sources,) if isinstance(sources, str) else tuple(sources)))
        self.extents[layer.name] = gives
        self.last = layer.name
        return layer.name

    def conv(
        self, name: str, M: int, R: int, U: int = 1, padding: Any = None, *, S: int | None = None, G: int = 1,
        of: Names | None = None,
    ) -> str:  # fmt: skip
        """M filters of R x S; padding keeps the plane at stride 1 unless stated."""
        C, H, W = self.at(of)
        wide = S or R
        around = ((R - 1) // 2, (wide - 1) // 2) if padding is None else padding
        layer = Convolution(name, M=M, C=C, G=G, H=H, W=W, R=R, S=wide, U=(U, U), padding=around)  # type: ignore[arg-type]
        return self.add(layer, of, (M, layer.E, layer.F))

    def depthwise(self, name: str, R: int, U: int = 1, *, of: Names | None = None) -> str:
        """One R x R filter per channel."""
        C = self.at(of)[0]
        return self.conv(name, C, R, U, G=C, of=of)

    def transposed(
        self, name: str, M: int, R: int, U: int, padding: Any = 0, extra: int = 0, *, of: Names | None = None
    ) -> str:
        """A transposed convolution; ``extra`` is its output padding."""
        C, H, W = self.at(of)
        layer = TransposedConvolution(
            name, M=M, C=C, H=H, W=W, R=R, U=(U, U), padding=padding, output_padding=(extra, extra)
        )
        return self.add(layer, of, (M, layer.E, layer.F))

    def pool(
        self, name: str, R: int, U: int, padding: int = 0, *, average: bool = False, ceil: bool = False,
        of: Names | None = None,
    ) -> str:  # fmt: skip
        """Pooling; ``ceil`` adds the window that hangs over the end, as Caffe does."""
        C, H, W = self.at(of)
        sides = []
        for extent in (H, W):
            over = (R - extent - 2 * padding) % U if ceil else 0
            sides.append((padding, padding + over))
        around = Padding(*sides[0], *sides[1])
        function = "avg" if average else "max"
        layer = Pooling(name, C=C, H=H, W=W, R=R, S=R, U=(U, U), padding=around, function=function)  # type: ignore[arg-type]
        return self.add(layer, of, (C, layer.E, layer.F))

    def global_pool(self, name: str, *, of: Names | None = None) -> str:
        """The average of each channel's plane."""
        C, H, W = self.at(of)
        return self.add(Pooling(name, C=C, H=H, W=W, R=H, S=W, function="avg"), of, (C, 1, 1))

    def elementwise(
        self, name: str, function: ElementFunction, of: tuple[str, ...], spans: tuple[str, ...] = ()
    ) -> str:
        """A function of several layers; the first has all the letters of the output."""
        C, H, W = self.extents[of[0]]
        layer = Elementwise(name, C=C, H=H, W=W, function=function, operands=len(of), spans=spans)
        return self.add(layer, of, (C, H, W))

    def norm(self, name: str, function: NormalisationFunction, size: int = 5, *, of: Names | None = None) -> str:
        """A normalisation that is not folded into weights."""
        C, H, W = self.at(of)
        return self.add(Normalisation(name, C=C, H=H, W=W, function=function, size=size), of, (C, H, W))

    def fc(self, name: str, M: int, *, of: Names | None = None) -> str:
        """A fully connected layer of all that comes in."""
        C, H, W = self.at(of)
        return self.add(FullyConnected(name, M=M, C=C, H=H, W=W), of, (M, 1, 1))

    def network(self, name: str, source: str) -> Network:
        """What has been laid."""
        return Network(name, tuple(self.entries), source)

    def reshaped(self, name: str, gives: Extents) -> None:
        """The same words seen as other channels, rows and columns."""
        self.extents[name] = gives
