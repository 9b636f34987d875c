"""Who hands words to whom in a mapping: places that hold tiles, their parents, and the boundaries in between.

A place is a storage node, or the MACs seen as the innermost child of one tensor. Both executions walk this list;
nothing here counts anything (DESIGN.md, section 1).
"""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.architecture.spec import Architecture, Fanout
from accelsim.errors import InputError, MappingError
from accelsim.mapping.nest import Mapping, Spatial, Storage, Temporal
from accelsim.workload.operation import Operation

MAC_LEVEL = ""
"""Stands for a level name where the place is the MACs."""


@dataclass(frozen=True)
class Boundary:
    """The parent's side (``fanout`` is None) or the inner side of a fan-out, on the way to one child.

    keyed      spatial loops whose coordinates tell two words apart here
    forwarded  spatial loops inside the boundary along which neighbours hand elements on
    """

    fanout: str | None
    keyed: tuple[int, ...]
    forwarded: tuple[int, ...]


@dataclass(frozen=True)
class Place:
    """Where tiles of a tensor live. Spatial loops are numbered outermost first over the whole nest.

    loops, temporal, spatial  how many loops (of time, of space) lie above
    parent      index of the place that it is filled from, None for the outermost
    boundaries  from the parent's side inwards; empty for the outermost
    relevant, irrelevant  spatial loops between parent and this place, by whether they index the tensor
    """

    level: str
    tensor: int
    loops: int
    temporal: int
    spatial: int
    parent: int | None
    boundaries: tuple[Boundary, ...]
    relevant: tuple[int, ...]
    irrelevant: tuple[int, ...]

    @property
    def is_mac(self) -> bool:
        return self.level == MAC_LEVEL


def places(operation: Operation, architecture: Architecture, mapping: Mapping) -> tuple[Place, ...]:
    """Storage nodes in the order of the mapping, then the MACs once per tensor.

    Raises MappingError when a tensor has no storage node, or its outermost one lies inside a fan-out.
    """
    names = [tensor.name for tensor in operation.tensors]
    out: list[Place] = []
    innermost: dict[int, int] = {}
    loops = temporal = 0
    spatial: list[Spatial] = []
    for node in mapping.nodes:
        match node:
            case Temporal():
                loops, temporal = loops + 1, temporal + 1
            case Spatial():
                loops += 1
                spatial.append(node)
            case Storage(level, name):
                tensor = names.index(name)
                parent = innermost.get(tensor)
                innermost[tensor] = len(out)
                above = None if parent is None else out[parent]
                if above is None and spatial:
                    raise MappingError(f"outermost storage of {name} must lie outside all fan-outs, not at {level}")
                out.append(_place(operation, architecture, level, tensor, (loops, temporal), spatial, parent, above))
    for tensor, name in enumerate(names):
        if tensor not in innermost:
            raise MappingError(f"{name} must be kept by at least one level, not by none")
        parent = innermost[tensor]
        counts = (loops, temporal)
        out.append(_place(operation, architecture, MAC_LEVEL, tensor, counts, spatial, parent, out[parent]))
    return tuple(out)


def _place(
    operation: Operation,
    architecture: Architecture,
    level: str,
    tensor: int,
    counts: tuple[int, int],
    spatial: list[Spatial],
    parent: int | None,
    above: Place | None,
) -> Place:
    """One place, with everything that its words cross on the way from the place above it."""
    dims = operation.tensors[tensor].dims
    between = range(0 if above is None else above.spatial, len(spatial))
    boundaries: tuple[Boundary, ...] = ()
    if above is not None:
        depth = architecture.fanouts_above
        outer = depth[above.level]
        inner = len(architecture.fanouts) if level == MAC_LEVEL else depth[level]
        boundaries = tuple(
            _boundary(operation, architecture, level, tensor, spatial, outside, outer)
            for outside in range(outer, inner + 1)
        )
    return Place(
        level=level,
        tensor=tensor,
        loops=counts[0],
        temporal=counts[1],
        spatial=len(spatial),
        parent=parent,
        boundaries=boundaries,
        relevant=tuple(s for s in between if spatial[s].dim in dims),
        irrelevant=tuple(s for s in between if spatial[s].dim not in dims),
    )


def _boundary(
    operation: Operation,
    architecture: Architecture,
    level: str,
    tensor: int,
    spatial: list[Spatial],
    outside: int,
    outer: int,
) -> Boundary:
    """The boundary that has the first ``outside`` fan-outs of the machine outside it."""
    name, dims = operation.tensors[tensor].name, operation.tensors[tensor].dims
    is_output = tensor == len(operation.tensors) - 1
    keyed, forwarded = [], []
    for s, loop in enumerate(spatial):
        network = architecture.axes[loop.axis].network(name)
        inside = architecture.fanout_of_axis[loop.axis] >= outside
        if is_output:
            merged = inside and network == "reduction" and loop.dim not in dims
        else:
            merged = inside and network != "unicast"
        if not merged:
            keyed.append(s)
        if inside and network == "forwarding" and not is_output and level != MAC_LEVEL:
            forwarded.append(s)
    fanout: Fanout | None = architecture.fanouts[outside - 1] if outside > outer else None
    return Boundary(fanout.name if fanout else None, tuple(keyed), tuple(forwarded))


def fanouts_between(place: Place) -> tuple[tuple[str, int], ...]:
    """(fan-out, index of the boundary on its inner side) on the way from the parent to the place.

    Words cross its outer side at the boundary before.
    """
    return tuple((b.fanout, i) for i, b in enumerate(place.boundaries) if b.fanout is not None)


def check_executable(operation: Operation) -> None:
    """Raises InputError for an operation that has no multiply-accumulates."""
    if operation.kind != "mac":
        raise InputError(f"{operation.name}: kind must be 'mac' to be executed on a nest, not '{operation.kind}'")
    if len(operation.tensors) < 2:
        raise InputError(f"{operation.name}: must have at least one operand and an output to be executed")
