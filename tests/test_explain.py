"""Why a mapping costs what it costs: shares that add up, memories as full as they are, gains that a search confirms."""

from __future__ import annotations

from dataclasses import replace

import builders
import pytest
from search_cases import search_case

from accelsim.architecture.files import load_architecture
from accelsim.architecture.spec import Architecture
from accelsim.errors import InputError
from accelsim.report.explaining import explanation_record, explanation_sentences, explanation_tables
from accelsim.report.records import render_json
from accelsim.report.tables import render_plain
from accelsim.search import OBJECTIVES, Limits, search
from accelsim.search.exhaustive import exhaustive
from accelsim.search.explain import Explanation, MemoryUse, explain
from accelsim.search.what_if import WhatIf
from accelsim.workload.operation import Operation

PROOF = Limits(gap=0, steps="perfect")


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Architecture:
    path = tmp_path_factory.mktemp("explain") / "toy.yaml"
    path.write_text(builders.MACHINE_FILE)
    return load_architecture(str(path))


def why(operation: Operation, machine: Architecture, objective: str = "energy", seconds: float = 0.0) -> Explanation:
    found = search(operation, machine, objective, PROOF)  # type: ignore[arg-type]
    return explain(found, operation, machine, objective, PROOF, seconds=seconds)  # type: ignore[arg-type]


def test_energies_are_the_evaluation_s_and_never_below_what_is_unavoidable(toy: Architecture) -> None:
    told = why(builders.product("fc", m=8, k=6, n=2), toy)
    evaluation = told.result.evaluation
    assert [(p.component, p.tensor, p.energy) for p in told.energies] == [
        (e.component, e.tensor, e.energy) for e in evaluation.energies
    ]
    assert all(0 <= part.once <= part.energy for part in told.energies)
    once = {(part.component, part.tensor): part.once for part in told.energies}
    # 8 x 6 weights leave DRAM once, at 200 pJ; 8 x 2 outputs arrive there once.
    assert once["DRAM", "weights"] == 48 * 200
    assert once["DRAM", "outputs"] == 16 * 200
    assert once["MAC", ""] == 8 * 6 * 2


def test_memories_hold_the_tiles_of_the_mapping(toy: Architecture) -> None:
    told = why(builders.product("fc", m=8, k=6, n=2), toy)
    counts = told.result.evaluation.counts
    for memory in told.memories:
        assert memory.tiles == tuple((t, counts.at(memory.level, t).tile_words) for t, _ in memory.tiles)
        assert memory.need == sum(words for _, words in memory.tiles) <= memory.capacity
        assert memory.next_words is None or memory.next_words > memory.need
    assert [(m.level, m.in_array) for m in told.memories] == [("Buffer", False), ("Register", True)]


@pytest.mark.parametrize(
    ("tiles", "next_words", "state"),
    [((), None, "unused"), ((("w", 4),), None, "whole"), ((("w", 4),), 9, "full"), ((("w", 4),), 8, "slack")],
)
def test_a_memory_is_full_when_the_next_larger_tile_does_not_fit(
    tiles: tuple[tuple[str, int], ...], next_words: int | None, state: str
) -> None:
    assert MemoryUse("Buffer", "", False, tiles, 4, 8, next_words).state == state


def test_the_slowest_of_compute_and_ports_is_the_latency() -> None:
    operation, machine = search_case(3)
    told = why(operation, machine)
    assert max(limit.cycles for limit in told.times) == told.result.evaluation.cycles
    assert told.ideal_cycles <= told.result.evaluation.compute_cycles


def same_change(architecture: Architecture, what: WhatIf) -> Architecture | None:
    """The changed machine of a what-if about a shared memory, built another way; None for other what-ifs."""
    level = next((x for x in architecture.levels if x.name == what.what and x.capacity_words), None)
    if level is None or what.kind != "memory":
        return None
    more = {"double": 2 * (level.capacity_words or 0), "1 KiB": (level.capacity_words or 0) + 8192 // level.word_bits}
    larger = replace(level, capacity_words=more[what.more])
    return replace(architecture, elements=tuple(larger if e is level else e for e in architecture.elements))


@pytest.mark.parametrize("seed", [1, 3, 4, 5, 6, 7])
def test_gains_of_memories_are_what_every_mapping_of_the_larger_machine_says(seed: int) -> None:
    (operation, machine), objective = search_case(seed), OBJECTIVES[seed % 3]
    told = why(operation, machine, objective, seconds=60)
    before = told.result.certificate.best
    for what in told.what_ifs:
        assert what.value is None or what.kind == "axis" or what.value <= before
        assert what.is_proven
        changed = same_change(machine, what)
        if changed is not None:
            best = exhaustive(operation, changed, objective, PROOF).certificate.best  # type: ignore[arg-type]
            assert what.value == pytest.approx(best, rel=1e-12)
            assert what.change == pytest.approx(best / before - 1, abs=1e-12)


def test_ports_cannot_change_energy_and_are_not_searched_for_it() -> None:
    seed = next(s for s in range(100) if any(level.read_bandwidth for level in search_case(s)[1].levels))
    told = why(*search_case(seed), seconds=60)
    ports = [what for what in told.what_ifs if what.kind == "port"]
    assert ports
    assert all(what.is_proven and what.change == 0 for what in ports)


def test_progress_reaches_all(toy: Architecture) -> None:
    operation, seen = builders.product("fc", m=8, k=6, n=2), []
    found = search(operation, toy, "energy", PROOF)
    told = explain(found, operation, toy, "energy", PROOF, progress=lambda *done: seen.append(done))
    assert all(done <= of == len(told.what_ifs) for done, of in seen)


def test_seconds_below_zero_are_refused_and_zero_asks_no_what_if(toy: Architecture) -> None:
    operation = builders.product("fc", m=8, k=6, n=2)
    found = search(operation, toy, "energy", PROOF)
    with pytest.raises(InputError, match="seconds must be at least 0, not -1"):
        explain(found, operation, toy, "energy", PROOF, seconds=-1)
    assert explain(found, operation, toy, "energy", PROOF, seconds=0).what_ifs == ()


@pytest.mark.parametrize("seed", range(12))
def test_it_prints_within_the_page(seed: int) -> None:
    told = why(*search_case(seed), OBJECTIVES[seed % 3], seconds=20)
    for table in explanation_tables(told):
        assert max(map(len, render_plain(table).splitlines())) <= 80
    sentences = list(explanation_sentences(told))
    assert all(sentence.endswith(".") for sentence in sentences)
    assert any(sentence.startswith("Time: ") for sentence in sentences)
    assert '"kind": "explanation"' in render_json(explanation_record(told))


def test_what_is_not_proven_says_so(toy: Architecture) -> None:
    operation = builders.product("fc", m=8, k=6, n=2)
    told = why(operation, toy)
    doubtful = WhatIf("memory", "Buffer", "double", 10.0, 8.0, 0.0, -0.2)
    hopeless = WhatIf("axis", "X", "1 position", None, float("inf"), None, float("inf"))
    unlimited = WhatIf("memory", "all memories", "without limit", 10.0, 8.0, 0.0, -0.2)
    told = replace(told, what_ifs=(unlimited, doubtful, hopeless), seconds=5.0)
    text = render_plain(explanation_tables(told)[-1])
    assert "at most 5 s" in text
    assert "-20.00" in text
    assert "no mapping" in text
    assert "the truth lies between" in " ".join(text.split())
    assert "Memories without limit would make energy at most 20.00 % less (not proven)." in explanation_sentences(told)
    told = replace(told, what_ifs=(replace(unlimited, value=9.0, change=-0.1),))
    assert "Memories without limit would make energy 10.00 to 20.00 % less (not proven)." in explanation_sentences(told)
