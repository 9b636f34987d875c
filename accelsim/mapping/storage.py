"""Rules of the storage nodes: where a tensor starts, in which order its levels follow, which level keeps what."""

from __future__ import annotations

from itertools import pairwise

from accelsim.architecture.spec import Architecture
from accelsim.mapping.nest import Mapping, Storage
from accelsim.mapping.violation import Violation, loop_text, of_layer, on_machine
from accelsim.workload.operation import Operation

Placed = dict[str, list[tuple[int, str]]]
"""Per tensor, (index in the nest, level) of its storage nodes, outermost first."""


def storage_violations(operation: Operation, architecture: Architecture, mapping: Mapping) -> list[Violation]:
    """Every broken rule on the place of storage nodes; unknown levels and tensors are left to name_violations."""
    depth = {level.name: i for i, level in enumerate(architecture.levels)}
    placed: Placed = {tensor.name: [] for tensor in operation.tensors}
    for index, node in enumerate(mapping.nodes):
        if isinstance(node, Storage) and node.level in depth and node.tensor in placed:
            placed[node.tensor].append((index, node.level))
    return [
        *_start_violations(operation, architecture, mapping, placed),
        *_order_violations(operation, placed, depth),
        *_keep_violations(operation, architecture, placed),
        *_nested_violations(operation, architecture, placed, depth),
    ]


def _start_violations(
    operation: Operation, architecture: Architecture, mapping: Mapping, placed: Placed
) -> list[Violation]:
    """Every tensor starts at the outermost level, above all loops: there it lies before and after the layer."""
    outermost, found = architecture.levels[0].name, []
    first_loop = next((i for i, node in enumerate(mapping.nodes) if not isinstance(node, Storage)), len(mapping.nodes))
    for tensor, nodes in placed.items():
        if nodes and nodes[0][1] == outermost and nodes[0][0] < first_loop:
            continue
        if not nodes:
            came = "nowhere"
        elif nodes[0][1] != outermost:
            came = f"first at {nodes[0][1]}"
        else:
            came = f"inside {loop_text(mapping, first_loop)}"
        problem = f"{tensor} must be kept at {outermost} above all loops, not {came}"
        found.append(Violation("storage", of_layer(operation), problem, level=outermost, tensor=tensor))
    return found


def _order_violations(operation: Operation, placed: Placed, depth: dict[str, int]) -> list[Violation]:
    """A tensor moves inwards only, and a level keeps it once."""
    found = []

    def add(level: str, tensor: str, problem: str) -> None:
        found.append(Violation("storage", of_layer(operation), problem, level=level, tensor=tensor))

    for tensor, nodes in placed.items():
        if len(nodes) < 2:
            continue
        levels = [level for _, level in nodes]
        for level in dict.fromkeys(levels):
            if levels.count(level) > 1:
                add(level, tensor, f"{level} must keep {tensor} once, not {levels.count(level)} times")
        for outer, inner in pairwise(levels):
            if depth[outer] > depth[inner]:
                add(inner, tensor, f"{inner} must keep {tensor} outside {outer}, not inside it")
    return found


def _keep_violations(operation: Operation, architecture: Architecture, placed: Placed) -> list[Violation]:
    """What the machine says a level must keep, or cannot."""
    found, where = [], on_machine(operation, architecture)
    for level in architecture.levels:
        if not level.keeps:
            continue
        for tensor, nodes in placed.items():
            rule = level.keep(tensor)
            if rule == "may":
                continue
            kept = level.name in [name for _, name in nodes]
            if kept and rule == "not":
                problem = f"{level.name} cannot keep {tensor}"
            elif not kept and rule == "must":
                problem = f"{level.name} must keep {tensor}"
            else:
                continue
            found.append(Violation("keep", where, problem, level=level.name, tensor=tensor))
    return found


def _nested_violations(
    operation: Operation, architecture: Architecture, placed: Placed, depth: dict[str, int]
) -> list[Violation]:
    """Around a ``nested`` level all nodes follow the order of the machine, whatever the tensor."""
    nested = {level.name for level in architecture.levels if level.nested}
    if not nested:
        return []
    found, nodes = [], sorted((index, level, tensor) for tensor, own in placed.items() for index, level in own)
    for position, (_, inner, inner_tensor) in enumerate(nodes):
        for _, outer, tensor in nodes[position + 1 :]:
            # The same tensor out of order is a violation on any machine, and reported as such.
            if depth[outer] < depth[inner] and tensor != inner_tensor and nested & {inner, outer}:
                problem = f"{outer} must keep {tensor} outside {inner} with {inner_tensor}, not inside it"
                fix = f"{inner if inner in nested else outer} is nested"
                found.append(
                    Violation("storage", on_machine(operation, architecture), problem, fix, level=outer, tensor=tensor)
                )
    return found
