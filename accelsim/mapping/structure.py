"""Rules of the nest's loops: known names, the operation's bounds, steps that shrink down to 1."""

from __future__ import annotations

from collections.abc import Iterable

from accelsim.architecture.spec import Architecture
from accelsim.errors import nearest
from accelsim.mapping.nest import Mapping, Spatial, Storage
from accelsim.mapping.violation import Kind, Violation, of_layer
from accelsim.workload.operation import Operation


def name_violations(operation: Operation, architecture: Architecture, mapping: Mapping) -> list[Violation]:
    """Levels and axes that the machine lacks, tensors and dims that the operation lacks; each name once."""
    levels = [level.name for level in architecture.levels]
    tensors = [tensor.name for tensor in operation.tensors]
    axes, dims = architecture.axes, operation.extents
    unknown: dict[tuple[str, str], tuple[str, Iterable[str]]] = {}
    for node in mapping.nodes:
        if isinstance(node, Storage):
            if node.level not in levels:
                unknown["level", node.level] = (architecture.name, levels)
            if node.tensor not in tensors:
                unknown["tensor", node.tensor] = (operation.name, tensors)
            continue
        if node.dim not in dims:
            unknown["dim", node.dim] = (operation.name, dims)
        if isinstance(node, Spatial) and node.axis not in axes:
            unknown["axis", node.axis] = (architecture.name, axes)
    for dim, _ in mapping.bounds:
        if dim not in dims:
            unknown["dim", dim] = (operation.name, dims)
    return [
        Violation(
            "name",
            of_layer(operation),
            f"{owner} has no {what} '{name}'",
            nearest(name, list(known)).removeprefix("; "),
            level=name if what == "level" else None,
            tensor=name if what == "tensor" else None,
            dim=name if what == "dim" else None,
            axis=name if what == "axis" else None,
        )
        for (what, name), (owner, known) in unknown.items()
    ]


def rank_violations(operation: Operation) -> list[Violation]:
    """Tensors that one dim indexes twice: their tiles are no products over ranks, so no closed form holds."""
    found = []
    for tensor in operation.tensors:
        if len(tensor.dims) == sum([len(rank.terms) for rank in tensor.ranks]):
            continue
        dims = [term.dim for rank in tensor.ranks for term in rank.terms]
        for dim in sorted({dim for dim in dims if dims.count(dim) > 1}):
            problem = f"dim {dim} must index {tensor.name} once, not {dims.count(dim)} times"
            found.append(Violation("rank", of_layer(operation), problem, tensor=tensor.name, dim=dim))
    return found


def loop_violations(operation: Operation, mapping: Mapping) -> list[Violation]:
    """Bounds other than the operation's, steps outside 1..enclosing extent, dims whose loops are missing or stop early.

    Dims that the operation does not have are left to name_violations.
    """
    where, extents, found = of_layer(operation), operation.extents, []

    def add(kind: Kind, dim: str, problem: str, fix: str = "") -> None:
        found.append(Violation(kind, where, problem, fix, dim=dim))

    innermost: dict[str, int] = {}
    for node, enclosing in zip(mapping.nodes, mapping.enclosing, strict=True):
        if isinstance(node, Storage):
            continue
        dim, step = node.dim, node.step
        # Below a step that is already wrong nothing sensible can be said about the next one.
        if dim in extents and not 1 <= step <= enclosing and innermost.get(dim, 1) >= 1:
            add("step", dim, f"step of {dim} must be between 1 and {enclosing}, its enclosing extent, not {step}")
        innermost[dim] = step
    bounds = dict(mapping.bounds)
    for dim, extent in extents.items():
        bound = bounds.get(dim, 1 if dim in innermost else extent)
        if bound != extent:
            add("bounds", dim, f"{dim} must run over 0..{extent}, not 0..{bound}")
        if dim not in innermost:
            if extent > 1:
                fix = f"add 'for {dim.lower()} in 0..{extent} by 1'"
                add("loop", dim, f"{dim} must have a loop, as its extent is {extent:,}, not none", fix)
        elif innermost[dim] > 1:
            add("loop", dim, f"innermost step of {dim} must be 1, not {innermost[dim]}")
    return found
