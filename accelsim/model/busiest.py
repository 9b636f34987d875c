"""Which instances can be the busiest one, so that only those are counted one by one.

The first coordinate of a loop has the fullest tiles and is busiest, unless it sees padding or a window has three dims.
An instance whose tiles are all full and never reach the padding, and that takes the partial sums back, moves at least
what any other one does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from accelsim.mapping.nest import Spatial
from accelsim.model import kernels as k
from accelsim.model.plan import Plan
from accelsim.workload.operation import Rank

Coords = tuple[int, ...]


def uneven_ranks(plan: Plan) -> list[Rank]:
    """Ranks along which the first instance need not be busiest, without dims of one element.

    Windows that reach outside the data; and those of three dims, where a smaller ragged tile can lose a word and
    fetch it again that a full one keeps.
    """
    groups = {g.index for groups in plan.groups.values() for g in groups if g.kind == k.WINDOW}
    spans = [(plan.ranks[i], plan.ranks[i].span(plan.operation.extents)) for i in sorted(groups)]
    return [rank for rank, (low, high) in spans if low < 0 or high >= rank.size or len(rank.terms) > 2]


def candidates(plan: Plan, steps: Sequence[int]) -> list[Coords]:
    """Coordinates (one per loop) among which every counter of every level has its busiest instance."""
    first = (0,) * len(plan.loops)
    ranks = uneven_ranks(plan)
    if not ranks or not plan.architecture.fanouts:
        return [first]
    depths = sorted(set(plan.architecture.fanouts_above.values()) - {0})
    found = dict.fromkeys(coords for depth in depths for coords in _at_depth(plan, ranks, steps, depth))
    return list(found) or [first]


def every_candidate(plan: Plan, trips: Sequence[int]) -> list[Coords]:
    """The same without looking at steps: every coordinate of every loop over a dim of an uneven rank."""
    return list(_spread(plan, uneven_ranks(plan), trips, len(plan.architecture.fanouts)))


def _loops(plan: Plan, values: Sequence[int]):  # type: ignore[no-untyped-def]
    return zip(values, plan.loop_fanout, plan.loops, strict=True)


def _at_depth(plan: Plan, ranks: list[Rank], steps: Sequence[int], depth: int) -> Iterator[Coords]:
    """Candidates for the levels below ``depth`` fan-outs."""
    enclosing = dict(plan.operation.extents)
    trips, ragged = [], set()
    for step, _, loop in _loops(plan, steps):
        trips.append(-(-enclosing[loop.dim] // step))
        if enclosing[loop.dim] % step:
            ragged.add(loop.dim)
        enclosing[loop.dim] = step
    coords = [0] * len(plan.loops)
    taken: set[str] = set()
    for rank in ranks:
        dims = {term.dim for term in rank.terms}
        inside = None if taken & dims or len(rank.terms) > 2 else _unpadded(plan, rank, steps, trips, ragged, depth)
        if inside is None:
            yield from _spread(plan, ranks, trips, depth)
            return
        taken |= dims
        coords = [at or other for at, other in zip(coords, inside, strict=True)]
    yield tuple(coords)


def _spread(plan: Plan, ranks: list[Rank], trips: Sequence[int], depth: int) -> Iterator[Coords]:
    """Every coordinate, above ``depth`` fan-outs, of the loops over the dims of these ranks."""
    uneven = {term.dim for rank in ranks for term in rank.terms}
    return product(*(range(n if 0 <= f < depth and x.dim in uneven else 1) for n, f, x in _loops(plan, trips)))


def _unpadded(
    plan: Plan, rank: Rank, steps: Sequence[int], trips: Sequence[int], ragged: set[str], depth: int
) -> Coords | None:
    """Coordinates of an instance that is full and sees no padding along this rank, or None.

    A dim that leaves ragged tiles, or over which partial sums are added, stays at coordinate 0.
    """
    stride = {term.dim: term.stride for term in rank.terms}
    free = stride.keys() & plan.operation.output.dims - ragged
    choices = [range(n if 0 <= f < depth and x.dim in free else 1) for n, f, x in _loops(plan, trips)]
    mine = [
        i
        for i, x in enumerate(plan.loops)
        if x.dim in stride and isinstance(x, Spatial) and plan.loop_fanout[i] < depth
    ]
    low, high = rank.span(plan.operation.extents)
    even = [i for i in mine if plan.loops[i].dim not in ragged]  # where a ragged dim's instance ends is not asked
    if not mine:  # all instances stand at the same place of this rank
        return (0,) * len(plan.loops)
    for coords in product(*choices):
        before = sum(stride[plan.loops[i].dim] * coords[i] * steps[i] for i in mine)
        after = sum(stride[plan.loops[i].dim] * (trips[i] - 1 - coords[i]) * steps[i] for i in even)
        if low + before >= 0 and high - after < rank.size:
            return coords
    return None
