"""What a search decides per tensor: which levels keep it, as a chain of edges from one kept level to the next.

An ``Edge`` is a child (a level, or the MACs) and its parent for one tensor.  A nest picks for every tensor a chain of
edges from the MACs to the outermost level; its cost is a sum over the edges picked, plus a constant.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from accelsim.architecture.spec import Level
from accelsim.mapping.dataflow import keeps_by_level
from accelsim.model.conventions import Convention, View
from accelsim.model.energy import charged_macs, element_energies, hop_energy, role_of
from accelsim.model.plan import TileRule
from accelsim.search.rules import Rules
from accelsim.workload.operation import Tensor

MACS = -1


class Edge(NamedTuple):
    """``tensor``: its number; ``child`` and ``parent``: numbers of levels, MACS for the units themselves."""

    tensor: int
    child: int
    parent: int


class Measure(NamedTuple):
    """One sum that nests are judged by: the energy, or the words through one port of a level.

    ``level`` is -1 for energy. ``rate``: words per cycle of the port.
    """

    level: int
    port: str
    rate: float = 0.0


@dataclass(frozen=True)
class Weights:
    """What a measure charges per word of an edge: at the parent, at the child, per fan-out (sent, delivered)."""

    read: float = 0.0
    update: float = 0.0
    distinct: float = 0.0
    fill: float = 0.0
    drain: float = 0.0
    hops: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Problem:
    """Rules and convention with the edges that may be picked. ``measures[0]`` is the energy."""

    rules: Rules
    view: Convention

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        return self.rules.architecture.levels

    @cached_property
    def tensors(self) -> tuple[Tensor, ...]:
        return self.rules.operation.tensors

    @cached_property
    def above(self) -> tuple[int, ...]:
        """Per level, how many fan-outs lie outside it."""
        table = self.rules.architecture.fanouts_above
        return tuple(table[level.name] for level in self.levels)

    @cached_property
    def compute_energy(self) -> float:
        """What the MACs themselves cost, in every nest."""
        architecture = self.rules.architecture
        return charged_macs(self.rules.operation, architecture) * architecture.compute.mac_energy

    @cached_property
    def keeps(self) -> tuple[tuple[str, ...], ...]:
        """Per tensor and level: must, may or not."""
        rules = self.rules
        tables = (
            keeps_by_level(rules.operation, rules.architecture, rules.dataflow, tensor.name) for tensor in self.tensors
        )
        return tuple(tuple(table[level.name] for level in self.levels) for table in tables)

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """Every edge between kept levels that skips none that must keep the tensor, those of inner levels first."""
        out = []
        for tensor, keeps in enumerate(self.keeps):
            for child in range(len(keeps) - 1, 0, -1):
                if keeps[child] != "not":
                    out += [Edge(tensor, child, parent) for parent in self._parents(keeps, child)]
        return tuple(sorted(out, key=lambda edge: -edge.child))

    @cached_property
    def feeds(self) -> tuple[tuple[Edge, ...], ...]:
        """Per tensor, the edges to the MACs."""
        return tuple(
            tuple(Edge(tensor, MACS, parent) for parent in self._parents(keeps, len(keeps)))
            for tensor, keeps in enumerate(self.keeps)
        )

    @staticmethod
    def _parents(keeps: tuple[str, ...], child: int) -> list[int]:
        found = []
        for parent in range(child - 1, -1, -1):
            if keeps[parent] != "not":
                found.append(parent)
            if keeps[parent] == "must":
                break
        return found

    @cached_property
    def measures(self) -> tuple[Measure, ...]:
        out = [Measure(-1, "energy")]
        for i, level in enumerate(self.levels):
            if level.shared_port and level.read_bandwidth:
                out.append(Measure(i, "shared", level.read_bandwidth))
            elif not level.shared_port:
                rates = (("read", level.read_bandwidth), ("write", level.write_bandwidth))
                out += [Measure(i, port, rate) for port, rate in rates if rate]
        return tuple(out)

    def rule(self, measure: Measure) -> TileRule:
        return self.view.tiles if measure.level < 0 else TileRule()

    def child_is_dropped(self, edge: Edge) -> bool:
        """Whether the convention forgets the accesses of the child when each of its words is read only once."""
        is_register = edge.child > 0 and self._role_is_register(edge.child)
        return self.view.drop_unreused_registers and is_register and edge.tensor != len(self.tensors) - 1

    def _role_is_register(self, level: int) -> bool:
        return role_of(self.rules.architecture, self.levels[level].name) == "register"

    def weights(self, edge: Edge, measure: Measure) -> Weights:
        """What the measure charges per word of the edge."""
        if measure.level >= 0:
            return self._port_weights(edge, measure)
        is_output = edge.tensor == len(self.tensors) - 1
        tensor = self.tensors[edge.tensor]
        parent = self._charges(edge.parent, tensor)
        child = self._charges(edge.child, tensor) if edge.child > 0 else (0.0,) * 5
        sent, delivered = self.view.output_hops if is_output else self.view.operand_hops
        per_element = [hop_energy(fanout, tensor) for fanout in self.rules.architecture.fanouts]
        hops = tuple((sent * e, delivered * e) for e in per_element)
        return Weights(parent[0], parent[2], parent[4], child[1], child[3], hops)

    def _charges(self, level: int, tensor: Tensor) -> tuple[float, ...]:
        """Energy per read, fill, update, drain and distinct element of the tensor."""
        memory = self.levels[level]
        role = role_of(self.rules.architecture, memory.name)
        view: View = self.view.view(role, tensor is self.tensors[-1])
        read, write = element_energies(memory, tensor)
        return tuple(r * read + w * write for r, w in zip(view.read, view.write, strict=True))

    def _port_weights(self, edge: Edge, measure: Measure) -> Weights:
        reads, writes = measure.port in ("read", "shared"), measure.port in ("write", "shared")
        outer, inner = edge.parent == measure.level, edge.child == measure.level
        level = self.levels[measure.level]
        words = level.element_bits(self.tensors[edge.tensor].bits) / level.word_bits
        return Weights(
            read=words * (outer and reads),
            update=words * (outer and writes),
            fill=words * (inner and writes),
            drain=words * (inner and reads),
        )
