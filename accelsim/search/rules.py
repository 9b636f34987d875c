"""What machine and dataflow leave open: the rules that a search builds its nests from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil, isqrt, prod

from accelsim.architecture.spec import Architecture
from accelsim.errors import InfeasibleError
from accelsim.mapping.dataflow import (
    ARRAY,
    Dataflow,
    axis_dims,
    role_levels,
    unroll_room,
)
from accelsim.search.interface import Limits
from accelsim.search.restriction import Restriction, restricted
from accelsim.workload.operation import Operation

ROUNDING = 1e-9
"""By how much a product of a fraction may be off."""


def dataflow_of(architecture: Architecture, limits: Limits) -> Dataflow | None:
    """The dataflow that the limits name, or the architecture's own, and the restriction's axes and keeps with it.

    Raises InputError when there is no such file.
    """
    name, dataflow = limits.dataflow or architecture.dataflow, None
    if name is not None:
        from accelsim.mapping.dataflow_files import load_dataflow

        dataflow = load_dataflow(name)
    return dataflow if limits.restriction is None else restricted(dataflow, limits.restriction)


@dataclass(frozen=True)
class Rules:
    """Operation, machine and dataflow together.

    dims      dims of more than one element, those with the most tiles last
    passes    (dim, most trips in time) of the dims that are unrolled
    spatial   (axis, dims it may carry)
    complete  (level, tensor, dims that must not be looped over in time above that node)
    inside    (levels, dims): below a node of one of these levels only these are looped over in time
    tiles     (level, dim, elements of the dim in its nodes of tensors that the dim indexes)
    mac_units MAC units that lie in space, at least
    """

    operation: Operation
    architecture: Architecture
    dataflow: Dataflow | None
    dims: tuple[str, ...]
    passes: tuple[tuple[str, int], ...]
    spatial: tuple[tuple[str, tuple[str, ...]], ...]
    complete: tuple[tuple[str, str, frozenset[str]], ...]
    inside: tuple[tuple[frozenset[str], frozenset[str]], ...]
    tiles: tuple[tuple[str, str, int], ...] = ()
    mac_units: int = 1

    @staticmethod
    def of(
        operation: Operation,
        architecture: Architecture,
        dataflow: Dataflow | None,
        restriction: Restriction = Restriction(),  # noqa: B008  (frozen)
    ) -> Rules:
        """The rules; raises InfeasibleError when the machine has no level for what the dataflow must keep."""
        free = dataflow or Dataflow("any")
        _check_levels(operation, architecture, free)
        room = unroll_room(operation, architecture, free)
        tensors = [t.name for t in operation.tensors]
        return Rules(
            operation,
            architecture,
            dataflow,
            tuple(sorted((d for d, n in operation.bounds if n > 1), key=lambda d: _tiles(operation.extents[d]))),
            tuple((dim, -(-operation.extents.get(dim, 1) // room[dim])) for dim in free.unroll),
            tuple((name, axis_dims(operation, axis, dataflow)) for name, axis in architecture.axes.items()),
            tuple(
                (role_levels(architecture, role, tensor)[0], tensor, frozenset(dims))
                for role, table in free.complete
                for tensor, dims in table
                if tensor in tensors and role_levels(architecture, role, tensor)
            ),
            tuple(
                (frozenset(level for t in tensors for level in role_levels(architecture, role, t)[:1]), frozenset(dims))
                for role, dims in free.inside
            ),
            tuple(
                (level, dim, min(n, operation.extents[dim]))
                for level, dim, n in restriction.tiles
                if dim in operation.extents
            ),
            ceil(restriction.min_utilization * prod(axis.size for axis in architecture.axes.values()) - ROUNDING),
        )

    @property
    def listed(self) -> tuple[str, ...]:
        """The dims of more than one element in the operation's order, as people are told of them."""
        return tuple(dim for dim, bound in self.operation.bounds if bound > 1)

    @cached_property
    def networks(self) -> dict[str, tuple[str, ...]]:
        """Per axis, the kind of its network for every tensor."""
        tensors, axes = self.operation.tensors, self.architecture.axes
        return {name: tuple(axis.network(tensor.name) for tensor in tensors) for name, axis in axes.items()}

    @cached_property
    def windowed(self) -> frozenset[str]:
        """Dims whose tiles overlap, reach into padding or leave gaps in some rank of a tensor."""
        extents, found = self.operation.extents, set()
        for rank in (rank for tensor in self.operation.tensors for rank in tensor.ranks):
            low, high = rank.span(extents)
            terms = [term for term in rank.terms if extents[term.dim] > 1]
            if len(terms) > 1 or low < 0 or high >= rank.size or any(term.stride > 1 for term in terms):
                found |= {term.dim for term in terms}
        return frozenset(found)

    def irrelevant(self, tensor: str) -> tuple[str, ...]:
        """The dims that reuse a tensor."""
        indexed = self.operation.tensor(tensor).dims
        return tuple(dim for dim in self.dims if dim not in indexed)


def _tiles(bound: int) -> int:
    """How many numbers divide the bound."""
    return sum(2 - (n * n == bound) for n in range(1, isqrt(bound) + 1) if bound % n == 0)


def _check_levels(operation: Operation, architecture: Architecture, dataflow: Dataflow) -> None:
    where = f"{operation.name} on {architecture.name} under {dataflow.name}"
    for role, _ in dataflow.keeps:
        for tensor in (t.name for t in operation.tensors):
            levels = role_levels(architecture, role, tensor)
            if dataflow.keep(role, tensor) != "must":
                continue
            place = "a level inside the array" if role == ARRAY else role
            if not levels or architecture.level(levels[0]).keep(tensor) == "not":
                raise InfeasibleError(f"{where}: {tensor} must be kept in {place}, and no such level may keep them")
