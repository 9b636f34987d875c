"""How long each activation lives, and the most that lives at once: what a machine must hold between layers.

Layers run in order.  A tensor is born by the layer that writes it and dies after the last layer that reads it; the
network's input is there from the start, what no layer reads stays to the end.  While a layer runs, its operands and its
output live side by side (nothing is written in place).  Equal blocks (``repeat``) run one after the other in the same
memory.  A recurrent layer keeps its hidden states of all steps, as later layers read them, but only one step of what
passes between its own layers.
"""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.workload.network import INPUT, PARAMETER, Network, NetworkLayer
from accelsim.workload.operation import ROWS, WEIGHTS


@dataclass(frozen=True)
class Lifetime:
    """An activation: who writes it, its words, and the first and last layer (numbered from 0) during which it lives.

    ``bits`` of a word, None for the machine's word.
    """

    producer: str
    words: int
    first: int
    last: int
    bits: int | None = None


@dataclass(frozen=True)
class Peak:
    """The most words of activations alive at once, while ``layer`` runs; ``bits`` when each of them has a width."""

    words: int
    layer: str
    bits: int | None = None


def lifetimes(network: Network) -> tuple[Lifetime, ...]:
    """Every activation of the network, its input first, then in the order of the layers."""
    place = {entry.name: i for i, entry in enumerate(network.layers)}
    readers: dict[str, list[NetworkLayer]] = {name: [] for name in (INPUT, PARAMETER, *place)}
    for entry in network.layers:
        for name in entry.inputs:
            readers[name].append(entry)
    end = len(network.layers) - 1
    found = []
    given = _input_words(network, readers[INPUT])
    if given:
        found.append(Lifetime(INPUT, given, 0, max(place[e.name] for e in readers[INPUT]), _input_bits(readers[INPUT])))
    for i, entry in enumerate(network.layers):
        mine = readers[entry.name]
        last = max((place[e.name] for e in mine), default=end)
        found.append(Lifetime(entry.name, _held(entry, mine), i, last, _input_bits(mine) or _output_bits(entry)))
    return tuple(found)


def peak_activations(network: Network) -> Peak:
    """The layer during which most words are alive, the first of them where several are equal."""
    alive: list[list[Lifetime]] = [[] for _ in network.layers]
    for lifetime in lifetimes(network):
        for i in range(lifetime.first, lifetime.last + 1):
            alive[i].append(lifetime)
    words = [sum(tensor.words for tensor in tensors) for tensors in alive]
    at = max(range(len(words)), key=lambda i: (words[i], -i))
    widths = [tensor.bits for tensor in alive[at]]
    bits = None if None in widths else sum(t.words * t.bits for t in alive[at] if t.bits)
    return Peak(words[at], network.layers[at].name, bits)


def _held(entry: NetworkLayer, readers: list[NetworkLayer]) -> int:
    """Words of an output that are kept: of all steps, unless only the same steps of other layers read them."""
    words = entry.layer.operation().output.words
    within = readers and all(reader.steps == entry.steps for reader in readers)
    return words if within else words * entry.steps


def _output_bits(entry: NetworkLayer) -> int | None:
    operation = entry.layer.operation()
    return operation.output.bits if operation.kind == "vector" else operation.operands[0].bits


def _input_bits(readers: list[NetworkLayer]) -> int | None:
    """The width in which the readers take it: sums are stored in the width of activations, not of accumulation."""
    widths = [entry.layer.operation().operands[0].bits for entry in readers]
    return max((width for width in widths if width is not None), default=None)


def _input_words(network: Network, readers: list[NetworkLayer]) -> int:
    """Words of the network's own input, by the largest of its readers; what other layers add to them is theirs."""
    outputs = {entry.name: entry.layer.operation().output.words for entry in network.layers}
    most = 0
    for entry in readers:
        trained = entry.layer.weight_words > 0
        operands = [t for t in entry.layer.operation().operands if not (trained and t.name in (WEIGHTS, ROWS))]
        if len(operands) == len(entry.inputs) > 1:
            words = max(t.words for t, name in zip(operands, entry.inputs, strict=True) if name == INPUT)
        else:
            words = operands[0].words - sum(outputs[name] for name in entry.inputs if name in outputs)
        most = max(most, words, 0)
    return most
