"""Mappings recorded from AccelForge 1.0.467 and from an independent search: energies to 7 digits, words exactly.

The recorded nests are in AccelForge's own notation; below they are in the compact one of the data file.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from accelsim.architecture.files import load_architecture
from accelsim.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from accelsim.model.conventions import ACCELFORGE
from accelsim.model.energy import role_of
from accelsim.model.evaluate import evaluate
from accelsim.model.evaluation import Evaluation
from accelsim.model.traffic import access_counts
from accelsim.workload.layer import Convolution, MatrixProduct
from accelsim.workload.operation import Operation

DATA = published_json("accelforge/runs.json")
PICOJOULE = 1e-12
TENSORS = {"I": "inputs", "W": "weights", "O": "outputs"}
LAYERS = {
    "AlexNet CONV2": Convolution("conv2", M=192, C=64, H=31, R=5, E=27),
    "ResNet-18 layer4 3x3": Convolution("layer4", M=512, C=512, H=9, R=3, E=7),
    "matrix product": MatrixProduct("mm", M=4096, K=4096, N=4096),
    "ResNet-18 layer4 downsample": Convolution("down", M=512, C=256, H=13, R=1, U=2, E=7),
}
RECORDED_NESTS = {
    "ws3_a2_energy": "[DRAM WOI] c2 [GLB I] m12 [GLB O] c2 r5 s5 par-c16 par-m16 [RF W] e27 f27 MAC",
    "ws3_l4_energy": "[DRAM WOI] [GLB I] m32 [GLB O] c32 r3 s3 par-c16 par-m16 [RF W] e7 f7 MAC",
    "ws3_l4_edp": "[DRAM WOI] [GLB I] m32 [GLB O] c32 r3 s3 par-c16 par-m16 [RF W] e7 f7 MAC",
    "e3uni_mm4096_energy": "[DRAM OWI] n16 m16 [GLB O] c128 par-n8 par-n4x par-c2x "
    "[RF I] m256 [RF W] n8 [RF O] c16 MAC",
}
PROBLEMS = {"ws3_a2": "AlexNet CONV2", "ws3_l4": "ResNet-18 layer4 3x3", "e3uni": "matrix product"}
AXES = {
    "ws16x16": {"M": "X", "C": "Y"},
    "eyeriss_like_spads": {"F": "X", "E": "X", "C": "Y", "S": "Y", "R": "Y"},
    "eyeriss_like_unified": {"N": "Y", "C": "X"},
}


def nest(operation: Operation, text: str, axes: dict[str, str]) -> Mapping:
    """Read the compact notation; a trailing x puts a spatial loop on axis X whatever its dim."""
    left, nodes = dict(operation.bounds), list[Node]()
    for word in re.findall(r"\[[^\]]*\]|\S+", text.removesuffix(" MAC")):
        if word.startswith("["):
            level, tensors = word[1:-1].split()
            nodes += [Storage(level, TENSORS[t]) for t in tensors]
            continue
        letter, count, forced = re.fullmatch(r"(?:par-)?([a-z])(\d+)(x?)", word).groups()
        dim = letter.upper()
        left[dim] //= int(count)
        axis = "X" if forced else axes.get(dim, "")
        nodes.append(Spatial(dim, left[dim], axis) if word.startswith("par-") else Temporal(dim, left[dim]))
    return Mapping.of(operation, nodes)


def layer_of(problem: str) -> Operation:
    key = next(name for name in LAYERS if problem.startswith(name))
    return LAYERS[key].operation()


def recorded(record: dict[str, Any]) -> tuple[Operation, Mapping]:
    problem = next(name for start, name in PROBLEMS.items() if record["name"].startswith(start))
    operation = layer_of(problem)
    return operation, nest(operation, RECORDED_NESTS[record["name"]], AXES[record["machine"]])


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


def independent(record: dict[str, Any]) -> tuple[Operation, Mapping]:
    operation = layer_of(record["problem"])
    # The recorded 32 columns are 8 x 4 on the two axes of the 12 x 14 array.
    text = record["mapping"].replace("par-n32 par-c2", "par-n8 par-n4x par-c2")
    return operation, nest(operation, text, AXES[record["machine"]])


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
