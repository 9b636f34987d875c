"""What the ISCA 2016 comparison runs, and on what: AlexNet's layers by group, padded, and the machines' buffers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from accelsim.architecture.files import load_architecture
from accelsim.workload.files import load_network
from accelsim.workload.layer import Convolution, FullyConnected, Layer

CONV = ("CONV1", "CONV2", "CONV3", "CONV4", "CONV5")
FC = ("FC6", "FC7", "FC8")
DATAFLOWS = ("RS", "WS", "OSA", "OSB", "OSC", "NLR")
"""In the order of the paper's figures."""


@dataclass(frozen=True)
class Shape:
    """A layer of one image: ``groups`` times M filters over C channels; H is the padded input side, D the side without
    padding, R the filter's, E the output's, U the stride. All are square."""

    name: str
    groups: int
    M: int
    C: int
    H: int
    D: int
    R: int
    E: int
    U: int

    @property
    def macs(self) -> int:
        """MACs of one image, all groups."""
        return self.groups * self.M * self.C * (self.R * self.E) ** 2


@cache
def shapes() -> dict[str, Shape]:
    """Name -> layer, for AlexNet's CONV and FC layers; ISCA 2016, Table II (padded), groups as the network has them."""
    data = {entry.name: entry.layer for entry in load_network("alexnet").layers}
    found = {}
    for entry in load_network("alexnet_padded").layers:
        if entry.name in CONV + FC:
            found[entry.name] = _shape(entry.layer, data[entry.name])
    return found


def _shape(padded: Layer, plain: Layer) -> Shape:
    if isinstance(padded, FullyConnected):  # the filter is the whole input: one output position
        return Shape(padded.name, 1, padded.M, padded.C, padded.H, padded.H, padded.R, padded.E, 1)
    assert isinstance(padded, Convolution)
    assert isinstance(plain, Convolution)
    G, (stride, _) = padded.G, padded.U
    return Shape(padded.name, G, padded.M // G, padded.C // G, padded.H, plain.H, padded.R, padded.E, stride)


@cache
def buffer_words(dataflow: str, pes: int) -> int:
    """16-bit words of the global buffer at equal area; ISCA 2016, Fig. 7b."""
    held = load_architecture(f"{dataflow.lower()}{pes}").level("GlobalBuffer").capacity_words
    assert held is not None
    return held
