"""The exhaustive search: spaces counted by hand, and a best mapping worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from search_cases import Problem, altered, ragged_case, search_case

from accelsim.architecture.spec import Architecture, Axis, Compute, Fanout, Level
from accelsim.errors import InfeasibleError
from accelsim.mapping.dataflow import Dataflow
from accelsim.mapping.dataflow_files import load_dataflow
from accelsim.mapping.nest import Mapping, Storage, Temporal
from accelsim.model.conventions import CONVENTIONS
from accelsim.model.evaluate import evaluate
from accelsim.search.exhaustive import exhaustive, front, iter_mappings, space_size
from accelsim.search.interface import OBJECTIVES, Limits
from accelsim.search.objective import score
from accelsim.workload.operation import Operation, Rank, Tensor, Term


def product(m: int, k: int) -> Operation:
    """outputs[m] += weights[m, k] x inputs[k]."""

    def tensor(name: str, *dims: tuple[str, int]) -> Tensor:
        return Tensor(name, tuple(Rank((Term(dim),), size) for dim, size in dims))

    bounds = (("M", m), ("K", k))
    return Operation(
        "product",
        bounds,
        (tensor("inputs", bounds[1]), tensor("weights", *bounds), tensor("outputs", bounds[0])),
    )


DRAM = Level("DRAM", read_energy=100.0, write_energy=100.0)
BUFFER = Level("Buffer", read_energy=1.0, write_energy=1.0)


def machine(*elements: Level | Fanout) -> Architecture:
    return Architecture("tiny", elements, Compute(), clock_mhz=100.0)


def count(operation: Operation, architecture: Architecture, ragged: bool = False) -> int:
    mappings = list(iter_mappings(operation, architecture, ragged=ragged))
    assert len(set(mappings)) == len(mappings)
    return len(mappings)


def test_without_choice_there_is_one_mapping() -> None:
    assert count(product(4, 1), machine(DRAM)) == 1


def test_two_dims_have_two_orders_and_split_loops_have_six() -> None:
    assert count(product(2, 2), machine(DRAM)) == 2
    # M whole: M K, K M; M as 4 -> 2 -> 1 needs K between its loops: M K M
    assert count(product(4, 2), machine(DRAM)) == 3


def test_a_loop_runs_in_time_or_in_space() -> None:
    # M = 4 on two PEs: in time; 4 -> 2 in space then 2 -> 1 in time; 4 -> 2 in time then 2 -> 1 in space
    assert count(product(4, 1), machine(DRAM, Fanout("A", (Axis("X", 2),)))) == 3
    # ragged besides: in space by 2 or 3 ... of 3 elements: time (3); space by 2, then time; time by 2, then space
    assert count(product(3, 1), machine(DRAM, Fanout("A", (Axis("X", 2),)))) == 1
    assert count(product(3, 1), machine(DRAM, Fanout("A", (Axis("X", 2),))), ragged=True) == 3


def test_every_tensor_may_be_absent_above_or_below_a_loop() -> None:
    assert count(product(2, 1), machine(DRAM, BUFFER)) == 3**3
    assert count(product(2, 1), machine(DRAM, replace(BUFFER, keeps=(("*", "must"),)))) == 2**3
    assert count(product(2, 1), machine(DRAM, replace(BUFFER, keeps=(("*", "not"),)))) == 1


def test_what_does_not_fit_is_left_out() -> None:
    # below the loop a tile is one word, above it two of weights and outputs and one of inputs: of 3^3 combinations
    # of sizes (0 1 1), (0 1 2), (0 1 2) those of at most one word are none, or one word of one tensor: 1 + 2 + 1 + 1
    assert count(product(2, 1), machine(DRAM, replace(BUFFER, capacity_words=1))) == 5


def test_a_dataflow_leaves_only_what_obeys() -> None:
    stay = Dataflow("stay", keeps=(("Buffer", (("outputs", "must"), ("*", "not"))),), inside=(("Buffer", ("K",)),))
    found = list(iter_mappings(product(2, 2), machine(DRAM, BUFFER), stay))
    # outputs in the buffer, M above them, K below
    first = tuple(Storage("DRAM", tensor) for tensor in ("inputs", "weights", "outputs"))
    kept = Storage("Buffer", "outputs")
    assert set(found) == {
        Mapping.of(product(2, 2), (*first, Temporal("M", 1), kept, Temporal("K", 1))),
        Mapping.of(product(2, 2), (*first, Temporal("M", 1), Temporal("K", 1), kept)),
        Mapping.of(product(2, 2), (*first, Temporal("K", 1), Temporal("M", 1), kept)),
    }


def test_the_best_of_a_matrix_vector_product_is_the_one_worked_by_hand() -> None:
    # M = 2, K = 3; DRAM costs 100, the buffer 1. Weights are used once: straight from DRAM, 6 x 100.
    # Inputs are used twice: 3 x 100 to fetch, 3 to fill, 6 to read. Outputs stay in the buffer: 6 updates, 4 reads,
    # 2 drains, 2 x 100 to write.
    result = exhaustive(product(2, 3), machine(DRAM, BUFFER))
    assert result.evaluation.energy == 600 + 309 + 212
    assert result.certificate.gap == 0
    assert result.certificate.space == result.certificate.looked_at == count(product(2, 3), machine(DRAM, BUFFER))


def test_nothing_that_fits_is_an_error() -> None:
    full = replace(BUFFER, capacity_words=1, keeps=(("*", "must"),))
    with pytest.raises(InfeasibleError) as error:
        exhaustive(product(2, 2), machine(DRAM, full))
    assert str(error.value) == "product on tiny: no mapping is valid"


def tiny(ragged: bool, seeds: range) -> list[tuple[int, Problem]]:
    """The problems of these seeds that can be written down one by one, also what does not fit."""
    problems = []
    for seed in seeds:
        operation, architecture = ragged_case(seed) if ragged else search_case(seed)
        boundless = altered(architecture, lambda x: replace(x, capacity_words=None, tensor_capacity_words=(), keeps=()))
        if space_size(operation, boundless, 800, 20, ragged) is not None:
            problems.append((seed, (operation, architecture)))
    return problems


def check_against_one_by_one(problem: Problem, limits: Limits, ragged: bool, dataflow: Dataflow | None = None) -> None:
    """Combinations cover what is enumerated, mapping by mapping, and find the same best of it."""
    mappings = list(iter_mappings(*problem, dataflow, ragged))
    evaluations = [evaluate(*problem, mapping, limits.convention, check=False) for mapping in mappings]
    costs = sorted({(evaluation.energy, evaluation.cycles) for evaluation in evaluations})
    trade_offs = [cost for i, cost in enumerate(costs) if all(cost[1] < cheaper[1] for cheaper in costs[:i])]
    points = front(*problem, limits, ragged)
    assert [(point.energy, point.cycles) for point in points] == trade_offs
    assert {point.mapping for point in points} <= set(mappings)
    for objective in OBJECTIVES if mappings else ():
        found = exhaustive(*problem, objective, limits, ragged)
        assert found.certificate.space == len(mappings)
        assert score(found.evaluation, objective) == min(score(evaluation, objective) for evaluation in evaluations)


@pytest.mark.parametrize("ragged", [False, True])
def test_combinations_are_the_mappings_one_by_one(ragged: bool) -> None:
    problems = tiny(ragged, range(20 if ragged else 60))
    assert len(problems) >= 3
    for seed, problem in problems:
        check_against_one_by_one(problem, Limits(convention=sorted(CONVENTIONS)[seed % 4]), ragged)


@pytest.mark.exhaustive
@pytest.mark.parametrize("ragged", [False, True])
def test_combinations_of_hundreds_of_problems_are_the_mappings_one_by_one(ragged: bool) -> None:
    for seed, problem in tiny(ragged, range(40, 400)):
        check_against_one_by_one(problem, Limits(convention=sorted(CONVENTIONS)[seed % 4]), ragged)


def test_combinations_under_a_dataflow_are_the_mappings_one_by_one() -> None:
    stationary = load_dataflow("weight_stationary")
    obeying = 0
    for _, problem in tiny(False, range(80)):
        if problem[1].fanouts:
            check_against_one_by_one(problem, Limits(dataflow=stationary.name), False, stationary)
            obeying += bool(front(*problem, Limits(dataflow=stationary.name)))
    assert obeying >= 2


def test_a_port_inside_a_fan_out_is_timed_by_its_busiest_instance() -> None:
    # Three rows of one output each on two instances, ragged: the first takes two; its port serves one word a cycle.
    port = replace(BUFFER, name="Register", read_bandwidth=0.5, keeps=(("inputs", "may"), ("*", "not")))
    architecture = machine(DRAM, Fanout("A", (Axis("X", 2),)), port)
    check_against_one_by_one((product(3, 2), architecture), Limits(), ragged=True)
