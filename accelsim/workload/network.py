"""A network is named layers, how often each repeats, and which layer's output feeds which.

input -> CONV1 -> POOL1 -> CONV2 -> ...       edges name earlier layers, so a network has no cycles
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from accelsim.errors import InputError, check_name, nearest
from accelsim.workload.layer import Elementwise, Layer
from accelsim.workload.window import check_whole

INPUT = "input"
"""Stands in an edge for what the network itself is given; no layer may have this name."""


@dataclass(frozen=True)
class NetworkLayer:
    """A layer in its network.

    repeat   how many times in a row it runs, each with weights of its own; totals count it so often
    inputs   names of the layers that feed it, INPUT for the network's own input; () stands for the layer before it.
             Several feed one operand each where the layer has several, otherwise they are concatenated by channel.
    """

    layer: Layer
    repeat: int = 1
    inputs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.layer.name

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all repeats."""
        return self.repeat * self.layer.macs

    @property
    def weight_words(self) -> int:
        """Weights of all repeats."""
        return self.repeat * self.layer.weight_words

    @property
    def vector_operations(self) -> int:
        """Operations of the vector unit in all repeats."""
        return self.repeat * self.layer.vector_operations


@dataclass(frozen=True)
class Network:
    """Layers in the order in which they run; ``source`` says where the shapes come from.

    Raises InputError when it has no name or no layer, two share a name, a repeat count is not positive, an edge names
    no earlier layer, or an elementwise layer of several operands does not name as many inputs.
    """

    name: str
    layers: tuple[NetworkLayer, ...]
    source: str = ""

    def __post_init__(self) -> None:
        check_name("network", self.name)
        if not self.layers:
            raise InputError(f"{self.name}: a network must have at least 1 layer, not 0")
        seen: list[str] = []
        wired = []
        for entry in self.layers:
            wired.append(self._wired(entry, seen))
            seen.append(entry.name)
        object.__setattr__(self, "layers", tuple(wired))

    def _wired(self, entry: NetworkLayer, before: list[str]) -> NetworkLayer:
        """The entry with its inputs named, all checked against the layers before it."""
        if entry.name == INPUT:
            raise InputError(f"{self.name}: a layer must not be called '{INPUT}', the name of the network's own input")
        if entry.name in before:
            raise InputError(f"{self.name}: layer names must differ, not be '{entry.name}' twice")
        check_whole(entry.name, "repeat", entry.repeat)
        inputs = entry.inputs or (before[-1] if before else INPUT,)
        for name in inputs:
            if name != INPUT and name not in before:
                known = [INPUT, *before]
                raise InputError(f"{entry.name}: from must name layers before it, not '{name}'{nearest(name, known)}")
        if isinstance(entry.layer, Elementwise) and 1 < entry.layer.operands != len(inputs):
            raise InputError(
                f"{entry.name}: from must name {entry.layer.operands} layers, one per operand, not {len(inputs)}"
            )
        return replace(entry, inputs=inputs)

    @staticmethod
    def chain(name: str, layers: tuple[Layer, ...], source: str = "") -> Network:
        """The network in which each layer feeds the next."""
        return Network(name, tuple(NetworkLayer(layer) for layer in layers), source)

    @cached_property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """(producer, consumer) of every tensor between layers, INPUT included."""
        return tuple((producer, entry.name) for entry in self.layers for producer in entry.inputs)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the whole network, padding included."""
        return sum(entry.macs for entry in self.layers)

    @property
    def weight_words(self) -> int:
        """Trained weights of the whole network, without biases."""
        return sum(entry.weight_words for entry in self.layers)

    @property
    def vector_operations(self) -> int:
        """Operations of pooling and elementwise layers."""
        return sum(entry.vector_operations for entry in self.layers)

    def layer(self, name: str) -> Layer:
        """The layer of that name; raises InputError with the nearest name when there is none."""
        for entry in self.layers:
            if entry.name == name:
                return entry.layer
        raise InputError(f"{self.name}: no layer '{name}'{nearest(name, [entry.name for entry in self.layers])}")

    def with_batch(self, n: int) -> Network:
        """This network for n images (or sequences)."""
        return replace(self, layers=tuple(replace(entry, layer=entry.layer.with_batch(n)) for entry in self.layers))
