"""Arrays whose tiles come late from DRAM, machines that describe one, and the family made from a few numbers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from test_systolic import array, operation

from accelsim.architecture.files import dump_architecture, load_architecture, parse_architecture
from accelsim.architecture.spec import Architecture, Axis, Compute, Fanout, Level
from accelsim.architecture.systolic import SystolicArray
from accelsim.errors import InputError
from accelsim.model.array_fed import fed_time
from accelsim.model.array_time import array_time
from accelsim.report.timing import cycle_timing
from accelsim.workload.layer import MatrixProduct


def machine(own: SystolicArray, rate: float | None) -> Architecture:
    fanout = Fanout("Array", (Axis("Y", own.rows), Axis("X", own.columns)))
    return Architecture("m", (Level("DRAM", read_bandwidth=rate), fanout), Compute(), 100.0, systolic=own)


def test_an_endless_bandwidth_leaves_the_arrays_own_time() -> None:
    """A word per 1e-6 cycles is as good as none: at most a cycle per tile is rounded up."""
    draw, compared = Random(6), 0
    for _ in range(400):
        layer, own = operation(draw), array(draw)
        try:
            time = array_time(layer, own)
        except InputError:
            continue
        fed = fed_time(layer, machine(own, 1_000_000.0))
        assert 0 <= fed.waiting <= 2 * time.folds[0] * time.folds[1]
        assert fed_time(layer, machine(own, None)).waiting == 0
        assert sum(cycles for _, cycles in fed.parts()) == fed.cycles
        compared += 1
    assert compared > 200


def test_more_bandwidth_and_more_room_are_never_slower() -> None:
    draw = Random(7)
    for _ in range(200):
        layer, own = operation(draw), array(draw)
        try:
            slow = fed_time(layer, machine(own, 0.5)).cycles
        except InputError:
            continue
        assert fed_time(layer, machine(own, 1.0)).cycles <= slow
        roomy = [replace(own, prefetch_words=words) for words in (0, 64, 10**9)]
        times = [fed_time(layer, machine(one, 0.5)).cycles for one in roomy]
        assert times[0] >= times[1] >= times[2]
        # No less than the words take, and than the array itself.
        assert times[2] >= array_time(layer, own).cycles


def test_a_layer_that_waits_for_weights_takes_their_time_by_hand() -> None:
    """Four tiles of 4 x 4 weights at a word per cycle on a double-buffered 4 x 4 array with room for all: the last tile
    is there after 64 cycles, streams 2 vectors, and the last sum needs 4 + 4 - 2 cycles more."""
    layer = MatrixProduct("product", M=2, K=8, N=8).operation()
    own = SystolicArray(4, 4, "ws", double_buffered=True, prefetch_words=1000)
    assert fed_time(layer, machine(own, 1.0)).cycles == 64 + 2 + (4 + 4 - 2)


def test_tpu_v1_needs_a_batch_of_1349_to_hide_its_weights() -> None:
    """64 KiB at 34 GB/s and 700 MHz take 65536 / (34000 / 700) = 1349.3 cycles; a batch of B streams for B."""
    chip = load_architecture("tpu_v1")
    arrival = Fraction(65536 * 700, 34000)
    for batch in (200, 1340, 1400, 3000):
        fed = fed_time(MatrixProduct("fc", M=batch, K=2560, N=2560).operation(), chip)
        # The first of a hundred tiles is waited for; then the slower of weights and vectors sets the pace.
        last = arrival + 99 * max(arrival, Fraction(batch)) + batch
        assert fed.cycles == pytest.approx(float(last + 256 + 256 - 2), abs=100)


def test_cycle_depth_is_executed_on_demand_and_adds_up_to_all() -> None:
    layer = MatrixProduct("fc", M=40, K=300, N=300).operation()
    timing = cycle_timing(layer, load_architecture("systolic_ws"), execute=True)
    assert sum(share for _, share in timing.shares()) == pytest.approx(100)
    assert any(note.startswith("Executed PE by PE") for note in timing.notes)
    with pytest.raises(InputError, match=r"^ws16x16 does not describe its array for time in cycles; add 'systolic"):
        cycle_timing(layer, load_architecture("ws16x16"))


def test_a_machine_with_an_array_reads_back_equal() -> None:
    text = dump_architecture(load_architecture("eyeriss"))
    chip = load_architecture("eyeriss")
    assert "systolic:" in text
    level = replace(chip.levels[1], latency_cycles=7)
    changed = replace(chip, elements=(chip.elements[0], level, *chip.elements[2:]))
    assert parse_architecture(dump_architecture(changed), "m.yaml") == changed


FAMILY = """name: f
clock: 1 GHz
word: 8 b
systolic: {rows: 4, cols: 8, dataflow: ws, buffer: 1 KiB, dram_bandwidth: 2 GB/s}
"""


def test_a_few_numbers_make_a_machine_of_the_family() -> None:
    made = parse_architecture(FAMILY, "f.yaml")
    assert made.systolic == SystolicArray(4, 8, "ws")
    assert (made.mac_units, made.dataflow) == (32, "weight_stationary")
    assert made.level("Buffer").capacity_words == 1024
    assert made.levels[0].read_bandwidth == 2.0
    assert parse_architecture(dump_architecture(made), "g.yaml") == made


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("rows: 4, ", ""), "f.yaml:4: systolic must have rows, cols, dataflow, buffer, dram_bandwidth where the file "
         "lists no elements; rows is missing"),
        (("dataflow: ws", "dataflow: rs"), "f.yaml:4: systolic.dataflow must be one of ws, is, os where the file "
         "lists no elements, not 'rs'"),
        (("rows: 4", "rows: 0"), "f.yaml:4: systolic.rows must be a whole number of at least 1, not 0"),
    ],
)  # fmt: skip
def test_a_family_that_lacks_something_is_refused_with_its_line(change: tuple[str, str], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        parse_architecture(FAMILY.replace(*change), "f.yaml")
    assert str(error.value).startswith(sentence)


def test_a_machine_of_the_family_can_be_extended(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text("name: mine\nextends: systolic_os\nsystolic: {rows: 16, cols: 32}\n")
    made = load_architecture(str(own))
    assert made.systolic == SystolicArray(16, 32, "os", double_buffered=True)
    assert [axis.size for axis in made.axes.values()] == [16, 32]


@pytest.mark.parametrize(("latency", "cycles"), [("7 cycles", 7), ("50 ns", 50), ("2.5 ns", 3), ("1 us", 1000)])
def test_a_latency_is_in_cycles_or_in_time(latency: str, cycles: int) -> None:
    text = dump_architecture(replace(load_architecture("ws16x16"), clock_mhz=1000.0))
    text = text.replace("- level: GLB\n", f"- level: GLB\n  latency: {latency}\n")
    assert parse_architecture(text, "m.yaml").level("GLB").latency_cycles == cycles


@pytest.mark.parametrize(
    ("latency", "sentence"),
    [
        ("7", "latency must be a latency such as '20 cycles' or '50 ns', not 7; units that fit: cycles, ns, us"),
        ("1.5 cycles", "GLB.latency must be a whole number of cycles, not '1.5 cycles'"),
        ("-1 ns", "latency must be 0 or more ns, not '-1 ns'"),
    ],
)
def test_a_wrong_latency_is_refused(latency: str, sentence: str) -> None:
    text = dump_architecture(load_architecture("ws16x16"))
    text = text.replace("- level: GLB\n", f"- level: GLB\n  latency: {latency}\n")
    with pytest.raises(InputError) as error:
        parse_architecture(text, "m.yaml")
    assert sentence in str(error.value)


def test_an_array_of_another_size_than_the_elements_is_refused() -> None:
    text = dump_architecture(load_architecture("ws16x16")) + "systolic: {rows: 16, cols: 8, dataflow: ws}\n"
    with pytest.raises(InputError, match=r"systolic must have the 256 PEs of the elements, not 16 x 8$"):
        parse_architecture(text, "m.yaml")
