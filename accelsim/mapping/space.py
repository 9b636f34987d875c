"""Rules of space: which side of a fan-out a level lies on, how many positions an axis has, which dims it takes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from accelsim.architecture.spec import Architecture, Axis
from accelsim.mapping.nest import Mapping, Spatial, Storage
from accelsim.mapping.violation import Violation, loop_text, on_machine
from accelsim.workload.operation import Operation

Placed = list[tuple[int, Spatial]]
"""(index in the nest, loop) of the spatial loops whose axis is known, outermost first."""


def space_violations(
    operation: Operation, architecture: Architecture, mapping: Mapping, sound: bool
) -> list[Violation]:
    """Every broken rule of space; the sizes of axes are judged only when the steps of the loops are ``sound``."""
    loops = _spatial_loops(architecture, mapping)
    if not loops:
        return []
    return [
        *_side_violations(operation, architecture, mapping, loops),
        *_refusal_violations(operation, architecture, loops),
        *(_size_violations(operation, architecture, mapping, loops) if sound else ()),
    ]


def _side_violations(
    operation: Operation, architecture: Architecture, mapping: Mapping, loops: Placed
) -> list[Violation]:
    """Nodes and spatial loops that contradict the order of levels and fan-outs in the machine."""
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


def _refusal_violations(operation: Operation, architecture: Architecture, loops: Placed) -> list[Violation]:
    """Dims on an axis that does not take them."""
    found = []
    for _, loop in loops:
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


def _size_violations(
    operation: Operation, architecture: Architecture, mapping: Mapping, loops: Placed
) -> list[Violation]:
    """Axes whose loops need more positions than there are; the steps must be sound."""
    found = []
    for name, need in _needs(mapping, loops).items():
        size = architecture.axes[name].size
        if need <= size:
            continue
        own = [loop for _, loop in loops if loop.axis == name]
        last = architecture.fanout_of_axis[name] == len(architecture.fanouts) - 1
        unit = ("PE" if last else "instance") + ("s" if size != 1 else "")
        letters = " and ".join(f"par-for {loop.dim.lower()}" for loop in own)
        verb = "needs" if len(own) == 1 else "need"
        found.append(
            Violation(
                "axis",
                on_machine(operation, architecture),
                f"axis {name} has {size:,} {unit}, {letters} {verb} {need:,}",
                _wider_step(architecture, mapping, loops, name),
                dim=own[0].dim if len(own) == 1 else None,
                axis=name,
                need=need,
                capacity=size,
            )
        )
    return found


def _needs(mapping: Mapping, loops: Placed) -> dict[str, int]:
    """Per axis in use, the product of the trips of its loops."""
    needs: dict[str, int] = {}
    for index, loop in loops:
        needs[loop.axis] = needs.get(loop.axis, 1) * mapping.trips(index)
    return needs


def _wider_step(architecture: Architecture, mapping: Mapping, loops: Placed, axis: str) -> str:
    """The larger step of one loop that makes the axis fit, overruns no other one and leaves the most in use.

    What a wider step leaves to a spatial loop of the same dim further in counts there.
    """
    before, size = _needs(mapping, loops), architecture.axes[axis].size
    best, text = 0, "no larger step of one loop would fit"
    own = [(index, loop) for index, loop in loops if loop.axis == axis]
    for index, loop in own:
        enclosing = mapping.enclosing[index]
        for trips in range(min(mapping.trips(index) - 1, size), 0, -1):
            wider = replace(loop, step=-(-enclosing // trips))
            changed = Mapping(mapping.bounds, (*mapping.nodes[:index], wider, *mapping.nodes[index + 1 :]))
            after = _needs(changed, loops)
            if after[axis] > size or any(n > max(before[a], architecture.axes[a].size) for a, n in after.items()):
                continue
            if after[axis] > best:
                best = after[axis]
                text = f"step {wider.step}" if len(own) == 1 else loop_text(changed, index)
                text += " would fit"
            break
    return text


def _spatial_loops(architecture: Architecture, mapping: Mapping) -> Placed:
    """Spatial loops in their order; those on unknown axes are left to name_violations."""
    axes = architecture.axes
    return [(i, node) for i, node in enumerate(mapping.nodes) if isinstance(node, Spatial) and node.axis in axes]
