"""What a mapping prints can be read back; what cannot be read is refused with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from strategies import Case, cases, random_case

from accelsim.errors import InputError
from accelsim.mapping.nest import Mapping, Spatial, Storage, Temporal
from accelsim.mapping.parse import load_mapping, parse_mapping

NEST = """\
DRAM  keeps inputs weights outputs
for m in 0..96 by 24
  GlobalBuffer  keeps inputs outputs
  par-for e in 0..13 by 5 on X
    Scratchpad  keeps weights
    for m in 0..24 by 1
      for e in 0..5 by 1
        MAC"""

MAPPING = Mapping(
    (("E", 13), ("M", 96)),
    (
        Storage("DRAM", "inputs"),
        Storage("DRAM", "weights"),
        Storage("DRAM", "outputs"),
        Temporal("M", 24),
        Storage("GlobalBuffer", "inputs"),
        Storage("GlobalBuffer", "outputs"),
        Spatial("E", 5, "X"),
        Storage("Scratchpad", "weights"),
        Temporal("M", 1),
        Temporal("E", 1),
    ),
)


def refusal(text: str) -> str:
    with pytest.raises(InputError) as error:
        parse_mapping(text, "nest.txt")
    return str(error.value)


def test_a_nest_reads_as_the_nodes_it_draws() -> None:
    assert parse_mapping(NEST) == MAPPING
    assert str(MAPPING) == NEST


def test_comments_blank_lines_case_and_indentation_do_not_matter() -> None:
    text = """
    # weights stay
DRAM keeps inputs   weights outputs   # all of it
\tFOR M in 0..96 by 24

GlobalBuffer  Keeps inputs outputs
            par-for E in 0 .. 13 by 5 on X
Scratchpad keeps weights\r
for m in 0..24 by 1
for e in 0..5 by 1
mac

# the end
"""
    assert parse_mapping(text) == MAPPING


def test_a_nest_without_loops_is_one_mac() -> None:
    assert parse_mapping("MAC") == Mapping((), ())


def test_every_random_mapping_reads_back_from_what_it_prints() -> None:
    for seed in range(500):
        mapping = random_case(seed)[2]
        assert parse_mapping(str(mapping)) == mapping


@settings(max_examples=50, deadline=None)
@given(cases())
def test_every_drawn_mapping_reads_back_from_what_it_prints(case: Case) -> None:
    assert parse_mapping(str(case[2])) == case[2]


FORMS = "'DRAM keeps inputs weights', 'for m in 0..96 by 24', 'par-for e in 0..13 by 1 on X' or 'MAC'"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("for m in 0..96\nMAC", f"nest.txt:1: a line must look like {FORMS}, not 'for m in 0..96'"),
        ("\n\nDRAM holds inputs\nMAC", f"nest.txt:3: a line must look like {FORMS}, not 'DRAM holds inputs'"),
        ("DRAM keeps\nMAC", f"nest.txt:1: a line must look like {FORMS}, not 'DRAM keeps'"),
        ("for m in 1..96 by 24\nMAC", f"nest.txt:1: a line must look like {FORMS}, not 'for m in 1..96 by 24'"),
        ("x" * 99 + "\nMAC", f"nest.txt:1: a line must look like {FORMS}, not '{'x' * 57}...'"),
        (
            "for e in 0..55 by 7\nDRAM keeps inputs\nfor e in 0..13 by 1\nMAC",
            "nest.txt:3: e must run over 0..7, the step of e in line 1, not over 0..13",
        ),
        ("for m in 0..96 by 0\nMAC", "nest.txt:1: step of m must be between 1 and its extent 96, not 0"),
        ("for m in 0..96 by -4\nMAC", "nest.txt:1: step of m must be between 1 and its extent 96, not -4"),
        ("for m in 0..96 by 97\nMAC", "nest.txt:1: step of m must be between 1 and its extent 96, not 97"),
        ("for m in 0..0 by 1\nMAC", "nest.txt:1: extent of m must be at least 1, not 0"),
        ("for m in 0..-3 by 1\nMAC", "nest.txt:1: extent of m must be at least 1, not -3"),
        (f"for m in 0..{'9' * 5000} by 1\nMAC", "nest.txt:1: a number must have at most 18 digits, not 5000"),
        ("par-for m in 0..4 by 1\nMAC", "nest.txt:1: par-for m must name its axis, such as 'par-for m ... on X'"),
        ("for m in 0..4 by 1 on X\nMAC", "nest.txt:1: only par-for runs on an axis; write 'par-for m ... on X'"),
        ("DRAM keeps inputs\n", "nest.txt:1: a loop nest must end with a line 'MAC', which is missing"),
        ("MAC\n\nfor m in 0..4 by 1", "nest.txt:3: 'MAC' must be the last line; 'for m in 0..4 by 1' follows it"),
        ("MAC\nMAC", "nest.txt:2: 'MAC' must be the last line; 'MAC' follows it"),
        ("", "nest.txt: a mapping must be a loop nest that ends with 'MAC'; the text is empty"),
        ("\n# nothing\n", "nest.txt: a mapping must be a loop nest that ends with 'MAC'; the text is empty"),
        ("DRAM keeps inputs\n\x00\x01", "nest.txt:2: a mapping must be plain text, not binary data"),
        ("\x7fELF\x02", "nest.txt:1: a mapping must be plain text, not binary data"),
    ],
)
def test_what_is_no_mapping_is_refused_with_its_line(text: str, sentence: str) -> None:
    assert refusal(text) == sentence


def test_a_file_reads_as_its_text(tmp_path: Path) -> None:
    path = tmp_path / "nest.txt"
    path.write_text(NEST)
    assert load_mapping(path) == load_mapping(str(path)) == MAPPING
    path.write_bytes(b"\xef\xbb\xbf" + NEST.replace("\n", "\r\n").encode())
    assert load_mapping(path) == MAPPING


def test_files_that_are_no_mapping_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "nest.txt"

    def sentence() -> str:
        with pytest.raises(InputError) as error:
            load_mapping(path)
        return str(error.value)

    assert sentence() == f"{path}: mapping file not found; give the path of a text file with a loop nest"
    path.write_bytes(b"")
    assert sentence() == f"{path}: a mapping must be a loop nest that ends with 'MAC'; the text is empty"
    path.write_bytes(b"DRAM keeps inputs\n\xff\xfe\x00")
    assert sentence() == f"{path}:2: a mapping must be plain text, not binary data"
    path.write_bytes(b"#" * 1_000_001)
    assert sentence() == f"{path}: a mapping must be a text file of at most 1,000,000 bytes, not larger"
    path.unlink()
    path.mkdir()
    assert sentence() == f"{path}: a mapping must be a text file, not a directory"
    path = tmp_path / ("n" * 300)
    assert sentence() == f"{path}: mapping file cannot be read: File name too long"
