"""A machine: storage levels outermost first, spatial fan-outs between them, compute; each number with a source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from math import gcd, prod
from typing import Literal, TypeVar

from accelsim.architecture.systolic import SystolicArray
from accelsim.errors import InputError, nearest

Keep = Literal["must", "may", "not"]
Network = Literal["multicast", "forwarding", "reduction", "unicast"]
EnergyUnit = Literal["pJ", "MAC"]
T = TypeVar("T")
REST = "*"
"""Stands for every tensor that a per-tensor table does not name."""


@dataclass(frozen=True)
class Source:
    """Where a number comes from; ``verified`` is False when it rests on memory alone."""

    field: str
    text: str
    verified: bool = True


def _of(table: tuple[tuple[str, T], ...], tensor: str, default: T) -> T:
    entries = dict(table)
    return entries.get(tensor, entries.get(REST, default))


@dataclass(frozen=True)
class Level:
    """A memory. Capacities in words per instance; bandwidths in words per cycle per instance; energies in the
    architecture's energy unit per word.

    capacity_words      shared by all tensors, None for unbounded
    tensor_capacity_words  (tensor, words): private partitions; tensors named here do not use the shared capacity
    keeps               (tensor, must | may | not); '*' stands for the rest; unnamed means may
    buffers             copies of every tile that must fit (2 for double buffering)
    shared_port         reads and writes compete for ``read_bandwidth``
    nested              storage nodes of sibling levels must follow the order of the architecture
    latency_cycles      from the request of a tile until its first word is there; steady latency hides it
    packed              elements lie side by side, so that each takes its own bits of room and of an access's energy;
                        else each takes whole words, however narrow it is
    """

    name: str
    capacity_words: int | None = None
    tensor_capacity_words: tuple[tuple[str, int], ...] = ()
    keeps: tuple[tuple[str, Keep], ...] = ()
    buffers: int = 1
    word_bits: int = 16
    read_bandwidth: float | None = None
    write_bandwidth: float | None = None
    shared_port: bool = False
    read_energy: float = 0.0
    write_energy: float = 0.0
    area_um2: float | None = None
    nested: bool = False
    latency_cycles: int = 0
    packed: bool = True
    sources: tuple[Source, ...] = ()

    def keep(self, tensor: str) -> Keep:
        """Whether this level must, may or may not keep the tensor."""
        return _of(self.keeps, tensor, "may")

    def element_bits(self, width: int | None) -> int:
        """Bits that an element of a width in bits takes here (None: a word): its own, or whole words if not packed.

        >>> Level("Buffer", word_bits=16).element_bits(24), Level("Buffer", word_bits=16, packed=False).element_bits(24)
        (24, 32)
        """
        bits = width or self.word_bits
        return bits if self.packed else -(-bits // self.word_bits) * self.word_bits

    def word_parts(self, widths: Iterable[int | None]) -> tuple[int, tuple[int, ...]]:
        """(parts of a word, parts of an element of each width), in the largest part that divides them all.

        >>> Level("Buffer", word_bits=16).word_parts((None, 8, 24))
        (2, (2, 1, 3))
        """
        bits = tuple(self.element_bits(width) for width in widths)
        part = gcd(self.word_bits, *bits)
        return self.word_bits // part, tuple(own // part for own in bits)


@dataclass(frozen=True)
class Axis:
    """One direction of an array. ``networks``: (tensor, kind) along this axis; '*' for the rest; unnamed unicast.

    ``irrelevant_to`` restricts the axis to dims that do not index the named tensor; ``dims`` to the dims listed.
    """

    name: str
    size: int
    networks: tuple[tuple[str, Network], ...] = ()
    irrelevant_to: str | None = None
    dims: tuple[str, ...] | None = None

    def network(self, tensor: str) -> Network:
        return _of(self.networks, tensor, "unicast")


@dataclass(frozen=True)
class Fanout:
    """A spatial fan-out: everything listed after it is instantiated once per position of its axes.

    ``hop_energy``: (tensor, energy per word of ``word_bits`` delivered over this network), '*' for the rest, 0 when
    unnamed.
    """

    name: str
    axes: tuple[Axis, ...]
    hop_energy: tuple[tuple[str, float], ...] = ()
    word_bits: int = 16
    sources: tuple[Source, ...] = ()

    @property
    def instances(self) -> int:
        return prod(axis.size for axis in self.axes)

    def energy_per_word(self, tensor: str) -> float:
        return _of(self.hop_energy, tensor, 0.0)


@dataclass(frozen=True)
class Compute:
    """The MAC unit at every innermost position: one MAC per cycle. ``gate_padding``: padding MACs cost nothing."""

    name: str = "MAC"
    mac_energy: float = 0.0
    gate_padding: bool = False
    area_um2: float | None = None
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Architecture:
    """A machine. ``elements``: levels and fan-outs, outermost first. ``dataflow``: the default one's name.

    ``systolic``: the array as one whose time is known cycle by cycle, None where it is not described.
    ``energy_unit`` is pJ (physical) or MAC (normalised to one multiply-accumulate); the two never mix.
    """

    name: str
    elements: tuple[Level | Fanout, ...]
    compute: Compute
    clock_mhz: float
    energy_unit: EnergyUnit = "pJ"
    dataflow: str | None = None
    description: str = ""
    technology: str = ""
    vector_energy: float = 0.0
    other_area_um2: float | None = None
    systolic: SystolicArray | None = None
    sources: tuple[Source, ...] = ()

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        return tuple(e for e in self.elements if isinstance(e, Level))

    @cached_property
    def fanouts(self) -> tuple[Fanout, ...]:
        return tuple(e for e in self.elements if isinstance(e, Fanout))

    @cached_property
    def axes(self) -> dict[str, Axis]:
        """Axes by name, outermost fan-out first; names are unique in a machine."""
        return {axis.name: axis for fanout in self.fanouts for axis in fanout.axes}

    @cached_property
    def fanouts_above(self) -> dict[str, int]:
        """Per level name, how many fan-outs lie outside it."""
        depth, table = 0, {}
        for element in self.elements:
            if isinstance(element, Fanout):
                depth += 1
            else:
                table[element.name] = depth
        return table

    @cached_property
    def fanout_of_axis(self) -> dict[str, int]:
        """Per axis name, the index of its fan-out in ``fanouts``."""
        return {axis.name: i for i, fanout in enumerate(self.fanouts) for axis in fanout.axes}

    @property
    def mac_units(self) -> int:
        """MAC units in the whole machine."""
        return prod(fanout.instances for fanout in self.fanouts)

    def level_instances(self, level: str) -> int:
        """Physical instances of a level."""
        return prod(f.instances for f in self.fanouts[: self.fanouts_above[level]])

    def level(self, name: str) -> Level:
        """The level of that name; raises InputError with the nearest name when there is none."""
        for level in self.levels:
            if level.name == name:
                return level
        names = [level.name for level in self.levels]
        raise InputError(f"{self.name}: no level '{name}'{nearest(name, names)}")
