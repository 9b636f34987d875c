"""Files are read with their lines, and every file that is wrong gives one whole sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

import accelsim.files.catalog as catalog
from accelsim.errors import InputError
from accelsim.files import locate, parse_yaml, read_yaml, shipped, validate, write_atomically
from accelsim.files.document import MAX_BYTES


class Memory(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    size: int = Field(ge=1)
    shared: bool = False


class Machine(BaseModel):
    model_config = ConfigDict(extra="forbid")
    levels: tuple[Memory, ...]
    clock: float = 1.0
    table: dict[str, int] = {}

    @field_validator("clock")
    @classmethod
    def _positive(cls, value: float) -> float:
        if value <= 0:
            raise ValueError("must be more than 0 MHz, not " + str(value))
        return value


def refusal(text: str) -> str:
    with pytest.raises(InputError) as caught:
        validate(Machine, parse_yaml(text, "m.yaml"))
    return str(caught.value)


def test_values_are_what_people_mean() -> None:
    document = parse_yaml(
        "a: 1e-12\nb: no\nc: on\nd: true\ne: ~\nf: 010\ng: '5'\nh: [1, 2.5, .5]\n'no': 3\ni:\n  j: |\n    text\n",
        "x.yaml",
    )
    assert document.value == {
        "a": 1e-12,
        "b": "no",
        "c": "on",
        "d": True,
        "e": None,
        "f": "010",
        "g": "5",
        "h": [1, 2.5, 0.5],
        "no": 3,
        "i": {"j": "text\n"},
    }
    assert type(document.value["h"][0]) is int


def test_every_value_knows_its_line_and_column() -> None:
    document = parse_yaml("a: 1\nb:\n  - c: 2\n  - d:\n      3\n", "x.yaml")
    assert document.positions[("b", 1, "d")] == (4, 5)
    assert document.line(("b", 0, "missing")) == 3
    assert str(document.error(("b", 0), "b.0 is odd")) == "x.yaml:3: b.0 is odd"


def test_aliases_share_their_value_and_stand_where_they_are_written() -> None:
    document = parse_yaml("a: &x {b: 1}\nc: *x\n", "x.yaml")
    assert document.value == {"a": {"b": 1}, "c": {"b": 1}}
    assert document.positions[("c",)] == (2, 1)
    assert document.positions[("c", "b")] == (1, 8)


def test_the_pure_python_parser_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    import accelsim.files.document as module

    text = "a: &x [1e-3, 'no', no]\nb: *x\nc: {d: ~}\n"
    fast = parse_yaml(text, "x.yaml")
    monkeypatch.setattr(module, "_parser", lambda: yaml.Loader)
    slow = parse_yaml(text, "x.yaml")
    assert fast == slow


BOMB = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "m.yaml:1: must not be empty"),
        ("# only a comment\n", "m.yaml:1: must not be empty"),
        ("a: 1\nb: 2\na: 3\n", "m.yaml:3: 'a' must appear once; it is already on line 1"),
        ("1: a\n'1': b\n", "m.yaml:2: '1' must appear once; it is already on line 1"),
        ("a: 1\n---\nb: 2\n", "m.yaml:2: must hold one YAML document; a second one starts here"),
        ("a: &x [1, *x]\n", "m.yaml:1: alias '*x' must not stand inside its own anchor"),
        ("a: 1\nb: *x\n", "m.yaml:2: alias '*x' must follow its anchor '&x'"),
        ("a: 1\nb: !python/object:os.system x\n", "m.yaml:2: tag '!python/object:os.system' is not known; "),
        ("a: !!int 1\n", "m.yaml:1: tag '!!int' is not known; write the value without it"),
        ("<<: {a: 1}\n", "m.yaml:1: '<<' is not supported; write the fields out"),
        ("? [1, 2]\n: 3\n", "m.yaml:1: a key must be a word, not a list, map or alias"),
        ("&k a: 1\n", "m.yaml:1: a key must not carry an anchor ('&k')"),
        ("a: 1e999\n", "m.yaml:1: number must be below 1e308 and 300 digits, not 1e999..."),
        ("a: " + "9" * 5000, "m.yaml:1: number must be below 1e308 and 300 digits, not " + "9" * 20 + "..."),
        ("a: 1\nb: \x07\n", "m.yaml:2: must be plain text, not control character U+0007"),
        ("a: b: c\n", "m.yaml:1: is not valid YAML: mapping values are not allowed in this context"),
        (
            "a:\n\tb: 1\n",
            "m.yaml:2: is not valid YAML: found character that cannot start any token; indent with spaces, not tabs",
        ),
        ("[" * 100_000, "m.yaml:1: must be nested at most 50 deep"),
        (BOMB, "m.yaml:1: must have at most 100,000 values, aliases written out"),
    ],
)
def test_bad_yaml_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    got = refusal(text)
    assert got == sentence or (sentence.endswith("; ") and got == sentence + "write the value without it")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "levels:\n- name: a\n  siz: 3\n",
            "m.yaml:3: levels.0.siz is not a known field; did you mean 'size'?",
        ),
        ("levels: []\nzzz: 1\n", "m.yaml:2: zzz is not a known field; known: clock, levels, table"),
        ("levels:\n- name: a\n", "m.yaml:2: levels.0.size is missing"),
        ("clock: 2\n", "m.yaml:1: levels is missing"),
        ("levels:\n- name: a\n- size: x\n", "m.yaml:2: levels.0.size is missing (and 2 more errors)"),
        ("levels:\n  name: a\n", "m.yaml:1: levels must be a list, not a map"),
        ("levels: a\n", "m.yaml:1: levels must be a list, not 'a'"),
        ("levels:\n- 3\n", "m.yaml:2: levels.0 must be a map of fields, not 3"),
        ("- 3\n", "m.yaml:1: the file must be a map of fields, not a list"),
        ("just text\n", "m.yaml:1: the file must be a map of fields, not 'just text'"),
        ("levels: []\ntable: [1]\n", "m.yaml:2: table must be a map of fields, not a list"),
        ("levels: []\ntable:\n  a: 1.5\n", "m.yaml:3: table.a must be a whole number, not 1.5"),
        ("levels:\n- {name: a, size: '5'}\n", "m.yaml:2: levels.0.size must be a whole number, not '5'"),
        ("levels:\n- {name: a, size: true}\n", "m.yaml:2: levels.0.size must be a whole number, not true"),
        ("levels:\n- {name: a, size: 0}\n", "m.yaml:2: levels.0.size must be at least 1, not 0"),
        ("levels:\n- {name: 5, size: 1}\n", "m.yaml:2: levels.0.name must be text, not 5"),
        (
            "levels:\n- {name: a, size: 1, shared: yes}\n",
            "m.yaml:2: levels.0.shared must be true or false, not 'yes'",
        ),
        ("levels: []\nclock: -1\n", "m.yaml:2: clock must be more than 0 MHz, not -1.0"),
        ("levels: []\nclock: fast\n", "m.yaml:2: clock must be a number, not 'fast'"),
    ],
)
def test_what_does_not_fit_the_model_is_refused_with_its_line(text: str, sentence: str) -> None:
    assert refusal(text) == sentence


def test_what_fits_the_model_becomes_the_model() -> None:
    machine = validate(Machine, parse_yaml("levels:\n- {name: a, size: 3}\nclock: 2\n", "m.yaml"))
    assert machine == Machine(levels=(Memory(name="a", size=3),), clock=2.0)


def test_files_that_cannot_be_read_say_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "binary.yaml").write_bytes(b"a: 1\n\xff\xfe")
    (tmp_path / "big.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    expected = {
        "absent.yaml": "absent.yaml: no such file",
        "binary.yaml": "binary.yaml:2: must be UTF-8 text, not byte 0xff",
        "big.yaml": "big.yaml: must be at most 16 MiB",
        "pipe.yaml": "pipe.yaml: must be a regular file, not a device or pipe",
        "loop.yaml": "loop.yaml: cannot be read: Too many levels of symbolic links",
        "a\0b": "'a\\x00b': no such file",
    }
    for name, sentence in expected.items():
        with pytest.raises(InputError) as caught:
            read_yaml(Path(name))
        assert str(caught.value) == sentence
    with pytest.raises(InputError) as caught:
        read_yaml(tmp_path)
    assert str(caught.value) == ".: must be a YAML file, not a folder"


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert read_yaml(tmp_path / "a.yaml").value == {"a": 1, "b": 2}


def test_shipped_files_go_by_name_and_paths_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "accelsim"
    folder = package / "data" / "architectures"
    folder.mkdir(parents=True)
    (folder / "eyeriss.yaml").write_text("a: 1")
    (folder / "notes.txt").write_text("no machine")
    monkeypatch.setattr(catalog, "__file__", str(package / "files" / "catalog.py"))
    assert shipped("architectures") == {"eyeriss": folder / "eyeriss.yaml"}
    assert shipped("workloads") == {}
    assert locate("architectures", "eyeriss") == folder / "eyeriss.yaml"
    assert locate("architectures", "eyeriss.yaml") == Path("eyeriss.yaml")
    assert locate("architectures", "mine/eyeriss") == Path("mine/eyeriss")
    with pytest.raises(InputError) as caught:
        locate("architectures", "eyeris")
    assert str(caught.value) == (
        "no architecture is called 'eyeris'; did you mean 'eyeriss'? (a file of your own ends in .yaml)"
    )
    with pytest.raises(InputError) as caught:
        shipped("machines")
    assert str(caught.value) == (
        "kind of shipped file must be one of architectures, workloads, dataflows, reports, not 'machines'"
    )


def test_writing_replaces_in_one_step_and_keeps_the_mode(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    write_atomically(target, "µ")
    assert target.read_bytes() == b"\xc2\xb5"
    target.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(target)
    write_atomically(link, b"two")
    assert target.read_bytes() == b"two"
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "out.txt"]


def test_a_failed_write_leaves_the_old_file_and_nothing_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError) as caught:
        write_atomically(target, "new")
    assert str(caught.value) == f"{target}: cannot be written: No space left on device"
    assert [p.name for p in tmp_path.iterdir()] == ["out.txt"]
    assert target.read_text() == "old"


def test_places_that_cannot_be_written_say_why(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        write_atomically(tmp_path, "x")
    assert str(caught.value) == f"{tmp_path}: cannot be written: it is a folder"
    with pytest.raises(InputError) as caught:
        write_atomically(tmp_path / "no" / "x", "x")
    assert str(caught.value) == f"{tmp_path}/no/x: cannot be written: folder {tmp_path}/no does not exist"
    with pytest.raises(InputError) as caught:
        write_atomically(Path("a\0b"), "x")
    assert str(caught.value) == "'a\\x00b': cannot be written: not a path"


def test_importing_files_imports_neither_yaml_nor_pydantic() -> None:
    code = "import sys, accelsim.files; print({'yaml', 'pydantic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
