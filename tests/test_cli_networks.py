"""The commands around networks: scenarios, import, export; what a user sees when something is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import accelsim
from accelsim.cli.main import main
from accelsim.workload.families import families
from accelsim.workload.files import dump_network, parse_network
from accelsim.workload.schema import ENTRIES

HEAD = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"


def outcome(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(arguments)
    out = capsys.readouterr()
    return status, out.out, out.err


def test_an_imported_network_is_taken_in_place_of_a_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.csv").write_text(HEAD + "a,8,8,3,3,2,4,1,\n")
    mine = str(tmp_path / "mine.yaml")
    status, out, err = outcome(capsys, "import", str(tmp_path / "net.csv"), "-o", mine, "--name", "mine")
    assert (status, out) == (0, "")
    assert err == "mine: 1 layer, 2,592 MACs, 72 weights\ntaken: 1 node\n  1 row\nfused: 0 nodes\nskipped: 0 nodes\n"
    status, out, _ = outcome(capsys, "run", mine, "--arch", "ws16x16", "--gap", "0.9", "--json", "--workers", "1")
    assert status == 0
    assert '"network": "mine"' in out
    status, out, _ = outcome(capsys, "show", mine)
    assert (status, out.splitlines()[0]) == (0, "mine")


def test_a_network_runs_in_decode(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = outcome(capsys, "show", "gpt2", "--phase", "decode", "--context", "1024", "--batch", "2")
    assert status == 0
    assert "cache        37,748,736 words, kept between runs" in out  # 2 x 12 x 2 x 1024 x 768
    arguments = ("map", "scores", "--network", "llama3_8b", "--arch", "ws16x16", "--sequence", "64", "--gap", "0.9")
    status, out, _ = outcome(capsys, *arguments, "--json")
    assert status == 0
    assert json.loads(out)["evaluation"]["counts"]["macs"] == 32 * 64 * 128 * 64


WRONG = [
    (("show", "bert_base", "--phase", "decode"),
     "--phase decode has no meaning for 'bert_base', an encoder: it takes all tokens at once"),
    (("show", "gnmt", "--phase", "decode"),
     "--phase decode is not generated for 'gnmt', whose additive attention keeps no plain cache"),
    (("show", "gpt2", "--phase", "train"), "scenario: phase must be one of prefill, decode, not 'train'"),
    (("show", "gpt2", "--context", "5"), "--context says how many tokens the cache holds and needs --phase decode"),
    (("show", "gpt2", "--phase", "decode", "--sequence", "5"),
     "--sequence must be left out in decode, which takes one token at a time; see --context"),
    (("show", "gpt2", "--sequence", "4096"), "gpt2 has learned positions for 1024 tokens at most, not 4096"),
    (("show", "gpt2", "--sequence", "0"), "scenario: sequence must be at least 1, not 0"),
    (("show", "vgg16", "--sequence", "5"), "--sequence 5 has no meaning for 'vgg16', a network of family vgg"),
    (("show", "alexnet", "--sequence", "5"),
     "--sequence 5 needs a network that is generated from parameters ('family')"),
    (("show", "eyeriss", "--batch", "4"), "--batch says how a network runs; 'eyeriss' is no network"),
    (("import", "x.foo"),
     "x.foo: a file to import must end in .onnx, .pt2, .csv, .yaml, or --format must say what it is"),
    (("import", "x.csv", "--format", "onxn"),
     "format must be one of onnx, torch, scalesim, timeloop, zigzag, not 'onxn'"),
    (("import", "x.csv", "--dim", "batch"), "--dim must be NAME=N with a whole number, not 'batch'"),
    (("import", "x.csv", "--dim", "batch=1"),
     "x.csv: symbolic extents and missing weights are of ONNX files, not of scalesim"),
    (("import", "x.csv", "--skip", "Foo"),
     "x.csv: operators can be passed over in ONNX and PyTorch graphs, not in scalesim"),
    (("import", "none.csv"), "none.csv: no such file"),
    (("import", "a.csv", "b.csv"), "import takes one file of a scalesim network, not 2"),
    (("export", "gpt2", "--format", "foo"), "nothing is exported as 'foo'; known: scalesim, timeloop"),
    (("export", "vgg16", "--format", "timeloop"), "a Timeloop problem is one layer: --layer NAME"),
    (("export", "vgg16", "--format", "timeloop", "--layer", "POOL1"),
     "POOL1: a Timeloop problem must be a convolution or a product, not Pooling"),
    (("export", "vgg16", "--format", "scalesim", "--layer", "CONV1-1"),
     "--layer and --mapping are of Timeloop; a SCALE-Sim topology has the whole network"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "sentence"), WRONG)
def test_what_is_wrong_is_one_sentence(
    arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = outcome(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("accelsim: ")
    assert err.count("\n") == 1
    assert sentence in err


FAMILY = "name: n\nfamily: {family}\nparameters: {parameters}\n"


@pytest.mark.parametrize(
    ("family", "parameters", "sentence"),
    [
        ("resnet", "{depth: 20}", "n.yaml:2: depth must be one of 18, 34, 50, 101, 152, not 20"),
        ("resnet", "{dept: 18}", "n.yaml:2: family resnet has no parameter 'dept'; did you mean 'depth'?"),
        ("resnet", "{}", "n.yaml:2: family resnet needs the parameter 'depth'"),
        ("resnet", "{depth: '18'}", "n.yaml:2: family resnet: depth must be a positive whole number, not '18'"),
        ("resnet", "{depth: 18, image: 0}", "n.yaml:2: family resnet: image must be a positive whole number, not 0"),
        ("resnet", "{depth: 50, stride_in_3x3: 1}",
     "n.yaml:2: family resnet: stride_in_3x3 must be true or false, not 1"),
        ("decoder", "{layers: 1, width: 10, heads: 4, hidden: 8, vocabulary: 9, sequence: 4}",
         "n.yaml:2: width must be a multiple of heads=4, not 10"),
        ("decoder", "{layers: 1, width: 12, heads: 4, kv_heads: 3, hidden: 8, vocabulary: 9, sequence: 4}",
         "n.yaml:2: heads must be a multiple of kv_heads=3, not 4"),
        ("vit", "{layers: 1, width: 8, heads: 2, hidden: 8, patch: 15}",
         "n.yaml:2: image must be a multiple of patch=15, not 224"),
        ("unet", "{image: 570}", "n.yaml:2: image must halve 4 times, not be 570: down1 has 279 rows"),
    ],
)  # fmt: skip
def test_a_wrong_family_is_refused_with_its_line(
    family: str, parameters: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("n.yaml").write_text(FAMILY.format(family=family, parameters=parameters))
    assert outcome(capsys, "show", "n.yaml") == (2, "", f"accelsim: {sentence}\n")


def test_an_unknown_family_is_guessed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "n.yaml"
    path.write_text(FAMILY.format(family="resnt", parameters="{}"))
    status, _, err = outcome(capsys, "show", str(path))
    assert status == 2
    assert err.endswith("not 'resnt'; did you mean 'resnet'?\n")


def test_exports_can_be_read_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    csv, problem = str(tmp_path / "v.csv"), str(tmp_path / "p.yaml")
    assert outcome(capsys, "export", "vgg16", "--format", "scalesim", "-o", csv)[0] == 0
    assert outcome(capsys, "export", "vgg16", "--format", "timeloop", "--layer", "CONV1-2", "-o", problem)[0] == 0
    status, out, err = outcome(capsys, "import", csv)
    assert (status, "15,470,264,320 MACs, 138,344,128 weights" in err) == (0, True)
    status, out, err = outcome(capsys, "import", problem)
    assert (status, "1,849,688,064 MACs" in err) == (0, True)  # 224 x 224 x 64 x 64 x 9
    assert "H: 226" in out  # padding is data there


def test_the_files_that_the_documentation_shows_are_read() -> None:
    text = (Path(__file__).parents[1] / "docs" / "networks.md").read_text()
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        network = parse_network(block, "docs.yaml")
        assert network.macs > 0
        assert parse_network(dump_network(network), "again.yaml") == network


def test_the_documentation_names_every_family_type_and_command() -> None:
    text = (Path(__file__).parents[1] / "docs" / "networks.md").read_text()
    for name in (*families(), *ENTRIES):
        assert f"`{name}`" in text, name


def test_a_recurrent_network_is_totalled_over_its_steps() -> None:
    network = parse_network("layers:\n  - {name: l, type: lstm, C: 4, M: 4, T: 6}\n", "n.yaml")
    result = accelsim.run(network, "ws16x16", gap=0.9, cache=False)
    assert result.summary["macs"][0] == network.macs == 6 * (4 + 4) * 16
    assert result.summary["vector_operations"][0] == network.vector_operations == 6 * 4 * 13
