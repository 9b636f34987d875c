"""A machine's file that makes no sense is refused with its line and one whole sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.architecture.files import load_architecture, parse_architecture
from accelsim.architecture.sources import source_of, unsourced
from accelsim.errors import InputError

GOOD = """\
name: toy
clock: 100 MHz
word: 16 b
elements:
- level: DRAM
  read_energy: 200 pJ
  write_energy: 200 pJ
- level: Buffer
  capacity: 2 KiB
  read_energy: 6 pJ
  write_energy: 6 pJ
- fanout: Array
  axes:
  - {axis: X, size: 4, networks: {inputs: multicast}}
- level: Register
  capacity: 1 word
  read_energy: 1 pJ
  write_energy: 1 pJ
- compute: MAC
  energy: 1 pJ
"""


def refusal(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse_architecture(text, "toy.yaml")
    return str(caught.value)


def test_the_example_is_good() -> None:
    assert parse_architecture(GOOD, "toy.yaml").mac_units == 4


REFUSED = [
    (
        "  capacity: 2 KiB\n",
        "  capcity: 2 KiB\n",
        "9: elements.1.capcity is not a known field; did you mean 'capacity'?",
    ),
    (
        "2 KiB",
        "2 KB",
        "9: elements.1.capacity must be a capacity such as '108 KiB' or '512 words', not '2 KB'; "
        "write KiB (1024 B) or kB (1000 B)",
    ),
    (
        "2 KiB",
        "2048",
        "9: elements.1.capacity must be a capacity such as '108 KiB' or '512 words', not 2048; "
        "units that fit: words, b, B, kB, KiB, MB, MiB",
    ),
    ("2 KiB", "-2 KiB", "9: elements.1.capacity must be more than 0 KiB, not '-2 KiB'"),
    ("2 KiB", "0 B", "9: elements.1.capacity must be more than 0 B, not '0 B'"),
    ("2 KiB", "3 B", "9: Buffer.capacity must be a whole number of 16-bit words, not '3 B'"),
    ("2 KiB", "1e99 GiB", "9: elements.1.capacity must be at most 1 PiB, not '1e99 GiB'"),
    (
        "2 KiB",
        "[2 KiB]",
        "9: elements.1.capacity must be a capacity such as '108 KiB' or '512 words', not a list",
    ),
    ("  capacity: 2 KiB\n", "", "8: Buffer must have a capacity; write 'capacity: unbounded' if it has no bound"),
    (
        "capacity: 2 KiB",
        "partitions: {'*': 3 words}",
        "9: Buffer.partitions must name tensors, not '*'",
    ),
    (
        "capacity: 2 KiB",
        "partitions: {inputs: 2.5 words}",
        "8: Buffer must have a capacity; write 'capacity: unbounded' if it has no bound",
    ),
    (
        "capacity: 1 word",
        "partitions: {inputs: 1 word, weights: 2.5 words, outputs: 1 word}",
        "16: Register.partitions.weights must be a whole number of 16-bit words, not '2.5 words'",
    ),
    ("capacity: 2 KiB", "capacity: 2 KiB\n  buffers: 0", "10: elements.1.buffers must be at least 1, not 0"),
    ("capacity: 2 KiB", "capacity: 2 KiB\n  buffers: 1.5", "10: elements.1.buffers must be a whole number, not 1.5"),
    ("6 pJ", "-6 pJ", "10: elements.1.read_energy must be 0 or more pJ, not '-6 pJ' (and 1 more error)"),
    (
        "  read_energy: 1 pJ\n",
        "  read_energy: 1 MAC\n",
        "17: Register.read_energy must be physical like DRAM.read_energy ('200 pJ'), not '1 MAC'",
    ),
    (
        "- compute: MAC\n  energy: 1 pJ",
        "- compute: MAC\n  energy: 1 MAC",
        "20: MAC.energy must be physical like DRAM.read_energy ('200 pJ'), not '1 MAC'",
    ),
    (
        "name: toy\n",
        "name: toy\nvector_energy: 1 MAC\n",
        "7: DRAM.read_energy must be normalised to one MAC like vector_energy ('1 MAC'), not '200 pJ'",
    ),
    ("  read_energy: 6 pJ\n", "", "8: elements.1.read_energy is missing"),
    ("clock: 100 MHz\n", "", "1: clock is missing"),
    ("100 MHz", "0 MHz", "2: clock must be more than 0 MHz, not '0 MHz'"),
    ("16 b", "0.5 b", "3: word must be a whole number of bits, not '0.5 b'"),
    ("level: Register", "level: Buffer", "15: level must have a name of its own, not 'Buffer' again"),
    ("fanout: Array", "fanout: Buffer", "12: fanout must have a name of its own, not 'Buffer' again"),
    (
        "inputs: multicast}}\n",
        "inputs: multicast}}\n  - {axis: X, size: 2}\n",
        "15: axis must have a name of its own, not 'X' again",
    ),
    (
        "level: Register",
        "level: on chip",
        "15: elements.3.level must be a name of letters, digits and _ that starts with a letter, not 'on chip'",
    ),
    ("level: Register", "level: MAC", "15: elements.3.level must not be 'MAC', which has a meaning in a loop nest"),
    ("size: 4", "size: 0", "14: elements.2.axes.0.size must be at least 1, not 0"),
    ("size: 4", "size: '4'", "14: elements.2.axes.0.size must be a whole number, not '4'"),
    (
        "inputs: multicast",
        "inputs: broadcast",
        "14: elements.2.axes.0.networks.inputs must be one of multicast, forwarding, reduction, unicast, "
        "not 'broadcast'",
    ),
    (
        "inputs: multicast",
        "outputs: multicast",
        "14: network of outputs along X must be reduction or unicast, not multicast",
    ),
    (
        "inputs: multicast",
        "'*': multicast",
        "14: network of outputs along X must be reduction or unicast, not multicast",
    ),
    (
        "inputs: multicast",
        "weights: reduction",
        "14: network of weights along X must be multicast, forwarding or unicast, not reduction",
    ),
    (
        "inputs: multicast",
        "psums: reduction",
        "14: elements.2.axes.0.networks.psums must be one of inputs, weights, outputs, *, not 'psums'",
    ),
    (
        "  axes:\n  - {axis: X, size: 4, networks: {inputs: multicast}}\n",
        "  axes: []\n",
        "13: Array.axes must have at least one axis",
    ),
    (
        "  axes:\n  - {axis: X, size: 4, networks: {inputs: multicast}}\n",
        "  axes: {X: 4}\n",
        "13: elements.2.axes must be a list, not a map",
    ),
    (
        "capacity: 1 word",
        "capacity: 1 word\n  keeps: [weights]",
        "17: elements.3.keeps must be a map of fields, not a list",
    ),
    (
        "capacity: 1 word",
        "capacity: 1 word\n  keeps: {weights: yes}",
        "17: elements.3.keeps.weights must be one of must, may, not, not 'yes'",
    ),
    (
        "capacity: 1 word",
        "capacity: 1 word\n  sources: {capcity: a paper}",
        "17: Register.sources.capcity must be a field of the element or '*'; did you mean 'capacity'?",
    ),
    (
        "capacity: 1 word",
        "capacity: 1 word\n  sources: {capacity: 3}",
        "17: elements.3.sources.capacity must be a citation, not 3",
    ),
    (
        "- level: DRAM\n",
        "- level: DRAM\n  capacity: 4 GiB\n",
        "6: DRAM.capacity must be left out: the outermost level is unbounded",
    ),
    (
        "- level: DRAM\n",
        "- level: DRAM\n  keeps: {weights: may}\n",
        "6: DRAM.keeps.weights must be 'must' in the outermost level, not 'may'",
    ),
    (
        "- level: Register\n",
        "- memory: Register\n",
        "15: elements.3 must be a map with one of the fields 'level', 'fanout' and 'compute'",
    ),
    (
        "- compute: MAC\n  energy: 1 pJ\n",
        "",
        "4: elements must end with the one compute unit, not have none",
    ),
    (
        "- compute: MAC\n",
        "- compute: A\n  energy: 1 pJ\n- compute: MAC\n",
        "19: elements must end with the one compute unit, not have two",
    ),
    (
        "capacity: 2 KiB",
        "capacity: {equal_area: {register: 2 B, buffer_per_pe: 512 B}}",
        "9: Buffer.capacity: the equal-area rule must leave at least 4096 B for the buffer, not 2238 B",
    ),
    (
        "capacity: 2 KiB",
        "capacity: {equal_area: {register: 512 B}}",
        "9: elements.1.capacity.equal_area.buffer_per_pe is missing",
    ),
    (
        "capacity: 2 KiB",
        "capacity: 2 KiB\n  read_bandwidth: 4 words",
        "10: elements.1.read_bandwidth must be a bandwidth such as '4 words/cycle' or '34 GB/s', not '4 words'",
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), REFUSED)
def test_what_makes_no_sense_is_refused_with_its_line(old: str, new: str, sentence: str) -> None:
    assert old in GOOD
    got = refusal(GOOD.replace(old, new))
    assert got == f"toy.yaml:{sentence}"


def test_elements_start_with_the_outermost_memory() -> None:
    head, tail = GOOD.split("- level: DRAM")[0], "- compute: MAC\n  energy: 1 pJ\n"
    assert refusal(head + tail) == "toy.yaml:4: elements must have at least one level, the outermost memory"
    array = "- fanout: Array\n  axes: [{axis: X, size: 4}]\n"
    level = "- level: DRAM\n  read_energy: 1 pJ\n  write_energy: 1 pJ\n"
    assert refusal(head + array + level + tail) == (
        "toy.yaml:5: elements must start with a level, the outermost memory"
    )
    assert refusal("name: toy\nclock: 1 MHz\nword: 8 b\nelements: []\n") == (
        "toy.yaml:4: elements must have at least one level, the outermost memory"
    )


def test_a_file_changes_what_it_extends_and_keeps_the_rest(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(GOOD)
    (tmp_path / "wide.yaml").write_text(
        "name: wide\nextends: base.yaml\nelements:\n"
        "- fanout: Array\n  axes: [{axis: X, size: 8}]\n"
        "- level: Latch\n  capacity: 2 words\n  read_energy: 0 pJ\n  write_energy: 0 pJ\n"
    )
    base, wide = load_architecture(str(tmp_path / "base.yaml")), load_architecture(str(tmp_path / "wide.yaml"))
    assert [e.name for e in wide.elements] == ["DRAM", "Buffer", "Array", "Latch", "Register"]
    assert wide.axes["X"].size == 8
    assert wide.axes["X"].networks == base.axes["X"].networks
    assert wide.level("Buffer") == base.level("Buffer")


def test_a_changed_number_does_not_keep_the_source_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nextends: eyeriss\nelements:\n- {level: GlobalBuffer, capacity: 200 KiB}\n")
    machine = load_architecture(str(path))
    buffer = machine.level("GlobalBuffer")
    assert buffer.capacity_words == 102_400
    assert source_of(buffer.sources, "capacity").verified is False
    assert unsourced(machine) == ["GlobalBuffer.capacity"]


def test_bad_extensions_are_refused_on_the_line_that_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("name: a\nextends: b.yaml\n")
    (tmp_path / "b.yaml").write_text("name: b\nextends: a.yaml\n")
    (tmp_path / "list.yaml").write_text("- 1\n")
    expected = {
        "extends: eyeris": (
            "toy.yaml:2: extends: no architecture is called 'eyeris'; did you mean 'eyeriss'? "
            "(a file of your own ends in .yaml)"
        ),
        "extends: 5": "toy.yaml:2: extends must be the name or path of a machine",
        "extends: none.yaml": "toy.yaml:2: extends: none.yaml: no such file",
        "extends: list.yaml": "toy.yaml:2: extends must name a machine, and list.yaml is none",
        "extends: a.yaml": "toy.yaml:2: extends: a.yaml:2: extends: b.yaml:2: extends: 'a.yaml' extends itself",
        "extends: eyeriss\nelements:\n- {level: GlobalBuffer, capacity: 3 KB}": (
            "toy.yaml:4: elements.1.capacity must be a capacity such as '108 KiB' or '512 words', not '3 KB'; "
            "write KiB (1024 B) or kB (1000 B)"
        ),
        "extends: eyeriss\nelements:\n- level: GlobalBufer\n  capacity: 3 KiB": (
            "toy.yaml:4: level 'GlobalBufer' is none of those that this file extends; did you mean 'GlobalBuffer'? "
            "(a new one needs read_energy, write_energy)"
        ),
    }
    for text, sentence in expected.items():
        assert refusal(f"name: toy\n{text}\n") == sentence
    assert refusal("extends: eyeriss\n") == "toy.yaml:1: name is missing"


def test_a_misspelt_dataflow_is_refused_with_its_line() -> None:
    sentence = "toy.yaml:2: dataflow must be one that ships or a .yaml file, not 'row_stationry'"
    text = GOOD.replace("clock:", "dataflow: row_stationry\nclock:", 1)
    assert refusal(text) == f"{sentence}; did you mean 'row_stationary'?"
