"""Whatever is wrong with an input: one sentence on stderr, status 2 (130 when interrupted), no traceback, no files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from accelsim.cli.main import main
from accelsim.errors import InputError
from accelsim.mapping.dataflow_files import parse_dataflow
from accelsim.report import searching
from accelsim.workload.layer import FullyConnected
from tests import builders
from tests.builders import LAYER_FILE, MACHINE_FILE, NEST_FILE

EVALUATE = ["evaluate", "--layer", "small.yaml", "--arch", "toy.yaml", "--mapping", "nest.txt"]
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder where everything is right, to break one thing at a time."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.yaml").write_text(MACHINE_FILE)
    (tmp_path / "small.yaml").write_text(LAYER_FILE)
    (tmp_path / "nest.txt").write_text(NEST_FILE)
    return tmp_path


def complaint(arguments, capsys, status=2):
    """The one sentence that a command ends with."""
    assert main(arguments) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    lines = captured.err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("accelsim: ")
    return lines[0].removeprefix("accelsim: ")


def test_nothing_is_wrong_to_begin_with(capsys):
    assert main(EVALUATE) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("small.yaml", "M: 4", "MM: 4", "small.yaml:3: MM is not a known field"),
        ("small.yaml", "type: conv", "type: covn", "did you mean 'conv'?"),
        ("small.yaml", "M: 4", "M: 0", "M must be at least 1, not 0"),
        ("small.yaml", "C: 2", "C: -2", "C must be at least 1, not -2"),
        ("small.yaml", "H: 6", "H: 6\nE: 9", "small.yaml:1: small: E=9 contradicts H=6 R=3 U=1, which give E=4"),
        ("small.yaml", "M: 4", "M: 4\nM: 5", "small.yaml:4: 'M' must appear once; it is already on line 3"),
        ("small.yaml", "M: 4", "M: [4]", "a list"),
        ("small.yaml", "R: 3", "R: 7", "R"),
        ("toy.yaml", "4 KiB", "4 kilobyte", "must be a capacity such as '108 KiB' or '512 words', not '4 kilobyte'"),
        ("toy.yaml", "4 KiB", "4 KB", "write KiB (1024 B) or kB (1000 B)"),
        ("toy.yaml", "100 MHz", "100", "units that fit: Hz, kHz, MHz, GHz"),
        ("toy.yaml", "capacity: 4 KiB", "capasity: 4 KiB", "did you mean 'capacity'?"),
        ("toy.yaml", "size: 4", "size: 0", "size must be at least 1, not 0"),
        (
            "nest.txt",
            "for e in 0..4 by 1",
            "for e in 0..4 by 5",
            "nest.txt:5: step of e must be between 1 and its extent 4",
        ),
        ("nest.txt", "for m in 0..4 by 1 on X", "for m in 0..8 by 1 on X", "8"),
        ("nest.txt", "on X", "on Z", "Z"),
        ("nest.txt", "MAC", "", "a loop nest must end with a line 'MAC', which is missing"),
        ("nest.txt", "Buffer  keeps", "Bufer  keeps", "did you mean 'Buffer'?"),
    ],
)
def test_a_file_with_one_thing_wrong(file, old, new, sentence, folder, capsys):
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    assert sentence in complaint(EVALUATE, capsys)


@pytest.mark.parametrize("file", ["small.yaml", "toy.yaml", "nest.txt"])
@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"\x00\x01\xff\xfe" * 99, b"- a\n- b\n", b"just words", b"{", BOMB.encode(), b"a: 1\na: 2\n"],
    ids=["empty", "blank", "binary", "list", "words", "brace", "alias bomb", "duplicate keys"],
)
def test_a_file_that_is_something_else(file, content, folder, capsys):
    (folder / file).write_bytes(content)
    assert file in complaint(EVALUATE, capsys)


@pytest.mark.parametrize("file", ["small.yaml", "toy.yaml", "nest.txt"])
def test_a_file_that_is_a_folder_or_is_missing(file, folder, capsys):
    (folder / file).unlink()
    assert file in complaint(EVALUATE, capsys)
    (folder / file).mkdir()
    assert file in complaint(EVALUATE, capsys)


def test_a_tile_too_large_names_the_memory_and_what_would_fit(folder, capsys):
    # All four outputs rows by four columns of a filter stay in a register file of 16 words, and a weight besides.
    nest = NEST_FILE.replace("        Register  keeps outputs\n", "").replace(
        "    for e in 0..4", "    Register  keeps outputs\n    for e in 0..4"
    )
    (folder / "nest.txt").write_text(nest)
    sentence = complaint(EVALUATE, capsys)
    assert "Register needs 17 words, holds 16" in sentence


def test_an_array_axis_overrun_names_the_axis(folder, capsys):
    (folder / "toy.yaml").write_text(MACHINE_FILE.replace("size: 4", "size: 3"))
    sentence = complaint(EVALUATE, capsys)
    assert "X" in sentence
    assert "4" in sentence
    assert "3" in sentence


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("run alexnt --arch eyeriss", "no workload is called 'alexnt'; did you mean 'alexnet'?"),
        ("run alexnet --arch eyeris", "no architecture is called 'eyeris'; did you mean 'eyeriss'?"),
        (
            "compare alexnet --arch eyeriss,eyeriss",
            "every machine must have a name of its own; 'eyeriss' is there twice",
        ),
        ("compare alexnet", "compare needs machines: --arch NAME,...; see 'accelsim compare --help'"),
        ("compare --arch eyeriss", "compare needs a NETWORK; see 'accelsim compare --help'"),
        ("compare alexnet --report eyeriss", "compare needs either --report or networks and --arch, not both"),
        ("compare --report eyris", "no report is called 'eyris'; did you mean 'eyeriss'?"),
        ("run alexnet --arch eyeriss --batch 0", "batch must be at least 1, not 0"),
        ("run alexnet --arch eyeriss --batch x", "invalid value for '--batch': 'x' is not a valid integer"),
        ("run alexnet --arch eyeriss --objective enrgy", "objective must be one of energy, latency, edp, not 'enrgy'"),
        ("run alexnet --arch eyeriss --convention timelop", "no convention 'timelop'; did you mean 'timeloop'?"),
        ("run alexnet --arch eyeriss --dataflow row_stationry", "did you mean 'row_stationary'?"),
        ("run alexnet --arch eyeriss --gap 2", "gap must be at least 0 and below 1, not 2.0"),
        ("run alexnet --arch eyeriss --gap nan", "gap must be at least 0 and below 1, not nan"),
        ("run alexnet --arch eyeriss --seconds 0", "seconds must be more than 0, not 0.0"),
        ("run alexnet --arch eyeriss --workers 0", "workers must be at least 1, not 0"),
        ("run alexnet", "missing option '--arch'; see 'accelsim run --help'"),
        ("run", "missing argument 'NETWORK'; see 'accelsim run --help'"),
        ("run alexnet --arhc eyeriss", "no option is called '--arhc'; did you mean '--arch'?"),
        ("comapre alexnet", "no command is called 'comapre'; did you mean 'compare'?"),
        ("list machine", "nothing is listed as 'machine'"),
        ("show eyeris", "nothing is called 'eyeris'; did you mean 'eyeriss'?"),
        ("map conv9 --network alexnet --arch eyeriss", "alexnet: no layer 'conv9'; did you mean"),
        ("map stem --network lenet5 --arch eyeriss", "lenet5: no layer 'stem'; known: C1, S2, C3, S4, C5, F6"),
        ("compare lenet5 --arch rs256 ws256", "no workload is called 'ws256'; that is the name of an architecture"),
        (
            "map fc --network eyeriss --arch lenet5",
            "no workload is called 'eyeriss'; that is the name of an architecture",
        ),
        ("show lenet5 --batch 0", "batch must be at least 1"),
        ("map pool1 --network alexnet --arch eyeriss", "POOL1: only an operation with MACs"),
        ("map conv2 --arch eyeriss", "layer 'conv2' must be a YAML file, or a layer of a --network NAME"),
    ],
)
def test_an_argument_that_is_wrong(arguments, sentence, capsys):
    assert sentence in complaint(arguments.split(), capsys)


def test_an_output_that_is_a_file_is_found_before_any_search(folder, monkeypatch, capsys):
    monkeypatch.setattr(searching, "_searched", lambda *_: pytest.fail("searched"))
    arguments = ["run", "small.yaml", "--arch", "toy.yaml", "--out"]
    assert complaint([*arguments, "toy.yaml"], capsys) == "toy.yaml: output must be a directory, not a file"
    assert "output directory cannot be written" in complaint([*arguments, "toy.yaml/deeper"], capsys)
    assert "output directory cannot be written" in complaint([*arguments, "/proc/accelsim"], capsys)
    assert sorted(path.name for path in folder.iterdir()) == ["nest.txt", "small.yaml", "toy.yaml"]


def test_an_interrupt_leaves_no_file_and_ends_with_130(folder, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(searching, "_searched", interrupted)
    arguments = ["run", "small.yaml", "--arch", "toy.yaml", "--out", "deep/out"]
    assert complaint(arguments, capsys, status=130) == "interrupted"
    assert sorted(path.name for path in folder.iterdir()) == ["nest.txt", "small.yaml", "toy.yaml"]


@pytest.mark.parametrize(
    ("sent", "status", "said"), [(signal.SIGINT, 130, "accelsim: interrupted\n"), (signal.SIGTERM, 143, "")]
)
def test_a_real_interrupt_of_a_real_search(sent, status, said, folder):
    environment = {**os.environ, "PYTHONPATH": str(builders.ROOT)}
    command = [sys.executable, "-m", "accelsim", "compare", "vgg16", "resnet18", "--arch", "eyeriss_like_unified"]
    command += ["--gap", "0", "--out", "out"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    ) as process:
        try:
            time.sleep(4)  # past the imports, into the search
            os.killpg(process.pid, sent)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (status, "", said)
    assert sorted(path.name for path in folder.iterdir()) == ["nest.txt", "small.yaml", "toy.yaml"]


def test_what_fails_late_leaves_no_file_either(folder, monkeypatch, capsys):
    def broken(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("accelsim.report.export.write_files", broken)
    arguments = ["run", "small.yaml", "--arch", "toy.yaml", "--out", "out", "--workers", "1"]
    assert complaint(arguments, capsys) == "out: output cannot be written: No space left on device"
    assert sorted(path.name for path in folder.iterdir()) == ["nest.txt", "small.yaml", "toy.yaml"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("two\nlines", "a layer's name must be printable, without '|' and not begin with = or @, not 'two\\nlines'"),
        ("=cmd()", "a layer's name must be printable, without '|' and not begin with = or @, not '=cmd()'"),
        ("x" * 65, "a layer's name must have at most 64 characters, not 65: 'xxxxxxxxxxxxxxxxxxxx'..."),
        (" ", "a layer's name must be a word, not ' '"),
    ],
)
def test_names_that_would_break_tables_are_refused(name, sentence):
    with pytest.raises(InputError) as error:
        FullyConnected(name, M=1, C=1)
    assert str(error.value) == sentence


def test_extents_beyond_32_bits_are_refused():
    with pytest.raises(InputError) as error:
        FullyConnected("fc", M=10**30, C=1)
    assert str(error.value) == "fc: M must be at most 2,147,483,647, not a number of 31 digits"


def test_a_misspelt_tensor_in_a_dataflow_is_refused():
    with pytest.raises(InputError) as error:
        parse_dataflow("name: mine\nkeeps:\n  array: {weight: must}", "mine.yaml")
    assert str(error.value) == "mine.yaml:3: keeps.array.weight must be a tensor; did you mean 'weights'?"
