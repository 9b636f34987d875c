"""The interactive report in the browser: quiet, what it shows is what Python says, and every control does its part."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest

import accelsim
from accelsim.report.comparison import Comparison
from accelsim.report.export import data_files
from accelsim.report.numbers import count, energy_scale, percent, significant
from accelsim.report.page.page import render_report_page
from accelsim.report.reasons import Findings, findings
from tests import builders

Open = Callable[..., Any]
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def page_of(found: Findings) -> str:
    return render_report_page(found, data_files(found))


@pytest.fixture(scope="module")
def lenet() -> Findings:
    """LeNet-5 on two machines, with what more of them would buy for F6."""
    compared = accelsim.compare("lenet5", ["ws256", "rs256"], batch=4, gap=0.5, cache=False)
    return findings(compared, "LeNet", what_if=["F6"])


@pytest.fixture(scope="module")
def lenet_page(lenet: Findings) -> str:
    return page_of(lenet)


def mixed() -> Comparison:
    """Machines of both units; beta cannot map fc1."""
    machines = (
        builders.machine("alpha"),
        builders.machine("beta", dram_energy=100.0),
        builders.machine("gamma", unit="MAC", bandwidth=None),
    )
    return builders.comparison(*machines, infeasible=(("beta", "fc1"),))


def cells(page: Any, table: str) -> list[list[str]]:
    """Text of every row of a table's body."""
    script = "(rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent))"
    return list(page.eval_on_selector_all(f"{table} tbody tr", script))


def column(page: Any, table: str, index: int) -> list[str]:
    return [row[index] for row in cells(page, table)]


def heads(page: Any, table: str) -> list[str]:
    return [text.strip() for text in page.locator(f"{table} thead th button").all_inner_texts()]


SUMMARY, LAYERS = "#overview .grid", "#layers .grid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 800, 1280])
def test_it_opens_quietly_and_axe_finds_nothing_serious(
    open_page: Open, lenet_page: str, width: int, scheme: str
) -> None:
    opened = open_page(lenet_page, width=width, scheme=scheme)
    opened.page.locator(f"{LAYERS} a", has_text="F6").first.click()
    opened.page.locator("#provenance details").first.locator("summary").click()
    assert opened.grave_findings() == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    opened.assert_quiet()


def test_numbers_read_as_python_writes_them(open_page: Open, lenet_page: str) -> None:
    drawn = random.Random(7)
    values = [drawn.choice((1, -1)) * drawn.uniform(1, 10) * 10 ** drawn.randint(-12, 14) for _ in range(3000)]
    ties = [0.5, 2.5, 12345.0, 12355.0, 1234.5, 1235.5, 0.0625, 99995.0, 0.99995, 9999.5, 1e-5, 0.00012345, 0.0, 21.0]
    values += ties + [-value for value in ties]
    source = (files("accelsim.report.page") / "numbers.js").read_text()
    script = f"(values) => {{ {source}; return values.map((v) => [significant(v), significant(v, 3), percent(v)]); }}"
    shown = open_page(lenet_page).page.evaluate(script, values)
    assert shown == [[significant(v), significant(v, 3), percent(v).replace("-0.0", "0.0")] for v in values]


def test_the_summary_is_the_api_s(open_page: Open, lenet: Findings, lenet_page: str) -> None:
    frame = lenet.comparison.summary
    factor, unit = energy_scale(frame["energy"], "MAC")
    page = open_page(lenet_page).page
    assert heads(page, SUMMARY)[1] == f"energy ({unit})"
    for shown, (_, row) in zip(cells(page, SUMMARY), frame.iterrows(), strict=True):
        assert [text.rstrip("*") for text in shown] == [
            row["machine"],
            significant(row["energy"] / factor),
            significant(row["energy_per_mac"]),
            count(row["cycles"]),
            significant(1e3 * row["seconds"]),
            significant(row["tops"]),
            percent(row["utilization"]),
            significant(row["dram_words_per_mac"]),
        ]
    best = frame["energy"].idxmin()
    assert [text.endswith("*") for text in column(page, SUMMARY, 1)] == [i == best for i in frame.index]


def test_every_layer_is_the_api_s(open_page: Open, lenet: Findings, lenet_page: str) -> None:
    frame = lenet.comparison.layers
    factor, _ = energy_scale(frame["energy"], "MAC")
    page = open_page(lenet_page).page
    shown = cells(page, LAYERS)
    assert len(shown) == len(frame)
    for text, (_, row) in zip(shown, frame.iterrows(), strict=True):
        assert text[:2] == [row["layer"], row["machine"]]
        assert text[3] == count(row["macs"])
        assert text[4] == significant(row["energy"] / factor)
        assert text[6] == count(row["cycles"])
        assert text[10] == row["bound_by"]
        if row["macs"]:
            assert text[5] == significant(row["energy_per_mac"])
            assert text[7] == significant(row["tops"])
            assert text[8] == percent(row["utilization"])


def test_a_column_sorts_up_then_down_then_as_it_was(open_page: Open, lenet: Findings, lenet_page: str) -> None:
    page = open_page(lenet_page).page
    cycles = [count(value) for value in lenet.comparison.layers["cycles"]]
    head = page.locator(f"{LAYERS} th", has_text="cycles")
    button = head.locator("button")
    orders = []
    for state in ("ascending", "descending", "none"):
        button.focus()
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == state
        orders.append(column(page, LAYERS, 6))
    number = sorted(lenet.comparison.layers["cycles"])
    assert orders == [[count(v) for v in number], [count(v) for v in reversed(number)], cycles]


def test_what_has_no_value_sorts_last_both_ways(open_page: Open, lenet_page: str) -> None:
    page = open_page(lenet_page).page
    button = page.locator(f"{LAYERS} th", has_text="TOPS").locator("button")
    for _ in range(2):
        button.click()
        texts = column(page, LAYERS, 7)
        without = [text == "-" for text in texts]
        assert any(without)
        assert without == sorted(without)


@pytest.mark.parametrize(
    ("head", "text", "keeps"),
    [
        ("layer", "c", lambda row: "c" in row["layer"].lower()),
        ("machine", "RS", lambda row: row["machine"] == "rs256"),
        ("cycles", ">1,000", lambda row: row["cycles"] > 1000),
        ("cycles", "100..5000", lambda row: 100 <= row["cycles"] <= 5000),
        ("MACs", "=0", lambda row: row["macs"] == 0),
        ("utilization (%)", "<=50", lambda row: row["utilization"] <= 0.5),
    ],
)
def test_a_filter_keeps_what_it_says(
    open_page: Open, lenet: Findings, lenet_page: str, head: str, text: str, keeps: Callable[[Any], bool]
) -> None:
    page = open_page(lenet_page).page
    page.get_by_label(f"Filter {head}", exact=True).last.fill(text)
    wanted = [[row["layer"], row["machine"]] for _, row in lenet.comparison.layers.iterrows() if keeps(row)]
    assert wanted
    assert [row[:2] for row in cells(page, LAYERS)] == wanted
    assert page.locator("#layers [role=status]").inner_text().startswith(f"{len(wanted)} of ")


def test_a_filter_that_cannot_be_read_says_so_and_hides_nothing(open_page: Open, lenet_page: str) -> None:
    page = open_page(lenet_page).page
    rows = len(cells(page, LAYERS))
    field = page.get_by_label("Filter cycles", exact=True).last
    field.fill(">x")
    assert field.get_attribute("aria-invalid") == "true"
    assert len(cells(page, LAYERS)) == rows
    field.fill(">1")
    assert field.get_attribute("aria-invalid") is None


def test_hiding_a_machine_hides_it_in_tables_and_charts(open_page: Open, lenet_page: str) -> None:
    page = open_page(lenet_page).page
    bars = page.locator("figure >> nth=0").locator(".bar")
    assert bars.count() == 2
    page.get_by_label("ws256", exact=True).uncheck()
    assert bars.count() == 1
    assert column(page, SUMMARY, 0) == ["rs256"]
    assert set(column(page, LAYERS, 1)) == {"rs256"}
    page.get_by_role("button", name="All").click()
    assert column(page, SUMMARY, 0) == ["ws256", "rs256"]


def test_the_text_filter_of_layers_reaches_table_and_chart(open_page: Open, lenet_page: str) -> None:
    page = open_page(lenet_page).page
    page.get_by_label("Layer names").fill("f6")
    assert column(page, LAYERS, 0) == ["F6", "F6"]
    assert page.locator("figure >> nth=1").locator(".bar").count() == 1


def test_bars_say_what_the_figures_rows_say(open_page: Open, lenet: Findings, lenet_page: str) -> None:
    page = open_page(lenet_page).page
    chart = page.locator("figure >> nth=0")
    rows = lenet.comparison.figure_data("energy_by_level")
    for i, machine in enumerate(("ws256", "rs256")):
        mine = rows[rows["machine"] == machine]
        told = ", ".join(
            f"{n} {significant(v)}" for n, v in zip(mine["level"], mine["energy_per_mac"], strict=True) if v
        )
        assert (
            chart.locator(".bar").nth(i).get_attribute("aria-label") == f"{machine}: {told} (energy per MAC (MAC = 1))"
        )
    chart.get_by_label("Show").select_option("reuse")
    first = chart.locator(".bar").first.get_attribute("aria-label")
    reuse = lenet.comparison.figure_data("reuse")
    mine = reuse[(reuse["machine"] == "ws256") & (reuse["tensor"] == "inputs") & (reuse["reuse"] != 1)]
    assert first.startswith(
        "ws256: " + ", ".join(f"{n} {significant(v)}" for n, v in zip(mine["place"], mine["reuse"], strict=True))
    )


def test_heights_of_bars_are_in_proportion(open_page: Open, lenet: Findings, lenet_page: str) -> None:
    page = open_page(lenet_page).page
    heights = "[...bar.querySelectorAll('.part')].reduce((sum, part) => sum + part.getBBox().height, 0)"
    script = f"(bars) => bars.map((bar) => {heights})"
    low, high = page.locator("figure >> nth=0").locator(".bar").evaluate_all(script)
    one, other = (total.energy_per_mac for total in lenet.comparison.totals)
    assert low / high == pytest.approx(one / other, rel=1e-3)


def test_the_way_down_by_keyboard_alone(open_page: Open, lenet: Findings, lenet_page: str) -> None:
    from playwright.sync_api import expect

    page = open_page(lenet_page).page
    first = page.locator("figure >> nth=0").locator(".bar").first
    first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    crumbs = page.locator(".crumbs li")
    expect(crumbs).to_have_text(["lenet5", "rs256"])
    assert page.locator("figure >> nth=1").locator("h3").inner_text() == "Layers of lenet5 on rs256"
    page.locator("#detail td a, #detail th a", has_text="F6").focus()
    page.keyboard.press("Enter")
    expect(crumbs).to_have_text(["lenet5", "rs256", "F6"])
    page.locator("#detail .inline a", has_text="GlobalBuffer").focus()
    page.keyboard.press("Enter")
    expect(crumbs).to_have_text(["lenet5", "rs256", "F6", "GlobalBuffer"])
    page.go_back()
    expect(crumbs).to_have_text(["lenet5", "rs256", "F6"])


def opened_layer(open_page: Open, page: str, *path: str) -> Any:
    opened = open_page(page)
    opened.page.evaluate("(hash) => { location.hash = hash; }", "#/" + "/".join(path))
    opened.page.wait_for_selector("#detail h3")
    return opened.page


def result_of(found: Findings, machine: str, layer: str) -> Any:
    return next(r for r in found.comparison.results if (r.machine, r.layer) == (machine, layer))


def test_every_count_of_a_layer_is_the_api_s(open_page: Open, lenet: Findings, lenet_page: str) -> None:
    for machine in ("ws256", "rs256"):
        for layer in ("C1", "C3", "F6"):
            page = opened_layer(open_page, lenet_page, "lenet5", machine, layer)
            counts = result_of(lenet, machine, layer).evaluation.counts
            tables = {t.locator("caption").inner_text(): t for t in page.locator("#detail table").all()}
            script = (
                "(table) => [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent))"
            )
            assert tables["words over all instances"].evaluate(script) == [
                [t.level, t.tensor, *map(count, (t.total.reads, t.total.fills, t.total.updates, t.total.drains)),
                 *map(count, (t.distinct, t.tile_words, t.instances))]
                for t in counts.tensors
            ]  # fmt: skip
            assert tables["words through the networks"].evaluate(script) == [
                [n.fanout, n.tensor, count(n.sent), count(n.delivered)] for n in counts.networks
            ]


def test_a_level_shows_its_counts_alone_and_its_lines_of_the_nest(
    open_page: Open, lenet: Findings, lenet_page: str
) -> None:
    page = opened_layer(open_page, lenet_page, "lenet5", "rs256", "C3", "Register")
    mapping = result_of(lenet, "rs256", "C3").evaluation.mapping
    assert page.locator(".nest").inner_text().rstrip("\n") == str(mapping)
    marked = [text.strip() for text in page.locator(".nest .chosen").all_inner_texts()]
    assert marked == [line.strip() for line in str(mapping).splitlines() if line.strip().startswith("Register")]
    table = page.locator("#detail table", has=page.locator("caption", has_text="words over all instances"))
    assert set(table.locator("tbody th").all_inner_texts()) == {"Register"}


def test_reasons_and_what_more_buys_are_the_explanation_s(open_page: Open, lenet: Findings, lenet_page: str) -> None:
    from accelsim.report.explaining import explanation_sentences

    page = opened_layer(open_page, lenet_page, "lenet5", "rs256", "F6")
    why = lenet.reason(result_of(lenet, "rs256", "F6"))
    assert why is not None
    assert why.what_ifs
    assert page.locator("#detail h4 + ul:not(.inline) li").all_inner_texts() == list(explanation_sentences(why))
    table = page.locator("#detail table", has=page.locator("caption", has_text="change of energy"))
    names = [
        (row.locator("th").inner_text(), row.locator("td").first.inner_text())
        for row in table.locator("tbody tr").all()
    ]
    assert names == [(what.what, what.more) for what in why.what_ifs]
    assert "partial nests looked at. The space:" in page.locator("#detail").inner_text()


def test_an_address_opens_what_it_names_and_nonsense_changes_nothing(open_page: Open, lenet_page: str) -> None:
    page = opened_layer(open_page, lenet_page, "lenet5", "ws256", "C1")
    assert page.locator("#detail h3").inner_text() == "C1 on ws256"
    page.evaluate("() => { location.hash = '#/nothing/%zz'; }")
    page.wait_for_timeout(50)
    assert page.locator("#detail h3").inner_text() == "C1 on ws256"


def test_saved_files_are_the_report_s_to_the_byte(open_page: Open, lenet: Findings, lenet_page: str) -> None:
    opened = open_page(lenet_page)
    for name, content in data_files(lenet).items():
        with opened.page.expect_download() as coming:
            opened.page.get_by_role("button", name=name, exact=True).click()
        assert coming.value.suggested_filename == name
        assert coming.value.path().read_bytes() == content
    opened.assert_quiet()


def test_units_never_share_a_chart_and_the_choice_moves_everything(open_page: Open) -> None:
    page = open_page(page_of(findings(mixed()))).page
    assert column(page, SUMMARY, 0) == ["alpha", "beta"]
    page.get_by_label("Network").select_option("net (MAC)")
    assert column(page, SUMMARY, 0) == ["gamma"]
    assert set(column(page, LAYERS, 1)) == {"gamma"}
    assert page.locator("figure >> nth=0").locator(".bar").count() == 1


def test_a_layer_without_a_mapping_says_why_everywhere(open_page: Open) -> None:
    opened = open_page(page_of(findings(mixed())))
    page = opened.page
    reason = "fc1 on beta: Register needs 9 words, holds 4"
    assert page.locator("#overview .notice li").all_inner_texts() == [reason]
    assert cells(page, SUMMARY)[1][-1] == "fc1"
    assert cells(page, SUMMARY)[1][1].endswith("!")
    assert not any(text.endswith("*") for row in cells(page, SUMMARY) for text in row)
    assert page.locator("figure >> nth=0").locator(".note").inner_html() == "1 of 2 layers infeasible"
    page.locator(f"{LAYERS} tr", has_text="infeasible").locator("a").click()
    assert page.locator("#detail .notice").inner_text() == f"No mapping: {reason}"
    assert opened.grave_findings() == []
    opened.assert_quiet()


def test_names_of_users_stay_text_everywhere(open_page: Open) -> None:
    machine = replace(builders.machine(EVIL[:40]), description=EVIL)
    operations = (builders.product(EVIL), builders.product(f"{EVIL} two", m=8))
    found = builders.comparison(machine, operations=operations, network=EVIL, infeasible=((EVIL[:40], EVIL),))
    opened = open_page(page_of(replace(findings(found, EVIL), source=EVIL)))
    page = opened.page
    assert page.locator("h1").inner_text() == EVIL
    for link in ("#layers tbody tr >> nth=1", "#layers tbody tr >> nth=0"):
        page.locator(link).locator("a").click()
        assert EVIL in page.locator("#detail h3").inner_text()
    chart = page.locator("figure >> nth=0")
    for kind in ("energy_by_tensor", "latency", "losses", "reuse"):
        chart.get_by_label("Show").select_option(kind)
    assert page.evaluate("document.querySelectorAll('main img, main script:not(.data)').length") == 0
    opened.assert_quiet()


def test_print_leaves_out_what_only_a_screen_can_use(open_page: Open, lenet_page: str) -> None:
    page = open_page(lenet_page).page
    page.emulate_media(media="print")
    assert not page.locator(".filters").is_visible()
    assert not page.locator(f"{LAYERS} thead input").first.is_visible()
    assert page.locator(f"{LAYERS} tbody tr").first.is_visible()
    assert page.locator("figure >> nth=0").locator(".chart").is_visible()


def test_many_rows_come_in_part_and_all_on_demand(open_page: Open) -> None:
    operations = tuple(builders.product(f"l{i}") for i in range(150))
    found = builders.comparison(*(builders.machine(name) for name in ("alpha", "beta")), operations=operations)
    page = open_page(page_of(findings(found))).page
    assert len(cells(page, LAYERS)) == 200
    assert page.locator("#layers [role=status]").inner_text() == "200 of 300 rows (300 match)"
    page.get_by_role("button", name="Show all rows").last.click()
    assert len(cells(page, LAYERS)) == 300


def test_data_of_the_page_is_what_json_says(open_page: Open, lenet: Findings, lenet_page: str) -> None:
    held = open_page(lenet_page).page.evaluate(
        "JSON.parse(document.querySelector('#overview > script.data').textContent)"
    )
    record = json.loads(data_files(lenet)["result.json"])
    for detail, result in zip(held["details"], record["results"], strict=True):
        assert detail["nest"] == result["evaluation"]["mapping"]
        energies = [[e["component"], e["kind"], e["tensor"], e["energy"]] for e in result["evaluation"]["energies"]]
        assert [part[:4] for part in detail["energies"]] == energies
