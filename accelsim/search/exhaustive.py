"""Every mapping of a small space, one by one: the oracle that searches are tested against.

Only what cannot matter is left out: loops of one trip, two loops over one dim in time or on one axis with nothing
between (they are one loop), and the order of storage nodes with no loop between.  Everything else is written down and
judged by the rules of mappings (accelsim.mapping.validity) and of the dataflow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import perf_counter

from accelsim.architecture.spec import Architecture
from accelsim.errors import InfeasibleError
from accelsim.mapping.dataflow import Dataflow, dataflow_violations
from accelsim.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from accelsim.mapping.validity import violations
from accelsim.search.interface import Certificate, Limits, Objective, SearchResult
from accelsim.search.objective import Score, check_objective, score
from accelsim.workload.operation import Operation


def exhaustive(
    operation: Operation,
    architecture: Architecture,
    objective: Objective = "energy",
    limits: Limits = Limits(),  # noqa: B008  (frozen)
    ragged: bool = False,
) -> SearchResult:
    """The best of all mappings; seconds for a handful of dims of a handful of elements, ages for a layer.

    Only ``dataflow`` and ``convention`` of the limits count. Raises InfeasibleError when no mapping is valid.
    """
    from accelsim.model.evaluate import evaluate
    from accelsim.search.rules import dataflow_of

    check_objective(objective)
    dataflow, start = dataflow_of(architecture, limits), perf_counter()
    best: tuple[Score, Mapping] | None = None
    looked_at = 0
    for mapping in iter_mappings(operation, architecture, dataflow, ragged):
        looked_at += 1
        cost = score(evaluate(operation, architecture, mapping, limits.convention, check=False), objective)
        if best is None or cost < best[0]:
            best = cost, mapping
    if best is None:
        raise InfeasibleError(f"{operation.name} on {architecture.name}: no mapping is valid")
    certificate = Certificate(
        space=looked_at,
        space_rule=f"every valid mapping, {'any steps' if ragged else 'perfect factors'}",
        looked_at=looked_at,
        lower_bound=best[0][0],
        best=best[0][0],
        seconds=perf_counter() - start,
        complete=True,
    )
    return SearchResult(best[1], evaluate(operation, architecture, best[1], limits.convention), certificate)


def iter_mappings(
    operation: Operation, architecture: Architecture, dataflow: Dataflow | None = None, ragged: bool = False
) -> Iterator[Mapping]:
    """Every valid mapping, lazily and in a fixed order; steps are divisors of what encloses them, or any if ragged."""
    outermost = architecture.levels[0].name
    first = tuple(Storage(outermost, tensor.name) for tensor in operation.tensors)
    extents = tuple((dim, bound) for dim, bound in operation.bounds if bound > 1)
    for nodes in _nests(operation, architecture, _State(first, extents), ragged):
        mapping = Mapping.of(operation, nodes)
        if violations(operation, architecture, mapping):
            continue
        if dataflow is None or not dataflow_violations(operation, architecture, mapping, dataflow):
            yield mapping


@dataclass(frozen=True)
class _State:
    """A nest down to some place: its nodes, and the extents above one that are left inside."""

    nodes: tuple[Node, ...]
    extents: tuple[tuple[str, int], ...]

    def with_loop(self, loop: Temporal | Spatial) -> _State:
        left = ((d, loop.step if d == loop.dim else n) for d, n in self.extents)
        return _State((*self.nodes, loop), tuple((d, n) for d, n in left if n > 1))


def _nests(operation: Operation, architecture: Architecture, state: _State, ragged: bool) -> Iterator[tuple[Node, ...]]:
    """Every way to continue a nest to its end."""
    if not state.extents:
        yield state.nodes
    for node in _storage_nodes(operation, architecture, state.nodes):
        yield from _nests(operation, architecture, replace(state, nodes=(*state.nodes, node)), ragged)
    for loop in _loops(architecture, state, ragged):
        yield from _nests(operation, architecture, state.with_loop(loop), ragged)


def _storage_nodes(operation: Operation, architecture: Architecture, nodes: tuple[Node, ...]) -> Iterator[Storage]:
    """Nodes that may come next: deeper than the tensor's last one, and after a storage node only in one order."""
    depth = {level.name: i for i, level in enumerate(architecture.levels)}
    order = [(level.name, tensor.name) for level in architecture.levels for tensor in operation.tensors]
    last = nodes[-1]
    later = order[order.index((last.level, last.tensor)) + 1 :] if isinstance(last, Storage) else order
    for level, tensor in later:
        held = [depth[n.level] for n in nodes if isinstance(n, Storage) and n.tensor == tensor]
        open_axes = any(
            architecture.fanout_of_axis[n.axis] >= architecture.fanouts_above[level]
            for n in nodes
            if isinstance(n, Spatial)
        )
        if depth[level] > max(held) and architecture.level(level).keep(tensor) != "not" and not open_axes:
            yield Storage(level, tensor)


def _loops(architecture: Architecture, state: _State, ragged: bool) -> Iterator[Temporal | Spatial]:
    """Loops that may come next: at least two trips, an axis no more than its positions (all together: see validity)."""
    last = state.nodes[-1]
    deepest = max(architecture.fanouts_above[n.level] for n in state.nodes if isinstance(n, Storage))
    for dim, extent in state.extents:
        for step in range(extent - 1, 0, -1):
            if not ragged and extent % step:
                continue
            if not (isinstance(last, Temporal) and last.dim == dim):
                yield Temporal(dim, step)
            for axis in architecture.axes.values():
                if isinstance(last, Spatial) and (last.dim, last.axis) == (dim, axis.name):
                    continue
                if -(-extent // step) <= axis.size and architecture.fanout_of_axis[axis.name] >= deepest:
                    yield Spatial(dim, step, axis.name)
