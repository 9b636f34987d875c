"""The search against the exhaustive one on tiny problems, its certificate, and its refusals."""

from __future__ import annotations

import re
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import lru_cache
from multiprocessing import active_children
from pathlib import Path
from random import Random
from time import sleep

import pytest
from search_cases import altered, search_case
from strategies import random_case

from accelsim.architecture.files import load_architecture
from accelsim.architecture.spec import Architecture, Axis, Compute, Fanout, Keep, Level
from accelsim.errors import InfeasibleError, InputError, MappingError
from accelsim.mapping.dataflow import Dataflow, dataflow_violations
from accelsim.mapping.nest import Mapping, Spatial, Storage, Temporal
from accelsim.mapping.validity import violations
from accelsim.model.conventions import CONVENTIONS, convention
from accelsim.model.evaluate import evaluate
from accelsim.search import OBJECTIVES, Limits, Objective, SearchInterrupted, SearchResult, engine, search, search_many
from accelsim.search.bound import cycles_bound, energy_bound
from accelsim.search.exhaustive import exhaustive
from accelsim.search.objective import score
from accelsim.search.problem import Problem
from accelsim.search.rules import Rules, dataflow_of
from accelsim.workload.layer import Convolution
from accelsim.workload.lowering import Plane, convolution, pooling
from accelsim.workload.operation import Operation, Rank, Tensor, Term

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
def test_never_beats_exhaustive_and_its_certificate_holds_for_its_space(seed: int) -> None:
    operation, architecture = tiny_problem(seed)
    objective = OBJECTIVES[seed % 3]
    found = search(operation, architecture, objective, replace(PROOF, steps="perfect"))
    certificate = found.certificate
    perfect = score(exhaustive(operation, architecture, objective, ragged=False).evaluation, objective)[0]
    assert certificate.best == score(found.evaluation, objective)[0] == perfect >= best_of_all(seed, objective)
    assert (certificate.complete, certificate.gap, certificate.lower_bound) == (True, 0, certificate.best)
    assert all(extent % node.step == 0 for node, extent in loops(found.mapping))


def loops(mapping: Mapping) -> list[tuple[Temporal | Spatial, int]]:
    """Every loop with what encloses it."""
    pairs = zip(mapping.nodes, mapping.enclosing, strict=True)
    return [(node, extent) for node, extent in pairs if not isinstance(node, Storage) and extent is not None]


@pytest.mark.parametrize("seed", range(6))
def test_equals_exhaustive_where_its_space_holds_the_best(seed: int) -> None:
    operation, architecture = tiny_problem(seed)
    assert search(operation, architecture, limits=PROOF).evaluation.energy == best_of_all(seed, "energy")


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_gap_that_was_asked_for_is_kept_and_sound(objective: Objective) -> None:
    exact = search(SMALL_CONV, load_architecture("ws256"), objective, Limits(gap=0, max_candidates=10**6))
    loose = search(SMALL_CONV, load_architecture("ws256"), objective, Limits(gap=0.2))
    assert loose.certificate.gap <= 0.2
    assert loose.certificate.lower_bound <= exact.certificate.best <= loose.certificate.best


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


def test_a_window_of_four_dims_is_refused_in_one_sentence() -> None:
    window = Rank((Term("A"), Term("B", 2), Term("C", 4), Term("D", 8)), 16)
    inputs, weights = Tensor("inputs", (window,)), Tensor("weights", (Rank((Term("M"),), 2),))
    outputs = Tensor("outputs", (Rank((Term("M"),), 2), Rank((Term("A"),), 2)))
    four = Operation("four", tuple((dim, 2) for dim in "ABCDM"), (inputs, weights, outputs))
    with pytest.raises(
        MappingError, match=r"^four: .* 'inputs' .* a rank has more than 3 dims; .* execute it instead$"
    ):
        search(four, load_architecture("eyeriss_like_unified"))


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


CONV2 = convolution("AlexNet CONV2", 1, 1, 192, 64, plane(31, 5, 27))
LAYER4 = convolution("ResNet-18 layer4", 1, 1, 512, 512, plane(9, 3, 7))


@pytest.mark.parametrize(("operation", "optimum_pj"), [(CONV2, 827_590_272), (LAYER4, 849_046_528)])
def test_the_optimum_of_a_real_layer_is_the_one_found_independently(operation: Operation, optimum_pj: int) -> None:
    # By an exact search of another kind over perfect factors; on this machine its counts equal ours.
    found = search(operation, load_architecture("ws16x16"), limits=Limits(dataflow="any", gap=0, steps="perfect"))
    assert (found.certificate.complete, found.certificate.gap) == (True, 0)
    assert found.evaluation.energy == optimum_pj


@pytest.mark.parametrize(
    ("machine_name", "operation", "optimum_pj"),
    [
        ("eyeriss_like_unified", convolution("4096^3", 4096, 1, 4096, 4096, plane(1, 1, 1)), 497_478_008_832),
        ("eyeriss_like_spads", convolution("downsample", 1, 1, 512, 256, plane(14, 1, 7, 2)), 72_064_512),
    ],
)
def test_real_layers_come_within_one_percent_of_optima_found_independently(
    machine_name: str, operation: Operation, optimum_pj: int
) -> None:
    # There psums returned to every PE that reduces them, here to one, so our optimum lies somewhat below.
    found = search(operation, load_architecture(machine_name), limits=Limits(dataflow="any", max_candidates=200_000))
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
    # 64 channels x 9 weights exceed 256 PEs, so psums of all 36 places wait for the next ones: 171,126 / 36 = 4,753.5
    operation = Convolution("wide", M=4, C=64, H=8, R=3, N=10**9).operation()
    with pytest.raises(InfeasibleError, match=r"holds 171,126; N <= 4,753 would fit$"):
        search(operation, load_architecture("ws256"))
    with pytest.raises(InfeasibleError, match=r"holds 171,126; N <= 56 would fit$"):
        search(alexnet_conv1(10**9), load_architecture("ws256"))


def refusal(operation: Operation, architecture: Architecture, dataflow: Dataflow | None, limits: Limits) -> str:
    """Why there is no mapping, in words; empty when there is one. The dataflow needs no file."""
    problem = Problem(Rules.of(operation, architecture, dataflow), convention(limits.convention))
    try:
        engine._Search(problem, "energy", limits, None).result()
    except InfeasibleError as error:
        return str(error).partition(": ")[2]
    return ""


SMALL_REGISTER = machine((("*", "must"),), 8)


@pytest.mark.parametrize(
    ("architecture", "dataflow", "limits", "sentence"),
    [
        (
            SMALL_REGISTER,
            None,
            PROOF,
            "Register needs at least 3 words for one MAC's operands (inputs, weights and outputs), holds 2",
        ),
        (
            machine(REGISTERS[0], 30),
            Dataflow("rows", unroll=("E",)),
            replace(PROOF, steps="perfect"),
            "the array has no room to unroll E as the dataflow asks with steps that divide; aligned steps would do",
        ),
        (
            machine(REGISTERS[0], 30),
            Dataflow("inner", inside=(("DRAM", ("C", "E", "R")),), spatial=("C",)),
            PROOF,
            "no loop over M may stand anywhere",
        ),
        (
            machine(REGISTERS[0], 3),
            Dataflow(
                "both",
                keeps=(("Buffer", (("inputs", "must"), ("outputs", "must"))),),
                complete=(("Buffer", (("inputs", ("E",)),)),),
                spatial=("M",),
            ),
            PROOF,
            "Buffer needs at least 4 words (inputs of all E, one word of outputs), holds 3; E <= 2 would fit",
        ),
    ],
    ids=["one MAC", "unroll", "nowhere", "two tensors"],
)
def test_a_refusal_names_what_does_not_fit(
    architecture: Architecture, dataflow: Dataflow | None, limits: Limits, sentence: str
) -> None:
    assert refusal(conv(M=3, C=2, E=3, R=1), architecture, dataflow, limits) == sentence


def starved(seed: int) -> tuple[Operation, Architecture, Dataflow]:
    """A problem under a dataflow drawn from all rules there are, in small buffers."""
    draw = Random(f"starved {seed}")
    operation, architecture = search_case(seed)
    architecture = altered(architecture, lambda level: replace(level, capacity_words=draw.choice((1, 2, 3, 4, 6))))
    dims = [dim for dim, bound in operation.bounds if bound > 1]
    roles = [*(level.name for level in architecture.levels[1:]), "array", "buffer"]

    def some() -> tuple[str, ...]:
        return tuple(dim for dim in dims if draw.random() < 0.5)

    finished = [
        (draw.choice(roles), draw.choice(operation.tensors).name, some()) for _ in range(draw.choice((0, 1, 2)))
    ]
    return (
        operation,
        architecture,
        Dataflow(
            "drawn",
            keeps=tuple((role, ((tensor, "must"),)) for role, tensor, _ in finished),
            unroll=some()[:2] if draw.random() < 0.4 else (),
            complete=tuple((role, ((tensor, own),)) for role, tensor, own in finished),
            inside=tuple((draw.choice(roles), some()) for _ in range(draw.choice((0, 0, 1)))),
        ),
    )


def holding(architecture: Architecture, name: str, partition: str | None, words: int) -> Architecture:
    """The machine with so many words in a level, or in a tensor's partition of it."""

    def grown(level: Level) -> Level:
        if level.name != name or partition is None:
            return replace(level, capacity_words=words) if level.name == name else level
        private = ((tensor, words if tensor == partition else n) for tensor, n in level.tensor_capacity_words)
        return replace(level, tensor_capacity_words=tuple(private))

    return altered(architecture, grown)


def test_the_words_that_a_memory_needs_are_the_fewest_with_which_there_is_a_mapping() -> None:
    seen = 0
    for seed in range(80):
        operation, architecture, dataflow = starved(seed)
        limits = Limits(gap=0.9, steps=("perfect", "aligned")[seed % 2])
        try:
            sentence = refusal(operation, architecture, dataflow, limits)
        except InfeasibleError:
            continue  # no level may keep what the dataflow puts there
        assert sentence != "no mapping fits"
        parts = re.match(r"(\w+)(?:'s partition for (\w+))? needs at least ([\d,]+) words", sentence)
        if parts is None:
            continue
        name, partition, need = parts[1], parts[2], int(parts[3].replace(",", ""))
        if refusal(operation, holding(architecture, name, partition, 10**6), dataflow, limits):
            continue  # other memories are too small as well
        assert refusal(operation, holding(architecture, name, partition, need), dataflow, limits) == ""
        assert refusal(operation, holding(architecture, name, partition, need - 1), dataflow, limits) != ""
        seen += 1
    assert seen >= 10


def test_fewer_cycles_or_less_energy_than_there_can_be_are_refused_with_what_can() -> None:
    operation, architecture = conv(M=4, C=2), machine(REGISTERS[0], 8)
    fastest = search(operation, architecture, "latency", PROOF).evaluation
    thriftiest = search(operation, architecture, "energy", PROOF).evaluation
    fewest, least = fastest.cycles, thriftiest.energy
    assert search(operation, architecture, "energy", replace(PROOF, max_cycles=fewest)).evaluation.cycles == fewest
    assert search(operation, architecture, "latency", replace(PROOF, max_energy=least)).evaluation.energy == least
    cases: list[tuple[Objective, Limits, str]] = [
        (
            "energy",
            replace(PROOF, max_cycles=fewest - 1),
            f"conv on tiny: no mapping takes at most {fewest - 1} cycles; the fewest are {fewest}",
        ),
        (
            "latency",
            replace(PROOF, max_energy=least - 1),
            f"conv on tiny: no mapping takes at most {least - 1:,.0f} pJ; the least is {least:,.0f} pJ",
        ),
    ]
    for objective, limits, sentence in cases:
        with pytest.raises(InfeasibleError) as error:
            search(operation, architecture, objective, limits)
        assert str(error.value) == sentence


def test_where_nothing_fits_at_all_limits_of_cycles_change_no_word() -> None:
    for limits in (PROOF, replace(PROOF, max_cycles=10), replace(PROOF, max_cycles=10, max_energy=1.0)):
        with pytest.raises(InfeasibleError) as error:
            search(conv(M=3, C=2), SMALL_REGISTER, limits=limits)
        assert str(error.value) == (
            "conv on tiny: Register needs at least 3 words for one MAC's operands (inputs, weights and outputs),"
            " holds 2"
        )


def test_a_limit_of_time_returns_the_best_so_far_with_a_sound_gap() -> None:
    machine = load_architecture("ws16x16")
    found = search(CONV2, machine, limits=Limits(dataflow="any", gap=0, steps="perfect", seconds=0))
    assert violations(CONV2, machine, found.mapping) == ()
    assert found.certificate.lower_bound <= 827_590_272 <= found.certificate.best
    assert not found.certificate.complete
    assert found.certificate.gap > 0


def test_an_interrupt_hands_over_the_best_so_far_with_a_gap_that_holds() -> None:
    operation, machine = alexnet_conv1(1), load_architecture("eyeriss")
    proven = search(operation, machine, limits=Limits(gap=0.01))

    def stop(looked_at: int, best: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(SearchInterrupted) as interrupt:
        search(operation, machine, limits=Limits(gap=0), progress=stop)
    found = interrupt.value.result
    assert not violations(operation, machine, found.mapping)
    assert not found.certificate.complete
    assert found.certificate.best == found.evaluation.energy
    assert found.certificate.lower_bound <= proven.evaluation.energy
