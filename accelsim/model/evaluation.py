"""What a mapping costs: energy by component and tensor, cycles and what bounds them, utilization, area."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from accelsim.architecture.spec import EnergyUnit
from accelsim.mapping.counts import AccessCounts
from accelsim.mapping.nest import Mapping

COMPUTE = "compute"


@dataclass(frozen=True)
class EnergyItem:
    """Energy of one tensor in one component. ``component``: a level's, a fan-out's or the compute's name;
    ``kind``: level, network or compute; ``tensor``: '' for compute; ``energy`` in the architecture's unit."""

    component: str
    kind: str
    tensor: str
    energy: float


@dataclass(frozen=True)
class PortTime:
    """Cycles that one port needs for its words when it does nothing else: words / bandwidth, rounded up.

    ``port`` is read, write, or shared; words and cycles are those of the busiest instance. Narrow elements share words,
    unless the level does not pack."""

    level: str
    port: str
    words: int
    cycles: int


@dataclass(frozen=True)
class Utilization:
    """useful MACs / (MAC units x cycles) = spatial x ragged x bandwidth, each in 0..1.

    spatial    MAC units that the mapping uses / MAC units of the machine
    ragged     MACs / (used units x compute cycles): what clipped tiles lose
    bandwidth  compute cycles / cycles: what waiting for ports loses
    """

    spatial: float
    ragged: float
    bandwidth: float

    @property
    def total(self) -> float:
        return self.spatial * self.ragged * self.bandwidth


@dataclass(frozen=True)
class Evaluation:
    """Cost of one mapping of one operation on one machine under one convention.

    ``energy_unit`` is pJ or MAC (normalised). ``cycles`` is the steady latency: the slowest of compute and every
    port, all overlapped; ``bound_by`` names it, such as ``compute`` or ``DRAM read port``.
    """

    operation: str
    architecture: str
    convention: str
    energy_unit: EnergyUnit
    clock_mhz: float
    mapping: Mapping | None
    counts: AccessCounts
    energies: tuple[EnergyItem, ...]
    compute_cycles: int
    cycles: int
    bound_by: str
    port_times: tuple[PortTime, ...]
    utilization: Utilization
    area_um2: float | None = None
    vector_operations: int = 0

    @cached_property
    def energy(self) -> float:
        """Total energy in ``energy_unit``."""
        return sum(item.energy for item in self.energies)

    @property
    def energy_per_mac(self) -> float:
        """Total energy / MACs, in ``energy_unit`` (0 for an operation without MACs)."""
        return self.energy / self.counts.macs if self.counts.macs else 0.0

    @property
    def edp(self) -> float:
        """Energy x cycles."""
        return self.energy * self.cycles

    @property
    def tops(self) -> float:
        """Tera-operations per second at the machine's clock; 1 MAC = 2 operations."""
        return 2 * self.counts.macs * self.clock_mhz / self.cycles / 1e6 if self.cycles else 0.0

    @property
    def seconds(self) -> float:
        return self.cycles / (self.clock_mhz * 1e6)

    def energy_by_component(self) -> dict[str, float]:
        """Component -> energy, in the machine's order."""
        out: dict[str, float] = {}
        for item in self.energies:
            out[item.component] = out.get(item.component, 0.0) + item.energy
        return out

    def energy_by_tensor(self) -> dict[str, float]:
        """Tensor -> energy; the MACs' own under 'compute'."""
        out: dict[str, float] = {}
        for item in self.energies:
            key = item.tensor or COMPUTE
            out[key] = out.get(key, 0.0) + item.energy
        return out
