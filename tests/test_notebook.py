"""Notebooks: every noun shows itself, escaped and the same in every run; the shipped ones run and say what is true."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import accelsim
from accelsim.mapping.dataflow_files import load_dataflow
from accelsim.report import notebook
from accelsim.report.explaining import explanation_sentences
from accelsim.report.notebook import (
    architecture_html,
    certificate_html,
    counts_html,
    dataflow_html,
    evaluation_html,
    explanation_html,
    front_html,
    mapping_html,
    network_html,
    search_html,
    timing_html,
)
from accelsim.search.interface import SearchResult
from accelsim.search.pareto import Front
from tests import builders

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "docs/notebooks").glob("*.ipynb"))
EVIL = "<script>alert(1)</script>"


class Text(HTMLParser):
    """What a browser would show, and the tags that it met."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def found() -> SearchResult:
    layer = accelsim.load_layer(ROOT / "docs/examples/small.yaml").operation()
    return accelsim.best_mapping(layer, "ws16x16", cache=False)


# --- nouns ---------------------------------------------------------------------------------------------------------


def test_a_mapping_and_an_evaluation_show_nest_cost_and_counts(found: SearchResult) -> None:
    assert Text(mapping_html(found.mapping)).text == str(found.mapping)
    shown = Text(evaluation_html(found.evaluation))
    for part in (str(found.mapping), "energy per MAC", "words over all instances", "18,432"):
        assert part in shown.text
    assert shown.tags.count("table") == 5
    assert Text(counts_html(found.evaluation.counts)).tags.count("table") == 2


def test_a_certificate_says_how_sure_it_is_and_nothing_that_changes(found: SearchResult) -> None:
    slower = replace(found.certificate, seconds=found.certificate.seconds + 1)
    assert certificate_html(slower) == certificate_html(found.certificate)
    assert "Proven: no mapping of the space is better." in certificate_html(builders.certificate(1.0))
    assert search_html(found).endswith(certificate_html(found.certificate))


def test_a_machine_a_dataflow_and_a_network_show_what_show_prints() -> None:
    eyeriss = Text(architecture_html(accelsim.load_architecture("eyeriss"))).text
    assert "GlobalBuffer" in eyeriss
    assert "unverified" in eyeriss
    assert Text(dataflow_html(load_dataflow("row_stationary"))).text.startswith("name: row_stationary\n")
    network = Text(network_html(accelsim.load_network("alexnet")))
    assert "60,954,656" in network.text
    assert network.tags.count("tr") == 1 + 11 + 1


def test_explanations_fronts_and_timings_show_their_tables(found: SearchResult) -> None:
    layer = accelsim.load_layer(ROOT / "docs/examples/small.yaml").operation()
    machine = accelsim.load_architecture("ws16x16")
    why = accelsim.explain(found, layer, machine, "energy", seconds=0)
    assert all(sentence in Text(explanation_html(why)).text for sentence in explanation_sentences(why))
    assert "small on ws16x16" in front_html(Front((found,), True))
    assert "compute" in timing_html(accelsim.steady_timing(layer, machine, found.mapping))


def test_a_comparison_shows_tables_bars_and_notes() -> None:
    shown = Text(builders.comparison()._repr_html_())
    assert shown.tags.count("table") == 4
    assert "energy by level, pJ per MAC" in shown.text
    assert "Proven best within their space" in shown.text


def test_a_drawn_nest_shows_capacities(found: SearchResult) -> None:
    layer = accelsim.load_layer(ROOT / "docs/examples/small.yaml").operation()
    drawn = accelsim.draw_nest(layer, accelsim.load_architecture("ws16x16"), found.mapping)
    assert " of 65,536 words" in Text(drawn._repr_html_()).text


def test_names_from_files_are_text_and_never_tags(found: SearchResult) -> None:
    machine = replace(accelsim.load_architecture("ws16x16"), name=EVIL, description=EVIL)
    network = replace(accelsim.load_network("lenet5"), name=EVIL, source=EVIL)
    evaluation = replace(found.evaluation, operation=EVIL, architecture=EVIL)
    comparison = builders.comparison(replace(builders.machine("alpha"), name=EVIL))
    pieces = (
        architecture_html(machine),
        network_html(network),
        dataflow_html(replace(load_dataflow("any"), name=EVIL, description=EVIL)),
        evaluation_html(evaluation),
        front_html(Front((replace(found, evaluation=evaluation),), True)),
        comparison._repr_html_(),
    )
    for html in pieces:
        assert "<script" not in html
        assert EVIL in Text(html).text


def test_pages_keep_their_own_colours(found: SearchResult) -> None:
    """No black on black: text and ground are the page's; only patterns of bars are coloured."""
    for html in (search_html(found), builders.comparison()._repr_html_()):
        assert "background" not in html
        coloured = re.findall(r"<span style='color:[^']*'>([^<]*)</span>", html)
        assert html.count("color:") == len(coloured)
        assert all(set(text) <= set(notebook.PATTERNS) for text in coloured)


def test_every_noun_of_the_registry_exists() -> None:
    import importlib

    for module, name, render in notebook._HTML:
        assert isinstance(getattr(importlib.import_module(module), name), type)
        assert callable(render)


# --- the shipped notebooks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_shipped_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code alone, cell by cell; tests/extras runs it in Jupyter and compares every output."""
    monkeypatch.chdir(tmp_path)
    names = run(path)
    if path.stem == "class_exercise":
        check_the_second_question(names)


def run(path: Path) -> dict[str, Any]:
    """The names that the cells of a notebook leave."""
    names: dict[str, Any] = {"__name__": "notebook", "display": lambda *values: None}
    for number, cell in enumerate(json.loads(path.read_text())["cells"]):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"{path.name} cell {number}", "exec"), names)
    return names


def check_the_second_question(names: dict[str, Any]) -> None:
    """With 150 words no nest fits; with c outermost 36 inputs, 36 weights and all 64 outputs do, and DRAM moves the
    same words, because the sums stay."""
    layer, machine = names["layer"], names["machine"]
    small = replace(
        machine, elements=tuple(replace(e, capacity_words=150) if e.name == "Buffer" else e for e in machine.elements)
    )
    for nest in names["nests"].values():
        with pytest.raises(accelsim.MappingError, match="Buffer needs 208 words, holds 150"):
            accelsim.evaluate(layer, small, nest)
    lines = names["NESTS"]["weight stationary"].strip().splitlines()
    lines.insert(1, lines.pop(3))
    moved = accelsim.parse_mapping("\n".join(lines))
    assert "136 of 150 words" in str(accelsim.draw_nest(layer, small, moved))
    at_dram = [row for row in accelsim.evaluate(layer, small, moved).counts.tensors if row.level == "DRAM"]
    before = [row for row in names["costs"]["weight stationary"].counts.tensors if row.level == "DRAM"]
    assert [row.total for row in at_dram] == [row.total for row in before]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_shipped_notebook_is_executed_and_says_nothing_of_the_machine_it_ran_on(path: Path) -> None:
    stored = json.loads(path.read_text())
    code = [cell for cell in stored["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert outputs
    assert not any(output["output_type"] == "error" for output in outputs)
    assert not re.search(r"/(home|root|tmp|work|usr)/", path.read_text())
    assert stored["metadata"]["kernelspec"]["name"] == "python3"


def test_the_two_notebooks_are_there() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["architect_study", "class_exercise"]
