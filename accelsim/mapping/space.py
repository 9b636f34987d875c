"""Rules of space: which side of a fan-out a level lies on, how many positions an axis has, which dims it takes."""

from __future__ import annotations

from itertools import pairwise
from math import prod

from accelsim.architecture.spec import Architecture, Axis
from accelsim.mapping.nest import Mapping, Spatial, Storage
from accelsim.mapping.violation import Violation, loop_text, on_machine
from accelsim.workload.operation import Operation

Placed = list[tuple[int, Spatial]]
"""(index in the nest, loop) of the spatial loops whose axis is known, outermost first."""


def side_violations(operation: Operation, architecture: Architecture, mapping: Mapping) -> list[Violation]:
    """Nodes and spatial loops that contradict the order of levels and fan-outs in the machine."""
    loops = _spatial_loops(architecture, mapping)
    if not loops:
        return []
    where, found = on_machine(operation, architecture), []
    fanout_of, above = architecture.fanout_of_axis, architecture.fanouts_above
    places = [(index, loop, fanout_of[loop.axis]) for index, loop in loops]
    for index, node in enumerate(mapping.nodes):
        if not isinstance(node, Storage) or node.level not in above:
            continue
        depth = above[node.level]
        for at, loop, fanout in places:
            if (fanout < depth) == (at < index):
                continue
            side, other = ("inside", "above") if fanout < depth else ("above", "inside")
            lies = "inside" if fanout < depth else "outside"
            problem = (
                f"{node.level} lies {lies} fan-out {architecture.fanouts[fanout].name}, so it must keep {node.tensor} "
                f"{side} {loop_text(mapping, at)}, not {other} it"
            )
            found.append(
                Violation("side", where, problem, level=node.level, tensor=node.tensor, dim=loop.dim, axis=loop.axis)
            )
            break
    for (outer_at, _, outer), (inner_at, loop, inner) in pairwise(places):
        if outer > inner:
            names = architecture.fanouts
            problem = (
                f"{loop_text(mapping, inner_at)} of fan-out {names[inner].name} must come before "
                f"{loop_text(mapping, outer_at)} of {names[outer].name}, which lies inside it"
            )
            found.append(Violation("side", where, problem, dim=loop.dim, axis=loop.axis))
    return found


def refusal_violations(operation: Operation, architecture: Architecture, mapping: Mapping) -> list[Violation]:
    """Dims on an axis that does not take them."""
    found = []
    for _, loop in _spatial_loops(architecture, mapping):
        axis = architecture.axes[loop.axis]
        if loop.dim not in operation.extents or loop.dim in (taken := taken_dims(operation, axis)):
            continue
        reason = f" (those that do not index {axis.irrelevant_to})" if axis.irrelevant_to else ""
        letters = ", ".join(dim.lower() for dim in taken) or "no dim of this layer"
        problem = f"axis {axis.name} must carry {letters}{reason}, not {loop.dim.lower()}"
        found.append(Violation("axis", on_machine(operation, architecture), problem, dim=loop.dim, axis=axis.name))
    return found


def taken_dims(operation: Operation, axis: Axis) -> tuple[str, ...]:
    """The operation's dims that an axis takes: its ``dims``, less those that index its ``irrelevant_to`` tensor."""
    if axis.dims is None and axis.irrelevant_to is None:
        return operation.dims
    barred: frozenset[str] = frozenset()
    for tensor in operation.tensors:
        if tensor.name == axis.irrelevant_to:
            barred = tensor.dims
    return tuple(dim for dim in operation.dims if dim not in barred and (axis.dims is None or dim in axis.dims))


def axis_violations(operation: Operation, architecture: Architecture, mapping: Mapping) -> list[Violation]:
    """Axes whose loops need more positions than there are; the steps must be sound."""
    by_axis: dict[str, Placed] = {}
    for index, loop in _spatial_loops(architecture, mapping):
        by_axis.setdefault(loop.axis, []).append((index, loop))
    found = []
    for name, loops in by_axis.items():
        size = architecture.axes[name].size
        trips = [mapping.trips(index) for index, _ in loops]
        need = prod(trips)
        if need <= size:
            continue
        last = architecture.fanout_of_axis[name] == len(architecture.fanouts) - 1
        unit = ("PE" if last else "instance") + ("s" if size != 1 else "")
        letters = " and ".join(f"par-for {loop.dim.lower()}" for _, loop in loops)
        verb = "needs" if len(loops) == 1 else "need"
        problem = f"axis {name} has {size:,} {unit}, {letters} {verb} {need:,}"
        fix = _wider_step(mapping, loops, trips, size)
        found.append(
            Violation(
                "axis",
                on_machine(operation, architecture),
                problem,
                fix,
                dim=loops[0][1].dim if len(loops) == 1 else None,
                axis=name,
                need=need,
                capacity=size,
            )
        )
    return found


def _wider_step(mapping: Mapping, loops: Placed, trips: list[int], size: int) -> str:
    """The step of one loop that makes its axis fit and leaves the most positions in use."""
    best, text = 0, "no larger step of one loop would fit"
    for (index, loop), own in zip(loops, trips, strict=True):
        others = prod(trips) // own
        if others > size:
            continue
        enclosing = mapping.enclosing[index]
        step = -(-enclosing // (size // others))
        used = others * -(-enclosing // step)
        if used > best:
            best = used
            text = f"step {step} would fit" if len(loops) == 1 else f"step {step} of {loop.dim.lower()} would fit"
    return text


def _spatial_loops(architecture: Architecture, mapping: Mapping) -> Placed:
    axes = architecture.axes
    return [(i, node) for i, node in enumerate(mapping.nodes) if isinstance(node, Spatial) and node.axis in axes]
