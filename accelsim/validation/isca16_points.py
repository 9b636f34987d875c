"""A point of the ISCA 2016 comparison: a dataflow, a number of PEs and of images, priced under the paper's own rules.

energy = 1 x MACs + 200 x DRAM + 6 x buffer + 2 x array + 1 x register words      (Table IV, in MAC energies)
delay  = sum over layers of MACs / active PEs                                     (section VII, Fig. 13)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import final

from accelsim.validation.isca16_layers import CONV, DATAFLOWS, FC, Shape, buffer_words, shapes

LEVELS = ("DRAM", "Buffer", "Array", "RF")
LEVEL_MACS = (200.0, 6.0, 2.0, 1.0)
"""Energy per word at LEVELS in MAC energies; ISCA 2016, Table IV."""
TENSORS = ("inputs", "weights", "psums")
SEARCH_HOP_MACS = 4.0
"""What the mapping optimisation charges for a psum's hop: a read and a write, as equation 4 has it elsewhere.
The bars then show the printed 2 per hop. Inferred from the figures: see accelsim.validation.isca16_rules."""
PRINTED_HOP_MACS = 2.0
CONV_POINTS = tuple((pes, images) for pes in (256, 512, 1024) for images in (1, 16, 64))
FC_POINTS = tuple((1024, images) for images in (16, 64, 256))


@dataclass(frozen=True)
class Charged:
    """One layer in its best mapping: words by tensor (TENSORS) and level (LEVELS), all images and groups together.

    ``active_pes`` of the array; ``choices`` of the dataflow's kernel in accelsim.validation.isca16_kernels."""

    shape: Shape
    images: int
    words: tuple[tuple[float, ...], ...]
    active_pes: int
    choices: tuple[int, ...]

    @property
    def macs(self) -> int:
        return self.images * self.shape.macs

    def level_energy(self, level: str) -> float:
        """Energy of a level of LEVELS in MAC energies, all tensors."""
        i = LEVELS.index(level)
        return LEVEL_MACS[i] * sum(row[i] for row in self.words)

    def tensor_energy(self, tensor: str) -> float:
        """Energy of a tensor of TENSORS in MAC energies; a third of the MACs' own belongs to each."""
        words = self.words[TENSORS.index(tensor)]
        return sum(energy * count for energy, count in zip(LEVEL_MACS, words, strict=True)) + self.macs / len(TENSORS)

    @property
    def energy(self) -> float:
        """Total energy in MAC energies."""
        return self.macs + sum(self.level_energy(level) for level in LEVELS)


@final
@dataclass(frozen=True)
class Point:
    """The layers of a point; energies are per MAC, in MAC energies."""

    dataflow: str
    pes: int
    images: int
    layers: tuple[Charged, ...]

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    def level_energy(self, level: str) -> float:
        """Energy per MAC of 'ALU' or a level of LEVELS."""
        return 1.0 if level == "ALU" else self._per_mac(layer.level_energy(level) for layer in self.layers)

    def tensor_energy(self, tensor: str) -> float:
        """Energy per MAC of a tensor of TENSORS, a third of the MAC included."""
        return self._per_mac(layer.tensor_energy(tensor) for layer in self.layers)

    @property
    def energy(self) -> float:
        """Total energy per MAC."""
        return self._per_mac(layer.energy for layer in self.layers)

    @property
    def dram_writes(self) -> float:
        """DRAM writes, words per MAC: the finished outputs."""
        return self._per_mac(layer.words[TENSORS.index("psums")][0] for layer in self.layers)

    @property
    def dram_reads(self) -> float:
        """DRAM reads, words per MAC."""
        return self._per_mac(sum(row[0] for row in layer.words[:2]) for layer in self.layers)

    @property
    def delay(self) -> float:
        """Cycles per MAC: 1 / active PEs, weighted by MACs."""
        return self._per_mac(layer.macs / layer.active_pes for layer in self.layers)

    @property
    def edp(self) -> float:
        """Energy per MAC x cycles per MAC."""
        return self.energy * self.delay

    def _per_mac(self, amounts: Iterable[float]) -> float:
        return sum(amounts) / self.macs


def charged(dataflow: str, pes: int, images: int, layer: str, hop_macs: float = SEARCH_HOP_MACS) -> Charged | None:
    """A layer in the cheapest mapping of a dataflow; None where its rules let no mapping fit."""
    from accelsim.validation import isca16_kernels as kernels

    kernel = dict(
        zip(
            DATAFLOWS,
            (
                kernels.row_stationary,
                kernels.weight_stationary,
                kernels.output_stationary_a,
                kernels.output_stationary_b,
                kernels.output_stationary_c,
                kernels.no_local_reuse,
            ),
            strict=True,
        )
    )[dataflow]
    s = shapes()[layer]
    held = buffer_words(dataflow, pes)
    _, active, words, choices = kernel(s.M, s.C, s.H, s.D, s.R, s.E, s.U, images, pes, held, hop_macs)
    if not active:
        return None
    total = tuple(tuple(float(s.groups * count) for count in row) for row in words)
    return Charged(s, images, total, int(active), tuple(int(choice) for choice in choices))


@cache
def point(
    dataflow: str, pes: int, images: int, layers: tuple[str, ...], hop_macs: float = SEARCH_HOP_MACS
) -> Point | None:
    """All of these layers; None where one of them cannot be mapped."""
    found = [charged(dataflow, pes, images, layer, hop_macs) for layer in layers]
    if any(one is None for one in found):
        return None
    return Point(dataflow, pes, images, tuple(one for one in found if one is not None))


def every_point() -> tuple[tuple[str, tuple[str, ...], int, int], ...]:
    """(CONV or FC, layers, PEs, images) of every point of the paper's figures."""
    conv = tuple(("CONV", CONV, *at) for at in CONV_POINTS)
    return conv + tuple(("FC", FC, *at) for at in FC_POINTS)
