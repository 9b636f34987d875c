"""Reports say what the evaluations say: totals by hand, files that read back, figures by their data."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from accelsim.errors import InfeasibleError, InputError
from accelsim.files import shipped
from accelsim.report import rows, searching
from accelsim.report.comparison import compare
from accelsim.report.contents import notes, summary_tables
from accelsim.report.declaration import load_declaration, render_declaration
from accelsim.report.export import render_csv, save, staged
from accelsim.report.figures import CATALOGUE, figures
from accelsim.report.layer_tables import layer_tables, machine_tables
from accelsim.report.markdown import render_report
from accelsim.report.numbers import energy_scale, percent, significant
from accelsim.report.reasons import Findings, findings
from accelsim.report.records import comparison_record, render_json, search_record
from accelsim.report.results import Settings
from accelsim.report.roofline import dram_bytes_per_second, peak_tops
from accelsim.report.side_by_side import SideBySide
from accelsim.report.single import evaluation_tables, significant_space
from accelsim.report.style import picture
from accelsim.report.tables import Column, Table, render_html, render_markdown, render_plain, render_rich
from accelsim.search.interface import SearchResult
from tests import builders

# fc1 is 4 x 6 and fc2 8 x 6 with one input vector: words 6 + 24 + 4 = 34 and 6 + 48 + 8 = 62, MACs 24 and 48.
# A word costs DRAM 200 (100 on beta), network 2, register 1; a MAC 1.
FC1 = 34 * 203 + 24
FC2 = 62 * 203 + 48


def mixed():
    """A physical pair of machines and a normalised one; beta cannot map fc1."""
    machines = (
        builders.machine("alpha", verified=False),
        builders.machine("beta", dram_energy=100.0),
        builders.machine("gamma", unit="MAC", bandwidth=None),
    )
    return builders.comparison(*machines, infeasible=(("beta", "fc1"),))


# --- numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1.000"),
        (0.99996, "1.000"),
        (9999.6, "10,000"),
        (123456.7, "123,500"),
        (0.012345, "0.01235"),
        (-2.5, "-2.500"),
        (1e-7, "1.000e-07"),
        (3.21e12, "3.210e+12"),
        (float("inf"), "inf"),
    ],
)
def test_measures_have_four_significant_digits(value, text):
    assert significant(value) == text


def test_energies_take_the_unit_of_the_largest():
    assert energy_scale([1.0, 2.5e9], "pJ") == (1e9, "mJ")
    assert energy_scale([2.5e9], "MAC") == (1e9, "G MAC")
    assert energy_scale([], "pJ") == (1.0, "pJ")
    assert energy_scale([0.25], "pJ") == (1.0, "pJ")


def test_shares_are_percent():
    assert percent(1 / 3) == "33.3"


def test_a_space_too_large_to_read_is_a_power_of_ten():
    assert significant_space(1234) == "1,234"
    assert significant_space(2 * 10**12) == "2e+12"
    assert significant_space(7 * 10**400) == "10^400"


# --- totals --------------------------------------------------------------------------------------------------------


def test_totals_add_layers_and_keep_operations_without_macs_apart():
    alpha = builders.comparison().totals[0]
    assert (alpha.macs, alpha.energy, alpha.cycles, alpha.dram_words) == (72, FC1 + FC2, 72, 34 + 62)
    assert dict(alpha.energy_by_component) == {"DRAM": 96 * 200, "Array": 96 * 2, "Register": 96, "MAC": 72}
    assert dict(alpha.energy_by_tensor) == {
        "inputs": 12 * 203,
        "weights": 72 * 203,
        "outputs": 12 * 203,
        "compute": 72,
    }
    pool = builders.comparison().vector_totals[0]
    assert (pool.macs, pool.operations, pool.dram_words) == (0, 16, 16 + 8)


def test_totals_count_every_repeat():
    machine = builders.machine()
    once = builders.result(builders.product("fc1"), machine)
    comparison = replace(builders.comparison(machine), results=(replace(once, repeat=3),))
    total = comparison.totals[0]
    assert (total.macs, total.energy, total.cycles, total.dram_words) == (72, 3 * FC1, 72, 102)


def test_throughput_and_utilization_follow_from_the_sums():
    alpha = builders.comparison().totals[0]
    # 72 MACs in 72 cycles of 5 ns on 4 units: 144 operations in 360 ns.
    assert alpha.tops == pytest.approx(144 / 360e-9 / 1e12)
    assert alpha.utilization == 72 / (4 * 72)


def test_a_total_that_lacks_a_layer_says_so_and_is_never_best():
    comparison = mixed()
    alpha, beta, _ = comparison.totals
    assert (alpha.complete, beta.complete, beta.infeasible, beta.mapped) == (True, False, ("fc1",), 1)
    assert beta.energy_per_mac < alpha.energy_per_mac
    text = render_plain(summary_tables(comparison)[0])
    assert "134.0!" in text
    assert "*" not in text
    assert "beta has no mapping for 1 of 2 layers (fc1): sums are over the others and not" in text


def test_the_best_machine_is_starred_where_machines_differ():
    cost = summary_tables(builders.comparison())[0]
    by_header = {column.header: column.cells for column in cost.columns}
    assert [cell.endswith("*") for cell in by_header["energy/MAC (pJ)"]] == [False, True]
    assert not any("*" in cell for cell in by_header["cycles"])


def test_units_never_share_a_table():
    for table in (*summary_tables(mixed()), *layer_tables(mixed())):
        names = set(table.columns[0].cells)
        assert names <= {"alpha", "beta"} or names == {"gamma"}


def test_notes_name_numbers_that_are_not_verified_and_gaps_that_are_open():
    comparison = mixed()
    assert "alpha: not verified against their source: DRAM.read_energy." in notes(comparison)
    assert "Proven best within their space: 5 of 5 mappings." in notes(comparison)
    first = comparison.results[0]
    opened = replace(first, certificate=builders.certificate(FC1, gap=0.02))
    gaps = notes(replace(comparison, results=(opened, *comparison.results[1:])))
    assert any("4 of 5 mappings; the lower bound is at most 2 % below the others" in note for note in gaps)


# --- tables --------------------------------------------------------------------------------------------------------


def test_every_table_fits_eighty_columns():
    long = builders.machine("a_machine_with_quite_a_long_name")
    big = tuple(builders.product(f"layer_with_a_long_name_{i}", m=2000 * i, k=4000, n=10) for i in (1, 2))
    comparison = builders.comparison(long, operations=big)
    evaluation = comparison.results[0].evaluation
    tables = [*summary_tables(comparison), *layer_tables(comparison), *machine_tables(comparison)]
    for table in (*tables, *evaluation_tables(evaluation)):
        assert max(map(len, render_plain(table).splitlines())) <= 80


def test_a_wide_table_repeats_its_key_and_loses_no_column():
    columns = (Column("key", ("a", "b"), left=True), *(Column(f"c{i}", (f"{i}" * 12, "1")) for i in range(9)))
    text = render_plain(Table("wide", columns, notes=("below all",)))
    assert text.count("key") == 2
    assert "wide (continued)" in text
    assert all(f"c{i}" in text for i in range(9))
    assert text.endswith("below all")


def test_markdown_and_html_escape_what_users_write():
    table = Table("t", (Column("layer", ("a|b <c> *d* _e_",), left=True),), notes=("<n>",))
    assert "| a\\|b &lt;c> \\*d\\* \\_e\\_ |" in render_markdown(table)
    assert '<td style="text-align:left">a|b &lt;c&gt; *d* _e_</td>' in render_html(table)


def test_rich_prints_the_same_cells():
    from rich.console import Console

    console = Console(file=io.StringIO(), width=80)
    table = summary_tables(mixed())[0]
    for part in render_rich(table, 80):
        console.print(part)
    text = console.file.getvalue()
    assert all(cell.strip() in text for row in table.rows for cell in row)


def test_rich_cuts_nothing_off_at_the_width_that_plain_text_needs():
    from rich.console import Console

    table = layer_tables(builders.comparison())[0]
    width = max(map(len, render_plain(table).splitlines()))
    console = Console(file=io.StringIO(), width=width)
    for part in render_rich(table, width):
        console.print(part)
    assert "…" not in console.file.getvalue()
    assert all(column.header.split(" (")[0] in console.file.getvalue() for column in table.columns)


# --- data frames, CSV, JSON ----------------------------------------------------------------------------------------


def test_frames_keep_counts_exact_integers():
    comparison = mixed()
    assert str(comparison.layers["macs"].dtype) == "Int64"
    assert str(comparison.accesses["reads"].dtype) == "Int64"
    assert list(comparison.layers["status"]).count("infeasible") == 1
    assert comparison.summary.loc[0, "energy"] == FC1 + FC2


def test_counts_beyond_64_bits_stay_exact():
    comparison = builders.comparison()
    first = comparison.results[0]
    huge = replace(first, certificate=replace(first.certificate, space=10**30 + 1))
    comparison = replace(comparison, results=(huge, *comparison.results[1:]))
    assert comparison.layers.loc[0, "space"] == 10**30 + 1
    assert json.loads(render_json(comparison_record(comparison)))["results"][0]["certificate"]["space"] == 10**30 + 1


def test_energies_of_the_accesses_add_up_to_the_layers():
    comparison = mixed()
    sums: dict[tuple[str, str], float] = {}
    for row in rows.access_rows(comparison):
        key = (row["machine"], row["layer"])
        sums[key] = sums.get(key, 0.0) + row["energy"]
    assert sums == {(r.machine, r.layer): r.evaluation.energy for r in comparison.results if r.evaluation}


@pytest.mark.parametrize("kind", ["summary", "layers", "accesses"])
def test_csv_reads_back_as_the_rows(kind):
    comparison = mixed()
    expected = rows.ROWS[kind](comparison)
    read = list(csv.DictReader(io.StringIO(render_csv(kind, comparison))))
    assert len(read) == len(expected)
    for row, back in zip(expected, read, strict=True):
        assert {name: "" if value is None else str(value) for name, value in row.items()} == {
            name: back[name] for name in row
        }


def test_the_json_is_the_documented_schema():
    record = json.loads(render_json(comparison_record(mixed())))
    assert (record["schema_version"], record["kind"]) == (1, "comparison")
    assert set(record) == {
        *("schema_version", "kind", "accelsim_version", "networks", "settings"),
        *("machines", "totals", "vector_totals", "results"),
    }
    mapped, infeasible = record["results"][0], next(r for r in record["results"] if r["status"] == "infeasible")
    assert set(mapped) == set(infeasible)
    assert infeasible["evaluation"] is None
    assert infeasible["reason"] == "fc1 on beta: Register needs 9 words, holds 4"
    documented = comparison_record.__globals__["__doc__"]
    for field in (*mapped, *mapped["evaluation"], *mapped["evaluation"]["counts"]):
        assert field in documented, field
    assert mapped["evaluation"]["mapping"].splitlines()[0] == "DRAM  keeps inputs weights outputs"


def test_json_has_no_numbers_that_json_lacks():
    evaluation = builders.comparison().results[0].evaluation
    odd = replace(builders.certificate(1.0), lower_bound=float("-inf"))
    text = render_json(search_record(SearchResult(evaluation.mapping, evaluation, odd)))
    assert json.loads(text)["certificate"]["lower_bound"] is None


def test_equal_comparisons_give_equal_files(tmp_path):
    save(mixed(), tmp_path / "one")
    save(mixed(), tmp_path / "two")
    one = tmp_path / "one"
    names = sorted(str(path.relative_to(one)) for path in one.rglob("*") if path.is_file())
    assert {"summary.csv", "layers.csv", "accesses.csv", "report.md", "result.json"} <= set(names)
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_the_report_links_only_files_that_are_there(tmp_path):
    written = {str(path.relative_to(tmp_path / "out")) for path in save(mixed(), tmp_path / "out")}
    text = (tmp_path / "out" / "report.md").read_text()
    linked = {part.partition(")")[0] for part in text.split("](")[1:]}
    assert linked <= written
    assert "- fc1 on beta: Register needs 9 words, holds 4" in text
    assert "not verified against their source" in text


def test_the_report_states_what_was_asked():
    asked = replace(builders.comparison(), settings=Settings(16, "edp", "timeloop", "row_stationary", 0.0, 5.0))
    text = render_report(Findings(asked, "A title"), {})
    assert text.startswith("# A title\n")
    assert (
        "Every layer at batch 16, mapped under dataflow row_stationary for least edp, counts by the convention "
        "'timeloop'; asked for proof, at most 5 s each." in text
    )


# --- the output directory ------------------------------------------------------------------------------------------


def half_write(folder, error):
    """Write one file of several, then fail."""
    (folder / "summary.csv").write_text("new")
    raise error


def test_output_is_complete_or_absent(tmp_path):
    target = tmp_path / "deep" / "out"
    with pytest.raises(RuntimeError), staged(target) as scratch:
        half_write(scratch, RuntimeError)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_an_existing_directory_as_it_was(tmp_path):
    (tmp_path / "summary.csv").write_text("old")
    with pytest.raises(KeyboardInterrupt), staged(tmp_path) as scratch:
        half_write(scratch, KeyboardInterrupt)
    assert [path.name for path in tmp_path.iterdir()] == ["summary.csv"]
    assert (tmp_path / "summary.csv").read_text() == "old"


def test_other_files_stay_and_old_ones_are_replaced(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "summary.csv").write_text("old")
    with staged(tmp_path) as scratch:
        (scratch / "summary.csv").write_text("new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"mine.txt": "mine", "summary.csv": "new"}


def test_a_new_directory_is_readable_by_others(tmp_path):
    with staged(tmp_path / "out") as scratch:
        (scratch / "a").write_text("1")
    reference = tmp_path / "reference"
    reference.mkdir()
    assert (tmp_path / "out").stat().st_mode == reference.stat().st_mode


@pytest.mark.parametrize("below", ["", "sub"])
def test_output_that_cannot_be_written_is_found_before_any_work(tmp_path, below):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="file"), staged(tmp_path / "file" / below):
        pytest.fail("the block must not run")


# --- figures -------------------------------------------------------------------------------------------------------


def stacks(axes):
    """Height of every stack of bars, by place."""
    sums: dict[float, float] = {}
    for bar in axes.patches:
        place = round(bar.get_x() + bar.get_width() / 2, 6)
        sums[place] = sums.get(place, 0.0) + bar.get_height()
    return sums


@pytest.mark.parametrize("by", ["level", "tensor"])
def test_stacked_bars_are_the_energy_per_mac(by):
    comparison = builders.comparison()
    axes = comparison.plot_energy(by).axes[0]
    expected = {float(i): t.energy_per_mac for i, t in enumerate(comparison.totals)}
    assert stacks(axes) == pytest.approx(expected)
    assert axes.get_ylabel() == "energy per MAC (pJ)"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["alpha", "beta"]


def test_series_differ_in_hatch_as_well_as_colour():
    bars = builders.comparison().plot_energy().axes[0].containers
    looks = {(bar.patches[0].get_facecolor(), bar.patches[0].get_hatch()) for bar in bars}
    assert len({colour for colour, _ in looks}) == len({hatch for _, hatch in looks}) == len(bars) == 4


def test_a_machine_that_lacks_a_layer_has_words_in_place_of_a_bar():
    axes = mixed().plot_energy(unit="pJ").axes[0]
    assert stacks(axes)[1.0] == 0
    assert [text.get_text() for text in axes.texts] == ["1 of 2 layers infeasible"]


def test_layers_are_drawn_with_throughput_and_utilization():
    above, below = mixed().plot_layers(unit="pJ").axes
    heights = [bar.get_height() for container in below.containers for bar in container]
    assert heights == [25.0, 25.0, 0.0, 25.0]
    assert [text.get_text() for text in above.texts] == ["infeasible"]
    assert (above.get_ylabel(), below.get_ylabel()) == ("throughput (TOPS)", "utilization (%)")


def test_many_layers_are_points_and_an_infeasible_one_is_a_cross():
    operations = tuple(builders.product(f"l{i}") for i in range(60))
    machines = (builders.machine("alpha"), builders.machine("beta"))
    comparison = builders.comparison(*machines, operations=operations, infeasible=(("beta", "l7"),))
    above, _ = comparison.plot_layers().axes
    assert not above.patches
    labels = [line.get_label() for line in above.lines]
    assert labels == ["alpha", "beta", "beta: infeasible"]
    assert len(above.lines[1].get_ydata()) == 60


def test_the_roofline_shows_layers_under_their_roof():
    comparison = builders.comparison(builders.machine("alpha"), builders.machine("gamma", bandwidth=None))
    axes = comparison.plot_roofline().axes[0]
    points = axes.lines[0]
    # fc1: 48 operations over 34 words of 2 bytes.
    assert list(points.get_xdata()) == pytest.approx([48 / 68, 96 / 124])
    assert list(points.get_ydata()) == pytest.approx([0.0004, 0.0004])
    roofs = {line.get_label(): list(line.get_ydata()) for line in axes.lines if len(line.get_ydata()) in (2, 3)}
    assert "alpha: 0.0016 TOPS, DRAM 1.6 GB/s" in roofs
    assert roofs["gamma: 0.0016 TOPS, DRAM bandwidth not stated: roof of compute only"] == [0.0016, 0.0016]


def test_roofs_follow_from_the_machine():
    machine = builders.machine()
    assert peak_tops(machine) == 2 * 4 * 200e6 / 1e12
    assert dram_bytes_per_second(machine) == 4 * 2 * 200e6
    assert dram_bytes_per_second(builders.machine(bandwidth=None)) is None
    dram = replace(machine.elements[0], shared_port=False, write_bandwidth=1.0)
    assert dram_bytes_per_second(replace(machine, elements=(dram, *machine.elements[1:]))) == 5 * 2 * 200e6


def test_units_never_share_a_figure():
    comparison = mixed()
    with pytest.raises(InputError) as caught:
        comparison.plot_energy()
    assert str(caught.value) == ("pJ and MAC-normalised machines never share a figure: pass unit='pJ' or unit='MAC'")
    drawn = figures(findings(comparison))
    both = set(CATALOGUE) - {"pareto", "tiles", "sensitivity"}  # one machine has no front, and nothing more was asked
    tiles = {f"tiles-pj-{name}" for name in ("alpha", "beta")} | {"tiles-mac-gamma"}
    assert set(drawn) == {f"{name}-{unit}" for name in both for unit in ("pj", "mac")} | tiles
    for figure in drawn.values():
        assert len({row.get("energy_unit") for row in figure.rows}) == 1
        assert {row["machine"] for row in figure.rows} in ({"alpha", "beta"}, {"alpha"}, {"beta"}, {"gamma"})


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"network": "nett"}, "no network 'nett' in this comparison; did you mean 'net'?"),
        ({"unit": "MAC"}, "unit must be one of pJ, not 'MAC'"),
        ({"by": "layer"}, "by must be one of level, tensor, not 'layer'"),
    ],
)
def test_figures_refuse_what_is_not_there(arguments, sentence):
    with pytest.raises(InputError) as caught:
        builders.comparison().plot_energy(**arguments)
    assert str(caught.value) == sentence


def test_a_network_that_no_machine_maps_has_no_figures():
    machine = builders.machine()
    comparison = builders.comparison(machine, infeasible=(("toy", "fc1"), ("toy", "fc2")))
    assert figures(findings(comparison)) == {}
    assert "infeasible" in render_plain(summary_tables(comparison)[0])


def test_nothing_is_written_smaller_than_seven_points():
    from matplotlib.text import Text

    for drawn in figures(findings(mixed())).values():
        picture(drawn.figure, "png")
        sizes = [text.get_fontsize() for text in drawn.figure.findobj(Text) if text.get_text()]
        assert min(sizes) >= 7


def test_figures_leave_matplotlib_as_it_was():
    code = (
        "import sys, matplotlib; before = matplotlib.rcParams.copy()\n"
        "from tests import builders\n"
        "builders.comparison().plot_energy()\n"
        "assert matplotlib.rcParams.copy() == before\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


# --- searching -----------------------------------------------------------------------------------------------------


def answer(operation, architecture):
    """What a search would return; fc2 has no mapping."""
    if operation.bounds[0][1] == 8:
        return InfeasibleError(f"{operation.name} on {architecture.name}: Register needs 9 words, holds 4")
    evaluation = builders.evaluation(operation, architecture)
    return SearchResult(evaluation.mapping, evaluation, builders.certificate(evaluation.energy))


def test_an_infeasible_layer_is_a_result_with_its_reason(monkeypatch):
    monkeypatch.setattr(searching, "_searched", lambda pairs, *_: [answer(*pair) for pair in pairs])
    machine = builders.machine()
    wanted = [builders.result(builders.product(n, m=m), machine, reason="to do") for n, m in (("fc1", 4), ("fc2", 8))]
    first, second = searching.complete(wanted, Settings())
    assert first.evaluation is not None
    assert (second.evaluation, second.reason) == (None, "fc2 on toy: Register needs 9 words, holds 4")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"batch": 0}, "batch must be at least 1, not 0"),
        ({"objective": "power"}, "objective must be one of energy, latency, edp, not 'power'"),
        ({"gap": 1.5}, "gap must be at least 0 and below 1, not 1.5"),
        ({"seconds": 0}, "seconds must be more than 0, not 0"),
        ({"convention": "timelop"}, "no convention 'timelop'; did you mean 'timeloop'?"),
    ],
)
def test_settings_that_no_search_could_follow_are_refused(settings, sentence):
    with pytest.raises(InputError) as caught:
        compare("alexnet", "eyeriss", **settings)
    assert str(caught.value) == sentence


def test_two_machines_of_one_name_are_refused():
    with pytest.raises(InputError) as caught:
        compare("lenet5", ["eyeriss", "eyeriss"])
    assert str(caught.value) == "every machine must have a name of its own; 'eyeriss' is there twice"


def test_nothing_to_compare_is_refused():
    with pytest.raises(InputError, match="at least one network and one machine"):
        compare("lenet5", [])


# --- side by side --------------------------------------------------------------------------------------------------


def test_a_count_that_differs_is_marked():
    counts = builders.comparison().results[0].evaluation.counts
    other = replace(counts, networks=(replace(counts.networks[0], sent=7), *counts.networks[1:]))
    both = SideBySide("fc1", "toy", counts, other, outputs_equal=True)
    assert not both.counts_equal
    text = render_plain(both.table())
    assert [line.split() for line in text.splitlines() if line.endswith("NO")] == [
        ["Array", "inputs", "sent", "6", "7", "NO"]
    ]
    assert "counts: DIFFERENT; outputs: equal to NumPy's" in text


def test_order_of_rows_is_no_difference():
    counts = builders.comparison().results[0].evaluation.counts
    other = replace(counts, tensors=counts.tensors[::-1], networks=counts.networks[::-1])
    assert SideBySide("fc1", "toy", counts, other, outputs_equal=True).agrees
    assert not SideBySide("fc1", "toy", counts, other, outputs_equal=False).agrees


# --- declarations --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", sorted(n for n, path in shipped("reports").items() if "\naxes:" not in path.read_text())
)
def test_every_shipped_report_names_what_ships(name):
    declaration = load_declaration(name)
    assert declaration.name == name
    assert set(declaration.networks) <= set(shipped("workloads"))
    assert set(declaration.machines) <= set(shipped("architectures"))
    assert declaration.source
    assert render_declaration(declaration).startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: r\nnetworks: [a, a]\nmachines: [a]\n", "r.yaml:2: networks must name each once, not 'a' twice"),
        (
            "name: r\naxes: {}\n",
            "r.yaml:2: a file with axes is a study, not a report: 'accelsim sweep' runs it",
        ),
        (
            "name: r\nnetworks: [a]\nmachine: [a]\n",
            "r.yaml:3: machine is not a known field; did you mean 'machines'?",
        ),
        (
            "name: r\nnetworks: [a]\nmachines: [b]\nbatch: 0\n",
            "r.yaml:4: batch must be at least 1, not 0",
        ),
        (
            "name: r\nnetworks: [a]\nmachines: [b]\nobjective: enrgy\n",
            "r.yaml:4: objective must be one of energy, latency, edp, not 'enrgy'; did you mean 'energy'?",
        ),
    ],
)
def test_a_wrong_report_file_is_one_sentence(tmp_path, monkeypatch, text, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        load_declaration("r.yaml")
    assert str(caught.value) == sentence
