"""Every mapping of a small space: the oracle that searches are tested against.

Only what cannot matter is left out: loops of one trip, two loops over one dim in time or on one axis with nothing
between (they are one loop), and the order of storage nodes with no loop between.

``iter_mappings`` writes all others down one by one and has them judged by the rules of mappings
(accelsim.mapping.validity) and of the dataflow.  ``front`` and ``exhaustive`` cover the same space by combinations
(accelsim.search.combinations), which is far faster; tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from accelsim.architecture.spec import Architecture
from accelsim.errors import InfeasibleError
from accelsim.mapping.dataflow import Dataflow, dataflow_violations
from accelsim.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from accelsim.mapping.validity import violations
from accelsim.model.evaluate import evaluate
from accelsim.search.combinations import Combinations, Loops, Ways, occurring
from accelsim.search.interface import Certificate, Limits, Objective, SearchResult
from accelsim.search.objective import check_objective, score, score_of
from accelsim.workload.operation import Operation

EQUAL = 1 + 1e-12
"""Energies this close are equal: sums of the same words in another order."""


class Point(NamedTuple):
    """A mapping that no other one beats in energy (architecture's unit) or cycles without losing in the other."""

    energy: float
    cycles: int
    mapping: Mapping


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
    check_objective(objective)
    start = perf_counter()
    looked_at, points = _survey(operation, architecture, limits, ragged)
    if not points:
        raise InfeasibleError(f"{operation.name} on {architecture.name}: no mapping is valid")
    mapping = min(points, key=lambda point: score_of(point.energy, point.cycles, objective)).mapping
    evaluation = evaluate(operation, architecture, mapping, limits.convention)
    best = score(evaluation, objective)[0]
    certificate = Certificate(
        space=looked_at,
        space_rule=f"every valid mapping, {'any steps' if ragged else 'perfect factors'}",
        looked_at=looked_at,
        lower_bound=best,
        best=best,
        seconds=perf_counter() - start,
        complete=True,
    )
    return SearchResult(mapping, evaluation, certificate)


def front(
    operation: Operation,
    architecture: Architecture,
    limits: Limits = Limits(),  # noqa: B008  (frozen)
    ragged: bool = False,
) -> tuple[Point, ...]:
    """The best trade-offs of energy and cycles over all mappings, energy ascending; empty when no mapping is valid.

    The first has the least energy (and the fewest cycles at that energy), the last the fewest cycles; the least EDP,
    the least energy within some cycles, and the fewest cycles within some energy are among them, ties broken as by
    ``score``.  Only ``dataflow`` and ``convention`` of the limits count.
    """
    return _survey(operation, architecture, limits, ragged)[1]


def space_size(
    operation: Operation, architecture: Architecture, most: int, most_nests: int, ragged: bool = False
) -> int | None:
    """Mappings in the space of no dataflow, ``nested`` not judged; None as soon as they, or the nests, are more.

    None too when the combinations of one nest are 50 times as many: what does not fit costs time and memory as well.
    """
    space, found = Combinations(operation, architecture), 0
    for nests, loops in enumerate(space.loop_nests(ragged), start=1):
        ways = space.ways(loops)
        if nests > most_nests or prod(len(own) for own in ways) > 50 * most:
            return None
        found += int(space.fitting(loops, ways).sum())
        if found > most:
            return None
    return found


def _survey(
    operation: Operation, architecture: Architecture, limits: Limits, ragged: bool
) -> tuple[int, tuple[Point, ...]]:
    """How many mappings there are, and the best trade-offs."""
    from accelsim.mapping.dataflow_files import load_dataflow

    name = limits.dataflow or architecture.dataflow
    dataflow = load_dataflow(name) if name else None
    judged = dataflow is not None or any(level.nested for level in architecture.levels)
    space = Combinations(operation, architecture, limits.convention)
    count, points = 0, list[Point]()
    for loops in space.loop_nests(ragged):
        ways = space.ways(loops)
        fits = space.fitting(loops, ways)
        for place in np.argwhere(fits) if judged else ():
            mapping = space.mapping(loops, ways, place)
            fits[tuple(place)] = _is_valid(operation, architecture, mapping, dataflow)
        if fits.any():
            count += int(fits.sum())
            points = _improved(points, space, loops, *occurring(ways, fits))
    return count, _thinned(points)


def _improved(
    points: list[Point], space: Combinations, loops: Loops, ways: Ways, fits: NDArray[np.bool_]
) -> list[Point]:
    """The trade-offs, with what these loops add.

    Where a port inside a fan-out may bound the cycles, the busiest instance is a matter of all tensors together: there
    the cycles of a combination are a lower bound, and what that does not rule out is evaluated as a whole.
    """
    above = space.architecture.fanouts_above
    inner = any((x.read_bandwidth or x.write_bandwidth) and above[x.name] for x in space.architecture.levels)
    energy, cycles = space.costs(loops, ways)
    for point in points:
        fits = fits & ((energy < point.energy) | (cycles < point.cycles))
    places = np.argwhere(fits)
    for at in np.lexsort((cycles[fits], energy[fits])):
        place = tuple(places[at])
        cost = float(energy[place]), int(cycles[place])
        if _is_beaten(cost, points):
            continue
        mapping = space.mapping(loops, ways, place)
        if inner:
            whole = evaluate(space.operation, space.architecture, mapping, space.convention, check=False)
            cost = cost[0], whole.cycles
        if not _is_beaten(cost, points):
            points = [p for p in points if p.energy < cost[0] or p.cycles < cost[1]] + [Point(*cost, mapping)]
    return points


def _is_beaten(cost: tuple[float, int], points: list[Point]) -> bool:
    return any(point.energy <= cost[0] and point.cycles <= cost[1] for point in points)


def _thinned(points: list[Point]) -> tuple[Point, ...]:
    """Points by energy; of those with equal energy only the one of fewest cycles."""
    kept: list[Point] = []
    for point in sorted(points):
        if kept and point.energy <= kept[-1].energy * EQUAL:
            kept.pop()
        kept.append(point)
    return tuple(kept)


def _is_valid(operation: Operation, architecture: Architecture, mapping: Mapping, dataflow: Dataflow | None) -> bool:
    """Whether the mapping obeys every rule of mappings and of the dataflow."""
    if violations(operation, architecture, mapping):
        return False
    return dataflow is None or not dataflow_violations(operation, architecture, mapping, dataflow)


def iter_mappings(
    operation: Operation, architecture: Architecture, dataflow: Dataflow | None = None, ragged: bool = False
) -> Iterator[Mapping]:
    """Every valid mapping, lazily and in a fixed order; steps are divisors of what encloses them, or any if ragged."""
    outermost = architecture.levels[0].name
    first = tuple(Storage(outermost, tensor.name) for tensor in operation.tensors)
    extents = tuple((dim, bound) for dim, bound in operation.bounds if bound > 1)
    for nodes in _nests(operation, architecture, _State(first, extents), ragged):
        mapping = Mapping.of(operation, nodes)
        if _is_valid(operation, architecture, mapping, dataflow):
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
