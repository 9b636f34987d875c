"""AccelForge: its recorded mappings in our model, to energy, latency and every action, by its convention."""

from __future__ import annotations

import ast
from typing import Any

from accelsim.architecture.files import load_architecture
from accelsim.model.conventions import ACCELFORGE
from accelsim.model.energy import role_of
from accelsim.model.evaluate import evaluate
from accelsim.model.traffic import access_counts
from accelsim.validation.accelforge_cases import recorded, records
from accelsim.validation.study import Outcome, Part, Row, Study

DIGITS = 1e-6


def _run() -> Outcome:
    totals, ours, actions = [], [], []
    for record in records()["accelforge"]:
        operation, mapping = recorded(record)
        machine = load_architecture(record["machine"])
        theirs = evaluate(operation, machine, mapping, "accelforge")
        exact = evaluate(operation, machine, mapping)
        name = record["name"]
        totals += [
            Row(f"{name}, energy", "uJ", theirs.energy / 1e6, record["energy_J"] * 1e6, tolerance=DIGITS),
            Row(f"{name}, latency", "ms", 1e3 * theirs.seconds, 1e3 * record["latency_s"], tolerance=DIGITS),
        ]
        ours.append(Row(name, "uJ", exact.energy / 1e6, record["energy_J"] * 1e6))
        actions += _actions(record)
    return Outcome(
        (
            Part("energy and latency", tuple(totals)),
            Part("energy as we count", tuple(ours)),
            Part("words read and written", tuple(actions)),
        )
    )


def _actions(record: dict[str, Any]) -> list[Row]:
    operation, mapping = recorded(record)
    machine = load_architecture(record["machine"])
    ours: dict[tuple[str, str, str], int] = {}
    own = {"RF": "WReg"} if record["machine"] == "ws16x16" else {}
    for row in access_counts(operation, machine, mapping, ACCELFORGE.tiles).tensors:
        name = {"inputs": "I", "weights": "W", "outputs": "T"}[row.tensor]
        reads, writes = ACCELFORGE.accesses(row, role_of(machine, row.level), row.tensor == "outputs")
        level = own.get(row.level, row.level)
        ours |= {(level, name, "read"): reads, (level, name, "write"): writes}
    rows = []
    for key, words in record["actions_words"].items():
        level, tensor, action = ast.literal_eval(key)
        if action != "compute":
            letter = {"A": "I", "B": "W", "Z": "T"}.get(tensor, tensor[0])
            label = f"{record['name']}, {level}, {letter}, {action}"
            rows.append(Row(label, "words", ours[level, letter, action], words, tolerance=0))
    return rows


STUDY = Study(
    name="accelforge",
    title="AccelForge: its recorded optimal mappings under the accelforge convention",
    source="AccelForge 1.0.467, one process, as published on the Python package index",
    differences=(
        "Energies and latencies are recorded to seven digits; words are equal.",
        "As we count, a partial sum goes back to one PE of those that add to it, a multicast network "
        "reads overlapping tiles once, and "
        "a window holds sets of elements instead of dense boxes; the energy is never higher.",
    ),
    run=_run,
)
