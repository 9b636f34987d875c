"""The search against the exhaustive one on tiny problems, its certificate, and its refusals."""

from __future__ import annotations

from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import lru_cache
from multiprocessing import active_children
from pathlib import Path
from random import Random
from time import sleep

import pytest
from strategies import random_case

from accelsim.architecture.files import load_architecture
from accelsim.architecture.spec import Architecture, Axis, Compute, Fanout, Keep, Level
from accelsim.errors import InfeasibleError, InputError
from accelsim.mapping.dataflow import dataflow_violations
from accelsim.mapping.validity import violations
from accelsim.model.conventions import CONVENTIONS
from accelsim.model.evaluate import evaluate
from accelsim.search import OBJECTIVES, Limits, Objective, SearchResult, engine, search, search_many
from accelsim.search.bound import cycles_bound, energy_bound
from accelsim.search.exhaustive import exhaustive
from accelsim.search.objective import score
from accelsim.search.rules import Rules, dataflow_of
from accelsim.search.skeleton import orders
from accelsim.workload.layer import Convolution
from accelsim.workload.lowering import Plane, convolution, pooling
from accelsim.workload.operation import Operation

Keeps = tuple[tuple[str, Keep], ...]
REGISTERS: tuple[Keeps, ...] = (
    (("weights", "must"), ("*", "not")),
    (("outputs", "must"), ("*", "not")),
    (("inputs", "must"), ("*", "not")),
    (("inputs", "may"), ("*", "not")),
)
PROOF = Limits(gap=0)


def machine(registers: Keeps, buffer_words: int, bandwidth: float | None = None) -> Architecture:
    networks = (("outputs", "reduction"), ("*", "multicast"))
    return Architecture(
        "tiny",
        (
            Level("DRAM", read_energy=200.0, write_energy=200.0, read_bandwidth=bandwidth, shared_port=True),
            Level("Buffer", capacity_words=buffer_words, keeps=(("weights", "not"),), read_energy=6, write_energy=6),
            Fanout("Array", (Axis("X", 2, networks=networks),), hop_energy=(("*", 2.0),)),
            Level("Register", capacity_words=2, keeps=registers, read_energy=1.0, write_energy=1.0),
        ),
        Compute(mac_energy=1.0),
        clock_mhz=100.0,
    )


def conv(N: int = 1, M: int = 1, C: int = 1, E: int = 1, R: int = 1) -> Operation:
    return convolution("conv", N, 1, M, C, Plane(H=(E + R - 1, 1), R=(R, 1), E=(E, 1)))


def tiny_problem(seed: int) -> tuple[Operation, Architecture]:
    draw = Random(seed)
    shapes = [conv(M=2, C=2), conv(N=2, M=3), conv(M=2, E=2, R=2), conv(C=2, E=3), conv(M=4, C=2), conv(E=3, R=2)]
    return draw.choice(shapes), machine(draw.choice(REGISTERS), draw.choice((4, 8, 30)), draw.choice((None, 0.5)))


@lru_cache
def best_of_all(seed: int, objective: Objective) -> float:
    """The objective's least value over every mapping of a tiny problem."""
    operation, architecture = tiny_problem(seed)
    return score(exhaustive(operation, architecture, objective, ragged=True).evaluation, objective)[0]


@pytest.mark.parametrize("seed", range(9))
@pytest.mark.parametrize("enumerate_all", [True, False])
def test_never_beats_exhaustive_and_its_bound_never_exceeds_the_best(
    seed: int, enumerate_all: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not enumerate_all:
        monkeypatch.setattr(engine, "SMALL", 0)
    operation, architecture = tiny_problem(seed)
    objective = OBJECTIVES[seed % 3]
    best = best_of_all(seed, objective)
    found = search(operation, architecture, objective, PROOF)
    certificate = found.certificate
    assert certificate.best == score(found.evaluation, objective)[0] >= best
    assert certificate.complete == enumerate_all
    # Inside its space a complete search is proof; over all mappings the bound of the machine must hold.
    if not enumerate_all:
        assert certificate.lower_bound <= best * (1 + 1e-12)
        assert certificate.gap >= (certificate.best - best) / certificate.best - 1e-12


@pytest.mark.parametrize("seed", range(6))
def test_equals_exhaustive_where_its_space_holds_the_best(seed: int) -> None:
    operation, architecture = tiny_problem(seed)
    assert search(operation, architecture, limits=PROOF).evaluation.energy == best_of_all(seed, "energy")


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_complete_search_is_the_best_of_its_stated_space(objective: Objective) -> None:
    operation, architecture = conv(M=2, E=3, R=2), machine(REGISTERS[0], 8, 0.5)
    rules = Rules.of(operation, architecture, None)
    run = engine._Search(rules, objective, PROOF, None)
    one_by_one = []
    for kept in rules.choices():
        for order in orders(kept):
            template = run.template(order, early=False)
            for rows in engine._every_row(template, run.values):
                for row in rows:
                    mapping = template.mapping(row.tolist())
                    if not violations(operation, architecture, mapping):
                        one_by_one.append(score(evaluate(operation, architecture, mapping), objective))
    found = search(operation, architecture, objective, PROOF)
    assert score(found.evaluation, objective) == min(one_by_one)
    assert found.certificate.gap == 0


SMALL_CONV = convolution("small", N=2, G=1, M=12, C=6, plane=Plane(H=(13, 13), R=(3, 3), E=(11, 11)))
DEPTHWISE = convolution("depthwise", N=1, G=8, M=1, C=1, plane=Plane(H=(9, 9), R=(3, 3), E=(7, 7)))
FC = convolution("fc", N=4, G=1, M=40, C=30, plane=Plane(H=(1, 1), R=(1, 1), E=(1, 1)))


@pytest.mark.parametrize("name", ["ws256", "osa256", "osb256", "osc256", "is256", "nlr256", "rs256", "eyeriss"])
@pytest.mark.parametrize("operation", [SMALL_CONV, DEPTHWISE, FC], ids=lambda op: op.name)
def test_what_it_returns_is_valid_and_obeys_the_dataflow(name: str, operation: Operation) -> None:
    architecture = load_architecture(name)
    found = search(operation, architecture, limits=Limits(max_candidates=4000))
    dataflow = dataflow_of(architecture, Limits())
    assert dataflow is not None
    assert violations(operation, architecture, found.mapping) == ()
    assert dataflow_violations(operation, architecture, found.mapping, dataflow) == ()
    assert found.certificate.lower_bound <= found.certificate.best == found.evaluation.energy
    assert found.certificate.looked_at <= 4000


def test_the_same_question_has_the_same_answer() -> None:
    architecture = load_architecture("eyeriss")
    limits = Limits(max_candidates=3000)
    assert search(SMALL_CONV, architecture, "edp", limits) == search(SMALL_CONV, architecture, "edp", limits)


def test_a_larger_budget_is_never_worse() -> None:
    architecture = load_architecture("rs256")
    found = [search(SMALL_CONV, architecture, limits=Limits(max_candidates=n)) for n in (500, 2000, 8000)]
    energies = [result.evaluation.energy for result in found]
    assert energies == sorted(energies, reverse=True)


def test_another_dataflow_than_the_machines_own_can_be_asked_for() -> None:
    architecture = load_architecture("rs256")
    free = search(FC, architecture, limits=Limits(dataflow="any", max_candidates=20_000))
    assert free.evaluation.energy > 0
    with pytest.raises(InfeasibleError) as error:
        search(FC, load_architecture("ws256"), limits=Limits(dataflow="row_stationary"))
    assert str(error.value) == (
        "fc on ws256 under row_stationary: inputs must be kept in a level inside the array, and no such level may keep"
        " them"
    )


def alexnet_conv1(N: int) -> Operation:
    return convolution("CONV1", N, 1, 96, 3, Plane(H=(227, 227), R=(11, 11), E=(55, 55), U=(4, 4)))


def test_weight_stationary_cannot_hold_the_psums_of_64_images() -> None:
    # 64 x 55 x 55 psums of one filter are 193,600 words; 171,126 / (55 x 55) = 56.6 images fit
    with pytest.raises(InfeasibleError) as error:
        search(alexnet_conv1(64), load_architecture("ws256"))
    assert str(error.value) == (
        "CONV1 on ws256 under weight_stationary: GlobalBuffer needs at least 193,600 words (outputs of all N, E and F),"
        " holds 171,126; N <= 56 would fit"
    )
    assert search(alexnet_conv1(56), load_architecture("ws256")).evaluation.energy > 0


def test_an_operation_without_macs_is_not_searched() -> None:
    pool = pooling("pool", 1, 4, Plane(H=(4, 4), R=(2, 2), E=(2, 2), U=(2, 2)))
    with pytest.raises(InputError) as error:
        search(pool, load_architecture("rs256"))
    assert str(error.value) == "pool: only an operation with MACs has mappings to search, not a vector operation"


def test_an_unknown_objective_is_refused() -> None:
    with pytest.raises(InputError) as error:
        search(FC, load_architecture("rs256"), "enrgy")  # type: ignore[arg-type]
    assert str(error.value) == "objective must be one of energy, latency, edp, not 'enrgy'; did you mean 'energy'?"


def test_many_searches_equal_layers_once_and_names_each_answer() -> None:
    architecture, limits, calls = load_architecture("ws256"), Limits(max_candidates=500), []
    twin, large = replace(FC, name="twin"), alexnet_conv1(64)
    pairs = [
        (FC, architecture),
        (large, architecture),
        (twin, architecture),
        (replace(large, name="big"), architecture),
    ]
    answers = search_many(pairs, limits=limits, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 2), (2, 2)]
    first, second, third, fourth = answers
    assert isinstance(first, SearchResult)
    assert isinstance(third, SearchResult)
    assert (first.evaluation.operation, third.evaluation.operation) == ("fc", "twin")
    assert first.mapping == third.mapping
    assert str(second).startswith("CONV1 on ws256 under weight_stationary: GlobalBuffer needs")
    assert str(fourth).startswith("big on ws256 under weight_stationary: GlobalBuffer needs")


def test_the_answers_do_not_depend_on_the_workers() -> None:
    limits = Limits(max_candidates=500)
    pairs = [(operation, load_architecture("nlr256")) for operation in (SMALL_CONV, FC)]
    assert search_many(pairs, limits=limits, workers=2) == search_many(pairs, limits=limits)


@pytest.mark.parametrize("name", sorted(CONVENTIONS))
def test_no_random_mapping_is_below_the_bounds(name: str) -> None:
    energies, bandwidths = (0.0, 1.0, 3.0, 50.0), (None, 0.5, 2.0)
    for seed in range(120):
        operation, architecture, mapping = random_case(seed)
        draw = Random(seed)
        elements = tuple(
            replace(x, hop_energy=(("*", draw.choice(energies)),))
            if isinstance(x, Fanout)
            else replace(
                x,
                read_energy=draw.choice(energies),
                write_energy=draw.choice(energies),
                read_bandwidth=draw.choice(bandwidths),
                write_bandwidth=draw.choice(bandwidths),
            )
            for x in architecture.elements
        )
        architecture = replace(architecture, elements=elements, compute=Compute(mac_energy=1.0))
        rules, cost = Rules.of(operation, architecture, None), evaluate(operation, architecture, mapping, name)
        assert energy_bound(rules, CONVENTIONS[name]) <= cost.energy * (1 + 1e-12)
        assert cycles_bound(rules) <= cost.cycles


def test_an_interrupt_stops_the_workers() -> None:
    class Interrupt(BaseException):
        """Stands for the keyboard's."""

    def stop(done: int, total: int) -> None:
        raise Interrupt

    before = set(active_children())
    pairs = [(conv(M=4, C=n), load_architecture("nlr256")) for n in range(2, 8)]
    with pytest.raises(Interrupt):
        search_many(pairs, limits=Limits(max_candidates=200), workers=2, progress=stop)
    # The pool's own thread may collect a worker first, and then multiprocessing never learns that it ended.
    started = [process.pid for process in set(active_children()) - before if process.pid]
    for _ in range(100):
        if not any(runs(pid) for pid in started):
            break
        sleep(0.1)
    assert [pid for pid in started if runs(pid)] == []


def runs(pid: int) -> bool:
    """Whether a process of that number does anything still."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def plane(H: int, R: int, E: int, U: int = 1) -> Plane:
    return Plane(H=(H, H), R=(R, R), E=(E, E), U=(U, U))


@pytest.mark.parametrize(
    ("machine_name", "operation", "optimum_pj"),
    [
        ("ws16x16", convolution("AlexNet CONV2", 1, 1, 192, 64, plane(31, 5, 27)), 827_590_272),
        ("ws16x16", convolution("ResNet-18 layer4", 1, 1, 512, 512, plane(9, 3, 7)), 849_046_528),
        ("eyeriss_like_unified", convolution("4096^3", 4096, 1, 4096, 4096, plane(1, 1, 1)), 497_478_008_832),
        ("eyeriss_like_spads", convolution("ResNet-18 layer4", 1, 1, 512, 512, plane(9, 3, 7)), 1_119_321_088),
        ("eyeriss_like_spads", convolution("downsample", 1, 1, 512, 256, plane(14, 1, 7, 2)), 72_064_512),
    ],
)
def test_real_layers_come_within_one_percent_of_optima_found_independently(
    machine_name: str, operation: Operation, optimum_pj: int
) -> None:
    # Optima over perfect factors by an exact search of another kind, its counts equal to ours; ragged steps go below.
    found = search(operation, load_architecture(machine_name), limits=Limits(dataflow="any"))
    assert found.certificate.lower_bound <= optimum_pj
    assert found.evaluation.energy <= 1.01 * optimum_pj


def test_what_a_dying_worker_leaves_is_searched_here(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [(conv(M=4, C=n), load_architecture("nlr256")) for n in range(2, 5)]
    limits = Limits(max_candidates=200)
    expected = search_many(pairs, limits=limits)

    def broken(_: object) -> None:
        raise BrokenProcessPool("a worker died")

    monkeypatch.setattr("accelsim.search.many.as_completed", broken)
    assert search_many(pairs, limits=limits, workers=2) == expected


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("gap", 1.0, "gap must be at least 0 and below 1, not 1.0"),
        ("seconds", -1, "seconds must be at least 0, not -1"),
        ("max_candidates", 0, "max_candidates must be at least 1, not 0"),
    ],
)
def test_impossible_limits_are_refused(field: str, value: float, sentence: str) -> None:
    with pytest.raises(InputError, match=f"^{sentence}$"):
        Limits(**{field: value})  # type: ignore[arg-type]


def test_a_huge_batch_is_refused_at_once_with_what_would_fit() -> None:
    machine = load_architecture("ws256")
    operation = Convolution("wide", M=4, C=4, H=8, R=3, N=10**9).operation()
    with pytest.raises(InfeasibleError, match=r"holds 171,126; N <= 4,753 would fit$"):
        search(operation, machine)
