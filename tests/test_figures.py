"""Figures for print: what stands on the axes is worked by hand, executed, or the rows in the CSV beside them."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from math import prod

import pytest

import accelsim
from accelsim.errors import InputError
from accelsim.report.declaration_fields import Figure as DeclaredFigure
from accelsim.report.export import save
from accelsim.report.figures import CATALOGUE, draw, figures
from accelsim.report.figures.catalogue import MOST_PANELS, left_out
from accelsim.report.figures.reason_data import sensitivity_rows, tile_rows
from accelsim.report.figures.reuse_data import reuse_rows
from accelsim.report.reasons import findings
from accelsim.report.results import LayerResult
from accelsim.report.style import DOUBLE, SINGLE, picture
from accelsim.search.what_if import WhatIf
from tests import builders

MHZ = 200


def waiting():
    """alpha works 24 cycles on fc1 and waits 24 more for DRAM, and works 48 on fc2, one of its four MAC units at a
    time; beta does not wait."""
    machines = builders.machine("alpha"), builders.machine("beta", dram_energy=100.0)
    found = builders.comparison(*machines, operations=(builders.product("fc1"), builders.product("fc2", m=8)))
    slow = replace(found.results[0], evaluation=builders.evaluation(builders.product("fc1"), machines[0], cycles=48))
    return replace(found, results=(slow, *found.results[1:]))


def small():
    """The README's layer and nest on the Eyeriss chip, evaluated."""
    operation = accelsim.load_layer("docs/examples/small.yaml").operation()
    chip = accelsim.load_architecture("eyeriss")
    nest = accelsim.load_mapping("docs/examples/small_nest.txt")
    cost = accelsim.evaluate(operation, chip, nest)
    return LayerResult("net", "small", 1, operation, chip, cost, builders.certificate(cost.energy))


def bars(axes):
    """(bottom, height) of every bar, by its series."""
    return {c.get_label(): [(p.get_y(), p.get_height()) for p in c.patches] for c in axes.containers}


def test_time_is_stacked_by_what_it_is_spent_on():
    axes = waiting().plot("latency").axes[0]
    working, idle = (cycles / MHZ / 1e3 for cycles in (72, 24))
    shown = bars(axes)
    assert shown["compute"] == [pytest.approx((0, working))] * 2
    assert shown["waiting for the DRAM shared port"] == [pytest.approx((working, idle)), pytest.approx((working, 0))]
    assert axes.get_ylabel() == "time, steady (ms)"


def test_losses_fall_from_all_slots_to_those_that_do_a_mac():
    # alpha: 4 units x 96 cycles = 384 slots; 96 while waiting, 3 of 4 units idle in 72 cycles = 216, 72 MACs.
    alpha, beta = waiting().plot("losses").axes[:2]
    assert {name: values[0] for name, values in bars(alpha).items()} == {
        "all MAC units busy": (0, 100),
        "waiting for ports": (75, 25),
        "idle MAC units": (18.75, 56.25),
        "ragged tiles": (18.75, 0),
        "achieved": (0, 18.75),
    }
    assert bars(beta)["achieved"] == [(0, 25)]
    assert alpha.get_ylabel() == "MAC units x cycles (%)"


def test_slots_add_up_in_integers():
    for machine in ("alpha", "beta"):
        rows = waiting().figure_data("losses", machine=machine)
        slots = dict(zip(rows["step"], rows["mac_slots"], strict=True))
        whole = slots.pop("all MAC units busy")
        assert sum(slots.values()) == whole == 4 * (96 if machine == "alpha" else 72)


def test_a_roof_per_level_and_points_at_each_level_s_own_reuse():
    frame = waiting().figure_data("roofline_levels")
    fc1 = frame[(frame["machine"] == "alpha") & (frame["layer"] == "fc1")]
    # fc1 moves 34 words of 2 bytes through DRAM, and as many through the registers; it keeps nothing in the buffer.
    assert dict(zip(fc1["level"], fc1["operations_per_byte"], strict=True)) == {"DRAM": 48 / 68, "Register": 48 / 68}
    # DRAM gives 4 words a cycle; the registers state no bandwidth.
    assert float(fc1["gigabytes_per_second"].iloc[0]) == pytest.approx(4 * 2 * MHZ / 1e3)
    axes = waiting().plot("roofline_levels").axes[0]
    lines = {line.get_label(): line for line in axes.lines}
    assert set(lines) == {"DRAM", "Register", "DRAM roof", "all MAC units"}
    x, y = lines["DRAM roof"].get_data()
    assert y[0] / x[0] == pytest.approx(1.6e-3)
    assert max(y) == pytest.approx(2 * 4 * MHZ / 1e6)


def test_the_front_leaves_out_what_is_beaten():
    axes = builders.comparison().plot("pareto").axes[0]
    front = axes.lines[0]
    beta = builders.comparison().totals[1]
    assert list(front.get_xdata()) == [1e3 * beta.seconds]
    assert axes.get_ylabel() == "energy (nJ)"
    assert list(front.get_ydata()) == pytest.approx([beta.energy / 1e3])
    assert axes.get_xlabel() == "time (ms)"


def test_reuse_along_the_way_multiplies_to_the_macs_of_a_word():
    # small: M 8, C 4, 8 x 8 outputs, 3 x 3 filter, padding 1.  A row of 8 windows finds 3 x 8 - 2 = 22 taps of data.
    rows = reuse_rows([small()])
    product = {t: prod(r["reuse"] for r in rows if r["tensor"] == t) for t in ("inputs", "weights", "outputs")}
    assert product == pytest.approx({"inputs": 22 * 22 * 4 * 8 / 256, "weights": 64, "outputs": 4 * 3 * 3})


def test_reuse_at_every_level_is_what_the_execution_moves():
    result = small()
    ran = accelsim.execute(result.operation, result.architecture, result.evaluation.mapping).counts
    held = {(r["tensor"], r["place"]): (r["outer_words"], r["inner_words"]) for r in reuse_rows([result])}
    for row in ran.tensors:
        words = row.total
        outer, inner = (words.drains, words.updates) if row.tensor == "outputs" else (words.fills, words.reads)
        if row.level == "DRAM":
            outer = {"inputs": 4 * 8 * 8, "weights": 8 * 4 * 9, "outputs": 8 * 8 * 8}[row.tensor]
        assert held[row.tensor, row.level] == (outer, inner)


def test_reuse_bars_stack_on_a_logarithmic_axis():
    comparison = builders.comparison()
    figure = draw("reuse", reuse_rows([small()]))
    tops = [max(p.get_y() + p.get_height() for p in axes.patches) for axes in figure.axes]
    assert tops == pytest.approx([60.5, 64, 36])
    assert {axes.get_yscale() for axes in figure.axes} == {"log"}
    assert "reuse" in figures(findings(comparison))


def test_tiles_stand_against_the_capacity_of_their_memory():
    # Below the scratchpad's nodes: weights m 4, c 4, s 3; inputs c 4, s 3; outputs m 4.
    found = findings(replace(builders.comparison(small().architecture), results=(small(),)))
    rows = tile_rows(found.reasons)
    taken = {(r["memory"], r["tensor"]): (r["taken_words"], r["capacity_words"]) for r in rows}
    assert taken["Scratchpad weights", "weights"] == (48, 224)
    assert taken["Scratchpad inputs", "inputs"] == (12, 12)
    assert taken["Scratchpad outputs", "outputs"] == (4, 24)
    figure = draw("tiles", rows)
    panel = next(axes for axes in figure.axes if axes.get_title() == "Scratchpad weights")
    assert [p.get_height() for p in panel.patches] == [48]
    assert list(panel.lines[0].get_ydata()) == [224, 224]
    assert panel.get_ylabel() == "tiles (words)"


def test_sensitivity_draws_what_was_found_and_what_is_still_open():
    found = findings(waiting())
    result, why = found.reasons[0]
    asked = (
        WhatIf("memory", "Buffer", "1 KiB", 90.0, 80.0, -0.1, -0.2),
        WhatIf("memory", "Buffer", "double", 100.0, 100.0, 0.0, 0.0),
        WhatIf("axis", "X", "1 position", None, 0.0, None, 0.0),
    )
    rows = sensitivity_rows([(result, replace(why, what_ifs=asked))])
    axes = draw("sensitivity", rows).axes[0]
    assert [p.get_width() for p in axes.patches] == pytest.approx([-10, 0])
    open_ = [line for line in axes.lines if line.get_label().startswith("possible")]
    assert [list(line.get_xdata()) for line in open_] == [pytest.approx([-20, -10])]
    assert [text.get_text().strip() for text in axes.texts] == ["-10.00", "0.00", "no mapping"]
    assert axes.get_xlabel() == "change of energy (%)"


def test_parts_of_a_pipelined_layer_add_up_to_its_time():
    from accelsim.report.stalls import timed_layers

    base = replace(builders.comparison(small().architecture), results=(small(),))
    timed = timed_layers(base)
    rows = figures(findings(base, timed=timed), ["latency"])["latency"].rows
    assert {row["depth"] for row in rows} == {"pipelined"}
    assert sum(row["cycles"] for row in rows) == pytest.approx(timed[0][1].cycles, abs=1)


@pytest.mark.parametrize("width", [SINGLE, DOUBLE])
def test_every_figure_fits_one_column_and_two(width):
    for name, drawn in figures(findings(waiting()), width=width).items():
        assert drawn.figure.get_size_inches()[0] == width, name


def test_every_figure_names_the_unit_of_what_it_measures():
    for name, drawn in figures(findings(waiting())).items():
        labels = [label for axes in drawn.figure.axes for label in (axes.get_ylabel(), axes.get_xlabel()) if label]
        assert any("(" in label for label in labels), name


@pytest.mark.parametrize("kind", ["svg", "pdf", "png"])
def test_pictures_are_the_same_bytes_every_time_and_undated(kind):
    once, again = figures(findings(waiting())), figures(findings(waiting()))
    for name, drawn in once.items():
        data = picture(drawn.figure, kind)
        assert data == picture(again[name].figure, kind), name
        assert b"Date" not in data
        assert b"dc:date" not in data


def test_the_csv_beside_a_figure_is_what_it_shows(tmp_path):
    comparison = waiting()
    save(comparison, tmp_path / "out")
    for name in ("energy_by_level", "losses", "reuse", "roofline_levels"):
        frame = comparison.figure_data(name)
        read = list(csv.DictReader(io.StringIO((tmp_path / "out" / "figures" / f"{name}.csv").read_text())))
        assert len(read) == len(frame)
        assert list(read[0]) == list(frame.columns)
        assert [row["machine"] for row in read] == list(frame["machine"])


def test_a_declaration_may_name_every_figure_there_is():
    assert set(DeclaredFigure.__args__) == set(CATALOGUE)


def test_figures_with_a_panel_per_machine_are_left_out_of_many_and_said_to_be():
    many = builders.comparison(*(builders.machine(f"m{i}") for i in range(MOST_PANELS + 1)))
    told = list(left_out(findings(many), ["losses", "layers"]))
    assert told == [f"The figure 'losses' is made of at most {MOST_PANELS} machines, not of {MOST_PANELS + 1}."]
    assert set(figures(findings(many), ["losses", "layers"])) == {"layers"}


@pytest.mark.parametrize(
    ("name", "more", "sentence"),
    [
        ("lossses", {}, "no figure 'lossses'; did you mean 'losses'?"),
        ("tiles", {}, "the figure 'tiles' shows one machine: pass machine= one of alpha, beta"),
        ("losses", {"machine": "alpa"}, "no machine 'alpa' in this figure; did you mean 'alpha'?"),
        ("sensitivity", {}, "nothing to draw in the figure 'sensitivity'"),
    ],
)
def test_a_figure_that_cannot_be_is_one_sentence(name, more, sentence):
    with pytest.raises(InputError) as caught:
        waiting().plot(name, **more)
    assert str(caught.value) == sentence
