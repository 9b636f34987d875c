"""Every shipped machine loads, reads back, renders, and says where each of its numbers comes from."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import pytest

from accelsim.architecture.files import (
    architecture_json_schema,
    dump_architecture,
    load_architecture,
    parse_architecture,
)
from accelsim.architecture.render import render_architecture
from accelsim.architecture.sources import unsourced
from accelsim.architecture.spec import Architecture, Axis, Compute, Fanout, Level, Source
from accelsim.architecture.technology import equal_area_buffer_bytes, memory_area
from accelsim.errors import InputError
from accelsim.files import shipped

NAMES = sorted(shipped("architectures"))
ISCA = [f"{kind}{pes}" for kind in ("is", "nlr", "osa", "osb", "osc", "rs", "ws") for pes in (256, 512, 1024)]


def test_the_machines_of_the_comparison_ship() -> None:
    assert set(NAMES) >= {*ISCA, "eyeriss", "ws16x16", "eyeriss_like_unified", "eyeriss_like_spads"}


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_machine_reads_back_equal_and_names_its_sources(name: str) -> None:
    machine = load_architecture(name)
    assert machine.name == name
    assert machine.description
    assert unsourced(machine) == []
    assert parse_architecture(dump_architecture(machine), "dumped.yaml") == machine
    text = render_architecture(machine)
    assert all(element.name in text for element in machine.elements)
    assert "no source given" not in text
    assert machine.dataflow is None or machine.dataflow in shipped("dataflows")


@pytest.mark.parametrize("name", ISCA)
def test_the_comparison_prices_a_word_as_the_paper_does(name: str) -> None:
    machine = load_architecture(name)
    assert machine.energy_unit == "MAC"
    assert machine.compute.mac_energy == 1
    assert machine.fanouts[0].hop_energy == (("*", 2.0),)
    energies = [200.0, 6.0, 1.0][: len(machine.levels)]
    assert [level.read_energy for level in machine.levels] == energies
    assert [level.write_energy for level in machine.levels] == energies
    assert [level.read_bandwidth for level in machine.levels] == [None] * len(machine.levels)


def test_equal_area_leaves_what_the_registers_do_not_take() -> None:
    # All of it: 256 x 512 B x 1.643 + 128 KiB x 1 = 346,423.296 B-equivalents, 173,211 words of 2 B.
    assert load_architecture("nlr256").level("GlobalBuffer").capacity_words == 173_211
    # 256 registers of 2 B x 8.147 = 4,171.264 less: 342,252.032 B.
    assert load_architecture("ws256").level("GlobalBuffer").capacity_words == 171_126
    # 98 B lie 34/64 of the way from 4.657 to 3.145: 3.85375 each, 256 x 377.6675 = 96,682.88 less: 249,740.416 B.
    assert load_architecture("osa256").level("GlobalBuffer").capacity_words == 124_870
    # The reference itself gets its buffer back to the word.
    assert load_architecture("rs1024").level("GlobalBuffer").capacity_words == 262_144


def test_the_area_of_a_memory_follows_the_table() -> None:
    assert memory_area(Fraction(2)) == Fraction("16.294")
    assert memory_area(Fraction(3)) == 3 * Fraction("10.8555")  # half way from 8.147 to 13.564
    assert memory_area(Fraction(5000)) == 5000


def test_areas_outside_the_table_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        memory_area(Fraction(1))
    assert str(caught.value) == "a memory under the equal-area rule must have at least 2 B, not 1 B"
    with pytest.raises(InputError) as caught:
        equal_area_buffer_bytes(8, Fraction(512), Fraction(512), [(8, Fraction(1024))])
    assert str(caught.value) == "the equal-area rule must leave at least 4096 B for the buffer, not 414 B"


def test_eyeriss_is_the_chip() -> None:
    chip = load_architecture("eyeriss")
    assert chip.mac_units == 168
    assert {name: axis.size for name, axis in chip.axes.items()} == {"Y": 12, "X": 14}
    buffer, spad = chip.level("GlobalBuffer"), chip.level("Scratchpad")
    assert buffer.capacity_words == 25 * 512 * 64 // 16  # 25 banks of 512 x 64 b
    assert buffer.keep("weights") == "not"
    assert dict(spad.tensor_capacity_words) == {"inputs": 12, "weights": 224, "outputs": 24}
    assert chip.level("DRAM").read_bandwidth == 64 * 60 / 200 / 16  # 64 b at 60 MHz, in words per core cycle
    assert (buffer.read_bandwidth, buffer.write_bandwidth) == (5, 4)
    assert chip.axes["Y"].network("outputs") == "reduction"
    assert chip.axes["X"].network("outputs") == "unicast"


def test_the_mapper_machines_are_their_definition() -> None:
    for name, spread in {"ws16x16": (16, 16), "eyeriss_like_unified": (14, 12), "eyeriss_like_spads": (14, 12)}.items():
        machine = load_architecture(name)
        assert tuple(axis.size for axis in machine.axes.values()) == spread
        assert [level.read_energy for level in machine.levels] == [200, 6, 1]
        assert [level.read_bandwidth for level in machine.levels] == [4, 16, None]
        assert machine.level("GLB").capacity_words == 65_536
        assert machine.energy_unit == "pJ"
    ws = load_architecture("ws16x16")
    assert (ws.axes["X"].irrelevant_to, ws.axes["Y"].irrelevant_to) == ("inputs", "outputs")
    spads = load_architecture("eyeriss_like_spads")
    assert (spads.axes["X"].irrelevant_to, spads.axes["Y"].irrelevant_to) == ("weights", "outputs")


def test_every_field_of_a_machine_survives_a_round_trip() -> None:
    machine = Architecture(
        name="odd: 'one'",
        elements=(
            Level("DRAM", keeps=(("*", "must"),), read_energy=0.1, sources=(Source("*", "no", verified=False),)),
            Level(
                "L2",
                capacity_words=7,
                tensor_capacity_words=(("weights", 3),),
                keeps=(("inputs", "not"), ("*", "may")),
                buffers=2,
                word_bits=8,
                read_bandwidth=1 / 3,
                write_bandwidth=2.5,
                shared_port=True,
                read_energy=1e-7,
                write_energy=1 / 3,
                area_um2=12.5,
                nested=True,
            ),
            Fanout("A", (Axis("X", 3, (("outputs", "reduction"),), "weights", ("M", "no")),), (("*", 0.5),)),
            Level("R", tensor_capacity_words=(("inputs", 1), ("weights", 1), ("outputs", 1))),
        ),
        compute=Compute("PE", 1.25, True, 3.5, (Source("energy", "1e-12"),)),
        clock_mhz=333.25,
        technology="null",
        dataflow="true.yaml",
        vector_energy=2.5,
        other_area_um2=1e6 / 3,
        sources=(Source("clock", "guess:\n  # two lines", verified=False),),
    )
    assert parse_architecture(dump_architecture(machine), "dumped.yaml") == machine


TOY = """\
name: toy
clock: 100 MHz
word: 8 b
sources: {clock: {text: from memory, unverified: true}}
elements:
- level: DRAM
  read_bandwidth: 2 B/cycle
  read_energy: 100 pJ
  write_energy: 0.1 nJ
  sources: {'*': a data sheet}
- level: Buffer
  capacity: 2 KiB
  keeps: {weights: not}
  buffers: 2
  read_energy: 6 pJ
  write_energy: 7 pJ
  sources: {read_energy: a paper, write_energy: a paper}
- fanout: Array
  axes: [{axis: X, size: 4, irrelevant_to: inputs, networks: {inputs: multicast}}]
- compute: MAC
  energy: 1 pJ
"""

DRAWN = """\
toy
  clock            100 MHz                            [1] unverified
  word             8 bits                             no source given
  energies in      pJ
DRAM
    capacity         unbounded
    keeps            inputs weights outputs
    read bandwidth   2 words/cycle                      [2]
    write bandwidth  unbounded
    read energy      100 pJ per word                    [2]
    write energy     100 pJ per word                    [2]
  Buffer
      capacity         2,048 words (2 KiB)                no source given
      buffers          2 copies of every tile             no source given
      may keep         inputs outputs
      does not keep    weights
      read bandwidth   unbounded
      write bandwidth  unbounded
      read energy      6 pJ per word                      [3]
      write energy     7 pJ per word                      [3]
    Array: fan-out to 4
        axis X           4 positions, only dims irrelevant to inputs no source given
          networks       inputs:multicast weights:unicast outputs:unicast
      MAC  x 4
          energy           1 pJ per operation                 no source given
sources
  [1] from memory
  [2] a data sheet
  [3] a paper
"""


def test_a_machine_is_drawn_with_the_source_of_every_number() -> None:
    machine = parse_architecture(TOY, "toy.yaml")
    assert render_architecture(machine) == DRAWN
    assert unsourced(machine) == ["toy.word", "Buffer.capacity", "Buffer.buffers", "Array.axes", "MAC.energy"]


def test_energies_of_one_machine_reach_the_model_in_one_unit() -> None:
    machine = parse_architecture(TOY, "toy.yaml")
    assert machine.level("DRAM").write_energy == 100.0
    assert machine.level("Buffer").read_bandwidth is None
    assert dataclasses.replace(machine, name="toy") == machine


def test_editors_get_a_schema_that_asks_for_names_only() -> None:
    schema = architecture_json_schema()
    assert schema["required"] == ["name"]
    assert schema["$defs"]["LevelFields"]["required"] == ["level"]
    assert schema["$defs"]["AxisFields"]["required"] == ["axis"]
    assert schema["additionalProperties"] is False
    assert "capacity" in schema["$defs"]["LevelFields"]["properties"]
