"""Many mappings of one template at once: the same tables and folds as a single evaluation, each table made once.

A count is a sum of products of table entries, and a table depends only on the steps of its own dims; among a million
mappings these repeat, so tables are computed per different combination and the fold runs over row numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelsim.architecture.spec import Architecture
from accelsim.mapping.counts import AccessCounts, TensorCounts, Words
from accelsim.mapping.nest import Node
from accelsim.model.busiest import every_candidate
from accelsim.model.conventions import convention as convention_of
from accelsim.model.energy import charged_macs, energy_items
from accelsim.model.latency import port_times
from accelsim.model.plan import TileRule
from accelsim.model.table_store import TableStore
from accelsim.model.traffic import Counter
from accelsim.workload.operation import Operation

CHUNK = 16384
Columns = list[np.ndarray]


@dataclass(frozen=True)
class BatchCosts:
    """Per mapping: energy in the architecture's unit, steady cycles, compute cycles."""

    energy: np.ndarray
    cycles: np.ndarray
    compute_cycles: np.ndarray


class BatchEvaluator:
    """Prices mappings of one template; validity is the caller's.

    ``template``: nodes whose steps are ignored. Call with an int64 array (mappings x loops, in nest order); a loop
    whose step equals the enclosing extent does nothing. Equal to ``evaluate`` on every mapping.
    """

    def __init__(
        self, operation: Operation, architecture: Architecture, template: tuple[Node, ...], convention: str = "ours"
    ) -> None:
        self.operation, self.architecture = operation, architecture
        self.convention = convention_of(convention)
        self.timed = Counter(operation, architecture, template, TileRule())
        same = self.convention.tiles == TileRule()
        self.priced = self.timed if same else Counter(operation, architecture, template, self.convention.tiles)
        self.timed_tables, self.priced_tables = TableStore(self.timed.plan), TableStore(self.priced.plan)
        self.macs = charged_macs(operation, architecture)
        bounded = [level for level in architecture.levels if level.read_bandwidth or level.write_bandwidth]
        self.bounded = bool(bounded)
        self.inner_ports = any(architecture.fanouts_above[level.name] for level in bounded)

    def __call__(self, steps: np.ndarray) -> BatchCosts:
        parts = [self._chunk(np.ascontiguousarray(steps[i : i + CHUNK])) for i in range(0, max(1, len(steps)), CHUNK)]
        return BatchCosts(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def _chunk(self, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        candidates = self._candidates(steps)
        timed = self.timed_tables.fold_columns(steps)
        priced = timed if self.priced is self.timed else self.priced_tables.fold_columns(steps)
        compute = timed[self.timed.steps_fold]
        counts = self._counts(self.priced, priced)
        items = energy_items(self.operation, self.architecture, counts, self.convention, self.macs)
        energy = np.zeros(len(steps)) + sum(item.energy for item in items)
        return energy, self._cycles(timed, compute, candidates), compute.copy()

    def _counts(self, counter: Counter, values: Columns) -> AccessCounts:
        """Counts whose integers are columns; what neither energy nor latency needs is left at 0."""
        edges, words = counter.totals(values)
        rows = tuple(
            TensorCounts(edge.level, edge.tensor.name, moved, Words(), own.distinct, 0, 0)
            for edge, own, moved in zip(counter.plan.edges, edges, words, strict=True)
        )
        return AccessCounts(self.operation.macs, 0, 0, rows, tuple(counter.network_rows(edges)), ())

    def _candidates(self, steps: np.ndarray) -> list[tuple[int, ...]]:
        """Instances to look at for the busiest one, enough for every mapping of the chunk."""
        nowhere = [(0,) * len(self.timed.plan.loops)]
        if not self.inner_ports:
            return nowhere
        extents = {dim: np.full(len(steps), bound) for dim, bound in enumerate(n for _, n in self.operation.bounds)}
        trips = []
        for loop, dim in enumerate(self.timed.plan.loop_dim):
            trips.append(int((-(-extents[dim] // steps[:, loop])).max(initial=1)))
            extents[dim] = steps[:, loop]
        candidates = every_candidate(self.timed.plan, trips)
        for coords in candidates:
            self.timed.instance_folds(coords)
        return candidates

    def _cycles(self, values: Columns, compute: np.ndarray, candidates: list[tuple[int, ...]]) -> np.ndarray:
        """Steady latency on the counts of the busiest instance."""
        cycles = compute.copy()
        if self.bounded:
            edges, totals = self.timed.totals(values)
            per_instance = [totals]
            if self.inner_ports:
                per_instance = [self.timed.instance_words(c, values, edges, totals) for c in candidates]
            ports = tuple(self.timed.port_rows(per_instance))
            for time in port_times(self.architecture, AccessCounts(0, 0, 0, (), (), ports)):
                np.maximum(cycles, time.cycles, out=cycles)
        return cycles
