"""What people see on a terminal: nests with what they fill, stacked bars, lines that fit, colour where it is wanted."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from dataclasses import replace
from pathlib import Path

import pytest
from strategies import random_case

import accelsim
from accelsim.architecture.spec import Architecture
from accelsim.errors import MappingError
from accelsim.mapping.nest import Mapping
from accelsim.report.bars import Bars, layer_bars, machine_bars, plain_bars, rich_bars
from accelsim.report.nest_drawing import draw_nest, meter
from accelsim.report.network_table import network_table
from accelsim.report.parts import encodable
from accelsim.report.tables import render_plain
from accelsim.workload.operation import Operation
from tests import builders

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "docs/examples"
EVALUATE = (
    *("evaluate", "--layer", str(EXAMPLES / "small.yaml"), "--arch", "eyeriss"),
    *("--mapping", str(EXAMPLES / "small_nest.txt")),
)
Case = tuple[Operation, Architecture, Mapping]


@pytest.fixture
def small() -> Case:
    layer = accelsim.load_layer(EXAMPLES / "small.yaml").operation()
    return layer, accelsim.load_architecture("eyeriss"), accelsim.load_mapping(EXAMPLES / "small_nest.txt")


def on_terminal(*arguments: str, width: int, **environment: str) -> str:
    """What the command writes to a terminal of that width."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, width, 0, 0))
    clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "COLORTERM")}
    environment = {**clean, "TERM": "xterm-256color", **environment}
    command = [sys.executable, "-m", "accelsim", *arguments]
    running = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, env=environment)
    os.close(theirs)
    written = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # Linux: the other end was closed
            break
        if not chunk:
            break
        written += chunk
    os.close(ours)
    assert running.wait() == 0, running.stderr and running.stderr.read()
    return written.decode().replace("\r\n", "\n")


def bare(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


# --- the nest ------------------------------------------------------------------------------------------------------


def test_a_nest_is_drawn_with_trips_positions_and_words(small: Case) -> None:
    """8 filters of 4 x 3 x 3 over 8 x 8 with padding 1: 256 inputs, 288 weights, 512 outputs.

    The buffer holds all inputs and outputs: 768 of 50 Ki words. A PE has one row of filters, 4 filters x 4 channels x 3
    taps = 48 of 224 weights; below f, 4 channels x 3 taps = 12 of 12 inputs and 4 of 24 sums.
    """
    assert str(draw_nest(*small)).splitlines() == [
        "DRAM  keeps inputs weights outputs        # 1,056 words",
        "GlobalBuffer  keeps inputs outputs        # 768 of 51,200 words, 2 %",
        "for m in 0..8 by 4                        # x 2",
        "  par-for e in 0..8 by 1 on X             # 8 of 14 on X, 57 %",
        "    par-for r in 0..3 by 1 on Y           # 3 of 12 on Y, 25 %",
        "      Scratchpad  keeps weights           # 48 of 224 words, 21 %",
        "      for f in 0..8 by 1                  # x 8",
        "        Scratchpad  keeps inputs outputs  # 12 of 12, 4 of 24 words, 100 %",
        "        for c in 0..4 by 1                # x 4",
        "          for s in 0..3 by 1              # x 3",
        "            for m in 0..4 by 1            # x 4",
        "              MAC",
    ]


@pytest.mark.parametrize("width", [20, 44, 80, 200])
def test_a_drawn_nest_fits_its_width_and_reads_back(small: Case, width: int) -> None:
    lines = [text + note for text, note in draw_nest(*small).beside(width)]
    longest = max(len(line) for line in str(small[2]).splitlines())
    assert max(map(len, lines)) <= max(width, longest)
    assert accelsim.parse_mapping("\n".join(lines)) == small[2]


def test_tensors_of_one_memory_are_added_where_the_last_stands() -> None:
    """2 sums stand outside k, 1 input and 2 weights inside: 2 words there, here all five, for two buffers 10."""
    operation, machine = builders.product("fc", m=2), builders.machine()
    text = (
        "DRAM keeps inputs weights outputs\nRegister keeps outputs\nfor k in 0..6 by 1\nRegister keeps inputs weights\n"
        "for m in 0..2 by 1\nMAC"
    )
    nest = accelsim.parse_mapping(text)
    (register,) = (level for level in machine.levels if level.name == "Register")
    elements = tuple(
        replace(e, capacity_words=10, buffers=2, keeps=()) if e is register else e for e in machine.elements
    )
    drawn = draw_nest(operation, replace(machine, elements=elements), nest)
    assert [line.note for line in drawn.lines if "keeps" in line.text] == ["20 words", "2 words", "10 of 10 words"]


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_what_is_drawn_reads_back_and_says_what_execution_holds(first: int) -> None:
    """On generated layers, machines and nests: words of every bounded memory are those of the tiles that executing the
    nest holds, with widths and buffers, and no line is lost."""
    for operation, machine, nest in map(random_case, range(first, first + 50)):
        drawn = draw_nest(operation, machine, nest)
        assert accelsim.parse_mapping(str(drawn)) == nest
        assert [line.text for line in drawn.lines] == str(nest).splitlines()
        held = {
            (row.level, row.tensor): row.tile_words for row in accelsim.execute(operation, machine, nest).counts.tensors
        }
        for level in machine.levels:
            private = dict(level.tensor_capacity_words)
            shared = [t for name, t in held if name == level.name and t not in private]
            if shared and level.capacity_words is not None:
                bits = sum(held[level.name, t] * (operation.tensor(t).bits or level.word_bits) for t in shared)
                need = -(-bits * level.buffers // level.word_bits)
                said = [line.note for line in drawn.lines if line.text.split()[0] == level.name]
                assert any(f"{need:,} of {level.capacity_words:,}" in note for note in said), (said, need)


def test_a_memory_that_overflows_is_drawn_and_marked(small: Case) -> None:
    operation, machine, nest = small
    elements = tuple(
        replace(e, capacity_words=512) if e.name == "GlobalBuffer" else e  # type: ignore[call-arg]
        for e in machine.elements
    )
    drawn = draw_nest(operation, replace(machine, elements=elements), nest)
    assert "768 of 512 words  ████████! 150 %" in "\n".join(a + b for a, b in drawn.beside(120))


def test_what_is_no_mapping_of_the_layer_is_not_drawn(small: Case) -> None:
    operation, _, nest = small
    with pytest.raises(MappingError, match="GlobalBuffer"):
        draw_nest(operation, accelsim.load_architecture("ws16x16"), nest)


def test_meters_are_full_only_when_all_is_in_use() -> None:
    assert [meter(share) for share in (0.0001, 0.125, 0.5, 0.9999, 1.0, 1.01)] == [
        "▏", "█", "████", "███████▉", "████████", "████████!"
    ]  # fmt: skip


# --- bars ----------------------------------------------------------------------------------------------------------


def test_bars_have_the_lengths_of_their_values() -> None:
    """20 cells: 40 - 1 (label) - 5 (total) - 4 (gaps) = 30 for a sum of 30, so a cell is one."""
    bars = Bars("energy (pJ)", ("DRAM", "RF"), (("a", (20.0, 10.0)), ("b", (1.0, 2.0)), ("c", None)))
    assert plain_bars(bars, 1 + 30 + len("infeasible") + 4).splitlines() == [
        "energy (pJ)",
        "█ DRAM  ▒ RF",
        "a  " + "█" * 20 + "▒" * 10 + "  30.00",
        "b  █▒▒  3.000",
        "c  infeasible",
    ]


def test_layers_and_machines_are_stacked_as_their_tables_say() -> None:
    comparison = builders.comparison()
    (alpha, _beta), (machines,) = layer_bars(comparison), machine_bars(comparison)
    # fc1 moves 34 words at 200 of DRAM, 2 of network, 1 of register each, and 24 MACs of 1; pooling has no bar.
    values = dict(alpha.rows)["fc1"]
    assert values is not None
    assert dict(zip(alpha.parts, values, strict=True)) == pytest.approx(
        {"DRAM": 34 * 200 / 24, "Array": 34 * 2 / 24, "Register": 34 / 24, "MAC": 1}
    )
    assert [label for label, _ in alpha.rows] == ["fc1", "fc2"]
    sums = {label: sum(values) for label, values in machines.rows if values is not None}
    assert sums == pytest.approx({t.machine: t.energy_per_mac for t in comparison.totals})


def test_a_machine_that_maps_only_a_part_has_no_bar() -> None:
    comparison = builders.comparison(infeasible=(("beta", "fc1"),))
    (machines,) = machine_bars(comparison)
    assert dict(machines.rows)["beta"] is None
    assert "beta   infeasible" in plain_bars(machines, 80)


def test_pj_and_mac_units_have_charts_of_their_own() -> None:
    comparison = builders.comparison(builders.machine("alpha"), builders.machine("gamma", unit="MAC"))
    assert [bars.title.rsplit(", ", 1)[1] for bars in machine_bars(comparison)] == ["pJ per MAC", "MAC per MAC"]


def test_names_are_not_markup() -> None:
    bars = Bars("[red]x[/red]", ("[bold]D",), (("[link=x]", (1.0,)),))
    assert "[link=x]" in "".join(text.plain for text in rich_bars(bars, 60))


# --- the page ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 120])
def test_everything_fits_the_terminal(width: int) -> None:
    lines = bare(on_terminal(*EVALUATE, width=width)).splitlines()
    assert max(map(len, lines)) <= width
    assert any("█" in line and line.startswith("outputs") for line in lines)
    assert not any("…" in line for line in lines)


def test_colour_is_for_terminals_and_no_color_is_obeyed() -> None:
    colours = re.compile(r"\x1b\[(?:\d+;)*(?:3[1-7]|38)\b")
    coloured, plain = on_terminal(*EVALUATE, width=80), on_terminal(*EVALUATE, width=80, NO_COLOR="1")
    assert colours.search(coloured)
    assert not colours.search(plain)
    assert bare(coloured) == bare(plain)
    piped = subprocess.run([sys.executable, "-m", "accelsim", *EVALUATE], capture_output=True, text=True, check=True)
    assert "\x1b" not in piped.stdout


@pytest.mark.parametrize("width", [80, 200])
def test_a_network_and_a_machine_are_shown_within_the_terminal(width: int) -> None:
    for name in ("alexnet", "eyeriss"):
        shown = bare(on_terminal("show", name, width=width))
        assert max(map(len, shown.splitlines())) <= width
    assert "unverified" in shown


def test_a_network_table_is_split_by_columns_not_broken() -> None:
    text = render_plain(network_table(accelsim.load_network("alexnet")), 80)
    assert max(map(len, text.splitlines())) <= 80
    assert sum(line.startswith("CONV1 ") for line in text.splitlines()) == 2
    assert "60,954,656" in text


def test_an_encoding_without_blocks_gets_signs() -> None:
    assert encodable("█▒▓░ x", "latin-1") == "#=%- x"
    assert encodable("█▒", "utf-8") == "█▒"
    run = [sys.executable, "-m", "accelsim", *EVALUATE]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    out = subprocess.run(run, capture_output=True, check=True, env=environment).stdout
    assert b"outputs  ####" in out
    assert b"?" not in out
