"""What a comparison found: every layer of every network on every machine, and its totals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from accelsim.architecture.spec import Architecture, EnergyUnit
from accelsim.report.results import LayerResult, Settings, Total, total


@dataclass(frozen=True)
class Compared:
    """Networks x machines x layers; ``results`` in that order.

    Energies are in each machine's unit (pJ, or MAC on a normalised machine); the two are never added or drawn together.
    """

    networks: tuple[str, ...]
    architectures: tuple[Architecture, ...]
    settings: Settings
    results: tuple[LayerResult, ...]

    @property
    def infeasible(self) -> tuple[LayerResult, ...]:
        """The results that have no mapping, each with its reason."""
        return tuple(r for r in self.results if r.evaluation is None)

    @cached_property
    def totals(self) -> tuple[Total, ...]:
        """Per network and machine, over the layers with MACs."""
        return self._totals(vector=False)

    @cached_property
    def vector_totals(self) -> tuple[Total, ...]:
        """Per network and machine, over operations without MACs (pooling, elementwise); none if there are none."""
        return self._totals(vector=True)

    def _totals(self, vector: bool) -> tuple[Total, ...]:
        out = []
        for network in self.networks:
            for architecture in self.architectures:
                mine = [r for r in self.of(network, architecture.name) if r.is_vector == vector]
                if mine:
                    out.append(total(network, architecture, mine))
        return tuple(out)

    def of(self, network: str, machine: str | None = None) -> tuple[LayerResult, ...]:
        """The results of a network, on one machine or all."""
        return tuple(r for r in self.results if r.network == network and machine in (None, r.machine))

    @property
    def units(self) -> tuple[EnergyUnit, ...]:
        """The energy units that the machines use."""
        return tuple(dict.fromkeys(a.energy_unit for a in self.architectures))
