"""Mappings recorded from AccelForge 1.0.467 and from an independent search: energies to 7 digits, words exactly."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from accelsim.architecture.files import load_architecture
from accelsim.model.conventions import ACCELFORGE
from accelsim.model.energy import role_of
from accelsim.model.evaluate import evaluate
from accelsim.model.evaluation import Evaluation
from accelsim.model.traffic import access_counts
from accelsim.validation.accelforge_cases import TENSORS, independent, recorded, records

DATA = records()
PICOJOULE = 1e-12


@pytest.mark.parametrize("record", DATA["accelforge"], ids=lambda r: r["name"])
def test_accelforge_convention_gives_accelforge_energy_and_latency(record: dict[str, Any]) -> None:
    operation, mapping = recorded(record)
    result = evaluate(operation, load_architecture(record["machine"]), mapping, "accelforge")
    assert result.energy_unit == "pJ"
    assert result.energy * PICOJOULE == pytest.approx(record["energy_J"], rel=1e-7)
    assert result.seconds == pytest.approx(record["latency_s"], rel=1e-6)


@pytest.mark.parametrize("record", DATA["accelforge"], ids=lambda r: r["name"])
def test_accelforge_convention_gives_accelforge_actions(record: dict[str, Any]) -> None:
    """Words read and written per level and tensor; AccelForge keeps them in 32-bit floats, so to 7 digits."""
    operation, mapping = recorded(record)
    machine = load_architecture(record["machine"])
    counts = access_counts(operation, machine, mapping, ACCELFORGE.tiles)
    actions: dict[tuple[str, str, str], int] = {}
    for row in counts.tensors:
        name = {"inputs": "I", "weights": "W", "outputs": "T"}[row.tensor]
        reads, writes = ACCELFORGE.accesses(row, role_of(machine, row.level), row.tensor == "outputs")
        own = {"RF": "WReg"} if record["machine"] == "ws16x16" else {}
        actions |= {(own.get(row.level, row.level), name, "read"): reads}
        actions |= {(own.get(row.level, row.level), name, "write"): writes}
    theirs = {}
    for key, words in record["actions_words"].items():
        level, tensor, action = ast.literal_eval(key)
        if action != "compute":
            theirs[level, {"A": "I", "B": "W", "Z": "T"}.get(tensor, tensor[0]), action] = words
    assert {key for key, n in actions.items() if n} == set(theirs)
    assert {key: actions[key] for key in theirs} == pytest.approx(theirs, rel=1e-7)


def moved(result: Evaluation) -> dict[str, list[int]]:
    """Level.tensor -> [reads + drains, fills + updates]."""
    letter = {name: short for short, name in TENSORS.items()}
    return {
        f"{row.level}.{letter[row.tensor]}": [row.total.reads + row.total.drains, row.total.fills + row.total.updates]
        for row in result.counts.tensors
    }


LIKE_ACCELFORGE = [
    r for r in DATA["independent"] if not r["counting"].startswith("ours:") and "1x1" not in r["problem"]
]
LIKE_OURS = [r for r in DATA["independent"] if r["counting"].startswith("ours")]


@pytest.mark.parametrize("record", LIKE_ACCELFORGE, ids=lambda r: f"{r['machine']}-{r['counting'][:24]}")
def test_accelforge_convention_prices_the_independent_optima(record: dict[str, Any]) -> None:
    operation, mapping = independent(record)
    result = evaluate(operation, load_architecture(record["machine"]), mapping, "accelforge")
    assert result.energy * PICOJOULE == pytest.approx(record["energy_J"], rel=1e-9)


@pytest.mark.parametrize("record", LIKE_OURS, ids=lambda r: f"{r['machine']}-{r['problem'][:24]}")
def test_our_words_equal_the_independent_search_but_for_returning_psums(record: dict[str, Any]) -> None:
    """The independent search sent a partial sum back to every PE that reduces it; ours goes to one of them.

    So all words are equal but the fills of RF outputs, and the energy differs by just those (1 pJ a word).
    """
    operation, mapping = independent(record)
    ours = evaluate(operation, load_architecture(record["machine"]), mapping)
    theirs = {key: words for key, words in record["counts_read_write_words"].items() if words != [0, 0]}
    mine = moved(ours)
    spared = theirs["RF.O"][1] - mine["RF.O"][1] if "RF.O" in theirs else 0
    if spared:
        psums = ours.counts.at("RF", "outputs")
        to_every_child = psums.total.drains - psums.distinct
        assert spared == to_every_child - psums.total.fills > 0
        mine["RF.O"][1] += spared
    assert mine == theirs
    assert (ours.energy + spared) * PICOJOULE == pytest.approx(record["energy_J"], rel=1e-9)
