"""Steps that divide nothing: the best nests over aligned steps, improved one dim at a time, then two.

The aligned optimum is where it starts, with the nests found on the way to it and the nests of a slightly larger
operation: 13 rows have no tiles but 1 and 13, 14 have 2 and 7, and these suit 13 as well, the last tile being smaller.
Nests gain loops of one trip in every gap and on every axis, which may then take a step.  Nothing is proven here; what
no steps can beat is accelsim.search.bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import combinations, groupby
from math import inf
from time import perf_counter
from typing import Any

import numpy as np

from accelsim.errors import InfeasibleError
from accelsim.mapping.dataflow import dataflow_violations
from accelsim.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from accelsim.mapping.validity import violations
from accelsim.model.evaluate import evaluate
from accelsim.search import search
from accelsim.search.bound import lower_bound
from accelsim.search.frames import divisors
from accelsim.search.interface import Limits, Objective, SearchInterrupted, SearchResult
from accelsim.search.objective import Score, score
from accelsim.search.problem import Problem
from accelsim.search.restriction import Restriction, restriction_violations
from accelsim.search.rules import Rules
from accelsim.search.sheet import Rows, Sheet, placed
from accelsim.workload.operation import Operation, Rank, Tensor

LEAST_LABELS, LOOSE = 500_000, 0.02
"""Labels that the search of a larger operation may look at in any case, and a gap that is enough there."""
PASSES = 3
"""Times that a nest is improved, new loops standing outside the others or inside in turn."""
ALL_VALUES, FEW_VALUES, PAIR_ROWS, WINDOW_ROWS, SLIDING = 64, 10, 30_000, 500, 50
"""Bounds up to which every step is tried; parts tried when two dims change together; nests of one such pair, and of
one pair that shares a window, whose tiles are dear to count, and so many of them between two looks at the clock."""


def first_share(limits: Limits) -> Limits:
    """What the aligned search may spend: half of the time where any steps are asked for."""
    if limits.steps != "ragged" or limits.seconds is None:
        return limits
    return replace(limits, seconds=limits.seconds / 2)


def any_steps(problem: Problem, objective: Objective, limits: Limits, aligned: SearchResult) -> SearchResult:
    """The best found over any steps, in about twice the time of the aligned search whose result this starts from."""
    rules, start = problem.rules, perf_counter()
    seconds = None if limits.seconds is None else max(0.0, limits.seconds - aligned.certificate.seconds)
    starts, looked_at = [aligned.mapping], aligned.certificate.looked_at
    other = _of_larger(rules, objective, limits, looked_at, seconds)
    if other is not None:
        looked_at += other.certificate.looked_at
        shrunken = shrunk(rules, other.mapping)
        starts += [shrunken] if shrunken is not None else []
    late = lambda: seconds is not None and perf_counter() - start >= seconds  # noqa: E731
    best, value = aligned, score(aligned.evaluation, objective)
    interrupted = False
    try:
        for mapping in improve(problem, objective, limits, starts, late):
            evaluation = evaluate(rules.operation, rules.architecture, mapping, limits.convention)
            over = evaluation.cycles > (limits.max_cycles or inf) or evaluation.energy > (limits.max_energy or inf)
            if not over and score(evaluation, objective) < value:
                best, value = replace(aligned, mapping=mapping, evaluation=evaluation), score(evaluation, objective)
    except KeyboardInterrupt:
        interrupted = True
    certificate = replace(
        aligned.certificate,
        looked_at=looked_at,
        lower_bound=min(value[0], lower_bound(rules, objective, limits.convention)),
        best=value[0],
        seconds=aligned.certificate.seconds + perf_counter() - start,
        complete=False,
    )
    result = replace(best, certificate=certificate)
    if interrupted:
        raise SearchInterrupted(result)
    return result


def _of_larger(
    rules: Rules, objective: Objective, limits: Limits, looked_at: int, seconds: float | None
) -> SearchResult | None:
    """What an aligned search of no more effort finds for a slightly larger operation."""
    operation = larger(rules.operation)
    if operation is None or seconds == 0:
        return None
    half = None if seconds is None else seconds / 2
    most = min(max(LEAST_LABELS, looked_at), limits.max_candidates or max(LEAST_LABELS, looked_at))
    less = replace(limits, steps="aligned", seconds=half, max_candidates=most, gap=max(limits.gap, LOOSE))
    try:
        return search(operation, rules.architecture, objective, replace(less, max_cycles=None, max_energy=None))
    except InfeasibleError:
        return None


def improve(
    problem: Problem, objective: Objective, limits: Limits, starts: Sequence[Mapping], is_spent: Callable[[], bool]
) -> list[Mapping]:
    """Valid mappings over any steps, one per start and at least as good."""
    found = []
    for start in dict.fromkeys(starts):
        mapping = start
        for turn in range(PASSES):
            if is_spent():
                break
            better = _improved(problem.rules, objective, limits, mapping, first=turn % 2 == 0, is_spent=is_spent)
            if better == mapping and turn:
                break
            mapping = better
        found.append(mapping)
    return found


def _improved(
    rules: Rules, objective: Objective, limits: Limits, mapping: Mapping, first: bool, is_spent: Callable[[], bool]
) -> Mapping:
    """One descent; the mapping itself when nothing valid is better."""
    nodes, row = widened(rules, mapping, first)
    sheet = Sheet(rules, nodes, objective, limits, exact=False)
    own = sheet.best(row[None, :])
    if own is None:
        return mapping
    found = sheet.mapping(descend(sheet, own, is_spent)[1])
    return found if is_valid(rules, found) else mapping


def is_valid(rules: Rules, mapping: Mapping) -> bool:
    operation, architecture = rules.operation, rules.architecture
    fixed = Restriction(tiles=rules.tiles)
    if violations(operation, architecture, mapping) or restriction_violations(operation, architecture, mapping, fixed):
        return False
    return rules.dataflow is None or not dataflow_violations(operation, architecture, mapping, rules.dataflow)


# The nest with room for more loops


def widened(rules: Rules, mapping: Mapping, first: bool) -> tuple[tuple[Node, ...], Rows]:
    """The nest with a loop over every dim in every run of loops in time (the new ones ``first`` or last) and over
    every dim that an axis in use takes; and the row of steps that is the mapping itself."""
    left = {dim: rules.operation.extents[dim] for dim in rules.dims}
    nodes: list[Node] = []
    for kind, run in groupby(mapping.nodes, key=type):
        own = list(run)
        looped = {node.dim for node in own if isinstance(node, Temporal)}
        new: list[Node] = []
        if kind is Temporal and _is_free(rules):
            new = [Temporal(dim, 0) for dim in rules.dims if dim not in looped]
        elif kind is Spatial:
            used = {(x.axis, x.dim) for x in own if isinstance(x, Spatial)}
            axes = dict.fromkeys(axis for axis, _ in used)
            new = [
                Spatial(dim, 0, axis)
                for axis, dims in rules.spatial
                for dim in dims
                if axis in axes and (axis, dim) not in used
            ]
            fanout_of = rules.architecture.fanout_of_axis
            nodes += sorted(own + new, key=lambda x: fanout_of[x.axis] if isinstance(x, Spatial) else 0)
            continue
        nodes += new + own if first else own + new
    steps = []
    for node in nodes:
        if not isinstance(node, Storage):
            left[node.dim] = node.step or left[node.dim]
            steps.append(left[node.dim])
    return tuple(nodes), np.array(steps, np.int64)


def _is_free(rules: Rules) -> bool:
    """Whether loops may be added anywhere in time."""
    return not rules.complete and not rules.inside


# Descent


def descend(sheet: Sheet, start: tuple[Score, Rows], is_spent: Callable[[], bool]) -> tuple[Score, Rows]:
    """The best row reached by other steps of one dim, and of two when one gains nothing."""
    best, dims = start, [dim for dim, slots in sheet.slots.items() if slots]
    while not is_spent():
        before = best
        for dim in dims:
            best = _better(sheet, best, [_moves(sheet, best[1], dim, few=False)], (dim,), is_spent)
        if best is before:
            for pair in combinations(dims, 2):
                if is_spent():
                    break
                best = _better(sheet, best, [_moves(sheet, best[1], dim, few=True) for dim in pair], pair, is_spent)
        if best is before:
            break
    return best


def _better(
    sheet: Sheet, best: tuple[Score, Rows], moves: list[Rows], dims: tuple[str, ...], is_spent: Callable[[], bool]
) -> tuple[Score, Rows]:
    rows = placed(best[1], sheet.slots[dims[0]], moves[0])
    terms = [{t.dim for t in rank.terms} for x in sheet.rules.operation.tensors for rank in x.ranks]
    sliding = any(set(dims) <= own for own in terms if len(own) > 1)
    if len(dims) == 2:
        own = moves[1]
        most = max(1, (WINDOW_ROWS if sliding else PAIR_ROWS) // len(rows))
        own = own[:: -(-len(own) // most)]
        rows = np.repeat(rows, len(own), axis=0)
        rows[:, list(sheet.slots[dims[1]])] = np.tile(own, (len(rows) // len(own), 1))
    piece = SLIDING if sliding else len(rows)
    for start in range(0, len(rows), piece):
        if start and is_spent():
            break
        found = sheet.best(rows[start : start + piece])
        if found is not None and found[0] < best[0]:
            best = found
    return best


def _moves(sheet: Sheet, row: Rows, dim: str, few: bool) -> Rows:
    """The chains that differ from a dim's own in a run of steps set to one value; what is outside yields to it."""
    chain = row[list(sheet.slots[dim])]
    if len(chain) < 2:
        return chain[None, :]
    before, after, value = _runs(_values(sheet.rules, dim, few), len(chain))
    inner = chain[None, :-1]
    moved = np.where(before, np.maximum(inner, value), np.where(after, np.minimum(inner, value), value))
    rows = np.ones((len(moved) + 1, len(chain)), np.int64)
    rows[0], rows[1:, :-1] = chain, moved
    return np.unique(rows, axis=0)


@lru_cache(maxsize=512)
def _runs(values: tuple[int, ...], length: int) -> tuple[Any, Any, Rows]:
    """Per move (start, end, value): which steps lie before the run, which after it, and the value."""
    moves = [(i, j, v) for i in range(length - 1) for j in range(i + 1, length) for v in values]
    start, end, value = (np.array(column, np.int64)[:, None] for column in zip(*moves, strict=True))
    at = np.arange(length - 1)[None, :]
    return at < start, at >= end, value


def _values(rules: Rules, dim: str, few: bool) -> tuple[int, ...]:
    """Steps that are tried: all of them for small bounds, else divisors, even parts, and what fills an axis."""
    bound = rules.operation.extents[dim]
    if bound <= (FEW_VALUES if few else ALL_VALUES):
        return tuple(range(1, bound + 1))
    sizes = [rules.architecture.axes[axis].size for axis, dims in rules.spatial if dim in dims]
    values = {-(-bound // k) for k in range(1, FEW_VALUES + 1)}
    if not few:
        values |= {-(-bound // k) for k in range(1, bound + 1)}
        values |= {-(-bound // size) * n for size in sizes for n in (1, 2, 4)} | set(sizes)
    return tuple(sorted(v for v in values | set(divisors(bound)) if 1 <= v <= bound))


# A larger operation


def larger(operation: Operation) -> Operation | None:
    """The operation with bounds of more divisors, up to a tenth larger; None when there is none.

    Of dims that slide, whose frames are dear to set up, only outputs with few divisors.
    """
    sliding = {t.dim for x in operation.tensors for rank in x.ranks if len(rank.terms) > 1 for t in rank.terms}
    fixed = {d for d in sliding if d not in operation.output.dims or len(divisors(operation.extents[d])) > 4}
    bounds = {dim: bound if dim in fixed else _rounded(bound) for dim, bound in operation.bounds}
    if bounds == dict(operation.bounds):
        return None
    tensors = tuple(
        Tensor(t.name, tuple(_grown(rank, operation.extents, bounds) for rank in t.ranks), t.bits)
        for t in operation.tensors
    )
    return replace(operation, bounds=tuple(bounds.items()), tensors=tensors)


def _rounded(bound: int) -> int:
    most = max(bound + 1, bound * 11 // 10) if bound > 4 else bound
    return max(range(bound, most + 1), key=lambda n: (len(divisors(n)), -n))


def _grown(rank: Rank, old: dict[str, int], new: dict[str, int]) -> Rank:
    return replace(rank, size=rank.size + sum(t.stride * (new[t.dim] - old[t.dim]) for t in rank.terms))


def shrunk(rules: Rules, mapping: Mapping) -> Mapping | None:
    """The nest of a larger operation with the bounds of this one; None where it is not valid."""
    operation = rules.operation
    left, nodes = dict(operation.bounds), list[Node]()
    for node in mapping.nodes:
        if not isinstance(node, Storage):
            if node.step >= left[node.dim]:
                continue
            left[node.dim] = node.step
        nodes.append(node)
    found = Mapping.of(operation, nodes)
    return found if is_valid(rules, found) else None
