"""Whether the tiles fit: per level, the largest tile of every tensor it keeps, times its buffers, against its size.

    need = ceil( sum over tensors of  largest tile words x buffers x bits of the tensor  /  word bits )

Tensors with a partition of their own are held against that instead (DESIGN.md, section 1: capacity).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from accelsim.architecture.spec import Architecture, Level
from accelsim.mapping.nest import Mapping, Storage, Temporal
from accelsim.mapping.tiles import Chain, tensor_tile_words
from accelsim.mapping.violation import Violation, on_machine
from accelsim.workload.operation import Operation, Tensor


class _Held(NamedTuple):
    """A tensor at a level: the place of its node in the nest and the chains of the loops above it."""

    place: int
    tensor: Tensor
    chains: dict[str, Chain]


class _Demand(NamedTuple):
    """Tensors that share one memory: a level, or the partition of one tensor in it."""

    level: Level
    partition: str | None
    capacity: int
    held: list[_Held]


@dataclass(frozen=True)
class Occupied:
    """How much of a bounded memory a mapping takes, in words of its level and per instance.

    ``partition``: the tensor that the memory is private to, None where tensors share it; ``tiles``: (tensor, words of
    its largest tile) from the outermost node inwards; ``need``: words taken by all of them, buffers included.
    """

    level: str
    partition: str | None
    tiles: tuple[tuple[str, int], ...]
    need: int
    capacity: int


def occupied(operation: Operation, architecture: Architecture, mapping: Mapping) -> tuple[Occupied, ...]:
    """Every bounded memory that the mapping uses, in the order in which the nest first names them."""
    return tuple(
        Occupied(
            demand.level.name,
            demand.partition,
            tuple((held.tensor.name, tensor_tile_words(held.tensor, held.chains)) for held in demand.held),
            _words(demand.level, demand.held),
            demand.capacity,
        )
        for demand in _demands(operation, architecture, mapping)
    )


def words_needed(level: Level, tiles: Iterable[tuple[Tensor, int]]) -> int:
    """Words of the level that tiles, each (tensor, words), occupy, all buffers together."""
    bits = sum(words * level.element_bits(tensor.bits) for tensor, words in tiles)
    return -(-bits * level.buffers // level.word_bits)


def capacity_violations(operation: Operation, architecture: Architecture, mapping: Mapping) -> list[Violation]:
    """Levels and partitions that the tiles overflow, each with the largest single step that would fit.

    The loops must be sound: known dims, the operation's bounds, steps that do not grow inwards.
    """
    found = []
    for demand in _demands(operation, architecture, mapping):
        need = _words(demand.level, demand.held)
        if need <= demand.capacity:
            continue
        name, partition = demand.level.name, demand.partition
        of = f" of {partition}" if partition else ""
        found.append(
            Violation(
                "capacity",
                on_machine(operation, architecture),
                f"{name} needs {need:,} words{of}, holds {demand.capacity:,}",
                _smaller_tile(operation, architecture, mapping, demand),
                level=name,
                tensor=partition,
                need=need,
                capacity=demand.capacity,
            )
        )
    return found


def _demands(operation: Operation, architecture: Architecture, mapping: Mapping) -> list[_Demand]:
    """Every bounded memory that the mapping uses, with what it holds; one walk over the nest."""
    limited = {
        level.name: (level, dict(level.tensor_capacity_words))
        for level in architecture.levels
        if level.capacity_words is not None or level.tensor_capacity_words
    }
    if not limited:
        return []
    tensors = {tensor.name: tensor for tensor in operation.tensors}
    chains: dict[str, Chain] = {dim: (bound,) for dim, bound in operation.bounds}
    demands: dict[tuple[str, str | None], _Demand] = {}
    for index, node in enumerate(mapping.nodes):
        if not isinstance(node, Storage):
            chains[node.dim] += (node.step,)
        elif node.level in limited and node.tensor in tensors:
            level, partitions = limited[node.level]
            partition = node.tensor if node.tensor in partitions else None
            capacity = partitions.get(node.tensor, level.capacity_words)
            if capacity is not None:
                demand = demands.setdefault((level.name, partition), _Demand(level, partition, capacity, []))
                demand.held.append(_Held(index, tensors[node.tensor], dict(chains)))
    return list(demands.values())


def _words(level: Level, held: list[_Held]) -> int:
    """Words of the level that the tiles of these nodes occupy."""
    return words_needed(level, ((tensor, tensor_tile_words(tensor, chains)) for _, tensor, chains in held))


def _smaller_tile(operation: Operation, architecture: Architecture, mapping: Mapping, demand: _Demand) -> str:
    """The largest extent of one dim above the memory's outermost node that fits, for the dim that keeps most words."""
    best, text = 0, "no smaller extent of one dim would fit"
    if demand.level is architecture.levels[0]:
        return "the outermost level must hold whole tensors"
    dims = {dim for held in demand.held for dim in held.tensor.dims}
    for dim in operation.dims:
        if dim not in dims or _words(demand.level, _cut(mapping, demand.held, dim, 1)) > demand.capacity:
            continue
        fits, over = 1, demand.held[0].chains[dim][-1]
        while over - fits > 1:
            middle = (fits + over) // 2
            if _words(demand.level, _cut(mapping, demand.held, dim, middle)) <= demand.capacity:
                fits = middle
            else:
                over = middle
        words = _words(demand.level, _cut(mapping, demand.held, dim, fits))
        if words > best:
            best, text = words, f"{dim.lower()} <= {fits} would fit"
    return text


def _cut(mapping: Mapping, held: list[_Held], dim: str, extent: int) -> list[_Held]:
    """The same nodes when at most ``extent`` of a dim is left to the outermost of them.

    A temporal loop of the dim that is the last above that node gets the extent as its step; a spatial one stays, as
    its step decides how many positions it needs, and a temporal loop follows it.  Steps further in shrink along.
    """
    outer = held[0].chains[dim]
    loops = [n for n in mapping.nodes[: held[0].place] if not isinstance(n, Storage) and n.dim == dim]
    above = outer[:-1] if loops and isinstance(loops[-1], Temporal) else outer
    return [
        node._replace(
            chains=node.chains
            | {dim: (*above, extent, *(min(step, extent) for step in node.chains[dim][len(outer) :]))}
        )
        for node in held
    ]
