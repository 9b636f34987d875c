"""The search finds the best of every mapping of small problems, for every objective, and its bounds are bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from search_cases import Problem, altered, ragged_case, search_case
from search_exact import EQUAL, best_of, failures, limits_of, main, optimum

from accelsim.architecture.spec import Architecture, Fanout, Level
from accelsim.errors import InfeasibleError
from accelsim.search import OBJECTIVES, Limits, Objective, search
from accelsim.search.exhaustive import front
from accelsim.search.interface import STEPS
from accelsim.search.objective import score
from accelsim.simulate.execute import execute

QUICK, MANY = range(20), range(20, 1000)


@pytest.mark.parametrize("seed", QUICK)
def test_with_perfect_steps_it_finds_the_best_of_all_mappings(seed: int) -> None:
    assert [wrong for objective in OBJECTIVES for wrong in failures(seed, objective, "perfect")] == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", MANY)
def test_with_perfect_steps_it_finds_the_best_of_all_mappings_of_a_thousand_problems(seed: int) -> None:
    assert [wrong for objective in OBJECTIVES for wrong in failures(seed, objective, "perfect")] == []


@pytest.mark.parametrize("seed", QUICK[:8])
def test_with_any_steps_no_gap_is_smaller_than_the_true_one(seed: int) -> None:
    assert [wrong for objective in OBJECTIVES for wrong in failures(seed, objective, "ragged")] == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", MANY)
def test_with_any_steps_no_gap_of_a_thousand_problems_is_smaller_than_the_true_one(seed: int) -> None:
    assert [wrong for objective in OBJECTIVES for wrong in failures(seed, objective, "ragged")] == []


@pytest.mark.parametrize("seed", QUICK[:8])
def test_what_it_finds_is_executed_with_the_counts_it_was_priced_on(seed: int) -> None:
    operation, architecture = search_case(seed)
    if optimum(seed, "perfect"):
        found = search(operation, architecture, OBJECTIVES[seed % 3], limits_of(seed, "perfect"))
        assert execute(operation, architecture, found.mapping).counts == found.evaluation.counts


def least(asked: Problem, objective: Objective, limits: Limits) -> float:
    """The objective's value of what a search finds; infinite when it finds nothing."""
    try:
        return score(search(*asked, objective, limits).evaluation, objective)[0]
    except InfeasibleError:
        return float("inf")


def starved(seed: int) -> Problem:
    """The problem of a seed with one or two words in every buffer."""
    draw, (operation, architecture) = Random(seed), search_case(seed)
    return operation, altered(architecture, lambda x: replace(x, capacity_words=draw.choice((1, 1, 2))))


@pytest.mark.parametrize("seed", QUICK)
def test_it_is_infeasible_exactly_when_no_mapping_is_valid(seed: int) -> None:
    found = least(starved(seed), "energy", Limits(gap=0, steps="perfect"))
    assert (found == float("inf")) == (front(*starved(seed)) == ())


def roomier(level: Level) -> Level:
    return replace(level, capacity_words=level.capacity_words and 2 * level.capacity_words)


def faster(level: Level) -> Level:
    return replace(level, read_bandwidth=level.read_bandwidth and 2 * level.read_bandwidth)


def with_free_axes(architecture: Architecture) -> Architecture:
    elements = tuple(
        replace(x, axes=tuple(replace(axis, irrelevant_to=None, dims=None) for axis in x.axes))
        if isinstance(x, Fanout)
        else x
        for x in architecture.elements
    )
    return replace(architecture, elements=elements)


RELAXED: dict[str, Callable[[Architecture], Architecture]] = {
    "twice the words in every buffer": lambda machine: altered(machine, roomier),
    "every level may keep everything": lambda machine: altered(machine, lambda x: replace(x, keeps=())),
    "no order among levels": lambda machine: altered(machine, lambda x: replace(x, nested=False)),
    "no port for reads that bounds": lambda machine: altered(machine, lambda x: replace(x, read_bandwidth=None)),
    "twice the bandwidth": lambda machine: altered(machine, faster),
    "axes that take any dim": with_free_axes,
}


@pytest.mark.parametrize("name", RELAXED)
@pytest.mark.parametrize("seed", QUICK[:20])
def test_a_machine_that_can_do_more_is_never_worse(seed: int, name: str) -> None:
    operation, architecture = search_case(seed)
    relaxed, limits = RELAXED[name](architecture), Limits(gap=0, steps="perfect")
    for objective in OBJECTIVES if relaxed != architecture else ():
        before = least((operation, architecture), objective, limits)
        assert least((operation, relaxed), objective, limits) <= before * (1 + EQUAL)


@pytest.mark.parametrize("seed", QUICK[:8])
def test_more_steps_are_never_worse(seed: int) -> None:
    objective = OBJECTIVES[seed % 3]
    perfect, aligned, ragged = (least(ragged_case(seed), objective, Limits(gap=0, steps=steps)) for steps in STEPS)
    assert perfect * (1 + EQUAL) >= aligned
    assert aligned * (1 + EQUAL) >= ragged


@pytest.mark.parametrize("seed", QUICK)
def test_energy_within_some_cycles_and_cycles_within_some_energy_are_the_best_there(seed: int) -> None:
    points, limits = optimum(seed, "perfect"), limits_of(seed, "perfect")
    cycles = {max(1, point.cycles - less) for point in points for less in (0, 1)}
    energies = {point.energy * part for point in points for part in (1 + 1e-9, 1 - 1e-9)} - {0}
    asked: list[tuple[Objective, Limits]] = []
    asked += [(objective, replace(limits, max_cycles=most)) for most in cycles for objective in ("energy", "edp")]
    asked += [(objective, replace(limits, max_energy=most)) for most in energies for objective in ("latency", "edp")]
    for objective, limit in asked:
        within = [point for point in points if limit.max_cycles is None or point.cycles <= limit.max_cycles]
        within = [point for point in within if limit.max_energy is None or point.energy <= limit.max_energy]
        if not within:
            with pytest.raises(InfeasibleError):
                search(*search_case(seed), objective, limit)
            continue
        found = score(search(*search_case(seed), objective, limit).evaluation, objective)
        assert found == pytest.approx(best_of(tuple(within), objective)[0], rel=EQUAL, abs=0)


if __name__ == "__main__":
    main()
