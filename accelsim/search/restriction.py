"""What a user fixes of the mapping; the search decides the rest.

    axes: {X: [E], Y: [R, M]}                       only these dims on an axis
    tiles: {GlobalBuffer: {M: 16}}                  nodes of a level hold so many elements of a dim that indexes them
    keeps: {Spad: {weights: must, inputs: not}}     what a level keeps
    min_utilization: 0.8                            part of the MAC units that lie in space, at least
    nest: |                                         the whole nest, steps open where it says ?
      DRAM keeps inputs weights outputs
      for m by ?
      MAC

The order of loops is fixed by ``nest`` alone.  In a nest, a loop may turn out to have one trip, and then counts as left
out; storage nodes with nothing between them have no order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from math import prod
from typing import Literal

from accelsim.architecture.spec import Architecture
from accelsim.errors import InfeasibleError, InputError, nearest
from accelsim.mapping.dataflow import Dataflow, axis_dims, keeps_by_level
from accelsim.mapping.nest import Loop, Mapping, Node, Spatial, Storage
from accelsim.workload.operation import Operation


@dataclass(frozen=True)
class Restriction:
    """An empty field restricts nothing; a step of 0 in ``nest`` is open. ``name``: what messages call it."""

    name: str = "restriction"
    axes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    tiles: tuple[tuple[str, str, int], ...] = ()
    keeps: tuple[tuple[str, str, Literal["must", "not"]], ...] = ()
    min_utilization: float = 0.0
    nest: tuple[Node, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.min_utilization <= 1:
            raise InputError(f"{self.name}: min_utilization must be between 0 and 1, not {self.min_utilization}")
        for level, dim, extent in self.tiles:
            if extent < 1:
                raise InputError(f"{self.name}: tiles.{level}.{dim} must be at least 1, not {extent}")


def check_names(operation: Operation, architecture: Architecture, restriction: Restriction) -> None:
    """Raises InputError for a level, axis or tensor that is not there; dims of other operations restrict nothing."""
    levels, axes = [level.name for level in architecture.levels], list(architecture.axes)
    tensors = [tensor.name for tensor in operation.tensors]
    nodes = [node for node in restriction.nest if isinstance(node, Storage)]
    spatial = [node for node in restriction.nest if isinstance(node, Spatial)]
    asked = [("axis", name, axes) for name in (*dict(restriction.axes), *(node.axis for node in spatial))]
    asked += [("level", name, levels) for name, *_ in (*restriction.tiles, *restriction.keeps)]
    asked += [("level", node.level, levels) for node in nodes]
    asked += [("tensor", name, tensors) for name in (*(k[1] for k in restriction.keeps), *(n.tensor for n in nodes))]
    dims = [node.dim for node in restriction.nest if not isinstance(node, Storage)]
    asked += [("dim", dim, list(operation.extents)) for dim in dims]
    for what, name, known in asked:
        if name not in known:
            owner = operation.name if what in ("tensor", "dim") else architecture.name
            raise InputError(f"{restriction.name}: {owner} has no {what} '{name}'{nearest(name, known)}")


def restricted(dataflow: Dataflow | None, restriction: Restriction) -> Dataflow:
    """The dataflow with the axes and keeps of the restriction: those of a dataflow are restrictions too."""
    own = dataflow or Dataflow("any")
    axes = dict(own.axes)
    for axis, dims in restriction.axes:
        axes[axis] = tuple(dim for dim in axes.get(axis, dims) if dim in dims)
    keeps = {role: dict(table) for role, table in own.keeps}
    for level, tensor, keep in restriction.keeps:
        keeps.setdefault(level, {})[tensor] = keep
    return replace(
        own,
        name=f"{own.name} and {restriction.name}" if dataflow else restriction.name,
        axes=tuple(axes.items()),
        keeps=tuple((role, tuple(table.items())) for role, table in keeps.items()),
    )


def check_possible(
    operation: Operation, architecture: Architecture, dataflow: Dataflow | None, restriction: Restriction
) -> None:
    """Raises InfeasibleError where machine or dataflow contradict the restriction outright."""
    where = f"{operation.name} on {architecture.name} under {restriction.name}"
    for level, tensor, keep in restriction.keeps:
        ruled = keeps_by_level(operation, architecture, dataflow, tensor)[level]
        if ruled != "may" and ruled != keep:
            raise InfeasibleError(
                f"{where}: keeps.{level}.{tensor} is '{keep}', but the machine or its dataflow says '{ruled}'"
            )
    outermost = architecture.levels[0].name
    for level, dim, extent in restriction.tiles:
        bound = operation.extents.get(dim, 1)
        if level == outermost and extent < bound:
            raise InfeasibleError(f"{where}: tiles.{level}.{dim} must be {bound}, all of it, not {extent}")
    both = restricted(dataflow, restriction)
    units = prod(axis.size for axis in architecture.axes.values())
    room = prod(
        min(axis.size, prod(operation.extents[d] for d in axis_dims(operation, axis, both)))
        for axis in architecture.axes.values()
    )
    if room < restriction.min_utilization * units:
        raise InfeasibleError(
            f"{where}: min_utilization is {restriction.min_utilization:g}, but the dims that its axes take fill at most"
            f" {room / units:.3g} of the MAC units; a value up to that may fit"
        )


def restriction_violations(
    operation: Operation, architecture: Architecture, mapping: Mapping, restriction: Restriction
) -> tuple[str, ...]:
    """Every part of the restriction that a valid mapping breaks, as sentences; () when it obeys."""
    sentences = (
        *_axes(mapping, restriction),
        *_tiles(operation, mapping, restriction),
        *_keeps(architecture, mapping, restriction),
        *_used(architecture, mapping, restriction),
        *_nest(operation, mapping, restriction),
    )
    return tuple(f"{restriction.name}: {sentence}" for sentence in sentences)


def _axes(mapping: Mapping, restriction: Restriction) -> Iterator[str]:
    allowed = dict(restriction.axes)
    for at, node in enumerate(mapping.nodes):
        if isinstance(node, Spatial) and node.dim not in allowed.get(node.axis, (node.dim,)) and mapping.trips(at) > 1:
            yield f"axes.{node.axis} must carry {', '.join(allowed[node.axis]) or 'nothing'}, not {node.dim}"


def _tiles(operation: Operation, mapping: Mapping, restriction: Restriction) -> Iterator[str]:
    left = dict(operation.bounds)
    for node in mapping.nodes:
        if not isinstance(node, Storage):
            left[node.dim] = node.step
            continue
        for level, dim, extent in restriction.tiles:
            if level == node.level and dim in operation.tensor(node.tensor).dims:
                most = min(extent, operation.extents[dim])
                if left[dim] != most:
                    yield f"tiles.{level}.{dim} must be {most} where it keeps {node.tensor}, not {left[dim]}"


def _keeps(architecture: Architecture, mapping: Mapping, restriction: Restriction) -> Iterator[str]:
    kept = {(node.level, node.tensor) for node in mapping.nodes if isinstance(node, Storage)}
    for level, tensor, keep in restriction.keeps:
        if ((level, tensor) in kept) != (keep == "must"):
            yield f"{level} must {'' if keep == 'must' else 'not '}keep {tensor}"


def utilization(architecture: Architecture, mapping: Mapping) -> float:
    """Part of the MAC units that lie in space."""
    used = prod(mapping.trips(i) for i, node in enumerate(mapping.nodes) if isinstance(node, Spatial))
    return used / prod(axis.size for axis in architecture.axes.values())


def _used(architecture: Architecture, mapping: Mapping, restriction: Restriction) -> Iterator[str]:
    used = utilization(architecture, mapping)
    if used < restriction.min_utilization - 1e-12:
        yield f"min_utilization must be {restriction.min_utilization:g}, not {used:.3g}"


def _nest(operation: Operation, mapping: Mapping, restriction: Restriction) -> Iterator[str]:
    if restriction.nest and not _matches(operation, restriction.nest, mapping):
        yield "nest must be that of the mapping, none but loops of one trip left out"


def _matches(operation: Operation, nest: tuple[Node, ...], mapping: Mapping) -> bool:
    """Whether the nest becomes the mapping when loops of one trip are left out."""
    gaps: list[set[Storage]] = [set()]
    for node in mapping.nodes:
        if isinstance(node, Storage):
            gaps[-1].add(node)
        else:
            gaps.append(set())

    @cache
    def rest(i: int, j: int, seen: frozenset[Storage]) -> bool:
        """Whether the nest from node i on becomes the mapping below j loops and these nodes."""
        if i == len(nest):
            return j == len(mapping.loops) and seen == gaps[j]
        wanted = nest[i]
        if isinstance(wanted, Storage):
            return wanted in gaps[j] and rest(i + 1, j, seen | {wanted})
        fits = j < len(mapping.loops) and seen == gaps[j] and _is_loop(wanted, mapping.loops[j])
        if fits and rest(i + 1, j + 1, frozenset()):
            return True
        return wanted.step in (0, _extent(operation, mapping.loops[:j], wanted.dim)) and rest(i + 1, j, seen)

    return rest(0, 0, frozenset())


def _is_loop(wanted: Loop, came: Loop) -> bool:
    if type(came) is not type(wanted) or came.dim != wanted.dim:
        return False
    if isinstance(came, Spatial) and isinstance(wanted, Spatial) and came.axis != wanted.axis:
        return False
    return wanted.step in (0, came.step)


def _extent(operation: Operation, loops: tuple[Loop, ...], dim: str) -> int:
    steps = [loop.step for loop in loops if loop.dim == dim]
    return steps[-1] if steps else operation.extents[dim]
