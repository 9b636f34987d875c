"""A nest of the user's whose steps are partly open: every row of open steps where they are few, a descent elsewhere.

Complete up to ``MOST`` rows; beyond, the best row of a sample is improved by other steps of one dim or two, and the
bound is that of every mapping under the other rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import inf, prod
from random import Random

import numpy as np

from accelsim.architecture.spec import Architecture
from accelsim.errors import InfeasibleError
from accelsim.mapping.nest import Loop, Mapping, Spatial
from accelsim.model.evaluate import evaluate
from accelsim.search.bound import lower_bound
from accelsim.search.budget import Budget
from accelsim.search.frames import divisors
from accelsim.search.interface import Certificate, Limits, Objective, SearchResult
from accelsim.search.objective import score
from accelsim.search.problem import Problem
from accelsim.search.ragged import is_valid
from accelsim.search.restriction import Restriction, check_names, check_possible, restriction_violations
from accelsim.search.rules import dataflow_of
from accelsim.search.sheet import Rows, Sheet, placed
from accelsim.workload.operation import Operation

MOST, CHUNK, SAMPLE = 2_000_000, 100_000, 20_000
"""Rows of a complete search, rows priced at once, and rows that a descent starts from."""


def check_restriction(operation: Operation, architecture: Architecture, limits: Limits) -> None:
    """Raises InputError for names that do not exist, InfeasibleError where machine or dataflow contradict."""
    restriction = limits.restriction
    if restriction is None:
        return
    check_names(operation, architecture, restriction)
    unrestricted = Limits(dataflow=limits.dataflow)
    check_possible(operation, architecture, dataflow_of(architecture, unrestricted), restriction)


def disobedient(problem: Problem, restriction: Restriction) -> InfeasibleError:
    """The error where no mapping obeys a restriction."""
    asked = [f for f in ("axes", "tiles", "keeps", "min_utilization", "nest") if getattr(restriction, f)]
    where = f"{problem.rules.operation.name} on {problem.rules.architecture.name} under {restriction.name}"
    return InfeasibleError(f"{where}: no mapping that fits obeys it; leave out or widen {' or '.join(asked)}")


def search_nest(problem: Problem, objective: Objective, limits: Limits) -> SearchResult:
    """The best steps for the restriction's nest; raises InfeasibleError when none is valid."""
    assert limits.restriction is not None
    rules, budget = problem.rules, Budget(limits)
    nest = limits.restriction.nest
    sheet = Sheet(rules, nest, objective, limits)
    missing = [dim for dim in rules.dims if not sheet.slots[dim]]
    if missing:
        raise disobedient(problem, limits.restriction)
    options = [_chains(sheet, dim, limits.steps == "perfect") for dim in sheet.slots]
    space = prod(len(own) for own in options)
    complete = space <= MOST
    rows = _every(sheet, options, space) if complete else _descended(sheet, options, budget)
    best, complete = _best(problem, sheet, rows, budget, complete)
    if best is None:
        raise disobedient(problem, limits.restriction)
    evaluation = evaluate(rules.operation, rules.architecture, best, limits.convention)
    value = score(evaluation, objective)[0]
    certificate = Certificate(
        space=space,
        space_rule=f"the nest of {limits.restriction.name}; its open steps "
        + ("divide what encloses them" if limits.steps == "perfect" else "are any"),
        looked_at=budget.looked_at,
        lower_bound=value if complete else min(value, lower_bound(rules, objective, limits.convention)),
        best=value,
        seconds=budget.seconds,
        complete=complete,
    )
    return SearchResult(best, evaluation, certificate)


def _chains(sheet: Sheet, dim: str, perfect: bool) -> Rows:
    """Every way to fill the open steps of one dim, down to 1."""
    extent = sheet.rules.operation.extents[dim]
    loops = [sheet.loops[i] for i in sheet.slots[dim]]
    partial: list[tuple[int, ...]] = [()]
    for number, loop in enumerate(loops):
        last = number == len(loops) - 1
        partial = [
            (*chain, step) for chain in partial for step in _steps(loop, chain[-1] if chain else extent, perfect, last)
        ]
    return np.array(partial, np.int64).reshape(len(partial), len(loops))


def _steps(loop: Loop, extent: int, perfect: bool, last: bool) -> Iterator[int]:
    values = divisors(extent) if perfect else range(1, extent + 1)
    for step in values:
        if (loop.step in (0, step)) and (step == 1 or not last):
            yield step


def _every(sheet: Sheet, options: list[Rows], space: int) -> Iterator[Rows]:
    """All rows, in chunks."""
    for start in range(0, space, CHUNK):
        place = np.unravel_index(np.arange(start, min(space, start + CHUNK)), [len(own) for own in options])
        yield _rows(sheet, options, list(place))


def _rows(sheet: Sheet, options: list[Rows], place: list[Rows]) -> Rows:
    rows = np.ones((len(place[0]) if place else 1, len(sheet.loops)), np.int64)
    for slots, own, at in zip(sheet.slots.values(), options, place, strict=True):
        rows[:, list(slots)] = own[at]
    return rows


def _descended(sheet: Sheet, options: list[Rows], budget: Budget) -> Iterator[Rows]:
    """Rows of a sample, then those that differ in one dim from the best so far, then in two."""
    draw = Random(0)
    place = [np.array([draw.randrange(len(own)) for _ in range(SAMPLE)]) for own in options]
    rows = _rows(sheet, options, place)
    yield rows
    best = sheet.best(rows)
    while best is not None and not budget.is_spent:
        before = best
        for size in (1, 2):
            for dims in combinations(range(len(options)), size):
                for chunk in _others(sheet, options, best[1], dims):
                    found = sheet.best(chunk)
                    if found is not None and found[0] < best[0]:
                        best = found
                        yield chunk
            if best is not before:
                break
        if best is before:
            return


def _others(sheet: Sheet, options: list[Rows], row: Rows, dims: tuple[int, ...]) -> Iterator[Rows]:
    """Rows with other steps of these dims, evenly thinned to what may be looked at."""
    most = MOST if len(dims) == 1 else int(MOST**0.5 / 4)
    slots = list(sheet.slots.values())
    own = [options[d][:: -(-len(options[d]) // most)] for d in dims]
    rows = placed(row, slots[dims[0]], own[0])
    if len(dims) == 2:
        rows = np.repeat(rows, len(own[1]), axis=0)
        rows[:, list(slots[dims[1]])] = np.tile(own[1], (len(own[0]), 1))
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def _best(
    problem: Problem, sheet: Sheet, chunks: Iterator[Rows], budget: Budget, complete: bool
) -> tuple[Mapping | None, bool]:
    """The best valid mapping, and whether all rows were looked at."""
    best, value = None, (inf, inf)
    for rows in chunks:
        if budget.is_spent and best is not None:
            return best, False
        budget.looked_at += len(rows)
        rows = rows[sheet.fits(rows) & _on_own_axes(sheet, rows)]
        if not len(rows):
            continue
        scores = sheet.scores(rows)
        for at in np.lexsort((scores[:, 1], scores[:, 0])):
            own = float(scores[at, 0]), float(scores[at, 1])
            if own >= value:
                break
            mapping = sheet.mapping(rows[at])
            if _obeys(problem, mapping, sheet.limits):
                best, value = mapping, own
                break
    return best, complete


def _on_own_axes(sheet: Sheet, rows: Rows) -> Rows:
    """Rows that leave to an axis only dims that it takes."""
    allowed, ok = dict(sheet.rules.spatial), np.ones(len(rows), np.bool_)
    trips = -(-sheet.enclosing(rows) // rows)
    for i, loop in enumerate(sheet.loops):
        if isinstance(loop, Spatial) and loop.dim not in allowed[loop.axis]:
            ok &= trips[:, i] == 1
    return np.asarray(ok)


def _obeys(problem: Problem, mapping: Mapping, limits: Limits) -> bool:
    assert limits.restriction is not None
    rules = problem.rules
    return is_valid(rules, mapping) and not restriction_violations(
        rules.operation, rules.architecture, mapping, limits.restriction
    )
