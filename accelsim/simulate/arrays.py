"""A mapping laid out in the flat tables that `accelsim.simulate.kernel` walks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import prod

import numpy as np

from accelsim.architecture.spec import Architecture
from accelsim.errors import InputError
from accelsim.mapping.nest import Mapping, Spatial, Temporal
from accelsim.simulate import kernel as k
from accelsim.simulate.kernel import FREE, Flags, Ints, Tables
from accelsim.simulate.places import Place
from accelsim.simulate.reference import Values
from accelsim.workload.operation import Operation

MEMORY_LIMIT_BYTES = 4 << 30
"""Above this an execution is refused: the oracle is for layers on chips, not for wafers."""


@dataclass(frozen=True)
class Layout:
    """How many of everything there is, place by place, before any table is allocated."""

    operation: Operation
    mapping: Mapping
    places: tuple[Place, ...]

    @cached_property
    def spatial_trips(self) -> tuple[int, ...]:
        return self._trips(Spatial)

    @cached_property
    def temporal_trips(self) -> tuple[int, ...]:
        return self._trips(Temporal)

    def _trips(self, kind: type) -> tuple[int, ...]:
        return tuple(self.mapping.trips(i) for i, node in enumerate(self.mapping.nodes) if isinstance(node, kind))

    @cached_property
    def instances(self) -> tuple[int, ...]:
        """Instances per place."""
        return tuple(prod(self.spatial_trips[: place.spatial]) for place in self.places)

    @cached_property
    def digits(self) -> Ints:
        """MAC instance x spatial loop: its coordinates."""
        trips = self.spatial_trips
        return np.indices(trips, dtype=np.int64).reshape(len(trips), prod(trips)).T.copy()

    @cached_property
    def points(self) -> tuple[int, ...]:
        """Per place, room that a tile never exceeds: the points of the tensor's dims below it. Never a count."""
        out = []
        for place in self.places:
            tensor = self.operation.tensors[place.tensor]
            inside = self.operation.extents | {loop.dim: loop.step for loop in self.mapping.loops[: place.loops]}
            out.append(min(prod(inside[dim] for dim in tensor.dims), tensor.words))
        return tuple(out)

    @cached_property
    def slots(self) -> tuple[int, ...]:
        """Slots of one table per place: at most half full, so that probing ends soon; none at the MACs."""
        sizes = zip(self.places, self.points, strict=True)
        return tuple(0 if place.is_mac else _power_of_two(2 * points + 1) for place, points in sizes)

    @cached_property
    def flags(self) -> tuple[int, ...]:
        """'Ever seen' flags of one instance per place."""
        return tuple(0 if p.is_mac else self.operation.tensors[p.tensor].words for p in self.places)

    @cached_property
    def rows(self) -> tuple[int, ...]:
        """First row of each place among all instances, and their total."""
        return _starts(self.instances)

    @cached_property
    def edges(self) -> tuple[int, ...]:
        """First boundary of each place among all boundaries, and their total."""
        return _starts(len(place.boundaries) for place in self.places)

    def total(self, each: Sequence[int]) -> int:
        """Sum over all instances of something that each instance of a place has."""
        return sum(n * m for n, m in zip(self.instances, each, strict=True))

    def codes(self, place: int, loops: Iterable[int]) -> Ints:
        """Per instance of a place, a number that is equal where the coordinates of these spatial loops are."""
        count = self.instances[place]
        digits = self.digits[:: len(self.digits) // count]
        code = np.zeros(count, dtype=np.int64)
        for s in loops:
            code = code * self.spatial_trips[s] + digits[:, s]
        return code

    def may_merge(self, place: int) -> bool:
        """Whether instances that differ in relevant coordinates could share output elements at all: only where several
        dims move one rank of it; otherwise they are apart along a dim that alone moves a rank."""
        tensor = self.operation.tensors[self.places[place].tensor]
        is_output = tensor is self.operation.output
        return is_output and bool(self.places[place].relevant) and any(len(rank.terms) > 1 for rank in tensor.ranks)


def tables(plan: Layout, architecture: Architecture, operands: Sequence[Values], check_capacity: bool) -> Tables:
    """Empty buffers, and the operands in memory behind the outermost level; ``MERGES`` is still 0 everywhere.

    Raises InputError when the tables would need more than MEMORY_LIMIT_BYTES.
    """
    edges = _edges(plan)
    tuples = _power_of_two(2 * _most_tuples(plan, edges) + 1)
    slots, flags = 2 * plan.total(plan.slots), plan.total(plan.flags)
    dims = len(plan.operation.bounds)
    needed = 16 * (slots + tuples) + flags + 8 * plan.rows[-1] * (k.LAST + 2 * dims) + edges.nbytes
    if needed > MEMORY_LIMIT_BYTES:
        raise InputError(
            f"{plan.operation.name}: executing this mapping must fit in {MEMORY_LIMIT_BYTES >> 20} MiB, "
            f"not need {needed >> 20} MiB; use smaller extents"
        )
    tensors, ranks = _projections(plan.operation)
    box = np.zeros((4, dims), dtype=np.int64)
    box[k.EXTENT] = [extent for _, extent in plan.operation.bounds]
    held = np.zeros((slots, 2), dtype=np.int64)
    held[:, k.KEY] = FREE
    seen: Flags = np.zeros(flags, dtype=np.bool_)
    output = np.zeros(plan.operation.output.words, dtype=np.int64)
    return Tables(
        loops=_loops(plan),
        digits=plan.digits,
        tensors=tensors,
        ranks=ranks,
        box=box,
        trips=np.array(plan.temporal_trips, dtype=np.int64),
        time=np.zeros(len(plan.temporal_trips), dtype=np.int64),
        order=np.array([i for i, place in enumerate(plan.places) if not place.is_mac], dtype=np.int64),
        macs=np.array([i for i, place in enumerate(plan.places) if place.is_mac], dtype=np.int64),
        places=_places(plan, architecture, check_capacity),
        rows=_rows(plan, dims),
        edges=edges,
        slots=held,
        seen=seen,
        tuples=np.zeros((tuples + 1, 2), dtype=np.int64),
        memory=np.concatenate([*(data.ravel() for data in operands), output]),
        totals=np.array([0, 0, 0, 0, FREE, k.NEVER, 1], dtype=np.int64),
    )


def _loops(plan: Layout) -> Ints:
    rows, seen = [], {Temporal: 0, Spatial: 0}
    for loop in plan.mapping.loops:
        dim = plan.operation.dims.index(loop.dim)
        rows.append((dim, loop.step, int(isinstance(loop, Spatial)), seen[type(loop)]))
        seen[type(loop)] += 1
    return np.array(rows, dtype=np.int64).reshape(len(rows), 4)


def _projections(operation: Operation) -> tuple[Ints, Ints]:
    tensors: list[list[int]] = []
    ranks: list[list[int]] = []
    index = {dim: i for i, dim in enumerate(operation.dims)}
    for tensor in operation.tensors:
        dims = [index[dim] for dim in operation.dims if dim in tensor.dims]
        tensors.append([len(ranks), len(ranks) + len(tensor.ranks), tensor.words, len(dims), *dims])
        for rank in tensor.ranks:
            terms = [n for term in rank.terms for n in (index[term.dim], term.stride)]
            ranks.append([rank.size, rank.offset, len(rank.terms), *terms])
    return _padded(tensors), _padded(ranks)


def _places(plan: Layout, architecture: Architecture, check_capacity: bool) -> Ints:
    table = np.zeros((len(plan.places), k.PLACE_COLUMNS), dtype=np.int64)
    backing = _starts(tensor.words for tensor in plan.operation.tensors)
    for i, place in enumerate(plan.places):
        row = table[i]
        row[k.TENSOR], row[k.DEPTH], row[k.TEMPORAL] = place.tensor, place.loops, place.temporal
        row[k.PARENT] = FREE if place.parent is None else place.parent
        row[k.COUNT], row[k.SPREAD] = plan.instances[i], len(plan.digits) // plan.instances[i]
        row[k.FIRST], row[k.SLOTS], row[k.BACKING] = plan.rows[i], plan.slots[i], backing[place.tensor]
        row[k.EDGE_FROM], row[k.EDGE_TO] = plan.edges[i], plan.edges[i + 1]
        row[k.IS_OUTPUT], row[k.IS_MAC] = place.tensor == len(plan.operation.tensors) - 1, place.is_mac
        row[k.LIMIT] = row[k.SHARED] = FREE
        if not place.is_mac:
            _room(row, plan.operation, architecture, place, check_capacity)
    return table


def _room(row: Ints, operation: Operation, architecture: Architecture, place: Place, check_capacity: bool) -> None:
    """Bits that may be held: in a private partition (LIMIT), or together with all that share the level (CAPACITY)."""
    level, tensor = architecture.level(place.level), operation.tensors[place.tensor]
    row[k.BITS] = level.element_bits(tensor.bits)
    private = dict(level.tensor_capacity_words).get(tensor.name)
    if not check_capacity:
        return
    if private is not None:
        row[k.LIMIT] = private * level.word_bits // level.buffers
    elif level.capacity_words is not None:
        row[k.SHARED] = architecture.levels.index(level)
        row[k.CAPACITY] = level.capacity_words * level.word_bits // level.buffers


def _rows(plan: Layout, dims: int) -> Ints:
    table = np.zeros((plan.rows[-1], k.LAST + 2 * dims), dtype=np.int64)
    tables = _starts(2 * n * size for n, size in zip(plan.instances, plan.slots, strict=True))
    flags = _starts(n * size for n, size in zip(plan.instances, plan.flags, strict=True))
    for i, place in enumerate(plan.places):
        count = plan.instances[i]
        rows, j = table[plan.rows[i] : plan.rows[i + 1]], np.arange(count)
        rows[:, k.PLACE] = i
        rows[:, k.UP] = FREE
        if place.parent is not None:
            rows[:, k.UP] = plan.rows[place.parent] + j * plan.instances[place.parent] // count
        rows[:, k.LEADER] = plan.codes(i, place.irrelevant) == 0
        rows[:, k.TABLE] = tables[i] + 2 * j * plan.slots[i]
        rows[:, k.EVER] = flags[i] + j * plan.flags[i]
    return table


def _edges(plan: Layout) -> Ints:
    table = np.zeros((plan.edges[-1], 5, len(plan.digits) + 1), dtype=np.int64)
    for i, place in enumerate(plan.places):
        count = plan.instances[i]
        for edge, boundary in zip(table[plan.edges[i] :], place.boundaries, strict=False):
            merged = [s for s in range(place.spatial) if s not in boundary.keyed]
            edge[k.INFO, k.ALONE] = prod(plan.spatial_trips[s] for s in merged) == 1
            edge[k.CODE, :count] = plan.codes(i, boundary.keyed)
            edge[k.CIRCLE] = FREE
            if boundary.forwarded:
                others = plan.codes(i, (s for s in range(place.spatial) if s not in boundary.forwarded))
                edge[k.CIRCLE, :count] = others
                edge[k.MEMBER, :count] = np.argsort(others, kind="stable")
                edge[k.SPAN] = np.searchsorted(np.sort(others), np.arange(edge.shape[1]))
    return table


def _most_tuples(plan: Layout, edges: Ints) -> int:
    """Room in the stamped set for one stamp: a place's tuples over all its boundaries, or all those of the MACs."""
    most = macs = 0
    for i, place in enumerate(plan.places):
        shared = int((edges[plan.edges[i] : plan.edges[i + 1], k.INFO, k.ALONE] == 0).sum())
        need = shared * plan.instances[i] * (1 if place.is_mac else plan.points[i])
        macs += need if place.is_mac else 0
        most = max(most, need)
    return max(most, macs)


def _power_of_two(least: int) -> int:
    return 1 << (least - 1).bit_length()


def _starts(sizes: Iterable[int]) -> tuple[int, ...]:
    """Where each of several pieces begins when they lie one behind the other; the total last."""
    return tuple(accumulate(sizes, initial=0))


def _padded(rows: list[list[int]]) -> Ints:
    """Rows of different lengths as one table, zeros behind."""
    width = max([1, *(len(row) for row in rows)])
    return np.array([row + [0] * (width - len(row)) for row in rows], dtype=np.int64)
