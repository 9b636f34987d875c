"""What a comparison found, as values: one result per layer and machine, and totals per network and machine.

Totals count every repeat of a layer; they are over the layers that have a mapping, and say which have none.
Operations without MACs are totalled apart: they carry words, operations and energy, but no dataflow applies to them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from accelsim.architecture.sources import NO_SOURCE, source_of, stated_numbers
from accelsim.architecture.spec import Architecture, EnergyUnit
from accelsim.model.evaluation import COMPUTE, Evaluation
from accelsim.search.interface import Certificate, Objective, Steps
from accelsim.workload.operation import Operation


@dataclass(frozen=True)
class Settings:
    """What was asked: see ``accelsim.search.interface.Limits``; ``batch`` None means that of the network's file."""

    batch: int | None = None
    objective: Objective = "energy"
    convention: str = "ours"
    dataflow: str | None = None
    gap: float = 0.01
    seconds: float | None = None
    steps: Steps = "aligned"


@dataclass(frozen=True)
class LayerResult:
    """One layer on one machine, for a single execution; ``repeat`` says how often the network has it.

    ``evaluation`` is None, and ``reason`` a sentence, where the machine has no mapping for the layer.
    ``certificate`` is None where nothing was searched (operations without MACs).
    """

    network: str
    layer: str
    repeat: int
    operation: Operation
    architecture: Architecture
    evaluation: Evaluation | None
    certificate: Certificate | None = None
    reason: str = ""

    @property
    def machine(self) -> str:
        return self.architecture.name

    @property
    def is_vector(self) -> bool:
        return self.operation.kind == "vector"

    @property
    def dram_words(self) -> int:
        """Words read from and written to the outermost level, all tensors together."""
        return sum(self._dram_words_by_tensor.values())

    @property
    def dram_bytes(self) -> float:
        """The same in bytes; a tensor has its own width or the level's."""
        return self.level_bytes(self.architecture.levels[0].name)

    def level_bytes(self, level: str) -> float:
        """Bytes read from and written to all instances of a level; 0 where the layer keeps nothing there."""
        memory = self.architecture.level(level)
        return sum(
            words * memory.element_bits(self.operation.tensor(tensor).bits) / 8
            for tensor, words in self._words_by_tensor(level).items()
        )

    @cached_property
    def _dram_words_by_tensor(self) -> dict[str, int]:
        return self._words_by_tensor(self.architecture.levels[0].name)

    def _words_by_tensor(self, level: str) -> dict[str, int]:
        if self.evaluation is None:
            return {}
        return {
            row.tensor: row.total.reads + row.total.fills + row.total.updates + row.total.drains
            for row in self.evaluation.counts.tensors
            if row.level == level
        }


@dataclass(frozen=True)
class Total:
    """Sums of one network on one machine; ``infeasible`` names the layers that the sums lack.

    ``operations`` are those of the vector unit; ``seconds`` is at the machine's clock.
    """

    network: str
    architecture: Architecture
    layers: int
    infeasible: tuple[str, ...]
    macs: int
    operations: int
    energy: float
    cycles: int
    dram_words: int
    energy_by_component: tuple[tuple[str, float], ...]
    energy_by_tensor: tuple[tuple[str, float], ...]

    @property
    def machine(self) -> str:
        return self.architecture.name

    @property
    def unit(self) -> EnergyUnit:
        return self.architecture.energy_unit

    @property
    def mapped(self) -> int:
        return self.layers - len(self.infeasible)

    @property
    def complete(self) -> bool:
        """Whether the sums are the whole network's; only then may they be compared."""
        return not self.infeasible

    @property
    def energy_per_mac(self) -> float:
        return self.energy / self.macs if self.macs else 0.0

    @property
    def dram_words_per_mac(self) -> float:
        return self.dram_words / self.macs if self.macs else 0.0

    @property
    def seconds(self) -> float:
        return self.cycles / (self.architecture.clock_mhz * 1e6)

    @property
    def tops(self) -> float:
        """Tera-operations per second; 1 MAC = 2 operations."""
        return 2 * self.macs / self.seconds / 1e12 if self.cycles else 0.0

    @property
    def utilization(self) -> float:
        """Useful MACs / (MAC units x cycles)."""
        return self.macs / (self.architecture.mac_units * self.cycles) if self.cycles else 0.0


def total(network: str, architecture: Architecture, results: Iterable[LayerResult]) -> Total:
    """Add up results of one network on one machine, each times its repeat; all with MACs, or all without."""
    results = tuple(results)
    mapped = [(r, r.evaluation) for r in results if r.evaluation is not None]
    components = _ordered(architecture)
    tensors: dict[str, float] = {}
    for result, evaluation in mapped:
        for component, energy in evaluation.energy_by_component().items():
            components[component] = components.get(component, 0.0) + result.repeat * energy
        for tensor, energy in evaluation.energy_by_tensor().items():
            tensors[tensor] = tensors.get(tensor, 0.0) + result.repeat * energy
    if COMPUTE in tensors:
        tensors[COMPUTE] = tensors.pop(COMPUTE)  # last, whatever the order of the layers
    return Total(
        network=network,
        architecture=architecture,
        layers=len(results),
        infeasible=tuple(r.layer for r in results if r.evaluation is None),
        macs=sum(r.repeat * e.counts.macs for r, e in mapped),
        operations=sum(r.repeat * e.vector_operations for r, e in mapped),
        energy=sum(r.repeat * e.energy for r, e in mapped),
        cycles=sum(r.repeat * e.cycles for r, e in mapped),
        dram_words=sum(r.repeat * r.dram_words for r, _ in mapped),
        energy_by_component=tuple((name, energy) for name, energy in components.items() if energy),
        energy_by_tensor=tuple(tensors.items()),
    )


def _ordered(architecture: Architecture) -> dict[str, float]:
    """Every component of the machine, outermost first, at zero."""
    return dict.fromkeys((*(e.name for e in architecture.elements), architecture.compute.name), 0.0)


def unverified(architecture: Architecture) -> tuple[str, ...]:
    """Fields whose numbers could not be checked against their source, as ``GlobalBuffer.read_energy``."""
    found = []
    for element in (architecture, *architecture.elements, architecture.compute):
        prefix = "" if element is architecture else f"{element.name}."
        for field in stated_numbers(element):
            source = source_of(element.sources, field)
            if not source.verified and source.text != NO_SOURCE:
                found.append(prefix + field)
    return tuple(found)
