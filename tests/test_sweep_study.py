"""What a study may say, which points it has, and that a typo stops it on its line before anything runs."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from sweep_cases import STUDY, written

from accelsim.architecture.files import load_architecture
from accelsim.architecture.variation import Change, load_base, varied
from accelsim.cli.main import main
from accelsim.errors import InputError
from accelsim.files import shipped
from accelsim.sweep.describe import render_study
from accelsim.sweep.expression import parse_expression
from accelsim.sweep.points import Builder, Refusal, grid, shown
from accelsim.sweep.sampling import halton_choices, random_choices, sample
from accelsim.sweep.study import Study, load_study
from accelsim.sweep.values import expanded, number


def study_of(folder: Path, text: str = STUDY) -> Study:
    return load_study(str(written(folder, text)))


# A range is its first value, and then each value by the step, up to and with the last.
@pytest.mark.parametrize(
    ("stated", "values"),
    [
        ([1, 2, 4], (1, 2, 4)),
        ("8..11", (8, 9, 10, 11)),
        (["8 .. 64", "x2"], (8, 16, 32, 64)),
        (["8 .. 60", "x2"], (8, 16, 32)),
        (["2 .. 8", "+3"], (2, 5, 8)),
        (["32 KiB .. 128 KiB", "x2"], ("32 KiB", "64 KiB", "128 KiB")),
        (["1 KiB .. 2 KiB", "+0.5 KiB"], ("1 KiB", "1.5 KiB", "2 KiB")),
        (["0.5 GB/s .. 2 GB/s", "x2"], ("0.5 GB/s", "1 GB/s", "2 GB/s")),
        ([16, "32 .. 128", "x2", 192], (16, 32, 64, 128, 192)),
        (["ws256", "rs256"], ("ws256", "rs256")),
        (7, (7,)),
    ],
)
def test_values_are_lists_and_ranges(stated: object, values: tuple[object, ...]) -> None:
    assert expanded(stated) == values


@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        (["1 KiB .. 2 MiB", "x2"], "a range must have one unit, not '1 KiB .. 2 MiB'"),
        (["32 KiB .. 64 KiB"], "a range of amounts must have a step such as x2 or +32 KiB"),
        (["x2"], "a step such as 'x2' must follow a range such as 8..64 or [32 KiB .. 512 KiB, x2]"),
        (["8 .. 2"], "a range must not end before it begins: '8 .. 2'"),
        (["1 .. 4", "x1"], "the step of '1 .. 4' must lead from its start to its end, not 'x1'"),
        (["0 .. 4", "x2"], "the step of '0 .. 4' must lead from its start to its end, not 'x2'"),
        (["1 KiB .. 4 KiB", "+1"], "the step of '1 KiB .. 4 KiB' must be in KiB, not '+1'"),
        (["1 .. 900000"], "a range must have at most 100,000 values, and '1 .. 900000' has more"),
        ([4, 4], "values must differ, not be 4 twice"),
    ],
)
def test_a_range_that_is_none_is_a_sentence(stated: object, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        expanded(stated)
    assert str(caught.value) == sentence


def test_amounts_count_as_numbers() -> None:
    assert [number(v) for v in ("2 KiB", "16 b", "8 words", "1 GHz", "6 MAC", "4 words/cycle", "0.5 mm2")] == [
        2048, 2, 8, 1000, 6, 4, 0.5,
    ]  # fmt: skip
    assert number("row_stationary") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("rows * cols = 256", True),
        ("rows*cols==256 and not rows > 8", True),
        ("rows + 2 ** 3 // 3", 10),
        ("max(rows, cols) / min(rows, cols)", 4.0),
        ("name = 'rs'", True),
        ("4 < rows < 9", True),
        ("log2(rows)", 3.0),
        ("area < 10", None),  # a column that the row has not
    ],
)
def test_expressions(text: str, value: object) -> None:
    assert parse_expression(text)({"rows": 8, "cols": 32, "name": "rs", "area": None}) == value


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("rows +", "'rows +' is no expression such as 'rows * cols == 256'"),
        ("rows.real", "'rows.real' must be made of numbers, names, + - * / ** and comparisons"),
        ("open('x')", "'open('x')' must be made of numbers, names, + - * / ** and comparisons"),
        ("[r for r in rows]", "'[r for r in rows]' must be made of numbers, names, + - * / ** and comparisons"),
        ("rowz > 1", "'rowz > 1' names 'rowz', which is no column; did you mean 'rows'?"),
        ("1 / (rows - 8)", "'1 / (rows - 8)' divides by zero"),
        ("rows < 'a'", "'rows < 'a'' has no value for rows = 8"),
        ("rows ** 9 ** 9", "'rows ** 9 ** 9' has no value for rows = 8"),
    ],
)
def test_an_expression_that_has_no_value_is_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_expression(text, ("rows", "cols"))({"rows": 8})
    assert str(caught.value) == sentence


def test_a_varied_machine_is_the_file_that_says_the_same(tmp_path: Path) -> None:
    """The same machine, once by paths and once as a file of its own that extends the base."""
    (tmp_path / "eyeriss.yaml").write_text(
        "name: eyeriss\nextends: eyeriss\nclock: 250 MHz\nsystolic: {rows: 6}\nelements:\n"
        "- {level: GlobalBuffer, capacity: 64 KiB}\n- {fanout: Array, axes: [{axis: Y, size: 6}]}\n"
        "- {level: Scratchpad, partitions: {weights: 100 words}}\n"
    )
    changes = [
        Change("levels.GlobalBuffer.capacity", "64 KiB"),
        Change("array.rows", 6),
        Change("levels.Scratchpad.partitions.weights", "100 words"),
        Change("clock", "250 MHz"),
    ]
    path = str(tmp_path / "eyeriss.yaml")
    assert varied(load_base("eyeriss", tmp_path), changes, path) == load_architecture(path)


def test_an_array_of_a_family_is_varied_by_rows_and_columns(tmp_path: Path) -> None:
    machine = varied(load_base("systolic_ws", tmp_path), [Change("array.rows", 8), Change("array.cols", 4)], "s")
    assert (machine.axes["Y"].size, machine.axes["X"].size, machine.mac_units) == (8, 4, 32)


def test_axes_span_a_grid_whose_last_varies_fastest(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    rows = [shown(study, choice) for choice in grid(study.axes)]
    assert [axis.name for axis in study.axes] == ["capacity", "rows", "cols"]
    assert rows[:3] == [
        {"capacity": "256 B", "rows": 2, "cols": 2},
        {"capacity": "256 B", "rows": 2, "cols": 4},
        {"capacity": "256 B", "rows": 4, "cols": 2},
    ]
    assert len(rows) == 3 * 2 * 2
    machine = Builder(study).machine((2, 1, 0))
    assert not isinstance(machine, Refusal)
    assert (machine.level("Buffer").capacity_words, machine.axes["Y"].size, machine.axes["X"].size) == (512, 4, 2)


def test_fields_may_follow_from_axes(tmp_path: Path) -> None:
    """256 words of buffer per PE: 2 B each, 4 x 2 PEs."""
    text = STUDY.replace("  levels.Buffer.capacity: [256 B .. 1024 B, x2]\n", "")
    study = study_of(tmp_path, text + 'set: {levels.Buffer.capacity: "{rows * cols * 256} words"}\n')
    machine = Builder(study).machine((1, 0))
    assert not isinstance(machine, Refusal)
    assert machine.level("Buffer").capacity_words == 4 * 2 * 256


def test_equal_area_holds_along_an_axis_of_pes(tmp_path: Path) -> None:
    """The rule of ISCA 2016: a buffer of 512 B per PE where registers are the reference's, as in the shipped files."""
    study = study_of(tmp_path, STUDY.split("axes:")[0].replace("base: ./toy.yaml\n", "") + (
        "axes:\n  machine: [rs256, ws256]\n  array.PE: [256, 512]\nnetworks: [lenet5]\n"
    ))  # fmt: skip
    builder = Builder(study)
    for name, at in (("rs", 0), ("ws", 1)):
        for pes, i in ((256, 0), (512, 1)):
            machine = builder.machine((at, i))
            assert not isinstance(machine, Refusal)
            expected = load_architecture(f"{name}{pes}").level("GlobalBuffer").capacity_words
            assert machine.level("GlobalBuffer").capacity_words == expected


def test_constraints_over_axes_and_machine_exclude_with_a_reason(tmp_path: Path) -> None:
    study = study_of(tmp_path, STUDY + "constraints: [rows * cols = 8, storage_bytes < 600]\n")
    builder = Builder(study)
    found = {choice: builder.machine(choice) for choice in grid(study.axes)}
    kept = [choice for choice, machine in found.items() if not isinstance(machine, Refusal)]
    # 8 PEs of 2 B each beside 256 or 512 B of buffer; 1024 B are too many.
    assert kept == [(0, 0, 1), (0, 1, 0), (1, 0, 1), (1, 1, 0)]
    assert found[0, 0, 0] == Refusal("excluded", "'rows * cols = 8' does not hold")
    assert found[2, 0, 1] == Refusal("excluded", "'storage_bytes < 600' does not hold")


def test_values_that_do_not_fit_each_other_make_an_invalid_point(tmp_path: Path) -> None:
    text = STUDY.replace("  array: {rows: [2, 4], cols: [2, 4]}", "  word: [16 b, 24 b]")
    study = study_of(tmp_path, text)
    path = tmp_path / "trial.yaml"
    machines = [Builder(study).machine(choice) for choice in grid(study.axes)]
    assert machines[1] == Refusal(
        "invalid", f"{path}:4: Buffer.capacity must be a whole number of 24-bit words, not '256 B'"
    )


def test_a_point_whose_constraint_needs_what_the_machine_does_not_state_is_invalid(tmp_path: Path) -> None:
    (tmp_path / "trial.yaml").write_text(
        "name: trial\nbase: ws16x16\naxes: {levels.GLB.capacity: [64 KiB]}\nnetworks: [lenet5]\n"
        "constraints: [area_mm2 < 3]\n"
    )
    study = load_study(str(tmp_path / "trial.yaml"))
    assert Builder(study).machine((0,)) == Refusal(
        "invalid", "constraint 'area_mm2 < 3' needs area_mm2, which the machine does not state"
    )


# (what is written instead of what, the line, what the sentence begins with)
TYPOS = [
    ("capacity", "capcity", 4, "elements.1.capcity is not a known field; did you mean 'capacity'?"),
    ("levels.Buffer", "levels.Bufer", 4, "toy has no 'Bufer' among its levels; did you mean 'Buffer'?"),
    ("levels.", "level.", 4, "axis level.Buffer.capacity must begin with one of levels, fanouts, compute, array, "
     "systolic, not 'level'; did you mean 'levels'?"),
    ("rows:", "rowz:", 5, "toy has no axis 'rowz' for 'array.rowz'; known: Y, X"),
    ("[2, 4], cols", "[2, four], cols", 5, "elements.2.axes.0.size must be a whole number, not 'four'"),
    ("256 B .. 1024 B, x2", "256 KB, 1 KiB", 4, "elements.1.capacity must be a capacity such as '108 KiB' or "
     "'512 words', not '256 KB'; write KiB (1024 B) or kB (1000 B)"),
    ("[256 B .. 1024 B, x2]", "256 B .. 1024 B", 4, "axis levels.Buffer.capacity: a range of amounts must have a step "
     "such as x2 or +256 B"),
    ("axes:", "axis:", 3, "axis is not a known field; did you mean 'axes'?"),
    ("./tiny.yaml", "lenet", 6, "no workload is called 'lenet'; did you mean 'lenet5'? (a file of your own ends in "
     ".yaml)"),
    ("./toy.yaml", "eyeris", 2, "no architecture is called 'eyeris'; did you mean 'eyeriss'? (a file of your own ends "
     "in .yaml)"),
    ("networks:", "constraints: [row * cols = 4]\nnetworks:", 6, "'row * cols = 4' names 'row', which is no column; "
     "did you mean 'rows'?"),
    ("networks:", "derived: {cost: enrgy * 2}\nnetworks:", 6, "'enrgy * 2' names 'enrgy', which is no column; did you "
     "mean 'energy'?"),
    ("networks:", "derived: {energy: rows}\nnetworks:", 6, "derived must have a name of its own, not 'energy'"),
    ("networks:", "derived: {share: energy_at_Bufer / energy}\nnetworks:", None, "'energy_at_Bufer / energy' names "
     "'energy_at_Bufer', which is no column; did you mean 'energy_at_Buffer'?"),
    ("networks:", "x: latncy_s\nnetworks:", 6, "'latncy_s' names 'latncy_s', which is no column; did you mean "
     "'latency_s'?"),
    ("networks:", "objective: enrgy\nnetworks:", 6, "objective must be one of energy, latency, edp, not 'enrgy'; "
     "did you mean 'energy'?"),
    ("networks:", "sample: {method: random}\nnetworks:", 6, "sample must say how many points with method random"),
    ("networks:", "set: {levels.Bufer.buffers: '2'}\nnetworks:", 6, "toy has no 'Bufer' among its levels; did you mean "
     "'Buffer'?"),
    ("  array:", "  dataflow: [row_stationry]\n  array:", 5, "dataflow must be one that ships or a .yaml file, not "
     "'row_stationry'; did you mean 'row_stationary'?"),
    ("  array:", "  bathc: [1]\n  array:", 5, "axis bathc must be one of clock, word, dataflow, vector_energy, "
     "other_area, machine, batch, sequence, phase, context, bits, not 'bathc'; did you mean 'batch'?"),
    ("  array:", "  energy: {field: clock, values: [1 GHz]}\n  array:", 5, "axis 'energy' is the name of a column; "
     "write NAME: {field:, values:}"),
    ("base: ./toy.yaml\n", "", 1, "a study needs either a base machine or an axis 'machine'"),
    ("[./tiny.yaml]", "[{network: ./tiny.yaml, phase: decode}]", 6, None),
]  # fmt: skip


@pytest.mark.parametrize(("was", "typo", "line", "sentence"), TYPOS, ids=[str(i) for i in range(len(TYPOS))])
def test_a_typo_stops_a_study_on_its_line(
    tmp_path: Path, was: str, typo: str, line: int | None, sentence: str | None
) -> None:
    assert was in STUDY
    with pytest.raises(InputError) as caught:
        study_of(tmp_path, STUDY.replace(was, typo))
    start = f"{tmp_path / 'trial.yaml'}:" + (" " if line is None else f"{line}: ")
    assert str(caught.value).startswith(start + (sentence or "")), str(caught.value)
    assert sentence is None or str(caught.value).split(" (and ")[0] == start + sentence


def test_samples_are_distinct_and_always_the_same(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    for choices in (random_choices, halton_choices):
        for wanted in (1, 5, 11, 12, 40):
            found = list(choices(study.axes, wanted, seed=3))
            assert found == list(choices(study.axes, wanted, seed=3))
            assert len(set(found)) == len(found) == min(wanted, 12)
            assert set(found) <= set(grid(study.axes))
        assert list(choices(study.axes, 6, seed=3)) != list(choices(study.axes, 6, seed=4))
        # A longer sample begins with the shorter one, so that a study can be extended.
    assert list(halton_choices(study.axes, 11, seed=3))[:5] == list(halton_choices(study.axes, 5, seed=3))


def test_a_quasirandom_sample_covers_each_axis_evenly(tmp_path: Path) -> None:
    """Base 2 along the first axis: of 2^k successive indices each of 2^k equal parts holds one, whatever the shift."""
    text = STUDY.replace("[256 B .. 1024 B, x2]", "[128 B, 256 B, 512 B, 1024 B]").replace("cols: [2, 4]", "cols: 1..9")
    axes = study_of(tmp_path, text).axes
    found = list(halton_choices(axes, 16, seed=1))
    counts = [sum(choice[0] == i for choice in found) for i in range(4)]
    assert max(counts) - min(counts) <= 2


def test_a_grid_may_be_cut_short(tmp_path: Path) -> None:
    study = study_of(tmp_path, STUDY + "sample: {points: 5}\n")
    assert list(sample(study)) == list(grid(study.axes))[:5]


STUDIES = [
    name for name, path in shipped("reports").items() if any(line.startswith("axes:") for line in path.open())
]  # fmt: skip


@pytest.mark.parametrize("name", STUDIES)
def test_every_shipped_study_loads_and_has_a_machine_at_every_point(name: str) -> None:
    study = load_study(name)
    builder = Builder(study)
    found = [builder.machine(choice) for choice in sample(study)]
    refused = [machine.reason for machine in found if isinstance(machine, Refusal) and machine.status == "invalid"]
    assert refused == []
    assert any(not isinstance(machine, Refusal) for machine in found)
    assert study.title
    assert study.name in render_study(study)


PAGE = (Path(__file__).parents[1] / "docs" / "sweeps.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_of_sweeps_runs_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its commands, one after the other, then its Python in the same folder; its study is the file that it names."""
    shutil.copytree(Path(__file__).parents[1] / "docs" / "examples", tmp_path / "docs" / "examples")
    monkeypatch.chdir(tmp_path)
    by_kind = dict(BLOCKS)
    assert by_kind["yaml"] == (tmp_path / "docs/examples/buffer_study.yaml").read_text()
    for line in by_kind["console"].splitlines():
        program, *arguments = shlex.split(line.removeprefix("$ "))
        assert program == "accelsim"
        assert main([*arguments, *(["--workers", "1"] if "--out" in arguments else [])]) == 0, line
    assert "lenet5: energy against latency_s" in capsys.readouterr().out
    names: dict[str, Any] = {}
    exec(compile(by_kind["python"], "sweeps.md", "exec"), names)
    assert names["front"].rows[0]["energy"] <= names["front"].rows[-1]["energy"]
    assert (tmp_path / "points.csv").read_text().count("\n") == 28
    for column in ("storage_area_bytes", "worst_gap", "dram_bytes", "latency_s"):
        assert column in names["table"].points
