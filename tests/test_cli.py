"""The command line: what it prints (golden), how it ends, and what it leaves unimported."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import warnings
from hashlib import sha256
from pathlib import Path

import numba
import pytest

import accelsim
from accelsim.architecture.render import render_architecture
from accelsim.cli import main as cli_main
from accelsim.cli import output
from accelsim.cli.main import cli, main
from accelsim.cli.options import CONVENTIONS
from accelsim.errors import InfeasibleError
from accelsim.files import shipped
from accelsim.mapping.dataflow_files import render_dataflow
from accelsim.mapping.nest import Storage
from accelsim.mapping.parse import parse_mapping
from accelsim.model.conventions import CONVENTIONS as KNOWN_CONVENTIONS
from accelsim.report import searching
from accelsim.search import many
from accelsim.search.interface import SearchResult
from accelsim.workload.files import render_network
from tests import builders

ROOT = Path(__file__).parents[1]
HEAVY = ("numpy", "pandas", "pydantic", "matplotlib", "numba", "yaml", "rich")
SINGLE = ("--layer", "small.yaml", "--arch", "toy.yaml", "--mapping", "nest.txt")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a small machine, a layer, a network and a nest, to stand in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.yaml").write_text(builders.MACHINE_FILE)
    (tmp_path / "small.yaml").write_text(builders.LAYER_FILE)
    (tmp_path / "nest.txt").write_text(builders.NEST_FILE)
    (tmp_path / "fc.yaml").write_text("name: fc\ntype: fc\nM: 8\nC: 6\n")
    (tmp_path / "net.yaml").write_text(
        "name: net\nlayers:\n"
        "- {name: CONV, type: conv, M: 4, C: 2, H: 6, R: 3}\n"
        "- {name: POOL, type: pool, C: 4, H: 4, R: 2, U: 2}\n"
        "- {name: FC, type: fc, M: 8, C: 16}\n"
    )
    return tmp_path


@pytest.fixture
def quick_search(monkeypatch):
    """In place of a search: every layer costs what tests/builders says, and FC on any machine has no mapping."""

    def answer(operation, architecture):
        if "16" in str(operation.bounds):
            return InfeasibleError(f"{operation.name} on {architecture.name}: Register needs 17 words, holds 16")
        evaluation = builders.evaluation(operation, architecture)
        return SearchResult(evaluation.mapping, evaluation, builders.certificate(evaluation.energy))

    def searched(pairs, settings, workers, progress, cache):
        if progress is not None:
            progress(len(pairs), len(pairs))
        return [answer(*pair) for pair in pairs]

    monkeypatch.setattr(searching, "_searched", searched)


def run(*arguments, **options):
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "accelsim", *arguments], capture_output=True, text=True, timeout=120, **options
    )


# --- help ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["", *cli.commands])
def test_help(command, capsys, golden):
    assert main([*command.split(), "--help"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    golden(f"help_{command or 'accelsim'}.txt", text)


@pytest.mark.parametrize("command", list(cli.commands))
def test_the_help_of_every_command_has_an_example(command, capsys):
    main([command, "--help"])
    assert re.search(rf"Example:\n +accelsim {command} ", capsys.readouterr().out)


def test_the_help_names_every_convention():
    assert set(CONVENTIONS) == set(KNOWN_CONVENTIONS)


def test_without_arguments_it_prints_the_help(capsys):
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("Usage: accelsim")


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"accelsim {accelsim.__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["compare", "--help"], ["--version"], ["shwo"]])
def test_help_imports_nothing_heavy(arguments):
    code = (
        "import sys\nfrom accelsim.cli.main import main\n"
        f"main({arguments!r})\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr.splitlines()[-1] == ""


# --- public face ---------------------------------------------------------------------------------------------------


def test_all_is_true():
    assert sorted(accelsim.__all__) == accelsim.__all__ or accelsim.__all__[0] == "__version__"
    assert len(set(accelsim.__all__)) == len(accelsim.__all__)
    for name in accelsim.__all__:
        assert getattr(accelsim, name) is not None
    assert set(accelsim.__all__) <= set(dir(accelsim))


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(accelsim.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {name.name: node.module for node in block.body for name in node.names}
    assert seen == accelsim._MODULE_OF


def test_public_names_are_not_names_of_packages():
    folders = {path.name for path in Path(accelsim.__file__).parent.iterdir() if path.is_dir()}
    assert not folders & set(accelsim.__all__)


def test_importing_the_package_imports_nothing_else():
    code = "import sys, accelsim\nprint(*[name for name in sys.modules if name.startswith('accelsim.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == ""


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'accelsim' has no attribute 'comapre'"):
        accelsim.comapre  # noqa: B018


# --- list and show -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["architectures", "workloads", "dataflows", "reports"])
def test_list_names_all_that_ships(kind, capsys):
    assert main(["list", kind]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    named = {line.split()[0] for line in text.splitlines() if not line.startswith(" ")}
    assert named == set(shipped(kind))
    assert main(["list", kind, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["schema_version"], record["kind"], record["of"]) == (1, "list", kind)
    assert {entry["name"] for entry in record["entries"]} == set(shipped(kind))


def test_list_conventions(capsys):
    assert main(["list", "conventions"]) == 0
    assert {line.split()[0] for line in capsys.readouterr().out.splitlines() if line[0] != " "} == set(CONVENTIONS)


def test_show_draws_each_noun_as_its_own_renderer_does(folder, capsys):
    expected = {
        "toy.yaml": render_architecture(accelsim.load_architecture("toy.yaml")),
        "net.yaml": render_network(accelsim.load_network("net.yaml")),
        "row_stationary": render_dataflow(accelsim.load_dataflow("row_stationary")),
    }
    for name, text in expected.items():
        assert main(["show", name]) == 0
        assert capsys.readouterr().out == text.rstrip("\n") + "\n"


def test_show_report(capsys, golden):
    assert main(["show", "dataflows256"]) == 0
    golden("show_dataflows256.txt", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("eyeriss", "architecture"),
        ("small.yaml", "network"),
        ("alexnet", "network"),
        ("weight_stationary", "dataflow"),
        ("dataflows256", "report"),
    ],
)
def test_show_as_json(name, kind, folder, capsys):
    assert main(["show", name, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["schema_version"], record["kind"]) == (1, kind)
    assert record["value"]["name"] == record["name"]


# --- one nest ------------------------------------------------------------------------------------------------------


def test_evaluate(folder, capsys, golden):
    assert main(["evaluate", *SINGLE]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    golden("evaluate.txt", text)


def test_evaluate_counts_what_a_hand_count_gives(folder, capsys):
    assert main(["evaluate", *SINGLE, "--json"]) == 0
    evaluation = json.loads(capsys.readouterr().out)["evaluation"]
    counts = evaluation["counts"]
    # 4 filters of 2 x 3 x 3 over a 4 x 4 output: one PE per filter, so a step per (c, e, f, r, s).
    assert (counts["macs"], counts["steps"], counts["mac_instances"]) == (4 * 2 * 9 * 16, 2 * 9 * 16, 4)
    table = {(row["level"], row["tensor"]): row["total"] for row in counts["tensors"]}
    # The register of one weight is refilled at every step; weights pass the buffer by.
    assert table["DRAM", "weights"]["reads"] == table["Register", "weights"]["fills"] == 1152
    # The plane of 6 x 6 inputs is fetched once per channel, and read once per step for the four PEs.
    assert table["DRAM", "inputs"]["reads"] == table["Buffer", "inputs"]["fills"] == 72
    assert table["Buffer", "inputs"]["reads"] == 288
    # 64 sums leave once per channel; the second visit brings them back.
    assert table["Buffer", "outputs"]["updates"] == 128
    assert table["Register", "outputs"]["fills"] == 64
    assert evaluation["mapping"] + "\n" == builders.NEST_FILE


def test_simulate_prints_both_columns(folder, capsys, golden):
    assert main(["simulate", *SINGLE]) == 0
    text = capsys.readouterr().out
    assert text.rstrip().endswith("counts: all equal; outputs: equal to NumPy's")
    golden("simulate.txt", text)


def test_simulate_as_json(folder, capsys):
    assert main(["simulate", *SINGLE, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["kind"], record["outputs_equal"], record["counts_equal"]) == ("simulation", True, True)
    assert record["closed_form"]["macs"] == record["executed"]["macs"] == 1152


def test_a_layer_may_come_from_a_network_in_any_case(folder, capsys):
    arguments = ["evaluate", "--layer", "conv", "--network", "net.yaml", *SINGLE[2:], "--json"]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["evaluation"]["operation"] == "CONV"


def test_the_batch_multiplies_the_work(folder, capsys):
    (folder / "batch.txt").write_text(builders.NEST_FILE.replace("for c", "for n in 0..2 by 1\nfor c"))
    arguments = ["evaluate", *SINGLE[:4], "--mapping", "batch.txt", "--batch", "2", "--json"]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["evaluation"]["counts"]["macs"] == 2 * 1152


def test_map_prints_nest_cost_and_certificate(folder, capsys):
    assert main(["map", "fc.yaml", "--arch", "toy.yaml", "--steps", "perfect", "--gap", "0"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    drawn = text[: text.index("MAC\n") + 4]
    assert drawn.startswith("DRAM  keeps inputs weights outputs  # ")
    assert parse_mapping(drawn).nodes[0] == Storage("DRAM", "inputs")
    assert "energy per MAC" in text
    told = " ".join(text.split())
    assert re.search(
        r"Proven: no mapping of the space is better\. [\d,]+ partial nests looked at in [\d.e-]+ s\.", told
    )
    assert "steps divide what encloses them" in told


def test_map_as_json_gives_a_nest_that_evaluates_to_the_same_cost(folder, capsys):
    assert main(["map", "small.yaml", "--arch", "toy.yaml", "--seconds", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["certificate"]["lower_bound"] <= found["certificate"]["best"] == found["evaluation"]["energy"]
    (folder / "found.txt").write_text(found["evaluation"]["mapping"])
    assert main(["evaluate", *SINGLE[:4], "--mapping", "found.txt", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["evaluation"] == found["evaluation"]


def test_limits_of_map_hold_and_say_when_nothing_is_within_them(folder, capsys):
    arguments = ["map", "fc.yaml", "--arch", "toy.yaml", "--json"]
    assert main([*arguments, "--objective", "latency"]) == 0
    fastest = json.loads(capsys.readouterr().out)["evaluation"]
    assert main([*arguments, "--max-cycles", str(fastest["cycles"])]) == 0
    assert json.loads(capsys.readouterr().out)["evaluation"]["cycles"] == fastest["cycles"]
    assert main([*arguments, "--max-energy", "1"]) == 1
    assert capsys.readouterr().err.startswith("accelsim: fc on toy")
    assert main([*arguments, "--steps", "raged"]) == 2
    assert capsys.readouterr().err == (
        "accelsim: steps must be one of perfect, aligned, ragged, not 'raged'; did you mean 'ragged'?\n"
    )


def test_map_explains(folder, capsys):
    assert main(["map", "fc.yaml", "--arch", "toy.yaml", "--explain", "--workers", "1"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    for title in ("energy, and what it would be", "memories, per", "axes of", "cycles that each", "change of energy"):
        assert f"why: {title}" in text
    assert "Memories without limit would" in text
    assert main(["map", "fc.yaml", "--arch", "toy.yaml", "--explain", "--workers", "1", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["kind"] == "explanation"
    energies = record["explanation"]["energies"]
    assert sum(part["energy"] for part in energies) == pytest.approx(record["evaluation"]["energy"])


def test_map_prints_the_front(folder, capsys):
    assert main(["map", "fc.yaml", "--arch", "toy.yaml", "--pareto"]) == 0
    assert "best trade-offs of energy and cycles" in capsys.readouterr().out
    assert main(["map", "fc.yaml", "--arch", "toy.yaml", "--pareto", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    cycles = [point["evaluation"]["cycles"] for point in record["points"]]
    assert (record["kind"], cycles) == ("front", sorted(cycles, reverse=True))
    assert main(["map", "fc.yaml", "--arch", "toy.yaml", "--pareto", "--explain"]) == 2
    assert "goes with neither" in capsys.readouterr().err


def test_a_search_is_made_once_and_the_cache_says_so(folder, capsys, monkeypatch):
    monkeypatch.setenv("ACCELSIM_CACHE", str(folder / "kept"))
    asked = ["map", "fc.yaml", "--arch", "toy.yaml", "--json"]
    assert main([*asked, "--no-cache"]) == 0
    first = capsys.readouterr().out
    assert main(["cache"]) == 0
    assert capsys.readouterr().out.startswith("0 answers, ")
    assert main(asked) == 0
    monkeypatch.setattr(many, "search", lambda *_: pytest.fail("searched again"))
    assert main(asked) == 0
    assert capsys.readouterr().out == 2 * first
    assert main(["cache", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["answers"] == 1
    assert main(["cache", "--clear"]) == 0
    assert capsys.readouterr().out.startswith("0 answers, ")


def test_a_cache_that_cannot_be_used_is_one_sentence_and_no_obstacle(folder, capsys, monkeypatch):
    (folder / "file").write_text("")
    monkeypatch.setenv("ACCELSIM_CACHE", str(folder / "file"))
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main(["map", "fc.yaml", "--arch", "toy.yaml"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("DRAM  keeps")
    assert re.fullmatch(r"accelsim: .*the cache of searches cannot be used.*\(searching without it\)\n", captured.err)


def test_the_cache_may_be_off(capsys):
    assert main(["cache"]) == 2
    assert capsys.readouterr().err.startswith("accelsim: no answers are kept: ACCELSIM_CACHE switches it off")


def test_a_layer_without_a_mapping_ends_with_one(folder, capsys):
    tight = builders.MACHINE_FILE.replace("32 B", "2 B\n  keeps: {inputs: must, weights: must, outputs: must}")
    (folder / "tight.yaml").write_text(tight.replace("name: toy", "name: tight"))
    assert main(["map", "small.yaml", "--arch", "tight.yaml"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.fullmatch(r"accelsim: small on tight: .*Register.*\n", captured.err)
    assert (
        main(
            ["compare", "net.yaml", "--arch", "toy.yaml,tight.yaml", "--workers", "1", "--seconds", "1", "--out", "out"]
        )
        == 1
    )
    captured = capsys.readouterr()
    assert "tight has no mapping for 2 of 2 layers (CONV, FC): it maps none" in captured.out
    assert (folder / "out" / "report.md").exists()
    assert (folder / "out" / "figures" / "energy_by_level.png").exists()


def test_a_network_without_macs_has_tables_but_no_figures(folder, capsys):
    (folder / "pool.yaml").write_text("name: pool\ntype: pool\nC: 4\nH: 4\nR: 2\nU: 2\n")
    assert main(["run", "pool.yaml", "--arch", "toy.yaml", "--out", "out"]) == 0
    assert "operations without MACs" in capsys.readouterr().out
    names = {path.name for path in (folder / "out").iterdir()}
    data = {"summary.csv", "layers.csv", "accesses.csv", "result.json"}
    assert names == {*data, "report.md", "report.html", "figures"}
    assert list((folder / "out" / "figures").iterdir()) == []


# --- networks ------------------------------------------------------------------------------------------------------


def test_run_prints_a_row_per_layer(folder, quick_search, capsys, golden):
    assert main(["run", "net.yaml", "--arch", "toy.yaml", "--batch", "2"]) == 1
    captured = capsys.readouterr()
    assert max(map(len, captured.out.splitlines())) <= 80
    assert captured.err == ""
    golden("run.txt", captured.out)


def test_compare_prints_a_table_per_network_and_per_layer(folder, quick_search, capsys, golden):
    (folder / "other.yaml").write_text(builders.MACHINE_FILE.replace("toy", "other").replace("200 pJ", "100 pJ"))
    assert main(["compare", "net.yaml", "--arch", "toy.yaml,other.yaml"]) == 1
    golden("compare.txt", capsys.readouterr().out)


def test_compare_of_what_all_map_ends_with_zero(folder, quick_search, capsys):
    assert main(["compare", "small.yaml", "--arch", "toy.yaml"]) == 0
    assert "infeasible" not in capsys.readouterr().out


def test_compare_as_json_is_what_out_holds(folder, quick_search, capsys):
    assert main(["compare", "net.yaml", "--arch", "toy.yaml", "--json", "--out", "out"]) == 1
    captured = capsys.readouterr()
    assert captured.out == (folder / "out" / "result.json").read_text()
    written = sum(path.is_file() for path in (folder / "out").rglob("*"))
    assert captured.err == f"{written} files written to out\n"
    assert {path.suffix for path in (folder / "out" / "figures").iterdir()} == {".csv", ".svg", ".pdf", ".png"}


def test_a_declared_report_runs_and_options_replace_its_settings(folder, quick_search, capsys):
    (folder / "mine.yaml").write_text(
        "name: mine\nnetworks: [./small.yaml]\nmachines: [./toy.yaml]\nbatch: 3\nobjective: edp\n"
    )
    assert main(["compare", "--report", "mine.yaml", "--batch", "5", "--json"]) == 0
    settings = json.loads(capsys.readouterr().out)["settings"]
    assert (settings["batch"], settings["objective"]) == (5, "edp")


def test_a_report_is_a_folder_with_a_page_of_what_was_declared(folder, quick_search, capsys):
    (folder / "mine.yaml").write_text(
        "name: mine\ntitle: A & B\nnetworks: [./small.yaml]\nmachines: [./toy.yaml]\nwhat_if: none\nfigures: [losses]\n"
    )
    assert main(["report", "mine.yaml", "--batch", "5", "--out", "out"]) == 0
    assert "batch 5" in capsys.readouterr().out
    assert {path.stem for path in (folder / "out" / "figures").iterdir()} == {"losses"}
    page = (folder / "out" / "report.html").read_text()
    assert "<h1>A &amp; B</h1>" in page
    for name in ("mine.yaml", "small.yaml", "toy.yaml"):
        assert sha256((folder / name).read_bytes()).hexdigest() in page


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("figures: [lossses]", "mine.yaml:4: figures.0 must be one of energy_by_level"),
        ("what_if: CONV", "what_if must be none, largest, all or names of layers; no layer 'CONV'"),
        ("stalls: perhaps", "mine.yaml:4: stalls must be"),
    ],
)
def test_a_report_that_asks_for_what_is_not_there_is_one_sentence(folder, quick_search, capsys, more, sentence):
    (folder / "mine.yaml").write_text(f"name: mine\nnetworks: [./small.yaml]\nmachines: [./toy.yaml]\n{more}\n")
    assert main(["report", "mine.yaml", "--out", "out"]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"accelsim: {sentence}")
    assert captured.err.count("\n") == 1
    assert not (folder / "out").exists()


def test_what_more_would_buy_is_asked_only_of_layers_that_are_there(folder, quick_search, capsys):
    (folder / "mine.yaml").write_text("name: mine\nnetworks: [./small.yaml]\nmachines: [./toy.yaml]\n")
    assert main(["report", "mine.yaml", "--what-if", "smal", "--out", "out"]) == 2
    assert capsys.readouterr().err == (
        "accelsim: what_if must be none, largest, all or names of layers; no layer 'smal'; did you mean 'small'?\n"
    )
    assert not (folder / "out").exists()


def test_the_same_in_python(folder):
    result = accelsim.run("fc.yaml", "toy.yaml", workers=1)
    assert list(result.layers["layer"]) == ["fc"]
    assert result.summary.loc[0, "macs"] == 48
    assert result.plot_energy().axes[0].get_title() == "fc"
    found = accelsim.best_mapping(accelsim.load_layer("fc.yaml"), "toy.yaml")
    assert result.results[0].evaluation == found.evaluation


# --- how it ends ---------------------------------------------------------------------------------------------------


def test_a_closed_pipe_is_quiet():
    done = subprocess.run(
        f"{sys.executable} -m accelsim show vgg16 --json | head -1",
        shell=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_a_full_disk_is_one_sentence():
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    done = subprocess.run(
        f"{sys.executable} -m accelsim show vgg16 >/dev/full", shell=True, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 2
    assert done.stderr == "accelsim: output cannot be written: No space left on device\n"


def test_a_fault_of_ours_is_one_sentence_too(monkeypatch, capsys):
    def broken(arguments):
        raise TypeError("oh\nno")

    monkeypatch.setattr(cli_main, "_invoke", broken)
    assert main([]) == 2
    assert capsys.readouterr().err == (
        "accelsim: internal error, please report it: TypeError: oh no (ACCELSIM_DEBUG=1 shows where)\n"
    )


def test_output_that_a_terminal_cannot_show_is_no_error(folder):
    (folder / "odd.yaml").write_text(builders.MACHINE_FILE.replace("name: toy", "name: toy\ndescription: μ-chip ×2"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    for arguments in (
        ["show", "odd.yaml"],
        ["list", "architectures"],
        ["evaluate", *SINGLE[:3], "odd.yaml", *SINGLE[4:]],
    ):
        done = run(*arguments, env=environment)
        assert (done.returncode, done.stderr) == (0, "")


# --- map: what is fixed, and interrupts ----------------------------------------------------------------------------


def test_map_obeys_a_file_of_what_is_fixed(tmp_path, capsys):
    path = tmp_path / "rows.yaml"
    path.write_text("axes: {X: [E], Y: [C]}\nmin_utilization: 0.1\n")
    assert main(["map", "docs/examples/small.yaml", "--arch", "eyeriss", "--restrict", str(path), "--no-cache"]) == 0
    nest = capsys.readouterr().out
    loops = re.findall(r"par-for (\w) .* on (\w+)", nest)
    assert loops
    assert set(loops) <= {("e", "X"), ("c", "Y")}


def test_map_refuses_a_file_that_fixes_what_is_not_there(tmp_path, capsys):
    path = tmp_path / "rows.yaml"
    path.write_text("axes: {Z: [E]}\n")
    assert main(["map", "docs/examples/small.yaml", "--arch", "eyeriss", "--restrict", str(path)]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "Z" in message


def test_an_interrupted_map_prints_the_best_so_far(monkeypatch, capsys):
    import builders

    from accelsim.architecture.files import load_architecture
    from accelsim.report import searching
    from accelsim.search import SearchInterrupted, SearchResult
    from accelsim.workload.files import load_layer

    operation = load_layer("docs/examples/small.yaml").operation()
    nest = accelsim.load_mapping("docs/examples/small_nest.txt")
    evaluation = accelsim.evaluate(operation, load_architecture("eyeriss"), nest)
    result = SearchResult(evaluation.mapping, evaluation, builders.certificate(evaluation.energy))

    def stopped(*arguments, **options):
        raise SearchInterrupted(result)

    monkeypatch.setattr(searching, "best_mapping", stopped)
    assert main(["map", "docs/examples/small.yaml", "--arch", "eyeriss"]) == 130
    out = capsys.readouterr().out
    assert parse_mapping(out[: out.index("MAC\n") + 4]) == result.mapping
    assert "Interrupted: the best so far." in out


def test_a_line_of_progress_tells_of_compilation() -> None:
    said: list[str] = []
    add = numba.njit(lambda a, b: a + b)
    with output.telling_of_compilation(said.append):
        assert add(1, 2) == 3
        first = list(said)
        assert add(3, 4) == 7  # of the same types: nothing is compiled
    assert first == said == ["compiling, once on this installation", ""]
    assert add(1.0, 2.0) == 3.0  # compiled, but nobody is told any more
    assert said == first
