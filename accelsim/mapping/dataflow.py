"""A dataflow is a restriction on mappings: what stays where, what is unrolled, which loops run below what stays.

Places are roles, so that one dataflow serves many machines:

    array    the innermost level inside the innermost fan-out that may keep the tensor
    buffer   the innermost level outside all fan-outs that may keep the tensor (the outermost level where no other may)

and the name of a level means that level.  Dims that an operation does not have are passed over, so one dataflow serves
convolutions, their transposes (H W for E F), fully connected layers and matrix products.  Loops of one trip are none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from accelsim.architecture.spec import REST, Architecture, Axis, Keep
from accelsim.errors import InputError, nearest
from accelsim.mapping.nest import Mapping, Spatial, Storage, Temporal
from accelsim.workload.operation import Operation

ARRAY, BUFFER = "array", "buffer"
Dims = tuple[str, ...]


@dataclass(frozen=True)
class Dataflow:
    """Rules that a mapping must obey; an empty field restricts nothing.

    keeps     (role, ((tensor, must | may | not), ...)); '*' stands for the tensors not named
    spatial   dims that may be unrolled at all, or None for any
    axes      (axis name, dims that may be unrolled on it), for machines that have an axis of that name
    unroll    dims that are unrolled as far as the array has room, in this order: they take
              ceil(bound / room) passes in time, none when the room suffices
    complete  (role, ((tensor, dims), ...)): the tensor's tile stays until these dims are done. They run below its node,
              or directly above it where no loop that moves the tensor comes between: then the tile stays as well
    inside    (role, dims): temporal loops below the nodes at that place are over these dims only
    source    who described it, where
    """

    name: str
    description: str = ""
    keeps: tuple[tuple[str, tuple[tuple[str, Keep], ...]], ...] = ()
    spatial: Dims | None = None
    axes: tuple[tuple[str, Dims], ...] = ()
    unroll: Dims = ()
    complete: tuple[tuple[str, tuple[tuple[str, Dims], ...]], ...] = ()
    inside: tuple[tuple[str, Dims], ...] = ()
    source: str = ""

    def keep(self, role: str, tensor: str) -> Keep:
        """Whether the tensor must, may or may not be kept at that place."""
        table = dict(dict(self.keeps).get(role, ()))
        return table.get(tensor, table.get(REST, "may"))


@dataclass(frozen=True)
class DataflowViolation:
    """A rule of the dataflow that a mapping breaks; ``rule`` is the field of Dataflow."""

    rule: str
    sentence: str


def role_levels(architecture: Architecture, role: str, tensor: str) -> tuple[str, ...]:
    """Levels that a role means for a tensor, innermost first; the first is where ``must`` puts it.

    Raises InputError when the role is neither array, buffer nor a level of the machine.
    """
    if role not in (ARRAY, BUFFER):
        if role not in {level.name for level in architecture.levels}:
            known = [ARRAY, BUFFER, *(level.name for level in architecture.levels)]
            raise InputError(f"{architecture.name}: '{role}' must be a role or a level{nearest(role, known)}")
        return (role,)
    depth = len(architecture.fanouts) if role == ARRAY else 0
    above = architecture.fanouts_above
    fitting = [x.name for x in architecture.levels if above[x.name] == depth and x.keep(tensor) != "not"]
    return tuple(reversed(fitting))


def axis_dims(operation: Operation, axis: Axis, dataflow: Dataflow | None = None) -> Dims:
    """Dims of more than one element that may be unrolled on an axis: what the machine and the dataflow both allow."""
    dims = [dim for dim, bound in operation.bounds if bound > 1]
    if axis.dims is not None:
        dims = [dim for dim in dims if dim in axis.dims]
    if axis.irrelevant_to is not None and axis.irrelevant_to in {t.name for t in operation.tensors}:
        indexed = operation.tensor(axis.irrelevant_to).dims
        dims = [dim for dim in dims if dim not in indexed]
    if dataflow is not None:
        here = dict(dataflow.axes).get(axis.name)
        dims = [dim for dim in dims if dataflow.spatial is None or dim in dataflow.spatial]
        dims = [dim for dim in dims if here is None or dim in here]
    return tuple(dims)


def unroll_room(operation: Operation, architecture: Architecture, dataflow: Dataflow) -> dict[str, int]:
    """Per dim to unroll, the positions that the array has for it when each takes its axis in turn.

    A dim takes the tightest axis that holds all of it, else the roomiest; the next dim finds what is left there.
    """
    left = {name: axis.size for name, axis in architecture.axes.items()}
    allowed = {name: axis_dims(operation, axis, dataflow) for name, axis in architecture.axes.items()}
    room: dict[str, int] = {}
    for dim in dataflow.unroll:
        bound = operation.extents.get(dim, 1)
        options = [name for name in left if dim in allowed[name]]
        if bound == 1 or not options:
            room[dim] = 1
            continue
        whole = [name for name in options if left[name] >= bound]
        axis = min(whole, key=left.__getitem__) if whole else max(options, key=left.__getitem__)
        room[dim] = min(bound, left[axis])
        left[axis] //= room[dim]
    return room


def dataflow_violations(
    operation: Operation, architecture: Architecture, mapping: Mapping, dataflow: Dataflow
) -> tuple[DataflowViolation, ...]:
    """Every rule of the dataflow that the mapping breaks, in the order of Dataflow's fields; () when it obeys.

    Raises InputError when a role is unknown to the machine.
    """
    return (
        *_keeps(operation, architecture, mapping, dataflow),
        *_spatial(operation, architecture, mapping, dataflow),
        *_unroll(operation, architecture, mapping, dataflow),
        *_complete(operation, architecture, mapping, dataflow),
        *_inside(operation, architecture, mapping, dataflow),
    )


def _keeps(
    operation: Operation, architecture: Architecture, mapping: Mapping, dataflow: Dataflow
) -> Iterator[DataflowViolation]:
    kept = {(node.level, node.tensor) for node in mapping.nodes if isinstance(node, Storage)}
    outermost = architecture.levels[0].name
    for role, _ in dataflow.keeps:
        for tensor in (t.name for t in operation.tensors):
            levels, keep = role_levels(architecture, role, tensor), dataflow.keep(role, tensor)
            if keep == "must" and not levels:
                yield _broken(
                    "keeps",
                    dataflow,
                    f"{tensor} must be kept in the {role}, where {architecture.name} has no level for it",
                )
            elif keep == "must" and (levels[0], tensor) not in kept:
                yield _broken("keeps", dataflow, f"{tensor} must be kept in {levels[0]}")
            elif keep == "not":
                for level in levels:
                    if level != outermost and (level, tensor) in kept:
                        yield _broken("keeps", dataflow, f"{tensor} must not be kept in {level}")


def _spatial(
    operation: Operation, architecture: Architecture, mapping: Mapping, dataflow: Dataflow
) -> Iterator[DataflowViolation]:
    for _, node in _running(mapping, 0):
        if isinstance(node, Spatial) and node.axis in architecture.axes:
            here = dict(dataflow.axes).get(node.axis)
            for dims, place in ((dataflow.spatial, ""), (here, f" on {node.axis}")):
                if dims is not None and node.dim not in dims:
                    may = _listed([dim for dim in dims if dim in operation.extents], "or", "nothing")
                    yield _broken("spatial", dataflow, f"{may} may be unrolled{place}, not {node.dim}")


def _unroll(
    operation: Operation, architecture: Architecture, mapping: Mapping, dataflow: Dataflow
) -> Iterator[DataflowViolation]:
    room = unroll_room(operation, architecture, dataflow)
    for dim in dataflow.unroll:
        bound = operation.extents.get(dim, 1)
        passes = -(-bound // room[dim])
        trips = prod(
            mapping.trips(i) for i, node in enumerate(mapping.nodes) if isinstance(node, Temporal) and node.dim == dim
        )
        if trips > passes:
            yield _broken(
                "unroll",
                dataflow,
                f"{dim} must take {passes} {'pass' if passes == 1 else 'passes'} in time, not {trips}:"
                f" the array has room for {room[dim]} of its {bound} positions",
            )


def _complete(
    operation: Operation, architecture: Architecture, mapping: Mapping, dataflow: Dataflow
) -> Iterator[DataflowViolation]:
    for role, tensors in dataflow.complete:
        for tensor, dims in tensors:
            levels = role_levels(architecture, role, tensor)
            for at, node in enumerate(mapping.nodes):
                if isinstance(node, Storage) and node.tensor == tensor and node.level in levels[:1]:
                    above = [loop.dim for i, loop in _running(mapping, 0) if i < at and isinstance(loop, Temporal)]
                    moves = operation.tensor(tensor).dims
                    last = max((i for i, dim in enumerate(above) if dim in moves), default=-1)
                    for dim in dict.fromkeys(d for d in above[: last + 1] if d in dims):
                        named = _listed([d for d in dims if d in operation.extents], "and")
                        moving = above[last]
                        reason = "" if moving == dim else f", or at least inside the loop over {moving}"
                        yield _broken(
                            "complete",
                            dataflow,
                            f"{tensor} must stay in {node.level} until all {named} are done:"
                            f" the loop over {dim} must be below them, not above{reason}",
                        )


def _inside(
    operation: Operation, architecture: Architecture, mapping: Mapping, dataflow: Dataflow
) -> Iterator[DataflowViolation]:
    for role, dims in dataflow.inside:
        places = {(role_levels(architecture, role, t.name) or ("",))[0]: None for t in operation.tensors}
        first = next((i for i, n in enumerate(mapping.nodes) if isinstance(n, Storage) and n.level in places), None)
        if first is None:
            continue
        loops = [node.dim for _, node in _running(mapping, first) if isinstance(node, Temporal)]
        for dim in dict.fromkeys(d for d in loops if d not in dims):
            level = mapping.nodes[first]
            assert isinstance(level, Storage)
            may = _listed([d for d in dims if d in operation.extents], "or", "nothing")
            yield _broken("inside", dataflow, f"loops below {level.level} must be over {may}, not {dim}")


def _running(mapping: Mapping, start: int) -> Iterator[tuple[int, Temporal | Spatial]]:
    """The loops from a node on that run more than once."""
    for i, node in enumerate(mapping.nodes):
        if i >= start and not isinstance(node, Storage) and mapping.trips(i) > 1:
            yield i, node


def _broken(rule: str, dataflow: Dataflow, sentence: str) -> DataflowViolation:
    return DataflowViolation(rule, f"{dataflow.name}: {sentence}")


def _listed(words: Dims | list[str], last: str, none: str = "") -> str:
    """'N', 'N and E', 'N, E and F'."""
    words = list(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else (words[0] if words else none)


def keeps_by_level(
    operation: Operation, architecture: Architecture, dataflow: Dataflow | None, tensor: str
) -> dict[str, Keep]:
    """Per level, outermost first, whether it must, may or may not keep the tensor under machine and dataflow together.

    A level that the machine excludes stays excluded, whatever the dataflow demands (see dataflow_violations).
    """
    table: dict[str, Keep] = {level.name: level.keep(tensor) for level in architecture.levels}
    outermost = architecture.levels[0].name
    table[outermost] = "must"
    for role, _ in dataflow.keeps if dataflow else ():
        assert dataflow is not None
        keep = dataflow.keep(role, tensor)
        levels = role_levels(architecture, role, tensor)
        if keep == "must":
            levels = levels[:1]
        for level in levels:
            if keep != "may" and level != outermost and table[level] == "may":
                table[level] = keep
    return table
