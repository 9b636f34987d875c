"""`accelsim time` and `accelsim trace`: what they print, how they end, and that a report's stalls add up."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from accelsim.cli.main import main
from accelsim.errors import InputError
from accelsim.workload.layer import Convolution, MatrixProduct
from accelsim.workload.scalesim import as_scalesim, load_topology
from tests import builders

CFG = """[general]
run_name = small
[architecture_presets]
ArrayHeight: 8
ArrayWidth: 4
IfmapSramSzkB: 64
FilterSramSzkB: 64
OfmapSramSzkB: 64
Dataflow : os
[run_presets]
InterfaceBandwidth: USER
"""
CONV = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"
GEMM = "Layer, M, N, K,\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small machine, a layer, a nest and SCALE-Sim's two files, to stand in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.yaml").write_text(builders.MACHINE_FILE)
    (tmp_path / "small.yaml").write_text(builders.LAYER_FILE)
    (tmp_path / "nest.txt").write_text(builders.NEST_FILE)
    (tmp_path / "run.cfg").write_text(CFG)
    (tmp_path / "conv.csv").write_text(CONV + "first, 8, 8, 3, 3, 4, 8, 2,\nsecond, 5, 5, 1, 1, 8, 16, 1,\n")
    (tmp_path / "gemm.csv").write_text(GEMM + "fc, 16, 32, 64,\n")
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err.removeprefix("accelsim: ").strip()


def test_two_depths_of_a_nest_are_printed_with_parts_that_add_up(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("time", "small.yaml", "--arch", "toy.yaml", "--mapping", "nest.txt")
    text = printed(capsys, *asked)
    assert "steady: " in text
    assert "pipelined: " in text
    record = json.loads(printed(capsys, *asked, "--json"))
    assert (record["schema_version"], record["kind"]) == (1, "time")
    steady, pipelined = record["timings"]
    assert steady["cycles"] <= pipelined["cycles"]
    assert pipelined["bounds"][0] <= pipelined["cycles"] <= pipelined["bounds"][1]
    for timing in (steady, pipelined):
        assert sum(part["percent"] for part in timing["parts"]) == pytest.approx(100)
        assert sum(part["cycles"] for part in timing["parts"]) == pytest.approx(timing["cycles"], abs=1)


def test_the_same_question_is_answered_byte_for_byte(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("time", "small.yaml", "--arch", "systolic_os", "--depth", "cycle", "--execute")
    assert printed(capsys, *asked) == printed(capsys, *asked)


def test_the_arrays_own_words_come_out_as_data(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = json.loads(printed(capsys, "time", "small.yaml", "--arch", "systolic_ws", "--depth", "cycle", "--json"))
    (timing,) = record["timings"]
    array = timing["array"]
    assert array["array"]["rows"] == 128
    assert array["counts"]["macs"] == timing["macs"]
    assert sum(array[part] for part in ("stream", "preload", "exchange", "skew", "drain")) == array["counts"]["cycles"]


def test_a_traces_file_is_named_and_holds_every_cycle(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = printed(
        capsys, "trace", "small.yaml", "--arch", "shidiannao_like", "--depth", "cycle", "--out", "cycles.csv"
    )
    rows = list(csv.DictReader((folder / "cycles.csv").open()))
    assert said.startswith(f"cycles.csv: {len(rows):,} cycles of 8 x 8 os")
    printed(capsys, "trace", "small.yaml", "--arch", "toy.yaml", "--mapping", "nest.txt", "--out", "tiles.json")
    assert json.loads((folder / "tiles.json").read_text())["traceEvents"]


def test_scalesims_files_are_read_and_its_figures_stand_beside_ours(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """first: M = ceil((8 - 3 + 2) / 2)^2 = 16 on 8 rows, 8 filters on 4 columns: 4 folds of 36 + 8 + 4 - 2 = 46 lines,
    183 total cycles; ours is one more and a drain of 8 per fold: 216. second: 25 pixels, 16 filters, 16 folds of 18."""
    record = json.loads(printed(capsys, "time", "--scalesim", "run.cfg", "conv.csv", "--json"))
    first, second = record["layers"]
    assert first["scalesim"]["total_cycles"] == 4 * 46 - 1
    assert first["accelsim"]["cycles"] == 4 * 46 + 4 * 8
    assert second["scalesim"]["total_cycles"] == 16 * (8 + 8 + 4 - 2) - 1
    text = printed(capsys, "time", "--scalesim", "run.cfg", "conv.csv")
    assert "InterfaceBandwidth is USER: the stalls that SCALE-Sim adds" in text
    assert "outputs must drain from the array" in text
    gemm = json.loads(printed(capsys, "time", "--scalesim", "run.cfg", "gemm.csv", "--json"))["layers"][0]
    assert gemm["scalesim"]["row_folds"] * gemm["scalesim"]["column_folds"] == 2 * 8


def test_scalesims_convention_takes_any_machine_with_such_an_array(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("time", "small.yaml", "--depth", "cycle", "--convention", "scalesim")
    assert "SCALE-Sim's figures and accelsim's" in printed(capsys, *asked, "--arch", "shidiannao_like")
    sentence = refused(capsys, *asked, "--arch", "eyeriss")
    assert sentence == "eyeriss: SCALE-Sim needs a machine with a ws, is or os array, not a row-stationary one"


def test_a_padded_convolution_is_a_product_of_matrices_to_scalesim() -> None:
    plain = as_scalesim(Convolution(name="plain", M=4, C=3, H=9, R=3, U=2).operation())
    assert (plain.gemm, plain.ifmap_height, plain.filter_height, plain.stride) == (False, 9, 3, 2)
    padded = as_scalesim(Convolution(name="padded", M=4, C=3, H=9, R=3, padding=1).operation())
    assert (padded.gemm, padded.pixels, padded.window, padded.filters) == (True, 81, 27, 4)
    product = as_scalesim(MatrixProduct("product", M=5, K=6, N=7).operation())
    assert (product.pixels, product.window, product.filters) == (5, 6, 7)


def test_depthwise_layers_of_scalesim_are_one_layer_per_channel(folder: Path) -> None:
    (folder / "dw.csv").write_text(CONV + "DP1, 8, 8, 3, 3, 3, 1, 1,\n")
    names = [layer.name for layer in load_topology("dw.csv")]
    assert names == ["DP1Channel_0", "DP1Channel_1", "DP1Channel_2"]
    (folder / "dw.csv").write_text(CONV + "DP1, 8, 8, 3, 3, 2000000, 1, 1,\n")
    with pytest.raises(InputError, match=r"dw.csv:2: must have at most 100,000 layers"):
        load_topology("dw.csv")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("time",), "time takes one LAYER, not 0"),
        (("time", "small.yaml"), "missing option '--arch', the machine"),
        (("time", "small.yaml", "--arch", "toy.yaml", "--depth", "cycles"),
         "depth must be one of steady, pipelined, cycle, not 'cycles'; did you mean 'cycle'?"),
        (("time", "small.yaml", "--arch", "eyeriss", "--execute"), "--execute goes with --depth cycle"),
        (("time", "small.yaml", "--arch", "toy.yaml", "--depth", "cycle"),
         "toy does not describe its array for time in cycles; add 'systolic: {rows: ..., cols: ..., dataflow: ...}', "
         "or use the depth steady or pipelined"),
        (("time", "small.yaml", "--arch", "eyeriss", "--depth", "cycle", "--dram", "ddr4_2400"),
         "--dram goes with the depths steady and pipelined, whose tiles it serves"),
        (("time", "small.yaml", "--arch", "eyeriss", "--convention", "paper"),
         "convention of a time must be ours or scalesim, not 'paper'"),
        (("trace", "small.yaml", "--arch", "eyeriss", "--depth", "cycle", "--out", "x.txt"),
         "x.txt: a trace must end in .csv or .json (Chrome, Perfetto), not '.txt'"),
        (("trace", "small.yaml", "--arch", "eyeriss", "--depth", "steady", "--out", "x.csv"),
         "a trace must be of the depth pipelined or cycle, not steady"),
        (("trace", "small.yaml", "--arch", "eyeriss", "--depth", "cycle", "--out", "no/x.csv"),
         "no/x.csv: cannot be written: folder"),
        (("time", "--scalesim", "run.cfg", "small.yaml"), "small.yaml:1: the header must be 'Layer name, "),
        (("time", "--scalesim", "conv.csv", "conv.csv"), "conv.csv: must be a SCALE-Sim configuration: "),
        (("time", "--scalesim", "none.cfg", "conv.csv"), "none.cfg: no such file"),
        (("time", "--scalesim", "run.cfg", "conv.csv", "--arch", "eyeriss"),
         "--scalesim brings its own array and layers: no --arch, --network, --mapping or --batch"),
    ],
)  # fmt: skip
def test_what_cannot_be_timed_is_refused_in_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    assert refused(capsys, *arguments).startswith(sentence)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("first, 8, 8, 3, 3, 4, 8", "t.csv:2: Strides is missing"),
        ("first, 8, 8, 9, 3, 4, 8, 1,", "t.csv:2: the filter must fit the input of 8 x 8, not be 9 x 3"),
        ("first, 8, 8, 3, 3, 4, x, 1,", "t.csv:2: Num Filter must be a positive whole number, not 'x'"),
        ("first, 8, 8, 3, 3, 4, 8, 1, 2:4,",
         "t.csv:2: a row must end after Strides, not go on with '2:4' (sparsity is not read)"),
    ],
)  # fmt: skip
def test_a_wrong_row_of_a_topology_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], row: str, sentence: str
) -> None:
    (folder / "t.csv").write_text(CONV + row + "\n")
    assert refused(capsys, "time", "--scalesim", "run.cfg", "t.csv") == sentence


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("ArrayHeight: 8\n", "", "run.cfg: [architecture_presets] must have a field ArrayHeight"),
        ("ArrayHeight: 8", "ArrayHeight: eight", "run.cfg: [architecture_presets] ArrayHeight must be a whole number"),
        ("os", "rs", "run.cfg: [architecture_presets] Dataflow must be one of os, ws, is, not 'rs'"),
        ("USER", "MAYBE", "run.cfg: [run_presets] InterfaceBandwidth must be CALC or USER, not 'MAYBE'"),
        ("[general]", "[generic]", "run.cfg: must have a section [general]; did you mean 'generic'?"),
    ],
)
def test_a_wrong_field_of_a_configuration_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, sentence: str
) -> None:
    (folder / "run.cfg").write_text(CFG.replace(old, new))
    assert refused(capsys, "time", "--scalesim", "run.cfg", "conv.csv").startswith(sentence)


def test_a_comparison_says_where_the_time_goes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "net.yaml").write_text("name: net\nlayers:\n- {name: CONV, type: conv, M: 4, C: 2, H: 6, R: 3}\n")
    asked = ("compare", "net.yaml", "--arch", "toy.yaml,eyeriss", "--seconds", "2", "--no-cache", "--workers", "1")
    text = printed(capsys, *asked, "--stalls", "--out", "out")
    assert "net: where the time goes, pipelined" in text
    assert "## Where the time goes" in (folder / "out" / "report.md").read_text()
    rows = list(csv.DictReader((folder / "out" / "stalls.csv").open()))
    for machine in ("toy", "eyeriss"):
        mine = [row for row in rows if row["machine"] == machine]
        assert sum(float(row["percent"]) for row in mine) == pytest.approx(100)
        assert int(mine[0]["steady_cycles"]) <= int(mine[0]["pipelined_cycles"])
