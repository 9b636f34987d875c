"""Dims that can change places: a square convolution costs the same when rows and columns are swapped."""

from __future__ import annotations

from itertools import combinations

from accelsim.search.frames import Frame
from accelsim.search.rules import Rules
from accelsim.workload.operation import Tensor

Swap = dict[str, str]


def mirrors(rules: Rules) -> tuple[Swap, ...]:
    """Swaps of one or two pairs of dims that change neither the operation nor the rules."""
    if rules.tiles:
        return ()
    extents = rules.operation.extents
    pairs = [(a, b) for a, b in combinations(rules.dims, 2) if extents[a] == extents[b]]
    sets: list[tuple[tuple[str, str], ...]] = [(pair,) for pair in pairs]
    sets += [(p, q) for p, q in combinations(pairs, 2) if not set(p) & set(q)]
    found = []
    for chosen in sets:
        swap = {dim: dim for dim in rules.dims}
        for a, b in chosen:
            swap[a], swap[b] = b, a
        if _keeps(rules, swap):
            found.append(swap)
    return tuple(found)


def _keeps(rules: Rules, swap: Swap) -> bool:
    """Whether operation and rules are the same after the swap."""

    def moved(dims: frozenset[str] | tuple[str, ...]) -> frozenset[str]:
        return frozenset(swap.get(dim, dim) for dim in dims)

    if any(_ranks(tensor, swap) != _ranks(tensor, {}) for tensor in rules.operation.tensors):
        return False
    if any(moved(dims) != frozenset(dims) for _, dims in rules.spatial):
        return False
    if any(moved(dims) != dims for _, _, dims in rules.complete) or any(moved(d) != d for _, d in rules.inside):
        return False
    return all((swap.get(dim, dim), passes) in rules.passes for dim, passes in rules.passes)


def _ranks(tensor: Tensor, swap: Swap) -> list[tuple[object, ...]]:
    ranks = (
        (r.size, r.offset, tuple(sorted((swap.get(t.dim, t.dim), t.stride) for t in r.terms))) for r in tensor.ranks
    )
    return sorted(ranks)


def is_first(frame: Frame, swaps: tuple[Swap, ...]) -> bool:
    """Whether no mirror image of the frame comes before it."""
    own = _key(frame, {})
    return all(_key(frame, swap) >= own for swap in swaps)


def _key(frame: Frame, swap: Swap) -> list[tuple[object, ...]]:
    return sorted((s.fanout, s.axis, swap.get(s.dim, s.dim), s.positions, s.below) for s in frame.spreads)
