"""Fronts, knees, bests and sensitivities against hand-worked and brute-force answers; figures by their data."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sweep_cases import STUDY, ran, written

from accelsim.errors import InputError
from accelsim.report.undominated import undominated
from accelsim.sweep.figures import drawings
from accelsim.sweep.frame import Table
from accelsim.sweep.pareto import best, fronts
from accelsim.sweep.report import write_report
from accelsim.sweep.sensitivity import sensitivities
from accelsim.sweep.study import parse_study
from accelsim.sweep.tables import best_table, front_table, sensitivity_table

TEXT = """\
name: made
base: toy
axes:
  clock: [1 MHz, 2 MHz]
  array: {rows: [1, 2, 3]}
  batch: [1, 2]
networks: [alexnet]
"""


def table_of(*points: tuple[str, int, int, float, float], text: str = TEXT, unit: str = "pJ") -> Table:
    """A table of (clock, rows, batch, latency, energy), without any run."""
    rows: list[dict[str, Any]] = [
        {
            "point": i, "network": "alexnet", "clock": clock, "rows": rows, "batch": batch, "status": "mapped",
            "reason": "", "energy_unit": unit, "latency_s": latency, "energy": energy, "macs": 10 * batch,
            "energy_per_mac": energy / (10 * batch), "gap": 0.0, "energy_at_DRAM": energy,
        }
        for i, (clock, rows, batch, latency, energy) in enumerate(points)
    ]  # fmt: skip
    return Table(parse_study(text, "made.yaml"), tuple(rows), ())


CURVE = table_of(
    ("1 MHz", 1, 1, 10.0, 1.0),
    ("1 MHz", 2, 1, 4.0, 2.0),
    ("1 MHz", 3, 1, 1.0, 11.0),
    ("2 MHz", 1, 1, 10.0, 5.0),  # as slow as the first, at more energy
    ("2 MHz", 2, 1, 4.0, 2.0),  # equal to the second: both are on the front
    ("2 MHz", 3, 1, 5.0, 3.0),
    ("1 MHz", 1, 2, 0.5, 0.5),  # another batch is other work
)


def test_a_front_by_hand() -> None:
    front, other = fronts(CURVE, ["latency", "energy"])
    assert [row["point"] for row in front.rows] == [2, 1, 4, 0]
    assert (front.among, other.among) == (6, 1)
    assert front.title == "alexnet, batch 1"
    # Scaled: (0, 1), (1/3, 0.1), (1, 0): the second lies 1 - 1/3 - 0.1 below the line, the ends on it.
    assert front.knee is not None
    assert front.knee["point"] == 1
    assert other.knee is None


@given(st.lists(st.tuples(*[st.integers(0, 6)] * 2), max_size=30))
def test_a_front_is_what_no_other_point_beats(points: list[tuple[int, int]]) -> None:
    def beaten(point: tuple[int, int]) -> bool:
        return any(o != point and o[0] <= point[0] and o[1] <= point[1] for o in points)

    assert undominated(points) == [i for i, point in enumerate(points) if not beaten(point)]


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3), max_size=25))
def test_a_front_in_three_columns(points: list[tuple[int, int, int]]) -> None:
    def beaten(point: tuple[int, int, int]) -> bool:
        return any(o != point and all(a <= b for a, b in zip(o, point, strict=True)) for o in points)

    assert undominated(points) == [i for i, point in enumerate(points) if not beaten(point)]


def test_where_and_columns_are_checked() -> None:
    (front,) = fronts(CURVE, ["energy", "latency_s"], "rows < 3 and clock < 2 and batch = 1")
    assert [row["point"] for row in front.rows] == [0, 1]
    with pytest.raises(
        InputError, match=r"^'area_mm < 3' names 'area_mm', which is no column; did you mean 'area_mm2'"
    ):
        fronts(CURVE, ["energy", "latency"], "area_mm < 3")
    with pytest.raises(InputError, match=r"^'enrgy' names 'enrgy', which is no column; did you mean 'energy'"):
        fronts(CURVE, ["enrgy", "latency"])
    with pytest.raises(InputError, match=r"^a front needs 2 to 4 different columns, not energy, energy$"):
        fronts(CURVE, ["energy", "energy"])
    assert fronts(CURVE, ["energy", "area_mm2"]) == ()  # no point states it


def test_units_never_share_a_front() -> None:
    mixed = Table(CURVE.study, (*CURVE.rows[:2], {**CURVE.rows[2], "energy_unit": "MAC"}), ())
    assert [front.among for front in fronts(mixed, ["latency", "energy"])] == [2, 1]


def test_larger_throughput_is_better() -> None:
    rows = tuple({**row, "tops": 1 / row["latency_s"]} for row in CURVE.rows[:3])
    (front,) = fronts(Table(CURVE.study, rows, ()), ["tops", "energy"])
    assert [row["point"] for row in front.rows] == [2, 1, 0]
    assert best(rows, "tops") == rows[2]


def test_a_knee_needs_a_bend() -> None:
    """Ends on a line, and a point above it: no knee."""
    straight = table_of(("1 MHz", 1, 1, 0.0, 10.0), ("1 MHz", 2, 1, 6.0, 6.0), ("1 MHz", 3, 1, 10.0, 0.0))
    (front,) = fronts(straight, ["latency", "energy"])
    assert len(front.rows) == 3
    assert front.knee is None


def test_sensitivity_by_hand() -> None:
    """Rows 2 against 1: energy 2/1 at 1 MHz and 8/2 at 2 MHz: mean sqrt(2 x 4), least 2, most 4; rows 3: 1/1 alone."""
    table = table_of(
        ("1 MHz", 1, 1, 1.0, 1.0), ("1 MHz", 2, 1, 1.0, 2.0), ("1 MHz", 3, 1, 1.0, 1.0),
        ("2 MHz", 1, 1, 1.0, 2.0), ("2 MHz", 2, 1, 1.0, 8.0),
    )  # fmt: skip
    clock, rows = sorted(sensitivities(table, "energy"), key=lambda one: one.axis)
    assert (rows.axis, rows.reference) == ("rows", 1)
    two, three = rows.effects
    assert (two.value, two.groups, two.least, two.most) == (2, 2, 2.0, 4.0)
    assert two.mean == pytest.approx(8**0.5)
    assert (three.value, three.groups, three.mean) == (3, 1, 1.0)
    assert (clock.axis, clock.effects[0].least, clock.effects[0].most) == ("clock", 2.0, 4.0)
    assert sensitivity_table(rows).columns[0].cells == ("2", "3")


def test_batches_are_compared_per_mac_alone() -> None:
    table = table_of(("1 MHz", 1, 1, 1.0, 10.0), ("1 MHz", 1, 2, 1.0, 10.0))
    assert sensitivities(table, "energy") == ()
    (batch,) = sensitivities(table, "energy_per_mac")
    assert (batch.axis, batch.effects[0].mean) == ("batch", pytest.approx(0.5))


def test_the_best_under_budgets() -> None:
    table = table_of(*[("1 MHz", r, 1, float(r), 10.0 / r) for r in (1, 2, 3)],
                     text=TEXT + "budgets: [rows < 3, latency_s < 1.5, rows > 9]\n")  # fmt: skip
    (found,) = best_table(table, "energy")
    assert [column.cells for column in found.columns][:2] == [("any", "rows < 3", "latency_s < 1.5"), ("2", "1", "0")]
    assert found.notes == ("No point satisfies rows > 9.",)


def test_a_front_as_a_table_has_units_and_marks_the_knee() -> None:
    front = fronts(CURVE, ["latency", "energy"])[0]
    table = front_table(CURVE, front)
    assert [column.header for column in table.columns] == ["point", "clock", "rows", "latency (s)", "energy (pJ)", ""]
    assert table.columns[-1].cells == ("", "knee", "", "")


def test_figures_show_their_data(tmp_path: Path) -> None:
    """Points, front and knee on the axes are the rows of the figure's CSV."""
    _, table = ran(written(tmp_path), tmp_path / "out")
    by_name = {drawing.name: drawing for drawing in drawings(table)}
    assert sorted(by_name) == [
        "heat-tiny-pj", "scatter-tiny-pj", "stack-capacity-tiny-pj", "stack-cols-tiny-pj", "stack-rows-tiny-pj",
    ]  # fmt: skip
    scatter = by_name["scatter-tiny-pj"]
    axes = scatter.draw().axes[0]
    drawn = {(float(x), float(y)) for line in axes.lines[:-1] for x, y in zip(*line.get_data(), strict=True)}
    assert {(row["latency_s"], row["energy"]) for row in table.mapped} <= drawn
    assert axes.get_xlabel() == "latency (s)"
    assert axes.get_ylabel() == "energy (pJ)"
    stack = by_name["stack-capacity-tiny-pj"]
    axes = stack.draw().axes[0]
    tops = [0.0] * len(stack.rows)
    for container in axes.containers:
        tops = [top + bar.get_height() for top, bar in zip(tops, container, strict=True)]
    assert tops == pytest.approx([row["energy_per_mac"] for row in stack.rows])
    heat = by_name["heat-tiny-pj"]
    image = heat.draw().axes[0].images[0].get_array()
    assert image is not None
    assert sorted(image.flatten().tolist()) == pytest.approx(sorted(row["energy"] for row in heat.rows))


def test_a_report_names_only_files_that_are_there(tmp_path: Path) -> None:
    _, table = ran(written(tmp_path, STUDY + "title: A trial\nbudgets: [pes < 5]\n"), tmp_path / "out")
    names = write_report(table, tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text()
    assert text.startswith("# A trial\n")
    for name in names:
        assert (tmp_path / "out" / name).stat().st_size > 0
    import re

    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert link in names, link
    for heading in ("## Points", "## Fronts", "## Best points", "## What each axis does", "## Figures"):
        assert f"\n{heading}\n" in text
    with (tmp_path / "out" / "points.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 12
    again = {name: (tmp_path / "out" / name).read_bytes() for name in names}
    write_report(table, tmp_path / "out")
    assert again == {name: (tmp_path / "out" / name).read_bytes() for name in names}
