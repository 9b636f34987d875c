"""Randomly damaged files of networks and of other tools: one sentence, or a network; never a traceback."""

from __future__ import annotations

import json
import random
from math import prod
from pathlib import Path
from typing import Any

import pytest

from accelsim.errors import AccelsimError
from accelsim.files import parse_yaml, shipped
from accelsim.mapping.timeloop_files import load_timeloop
from accelsim.workload.files import dump_network, load_network, parse_network
from accelsim.workload.importers.files import import_network

PUBLISHED = Path(__file__).parent / "published"
TIMELOOP = json.loads((PUBLISHED / "timeloop_files.json").read_text())["runs"]
HEAD = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"
ZIGZAG = """
- {id: 0, operator_type: Conv, equation: 'O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]',
   dimension_relations: [ix=2*ox+1*fx, iy=1*oy+1*fy], loop_dims: [B, K, C, OY, OX, FY, FX],
   loop_sizes: [1, 8, 3, 6, 5, 1, 3], pr_loop_dims: [IX, IY], pr_loop_sizes: [9, 6], padding: [[1, 1], [0, 0]],
   operand_precision: {W: 8, I: 8, O: 16, O_final: 8}, operand_source: {I: 0, W: 0}}
- {id: 3, operator_type: Gemm, equation: 'O[b][k]+=W[k][c]*I[b][c]', loop_dims: [B, K, C], loop_sizes: [2, 10, 80],
   operand_source: {I: 0, W: 3}}
"""
WRITTEN = """
bits: {activations: 8, weights: 4, accumulation: 32}
layers:
  - {name: a, type: conv, M: 4, C: 3, H: 9, R: 3, U: 2, padding: {top: 1, left: 2}}
  - {name: n, type: norm, C: 4, H: 4, W: 5}
  - {name: s, type: elementwise, C: 4, H: 4, W: 5, spans: [NCHW, NC], from: [n, a]}
  - {name: l, type: lstm, C: 80, M: 8, T: 2}
  - {name: e, type: embedding, vocabulary: 9, C: 8, T: 2}
  - {name: h, type: matmul, M: 2, K: 8, N: 9, weights_of: e, bits: {weights: 2}}
  - {name: c, type: concat, C: [2, 3], from: [e, h]}
"""


def texts() -> dict[str, str]:
    """File name -> text, one of each format and kind."""
    problem, arch, mapping = TIMELOOP["cv_3l_s2"]
    found = {
        "t.csv": HEAD + "a,9,20,3,5,2,4,1,\nb,5,5,5,5,4,10,2,\n",
        "z.yaml": ZIGZAG,
        "p.yaml": problem,
        "all.yaml": problem + arch + mapping,
        "ours.yaml": WRITTEN,
    }
    return found | {f"{name}.yaml": shipped("workloads")[name].read_text() for name in ("gpt2", "resnet50", "gnmt")}


def damaged(text: str, rng: random.Random) -> str:
    """Characters changed, cut out, doubled, cut off, or numbers made absurd."""
    changed = list(text)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(changed))
        match rng.randrange(6):
            case 0:
                changed[at] = chr(rng.randrange(32, 127))
            case 1:
                del changed[at : at + rng.randrange(1, 12)]
            case 2:
                changed[at:at] = changed[at : at + rng.randrange(1, 12)]
            case 3:
                del changed[max(at, 1) :]
            case 4:
                changed[at:at] = rng.choice(["-1", "0", "99999999999", "1e9", "null", "[", "{", ": ", "\n", "\t", "é"])
            case _:
                other = rng.randrange(len(changed))
                changed[at], changed[other] = changed[other], changed[at]
        if not changed:
            return ""
    return "".join(changed)


def count_macs(name: str, text: str) -> int:
    """MACs from the numbers of the file alone, by the formula of its format; knows nothing of layers."""
    if name == "t.csv":
        rows = [[int(n) for n in row.split(",")[1:8]] for row in text.splitlines()[1:] if row.strip(" ,")]
        return sum((-(-(H - R) // U) + 1) * (-(-(W - S) // U) + 1) * R * S * C * M for H, W, R, S, C, M, U in rows)
    value = parse_yaml(text, name).value
    if name == "z.yaml":
        return sum(prod(entry["loop_sizes"]) for entry in value if "*" in entry["equation"])
    if name in ("p.yaml", "all.yaml"):
        shape, stated = value["problem"]["shape"], value["problem"]["instance"]
        defaults = {entry.get("name"): entry.get("default", 1) for entry in shape.get("coefficients") or []}
        return prod((defaults | stated).get(dim, 1) for dim in map(str, shape["dimensions"]))
    return sum(_written(entry) for entry in value["layers"])


def _written(e: dict[str, Any]) -> int:
    """MACs of an entry of WRITTEN: letters as the entry states them."""
    times = e.get("repeat", 1) * e.get("steps", 1)
    match e["type"]:
        case "conv":
            side, U, pad = e["R"], e.get("U", 1), e.get("padding", 0)
            around = pad if isinstance(pad, dict) else dict.fromkeys(("top", "bottom", "left", "right"), pad)
            E = (e["H"] + around.get("top", 0) + around.get("bottom", 0) - side) // U + 1
            F = (e.get("W", e["H"]) + around.get("left", 0) + around.get("right", 0) - side) // U + 1
            return times * e.get("N", 1) * e["M"] * e["C"] * E * F * side * side
        case "matmul":
            return times * e["M"] * e["K"] * e["N"]
        case "lstm":
            return times * e.get("N", 1) * e["T"] * 4 * e["M"] * (e["C"] + e["M"])
        case _:
            return 0


def read(path: Path) -> str:
    """What came of a file: 'read' (then its MACs are those of its numbers), or the sentence that refuses it."""
    counted = path.name in ("t.csv", "z.yaml", "p.yaml", "all.yaml", "ours.yaml")
    try:
        if path.name == "all.yaml":
            operation = load_timeloop([path]).operation
            macs = operation.macs if operation else None
        elif path.name in ("t.csv", "z.yaml", "p.yaml"):
            network = import_network(path).network
            macs = network.macs
            assert parse_network(dump_network(network), "again.yaml") == network
        else:
            network = load_network(str(path))
            macs = network.macs
            assert parse_network(dump_network(network), "again.yaml") == network
        if counted and macs is not None:
            assert macs == count_macs(path.name, path.read_text()), path.read_text()
    except AccelsimError as error:
        return str(error)
    return "read"


def check(count: int, seed: int, folder: Path) -> None:
    rng = random.Random(seed)
    originals = texts()
    outcomes = []
    for i in range(count):
        name = list(originals)[i % len(originals)]
        path = folder / name
        path.write_text(damaged(originals[name], rng))
        outcomes.append(read(path))
        assert "\n" not in outcomes[-1], path.read_text()
    assert 0.02 * count < outcomes.count("read") < 0.9 * count


def test_whole_files_are_read(tmp_path: Path) -> None:
    for name, text in texts().items():
        (tmp_path / name).write_text(text)
        assert read(tmp_path / name) == "read"


def test_a_damaged_file_is_read_or_refused_in_one_sentence(tmp_path: Path) -> None:
    check(400, 1, tmp_path)


@pytest.mark.exhaustive
def test_two_thousand_damaged_files(tmp_path: Path) -> None:
    check(2000, 2, tmp_path)
