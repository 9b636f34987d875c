"""Arrays stepped PE by PE: outputs are NumPy's, cycles and words are the closed form's, traces say what happened."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from accelsim.architecture.systolic import ARRAY_DATAFLOWS, SystolicArray
from accelsim.errors import InputError
from accelsim.mapping.row_sets import row_sets
from accelsim.model.array_time import array_time
from accelsim.simulate.systolic.execute import execute_array
from accelsim.simulate.trace import cycle_trace
from accelsim.workload.layer import Convolution, FullyConnected, MatrixProduct, TransposedConvolution
from accelsim.workload.operation import Operation

MOST_PE_CYCLES = 1_500_000


def operation(draw: Random) -> Operation:
    """A convolution (any stride, padding, groups), a product of matrices, or a transposed convolution."""
    G, R, S = draw.randint(1, 2), draw.randint(1, 5), draw.randint(1, 4)
    kind = draw.random()
    if kind < 0.6:
        channels = {"M": G * draw.randint(1, 12), "C": G * draw.randint(1, 9), "G": G}
        size: dict[str, Any] = {"H": draw.randint(R, 12), "W": draw.randint(S, 11), "R": R, "S": S}
        more = {"U": draw.randint(1, 5), "padding": draw.randint(0, 2), "N": draw.randint(1, 2)}
        return Convolution(name="conv", **channels, **size, **more).operation()
    if kind < 0.9:
        M, K, N = (draw.randint(1, 90) for _ in range(3))
        return MatrixProduct("product", M=M, K=K, N=N, B=G).operation()
    size = {"H": draw.randint(1, 6), "R": R, "S": S, "U": draw.randint(1, 3)}
    return TransposedConvolution(name="transposed", M=3, C=4, **size).operation()


def array(draw: Random) -> SystolicArray:
    rows, columns = (draw.choice((1, 2, 3, 4, 7, 8, 12, 14, 16, 31, 32)) for _ in range(2))
    held = draw.choice((None, 5, 12, 24)), draw.choice((None, 5, 24, 224))
    return SystolicArray(rows, columns, draw.choice(ARRAY_DATAFLOWS), draw.random() < 0.5, *held)


def test_a_thousand_arrays_compute_what_numpy_does_in_the_cycles_of_the_closed_form() -> None:
    draw, done, seen = Random(4), 0, set()
    while done < 1000:
        layer, machine = operation(draw), array(draw)
        try:
            time = array_time(layer, machine)
        except InputError:
            assert machine.dataflow == "rs"  # filters that the array or a scratchpad cannot hold
            continue
        if time.cycles * machine.pes > MOST_PE_CYCLES:
            continue
        run = execute_array(layer, machine, seed=done)
        assert run.equal, (layer, machine)
        assert time.counts == run.counts, (layer, machine)
        parts = (time.stream, time.preload, time.exchange, time.skew, time.drain)
        assert min(parts) >= 0
        assert sum(parts) == time.cycles
        seen.add((machine.dataflow, machine.double_buffered))
        done += 1
    assert len(seen) == 8


def test_a_full_tile_takes_the_cycles_of_the_published_formula() -> None:
    """Samajdar et al., ISPASS 2020, equation 1: 2 rows + columns + T - 2, here 2 x 4 + 3 + 10 - 2 = 19."""
    for dataflow, (M, K, N) in {"os": (4, 10, 3), "ws": (10, 4, 3), "is": (3, 4, 10)}.items():
        layer = MatrixProduct("tile", M=M, K=K, N=N).operation()
        assert array_time(layer, SystolicArray(4, 3, dataflow)).cycles == 19  # type: ignore[arg-type]


def test_one_pe_by_hand() -> None:
    """1 x 1, three terms of one sum: a weight comes in, is used and its product leaves; the next only then. 3 x 2."""
    dot = MatrixProduct("dot", M=1, K=3, N=1).operation()
    weight_stationary = SystolicArray(1, 1, "ws")
    assert array_time(dot, weight_stationary).cycles == 6
    # With a second register the next weight comes in while one is used: 1 + 3.
    assert array_time(dot, replace(weight_stationary, double_buffered=True)).cycles == 4
    # The sum stays: three terms, and a cycle to leave.
    assert array_time(dot, SystolicArray(1, 1, "os")).cycles == 4
    counts = array_time(dot, weight_stationary).counts
    assert (counts.outputs, counts.partial_sums) == (3, 2)


def test_a_row_stationary_pass_by_hand() -> None:
    """A 3 x 3 filter over 5 x 5 pixels on 3 x 3 PEs: 3 weights hop over 2 more columns (5 cycles), three output
    columns of three taps (9), and the last sum runs down two more rows (2). 25 pixels enter once."""
    layer = Convolution(name="small", M=1, C=1, H=5, R=3).operation()
    time = array_time(layer, SystolicArray(3, 3, "rs"))
    assert (time.preload, time.stream, time.skew, time.cycles) == (5, 9, 2, 16)
    assert (time.counts.inputs, time.counts.weights, time.counts.outputs) == (25, 9, 9)


def test_double_buffering_is_never_slower() -> None:
    draw = Random(8)
    for _ in range(300):
        layer, machine = operation(draw), array(draw)
        try:
            once = array_time(layer, replace(machine, double_buffered=False)).cycles
        except InputError:
            continue
        assert array_time(layer, replace(machine, double_buffered=True)).cycles <= once


def test_utilization_is_macs_over_pe_cycles() -> None:
    layer = MatrixProduct("square", M=64, K=64, N=64).operation()
    time = array_time(layer, SystolicArray(8, 8, "ws", double_buffered=True))
    assert time.utilization == 64**3 / (64 * time.cycles)


@pytest.mark.parametrize("dataflow", ARRAY_DATAFLOWS)
def test_traces_of_every_cycle_add_up_to_the_counts(dataflow: Any, tmp_path: Path) -> None:
    layer = Convolution(name="conv", M=6, C=4, H=9, R=3, padding=1).operation()
    machine = SystolicArray(5, 6, dataflow, True)
    for path in (tmp_path / "trace.csv", tmp_path / "trace.json"):
        with cycle_trace(path, "conv") as watch:
            counts = execute_array(layer, machine, watch=watch).counts
    rows = list(csv.DictReader((tmp_path / "trace.csv").open()))
    sums = {name: sum(int(row[name]) for row in rows) for name in rows[0] if name != "cycle"}
    assert [int(row["cycle"]) for row in rows] == list(range(counts.cycles))
    expected = (counts.macs, counts.inputs, counts.weights, counts.outputs, counts.partial_sums)
    assert tuple(sums.values()) == expected
    assert max(int(row["busy_pes"]) for row in rows) <= machine.pes
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    busy = {e["ts"]: e["args"]["busy_pes"] for e in events if e["name"] == "busy_pes"}
    held, total = 0, 0
    for cycle in range(counts.cycles):
        held = busy.get(cycle, held)
        assert held == int(rows[cycle]["busy_pes"])
        total += held
    assert total == counts.macs
    assert sorted(p.name for p in tmp_path.iterdir()) == ["trace.csv", "trace.json"]


def test_a_trace_that_is_interrupted_leaves_no_file(tmp_path: Path) -> None:
    def write_and_stop() -> None:
        with cycle_trace(tmp_path / "trace.csv", "x") as watch:
            watch(np.ones((3, 5), dtype=np.int64))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_and_stop()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((0, 4, "ws"), "rows of a systolic array must be a whole number of at least 1, not 0"),
        ((4, 4, "wss"), "dataflow of a systolic array must be one of ws, os, is, rs, not 'wss'; did you mean 'ws'?"),
        ((9999, 9999, "ws"), "a systolic array must have at most 4,194,304 PEs, not 9,999 x 9,999"),
    ],
)
def test_an_impossible_array_is_refused_with_a_sentence(arguments: tuple[Any, ...], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        SystolicArray(*arguments)
    assert str(error.value) == sentence


def test_what_a_row_stationary_array_does_not_take_is_refused() -> None:
    tall = Convolution(name="tall", M=1, C=1, H=9, R=7).operation()
    with pytest.raises(InputError, match=r"^tall: filters must have at most 4 rows, those of the array, not 7$"):
        row_sets(tall, SystolicArray(4, 4, "rs"))
    with pytest.raises(InputError, match=r"^tall: a PE must hold a filter row of 7 inputs, but holds 5 words$"):
        row_sets(tall, SystolicArray(8, 4, "rs", False, 5))
    spread = Convolution(name="spread", M=1, C=1, H=9, R=3, dilation=2).operation()
    with pytest.raises(InputError, match=r"^spread: a row-stationary array takes filters with dilation 1, not 2$"):
        row_sets(spread, SystolicArray(8, 4, "rs"))


def test_a_fully_connected_layer_is_a_product_of_a_vector() -> None:
    layer = FullyConnected("fc", M=20, C=30).operation()
    assert execute_array(layer, SystolicArray(8, 8, "ws")).equal


@pytest.mark.exhaustive
def test_a_projection_of_gpt2_runs_on_128_x_128_pes() -> None:
    """1,024 tokens, 768 features, queries, keys and values: 1.8 billion MACs, a chunk of cycles at a time."""
    layer = MatrixProduct("qkv", M=1024, K=768, N=2304).operation()
    machine = SystolicArray(128, 128, "ws", True)
    run = execute_array(layer, machine)
    assert run.equal
    assert run.counts == array_time(layer, machine).counts
