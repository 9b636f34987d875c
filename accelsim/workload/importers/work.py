"""What a lowering knows half way: the layers so far, and for every tensor which of them it comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from accelsim.errors import InputError
from accelsim.workload.importers.graph import Graph, Shape, Value
from accelsim.workload.importers.names import Names
from accelsim.workload.layer import Layer, MatrixProduct
from accelsim.workload.network import INPUT, PARAMETER, NetworkLayer
from accelsim.workload.precision import Bits
from accelsim.workload.vector_layers import Concatenation, Normalisation

SUMS_OF_INTEGERS = 32
"""Bits in which products of integers of 8 bits or fewer are summed (ONNX ConvInteger, MatMulInteger: int32)."""


@dataclass(frozen=True)
class Made:
    """The layer whose output a tensor is, unchanged. ``filters``: its output channels.

    ``affine``: it ends in factors or a bias per channel, which further ones can be joined to."""

    layer: str
    filters: int
    affine: bool


class Work:
    """The state of one lowering; only ``accelsim.workload.importers.lower`` and its parts change it."""

    def __init__(self, graph: Graph, steps: Mapping[str, str]) -> None:
        self.graph, self.steps = graph, steps
        self.entries: list[NetworkLayer] = []
        self.names = Names()
        self.readers = Counter(name for node in graph.nodes for name in node.inputs)
        self.readers.update(graph.outputs)
        self._sources: dict[str, tuple[str, ...]] = {}
        self._parts: dict[str, tuple[int, ...]] = {}  # of a tensor with several sources, the words of each
        self._planes: dict[str, Shape] = {}
        self._made: dict[str, Made] = {}
        self._roots: dict[str, str] = {}
        self._weights: dict[str, str] = {}

    def value(self, name: str) -> Value:
        """The tensor of that name; raises InputError when its shape is not known."""
        if name not in self.graph.values:
            raise InputError(f"the shape of '{name}' is not known")
        return self.graph.values[name]

    def shape(self, name: str) -> Shape:
        return self.value(name).shape

    def is_constant(self, name: str) -> bool:
        return self.value(name).constant

    def sources(self, name: str) -> tuple[str, ...]:
        """The layers that the tensor comes from; several are its parts, one behind another."""
        if name in self._sources:
            return self._sources[name]
        return (PARAMETER,) if self.is_constant(name) else (INPUT,)

    def source(self, name: str) -> str:
        """The one layer that the tensor comes from; a concatenation is laid where it has several parts."""
        several = self.sources(name)
        if len(several) == 1:
            return several[0]
        layer = Concatenation(self.names.fresh(f"{name}.concat"), C=self._parts[name])
        self.entries.append(NetworkLayer(layer, inputs=several))
        self._sources[name] = (layer.name,)
        return layer.name

    def same(self, output: str, of: str) -> None:
        """The output is the same words as another tensor."""
        if of in self._sources or not self.is_constant(of):
            self._sources[output] = self.sources(of)
            if of in self._parts:
                self._parts[output] = self._parts[of]
        self._roots[output] = self._roots.get(of, of)

    def parts(self, output: str, names: tuple[str, ...]) -> None:
        """The output is several tensors behind one another, each written to its place at once."""
        self._sources[output] = tuple(source for name in names for source in self.sources(name))
        self._parts[output] = tuple(words for name in names for words in self._words_of_parts(name))

    def _words_of_parts(self, name: str) -> tuple[int, ...]:
        return self._parts[name] if len(self.sources(name)) > 1 else (self.value(name).words,)

    def join(self, outputs: tuple[str, ...], layers: tuple[str, ...]) -> None:
        """The outputs are what these layers give, side by side."""
        for output in outputs:
            self._sources[output] = layers
            self._parts[output] = (self.value(output).words // len(layers),) * len(layers)
            self._made.pop(output, None)

    def flatten(self, output: str, of: str) -> None:
        """Remember the plane of channels that a tensor had before it became rows of words."""
        shape, before = self.shape(output), self._planes.get(of) or self.shape(of)
        flat = len(shape) == 2 and len(before) == 4 and shape[0] == before[0]
        if flat and shape[1] == before[1] * before[2] * before[3]:
            self._planes[output] = before

    def plane(self, name: str) -> Shape | None:
        """The shape [N, C, H, W] of which the tensor is the rows, when it is."""
        return self._planes.get(name)

    def made_by(self, name: str) -> Made | None:
        """The layer whose whole output the tensor is."""
        return self._made.get(name)

    def handed_on(self, before: str, output: str, affine: bool) -> None:
        """The layer before a fused node gives what the node gave."""
        self._made[output] = replace(self._made[before], affine=affine and self._made[before].affine)

    def add(self, layer: Layer, inputs: tuple[str, ...], output: str, *, steps: int = 1, weights: str = "") -> str:
        """Lay a layer; ``weights`` names the tensor of its weights, which equal layers share. Returns its name."""
        root = self._roots.get(weights, weights)
        owner = self._weights.get(root, "") if weights else ""
        if owner and self._words(owner) != layer.weight_words:
            owner = ""
        self.entries.append(NetworkLayer(layer, inputs=inputs, steps=steps, weights_of=owner))
        if weights and not owner:
            self._weights[root] = layer.name
        self._sources[output] = (layer.name,)
        factors = isinstance(layer, Normalisation) and layer.function == "batch"
        self._made[output] = Made(layer.name, _channels(layer), (layer.macs > 0 and layer.weight_words > 0) or factors)
        return layer.name

    def _words(self, layer: str) -> int:
        return next(entry.layer.weight_words for entry in self.entries if entry.name == layer)

    def bits(self, inputs: str, weights: str | None = None, output: str | None = None) -> Bits:
        """The widths that the model states for a layer of these tensors."""
        first = self.value(inputs).bits
        second = self.value(weights).bits if weights is not None else None
        if weights is None:
            return Bits(first, None, self.value(output).bits if output else first)
        both = (first or 32) <= 8 and (second or 32) <= 8
        return Bits(first, second, SUMS_OF_INTEGERS if both else None)


def _channels(layer: Layer) -> int:
    """Output channels: how many words a bias of the layer has."""
    if isinstance(layer, MatrixProduct):
        return layer.N
    channels = getattr(layer, "M", getattr(layer, "C", 1))
    return channels if isinstance(channels, int) else 1
