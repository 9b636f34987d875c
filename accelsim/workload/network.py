"""A network is named layers, how often each repeats, and which layer's output feeds which.

input -> CONV1 -> POOL1 -> CONV2 -> ...       edges name earlier layers, so a network has no cycles
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from accelsim.errors import InputError, check_name, nearest
from accelsim.workload.layer import Layer, MatrixProduct
from accelsim.workload.precision import Precision
from accelsim.workload.vector_layers import Concatenation, Elementwise
from accelsim.workload.window import check_whole

INPUT = "input"
"""Stands in an edge for what the network itself is given; no layer may have this name."""
PARAMETER = "parameter"
"""Stands in an edge for a trained or constant tensor that is not the weights of a layer (positions, a class token)."""


@dataclass(frozen=True)
class NetworkLayer:
    """A layer in its network.

    repeat      how many times the network has it, each with weights of its own (and its block around it, where the
                blocks of a network are equal); totals count it so often
    inputs      names of the layers that feed it, INPUT for the network's own input, PARAMETER for a constant; () stands
                for the layer before it.
                Several feed one operand each where the layer has several, otherwise they are concatenated by channel.
    steps       how many times each of them runs, one after the other with the same weights (a recurrent layer)
    weights_of  the earlier layer whose weights it uses (tied weights), which are counted there; "" for its own
    """

    layer: Layer
    repeat: int = 1
    inputs: tuple[str, ...] = ()
    steps: int = 1
    weights_of: str = ""

    @property
    def runs(self) -> int:
        """How often it is executed in one run of the network."""
        return self.repeat * self.steps

    @property
    def name(self) -> str:
        return self.layer.name

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all runs."""
        return self.runs * self.layer.macs

    @property
    def weight_words(self) -> int:
        """Weights of all repeats; 0 when they are another layer's."""
        return 0 if self.weights_of else self.repeat * self.layer.weight_words

    @property
    def vector_operations(self) -> int:
        """Operations of the vector unit in all runs."""
        return self.runs * self.layer.vector_operations

    @property
    def cache_words(self) -> int:
        """Activations of earlier steps (keys and values) that all repeats keep."""
        return self.repeat * self.layer.cache_words if isinstance(self.layer, MatrixProduct) else 0


@dataclass(frozen=True)
class Network:
    """Layers in the order in which they run; ``source`` says where the shapes come from.

    Raises InputError when it has no name or no layer, two share a name, a repeat count is not positive, an edge names
    no earlier layer, tied weights are not those of an earlier layer with as many, or an elementwise layer or
    concatenation of several operands does not name as many inputs.
    """

    name: str
    layers: tuple[NetworkLayer, ...]
    source: str = ""

    def __post_init__(self) -> None:
        check_name("network", self.name)
        if not self.layers:
            raise InputError(f"{self.name}: a network must have at least 1 layer, not 0")
        before: dict[str, NetworkLayer] = {}
        wired = []
        for entry in self.layers:
            wired.append(self._wired(entry, before))
            self._check_tied(entry, before)
            before[entry.name] = entry
        object.__setattr__(self, "layers", tuple(wired))

    def _wired(self, entry: NetworkLayer, before: dict[str, NetworkLayer]) -> NetworkLayer:
        """The entry with its inputs named, all checked against the layers before it."""
        if entry.name in (INPUT, PARAMETER):
            meant = "the network's own input" if entry.name == INPUT else "constant tensors"
            raise InputError(f"{self.name}: a layer must not be called '{entry.name}', the name of {meant}")
        if entry.name in before:
            raise InputError(f"{self.name}: layer names must differ, not be '{entry.name}' twice")
        check_whole(entry.name, "repeat", entry.repeat)
        check_whole(entry.name, "steps", entry.steps)
        inputs = entry.inputs or (next(reversed(before)) if before else INPUT,)
        for name in inputs:
            if name not in (INPUT, PARAMETER) and name not in before:
                known = [INPUT, *before]
                raise InputError(f"{entry.name}: from must name layers before it, not '{name}'{nearest(name, known)}")
        needed = _operands(entry.layer)
        if 1 < needed != len(inputs):
            raise InputError(f"{entry.name}: from must name {needed} layers, one per operand, not {len(inputs)}")
        return replace(entry, inputs=inputs)

    def _check_tied(self, entry: NetworkLayer, before: dict[str, NetworkLayer]) -> None:
        """Weights that are another's must be there, and as many."""
        if not entry.weights_of:
            return
        if entry.weights_of not in before:
            help_ = nearest(entry.weights_of, list(before))
            raise InputError(f"{entry.name}: weights_of must name a layer before it, not '{entry.weights_of}'{help_}")
        theirs = before[entry.weights_of]
        if theirs.weights_of or theirs.layer.weight_words != entry.layer.weight_words:
            raise InputError(
                f"{entry.name}: weights_of must name a layer with {entry.layer.weight_words:,} weights of its own, "
                f"not '{entry.weights_of}' with {theirs.weight_words:,}"
            )

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
        """Operations of the vector unit: pooling, elementwise, normalisation and the like."""
        return sum(entry.vector_operations for entry in self.layers)

    @property
    def cache_words(self) -> int:
        """Activations that outlive a run: keys and values of earlier tokens."""
        return sum(entry.cache_words for entry in self.layers)

    def layer(self, name: str) -> Layer:
        """The layer of that name; raises InputError with the nearest name when there is none."""
        for entry in self.layers:
            if entry.name == name:
                return entry.layer
        raise InputError(f"{self.name}: no layer '{name}'{nearest(name, [entry.name for entry in self.layers])}")

    def with_batch(self, n: int) -> Network:
        """This network for n images (or sequences)."""
        return replace(self, layers=tuple(replace(entry, layer=entry.layer.with_batch(n)) for entry in self.layers))

    def only(self, names: Sequence[str]) -> Network:
        """The layers of these names alone, each fed from outside; raises InputError for a name that none has."""
        for name in names:
            self.layer(name)
        kept = [entry for entry in self.layers if entry.name in names]
        alone = (replace(e, inputs=(INPUT,) * max(1, _operands(e.layer)), weights_of="") for e in kept)
        return replace(self, layers=tuple(alone))

    def with_precision(self, precision: Precision) -> Network:
        """This network with the widths of all its tensors stated anew."""
        layers = []
        for entry in self.layers:
            trained = not isinstance(entry.layer, MatrixProduct) or entry.layer.second == "weights"
            bits = precision.bits(macs=entry.layer.macs > 0, trained=trained)
            layers.append(replace(entry, layer=replace(entry.layer, bits=bits)))
        return replace(self, layers=tuple(layers))


def _operands(layer: Layer) -> int:
    """How many tensors a layer combines; 1 for those that take one, concatenated where several feed them."""
    if isinstance(layer, Elementwise):
        return layer.operands
    return len(layer.C) if isinstance(layer, Concatenation) else 1
