"""The studies hold, their tolerances are as tight as they can be, and the page that shows them is not stale."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from accelsim.cli.main import main
from accelsim.mapping.parse import load_mapping
from accelsim.model.conventions import CONVENTIONS
from accelsim.model.evaluate import evaluate
from accelsim.validation.data import published, published_json
from accelsim.validation.judging import LADDER, deviation, out_of_tolerance, too_wide, unexplained, verdict
from accelsim.validation.page import PAGE, render_page
from accelsim.validation.registry import STUDIES, study
from accelsim.validation.study import Outcome, Part, Row, Study
from accelsim.validation.survey import dataflow_part
from accelsim.validation.tables import summary

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs" / "validation"


@cache
def outcome(name: str) -> Outcome:
    return study(name).run()


def one(**row: object) -> Outcome:
    return Outcome((Part("p", (replace(Row("a", "words", 102.0, 100.0), **row),)),))


@pytest.mark.parametrize("name", STUDIES)
def test_every_number_of_a_study_is_within_its_tolerance(name: str) -> None:
    assert out_of_tolerance(outcome(name)) == ()


@pytest.mark.parametrize("name", STUDIES)
def test_no_tolerance_is_wider_than_its_column_needs(name: str) -> None:
    assert too_wide(outcome(name)) == ()
    assert unexplained(outcome(name)) == ()


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_states_its_source_and_what_differs(name: str) -> None:
    declared = study(name)
    assert declared.name == name
    assert declared.source
    assert declared.differences


def test_the_page_is_what_the_studies_give_now() -> None:
    """Stale? make validation"""
    text = render_page([(study(name), outcome(name)) for name in STUDIES])
    assert text == (DOCS / PAGE).read_text()
    assert {path.stem for path in DOCS.glob("*.png")} == {name for name in STUDIES if study(name).figure}


def test_searched_mappings_never_cost_more_than_the_chips_own() -> None:
    totals = [row for row in outcome("eyeriss-searched").parts[0].rows if row.label.endswith(", all")]
    assert len(totals) == 5
    assert all(row.ours <= row.published for row in totals if row.ours and row.published)


def test_what_the_tpu_measured_lies_under_its_roof() -> None:
    roofs = next(part for part in outcome("tpu-v1").parts if part.title == "roofline")
    assert len(roofs.rows) == 6
    assert all(row.published <= row.ours for row in roofs.rows if row.ours and row.published)


def test_a_deviation_is_relative_to_the_published_or_to_a_scale() -> None:
    assert deviation(Row("a", "words", 98, 100)) == -0.02
    assert deviation(Row("a", "words", 98, 100, scale=1000)) == -0.002
    assert deviation(Row("a", "words", 0, 0)) == 0
    assert deviation(Row("a", "words", None, 1)) is None
    assert deviation(Row("a", "words", 1, 0)) == float("inf")


def test_what_is_infeasible_on_one_side_only_is_out() -> None:
    assert verdict(Row("a", "words", None, 5, tolerance=0.1)) == "OUT"
    assert verdict(Row("a", "words", 5, None, tolerance=0.1)) == "OUT"
    assert verdict(Row("a", "words", None, None, tolerance=0.1)) == "ok"
    assert verdict(Row("a", "words", None, 5)) == "shown"


def test_a_number_that_moves_out_or_comes_closer_is_named() -> None:
    assert out_of_tolerance(one(tolerance=0.02)) == ()
    assert out_of_tolerance(one(tolerance=0.01)) == ("p: a: 102 words, published 100, more than 1 % apart",)
    assert too_wide(one(tolerance=0.02)) == ()
    assert too_wide(one(tolerance=0.05)) == ("p, words: tolerance 0.05 can be tightened to 0.02",)
    assert unexplained(one(tolerance=0.2)) == ("a",)
    assert unexplained(one(tolerance=0.2, note="bars of a figure")) == ()
    assert max(LADDER) == 0.1


def test_the_command_exits_1_when_a_number_is_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = Study("bad", "A study", "a paper", (), lambda: one(tolerance=0.01))
    monkeypatch.setattr("accelsim.validation.registry.study", lambda name: bad)
    assert main(["validate", "bad"]) == 1
    shown = capsys.readouterr()
    assert "1 number judged: 1 out of tolerance." in shown.out
    assert shown.err == "out of tolerance: bad: p: a: 102 words, published 100, more than 1 % apart\n"


def test_the_command_prints_writes_and_draws_a_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new" / "folder"
    assert main(["validate", "tpu-v1", "--json", "--plot", "--out", str(folder)]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["schema_version"], record["kind"]) == (1, "validation")
    (found,) = record["studies"]
    peak = found["parts"][0]["rows"][0]
    assert (peak["label"], peak["published"], peak["verdict"]) == ("peak", 92.0, "ok")
    assert (found["name"], found["out_of_tolerance"]) == ("tpu-v1", [])
    assert sorted(path.name for path in folder.iterdir()) == [PAGE, "tpu-v1.png"]


def test_a_misspelt_study_is_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "eyeris-jssc17"]) == 2
    assert capsys.readouterr().err == ("accelsim: no study is called 'eyeris-jssc17'; did you mean 'eyeriss-jssc17'?\n")


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["validate", "tpu-v1", "--out", str(tmp_path / "file")]) == 2
    assert "must be a folder that can be written to" in capsys.readouterr().err


def test_figures_33_and_34_agree_with_themselves_whatever_the_unit() -> None:
    """The published energies, in another unit, are what the study's table shows; it waits for the dataflows' own."""
    for key in ("by_level", "by_type_conv", "by_type_fc"):
        records = published_json("survey/fig33_34.json")[key]
        energy = {
            (record["dataflow"], what): 7 * value
            for record in records
            for what, value in record.items()
            if what not in ("fig", "dataflow", "total")
        }
        part = dataflow_part("t", key, energy, tolerance=0.005)
        assert len(part.rows) == len(energy)
        assert out_of_tolerance(Outcome((part,))) == ()  # row stationary's total is printed as 0.997 or 1.003


def test_all_conventions_price_one_nest_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    import accelsim

    given = ["--layer", str(ROOT / "docs/examples/small.yaml"), "--arch", "eyeriss"]
    given += ["--mapping", str(ROOT / "docs/examples/small_nest.txt"), "--convention", "all"]
    assert main(["evaluate", *given]) == 0
    text = capsys.readouterr().out
    assert all(f"{name}: {view.description[:20]}" in text for name, view in CONVENTIONS.items())
    assert main(["evaluate", *given, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["kind"] == "conventions"
    layer, chip = accelsim.load_layer(given[1]).operation(), accelsim.load_architecture("eyeriss")
    nest = load_mapping(given[5])
    assert [e["convention"] for e in record["evaluations"]] == list(CONVENTIONS)
    for entry in record["evaluations"]:
        assert entry["energy"] == evaluate(layer, chip, nest, entry["convention"]).energy
    page = (ROOT / "docs" / "conventions.md").read_text()
    assert text.strip() in page  # the page shows what is printed now


def test_zigzag_and_scalesim_differ_from_ours_by_what_they_say() -> None:
    """small_nest by hand: 8 filters x 4 channels x 64 pixels x 9 taps = 18,432 MACs, each reads a sum before it adds;
    8 x 64 outputs on 3 PE rows are 1,536 sums, whose first read ours leaves out, and whose drain is a read."""
    import accelsim
    from accelsim.report.conventions import by_convention

    layer = accelsim.load_layer(ROOT / "docs/examples/small.yaml").operation()
    chip, nest = accelsim.load_architecture("eyeriss"), load_mapping(ROOT / "docs/examples/small_nest.txt")
    charged = {evaluation.convention: accesses for evaluation, accesses in by_convention(layer, chip, nest)}
    place = ("Scratchpad", "outputs")
    assert charged["zigzag"][place][0] == 18_432 + 1_536  # a read per MAC, and every sum once on its way out
    assert charged["ours"][place][0] == 18_432  # the first of each does not read
    assert charged["scalesim"][place] == (0, 0)
    assert charged["scalesim"]["GlobalBuffer", "outputs"] == (0, 512)


def test_published_data_is_found_by_name_and_misses_are_named() -> None:
    assert published("tpu_v1/apps.csv").is_file()
    from accelsim.errors import InputError

    with pytest.raises(InputError, match=r"^published data 'x\.csv' does not ship with this installation of accelsim$"):
        published("x.csv")


def test_a_summary_counts_what_is_judged() -> None:
    rows = (Row("a", "words", 1, 1, tolerance=0), Row("b", "words", 2, 1, tolerance=0), Row("c", "words", 2, None))
    assert summary(Outcome((Part("p", rows),))) == "2 numbers judged: 1 out of tolerance; 1 shown."
    assert summary(Outcome((Part("p", rows[2:]),))) == "Nothing judged; 1 shown."
