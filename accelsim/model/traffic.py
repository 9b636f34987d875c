"""Access counts in closed form; accelsim.simulate counts the same by executing the nest.

``Counter`` turns the values of folds into counts. A value is an integer of one mapping or a column of many (int64
array): the arithmetic is the same, so a batch and a single evaluation share every line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache, reduce
from typing import Any

import numpy as np

from accelsim.architecture.spec import Architecture
from accelsim.errors import MappingError
from accelsim.mapping.counts import AccessCounts, NetworkCounts, PortWords, TensorCounts, Words
from accelsim.mapping.nest import Mapping, Node, Spatial, Storage
from accelsim.mapping.tiles import largest_tile_words
from accelsim.model import kernels as k
from accelsim.model.busiest import candidates
from accelsim.model.edges import EdgeCounts, EdgeFolds, edge_counts, edge_folds
from accelsim.model.plan import NO_TENSOR, Edge, Plan, TileRule
from accelsim.workload.operation import Operation

LARGEST = 2**59
"""MACs beyond which sums of several counts could leave 64 bits."""
Values = Sequence[Any]
InstanceFolds = tuple[EdgeFolds, EdgeFolds | None]


class Counter:
    """Counts mappings of one template: plan and folds are made once, steps come per mapping.

    Raises MappingError when the operation is too large for 64-bit sums or has a rank that no closed form covers.
    """

    def __init__(
        self, operation: Operation, architecture: Architecture, template: tuple[Node, ...], rule: TileRule
    ) -> None:
        widths = [tensor.bits for tensor in operation.tensors]
        self.word_parts = {level.name: level.word_parts(widths) for level in architecture.levels}
        most = LARGEST // max(part for _, parts in self.word_parts.values() for part in (1, *parts))
        if operation.points >= most:
            bound = "2**59" if most == LARGEST else f"{most:,}"
            raise MappingError(f"{operation.name}: must have fewer than {bound} MACs, not {operation.points:,}")
        self.operation, self.architecture = operation, architecture
        self.plan = Plan(operation, architecture, template, rule)
        self.folds = [edge_folds(self.plan, edge) for edge in self.plan.edges]
        in_order = tuple(k.FIRST if isinstance(loop, Spatial) else k.TEMPORAL for loop in self.plan.loops)
        self.steps_fold = self.plan.fold(NO_TENSOR, in_order, full=True)
        self.instances = [self._instances_fold(depth) for depth in range(len(architecture.fanouts) + 1)]
        self._instance: dict[tuple[int, ...], list[InstanceFolds | None]] = {}

    def _instances_fold(self, fanouts: int) -> int:
        """Instances ever active below this many fan-outs: those with anything to do in the first step."""
        modes = (k.TEMPORAL if f < 0 else k.SUM if f < fanouts else k.FIRST for f in self.plan.loop_fanout)
        return self.plan.fold(NO_TENSOR, tuple(modes), cover=True)

    def parent(self, index: int) -> int | None:
        """The edge above the node of edge ``index``, or None at the outermost node of a tensor."""
        edges = self.plan.edges
        return index - 1 if index and edges[index - 1].tensor is edges[index].tensor else None

    def instance_folds(self, coords: tuple[int, ...]) -> list[InstanceFolds | None]:
        """Per edge the folds of one instance of its node: own edge and the edge above.

        None for a node outside every fan-out: its single instance is the total.
        """
        if coords not in self._instance:
            self._instance[coords] = [self._node_folds(i, edge, coords) for i, edge in enumerate(self.plan.edges)]
        return self._instance[coords]

    def _node_folds(self, index: int, edge: Edge, coords: tuple[int, ...]) -> InstanceFolds | None:
        fixed = self.architecture.fanouts_above[edge.level]
        if fixed == 0:
            return None
        above = self.parent(index)
        own = edge_folds(self.plan, edge, fixed, coords)
        return own, None if above is None else edge_folds(self.plan, self.plan.edges[above], fixed, coords)

    def totals(self, values: Values) -> tuple[list[EdgeCounts], list[Words]]:
        """Counts per edge, and the four words per node, over all instances."""
        edges = [edge_counts(f, values) for f in self.folds]
        words = []
        for i, own in enumerate(edges):
            above = self.parent(i)
            fills, drains = (0, 0) if above is None else (edges[above].child_fills, edges[above].child_drains)
            words.append(Words(own.parent_reads, fills, own.parent_updates, drains))
        return edges, words

    def instance_words(
        self, coords: tuple[int, ...], values: Values, edges: list[EdgeCounts], totals: list[Words]
    ) -> list[Words]:
        """The four words per node in the instances at these coordinates."""
        out = []
        for i, folds in enumerate(self.instance_folds(coords)):
            if folds is None:
                out.append(totals[i])
                continue
            own, above = folds
            counts = edge_counts(own, values)
            fills: Any = 0
            drains: Any = 0
            if above is not None:
                fills = values[above.crossing[-1]]
                if self.plan.edges[i].tensor is self.operation.output:
                    drains, fills = fills, self._returned(i, coords, edges, fills - values[own.distinct])
            out.append(Words(counts.parent_reads, fills, counts.parent_updates, drains))
        return out

    def _returned(self, index: int, coords: tuple[int, ...], edges: list[EdgeCounts], words: Any) -> Any:
        """Partial sums that come back to one instance: only to coordinate 0 in all dims irrelevant to the output."""
        parent = self.parent(index)
        assert parent is not None
        first = self.architecture.fanouts_above[self.plan.edges[parent].level]
        last = self.architecture.fanouts_above[self.plan.edges[index].level]
        relevant = self.plan.edges[index].tensor.dims
        inside = (
            at
            for at, loop, fanout in zip(coords, self.plan.loops, self.plan.loop_fanout, strict=True)
            if first <= fanout < last and loop.dim not in relevant
        )
        return 0 if any(inside) else words * (edges[parent].returned != 0)

    def network_rows(self, edges: list[EdgeCounts]) -> Iterator[NetworkCounts]:
        """Words through every fan-out, per tensor, in the machine's order."""
        for index, fanout in enumerate(self.architecture.fanouts):
            for tensor in self.operation.tensors:
                sent: Any = 0
                delivered: Any = 0
                for folds, words in zip(self.folds, edges, strict=True):
                    side = index - folds.first_fanout
                    if folds.edge.tensor is tensor and 0 <= side < len(words.crossing) - 1:
                        sent += words.crossing[side] + words.returned
                        delivered += words.crossing[side + 1] + words.returned
                yield NetworkCounts(fanout.name, tensor.name, sent, delivered)

    def port_rows(self, per_instance: list[list[Words]]) -> Iterator[PortWords]:
        """The busiest instance's words per level that keeps anything, in the machine's order."""
        number = {tensor.name: i for i, tensor in enumerate(self.operation.tensors)}
        for level in self.architecture.levels:
            per_word, parts = self.word_parts[level.name]
            edges = enumerate(self.plan.edges)
            mine = [(i, parts[number[edge.tensor.name]]) for i, edge in edges if edge.level == level.name]
            if mine:
                reads = [sum((words[i].reads + words[i].drains) * part for i, part in mine) for words in per_instance]
                writes = [sum((words[i].fills + words[i].updates) * part for i, part in mine) for words in per_instance]
                both = [r + w for r, w in zip(reads, writes, strict=True)]
                yield PortWords(level.name, largest(reads), largest(writes), largest(both), per_word)


def largest(values: list[Any]) -> Any:
    """The largest of integers, or element by element of columns."""
    return max(values) if isinstance(values[0], int) else reduce(np.maximum, values)


@lru_cache(maxsize=512)
def counter(operation: Operation, architecture: Architecture, template: tuple[Node, ...], rule: TileRule) -> Counter:
    """The counter of a template: the order of nodes, whatever their steps (a compilation, not a result)."""
    return Counter(operation, architecture, template, rule)


def template_of(mapping: Mapping) -> tuple[Node, ...]:
    """The nodes with every step replaced by 0."""
    return tuple(
        n if isinstance(n, Storage) else Spatial(n.dim, 0, n.axis) if isinstance(n, Spatial) else type(n)(n.dim, 0)
        for n in mapping.nodes
    )


def access_counts(
    operation: Operation, architecture: Architecture, mapping: Mapping, rule: TileRule | None = None
) -> AccessCounts:
    """Every count of the contract, exact, for a valid mapping.

    Raises MappingError when the operation has a rank that no closed form covers.
    """
    count = counter(operation, architecture, template_of(mapping), rule or TileRule())
    steps = [loop.step for loop in mapping.loops]
    looked_at = candidates(count.plan, steps)
    for coords in looked_at:
        count.instance_folds(coords)
    values = count.plan.evaluate_one(np.array(steps or [1], np.int64))
    edges, totals = count.totals(values)
    per_instance = [count.instance_words(coords, values, edges, totals) for coords in looked_at]
    return AccessCounts(
        macs=operation.macs,
        steps=values[count.steps_fold],
        mac_instances=values[count.instances[-1]],
        tensors=_tensor_rows(count, mapping, values, edges, totals, per_instance),
        networks=tuple(count.network_rows(edges)),
        ports=tuple(count.port_rows(per_instance)),
    )


def _tensor_rows(
    count: Counter, mapping: Mapping, values: Values, edges: list[EdgeCounts], totals: list[Words],
    per_instance: list[list[Words]],
) -> tuple[TensorCounts, ...]:  # fmt: skip
    where = {(n.level, n.tensor): i for i, n in enumerate(mapping.nodes) if isinstance(n, Storage)}
    rows = []
    for i, edge in enumerate(count.plan.edges):
        every = [words[i] for words in per_instance]
        busiest = Words(
            max(w.reads for w in every), max(w.fills for w in every),
            max(w.updates for w in every), max(w.drains for w in every),
        )  # fmt: skip
        tile = largest_tile_words(count.operation, mapping, where[edge.level, edge.tensor.name])
        instances = values[count.instances[count.architecture.fanouts_above[edge.level]]]
        rows.append(TensorCounts(edge.level, edge.tensor.name, totals[i], busiest, edges[i].distinct, tile, instances))
    order = [level.name for level in count.architecture.levels]
    tensors = [t.name for t in count.operation.tensors]
    return tuple(sorted(rows, key=lambda r: (order.index(r.level), tensors.index(r.tensor))))
