"""What the widths of a layer's tensors do to energy and time: bits move, and elements narrower than a word share it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import ceil
from random import Random

import numpy as np
import pytest
from search_cases import WIDE, with_widths, with_words
from search_exact import failures
from strategies import random_case

from accelsim.architecture.files import dump_architecture, parse_architecture
from accelsim.architecture.render import render_architecture
from accelsim.architecture.spec import Architecture, Axis, Compute, Fanout, Level
from accelsim.errors import InputError, MappingError
from accelsim.mapping.parse import parse_mapping
from accelsim.model.array_fed import fed_time
from accelsim.model.batch import BatchEvaluator
from accelsim.model.conventions import CONVENTIONS
from accelsim.model.evaluate import evaluate
from accelsim.model.evaluation import Evaluation
from accelsim.model.pipelined import pipelined_bounds
from accelsim.model.traffic import template_of
from accelsim.model.vector import evaluate_vector
from accelsim.search import OBJECTIVES
from accelsim.simulate.dram.tiles import tile_runs
from accelsim.simulate.execute import execute
from accelsim.simulate.pipeline.program import recorded_program
from accelsim.simulate.pipeline.schedule import times
from accelsim.workload.layer import FullyConnected
from accelsim.workload.operation import Operation
from accelsim.workload.precision import Bits
from accelsim.workload.vector_layers import Softmax

LINE = Architecture(
    "line",
    (
        Level("DRAM", read_energy=10, write_energy=20, read_bandwidth=1.0, write_bandwidth=1.0),
        Fanout("Array", (Axis("X", 1),), hop_energy=(("*", 4.0),)),
        Level("RF", read_energy=1, write_energy=2),
    ),
    Compute(mac_energy=0.5),
    1.0,
)
WHOLE = parse_mapping(
    "DRAM keeps inputs weights outputs\nRF keeps inputs weights outputs\nfor m in 0..2 by 1\nfor c in 0..3 by 1\nMAC"
)


def layer(bits: Bits) -> Operation:
    """Two sums of three products."""
    return FullyConnected("f", M=2, C=3, bits=bits).operation()


def by_item(cost: Evaluation) -> dict[tuple[str, str], float]:
    return {(item.component, item.tensor): item.energy for item in cost.energies}


def with_levels(machine: Architecture, change: Callable[[Level], Level]) -> Architecture:
    return replace(machine, elements=tuple(change(x) if isinstance(x, Level) else x for x in machine.elements))


@pytest.mark.parametrize(("sums", "sum_words"), [(24, 1.5), (32, 2.0)])
def test_an_access_costs_what_its_bits_cost(sums: int, sum_words: float) -> None:
    """3 inputs, 6 weights, 2 outputs move once: 3 and 6 reads at 10 and 2 updates at 20 in DRAM, hops at 4 each.

    RF: 3 and 6 fills at 2; each of 6 MACs reads both operands at 1, and adds to a sum: 6 updates at 2, of which all but
    the first of both sums read it: 4 reads at 1; 2 drains at 1.  Words are 16 bits: an input is one, a weight half of
    one, a sum of 24 bits one and a half.  6 MACs at 0.5 whatever they multiply.
    """
    items = by_item(evaluate(layer(Bits(inputs=16, weights=8, outputs=sums)), LINE, WHOLE))
    assert items == {
        ("DRAM", "inputs"): 3 * 10,
        ("DRAM", "weights"): 6 * 10 / 2,
        ("DRAM", "outputs"): 2 * 20 * sum_words,
        ("Array", "inputs"): 3 * 4,
        ("Array", "weights"): 6 * 4 / 2,
        ("Array", "outputs"): 2 * 4 * sum_words,
        ("RF", "inputs"): 3 * 2 + 6 * 1,
        ("RF", "weights"): (6 * 2 + 6 * 1) / 2,
        ("RF", "outputs"): (6 * 2 + (4 + 2) * 1) * sum_words,
        ("MAC", ""): 6 * 0.5,
    }


def test_a_level_that_does_not_pack_is_charged_for_whole_words() -> None:
    """Of 16 bits each: 8 bits are one word, 24 bits are two; and a register file of 13 words holds 3 + 6 + 2 x 2."""
    machine = with_levels(LINE, lambda x: replace(x, packed=False, capacity_words=13 if x.name == "RF" else None))
    mixed = layer(Bits(inputs=16, weights=8, outputs=24))
    items = by_item(evaluate(mixed, machine, WHOLE))
    assert items["RF", "weights"] == 6 * 2 + 6 * 1
    assert items["RF", "outputs"] == (6 * 2 + (4 + 2) * 1) * 2
    assert items["Array", "weights"] == 6 * 4 / 2  # a network is wires: it has no words to fill
    assert execute(mixed, machine, WHOLE).equal
    small = with_levels(machine, lambda x: replace(x, capacity_words=12) if x.name == "RF" else x)
    with pytest.raises(MappingError, match="RF needs 13 words, holds 12"):
        evaluate(mixed, small, WHOLE)
    with pytest.raises(MappingError, match="must hold at most 12 words"):
        execute(mixed, small, WHOLE)
    # Packed, 3 x 16 + 6 x 8 + 2 x 24 = 144 bits are 9 words.
    packed = with_levels(small, lambda x: replace(x, packed=True, capacity_words=9 if x.name == "RF" else None))
    assert execute(mixed, packed, WHOLE).counts == evaluate(mixed, packed, WHOLE).counts


def test_a_hop_is_priced_by_the_word_of_its_network() -> None:
    """4 per word of 32 bits is 1 per weight of 8 bits; what has no width of its own is a word of the network."""
    elements = tuple(replace(x, word_bits=32) if isinstance(x, Fanout) else x for x in LINE.elements)
    items = by_item(evaluate(layer(Bits(weights=8)), replace(LINE, elements=elements), WHOLE))
    assert (items["Array", "weights"], items["Array", "inputs"]) == (6 * 1, 3 * 4)


def test_narrow_elements_pass_a_port_together() -> None:
    """DRAM reads 3 x 16 + 6 x 8 = 96 bits, 6 words of 16 bits in 6 cycles; 2 x 24 bits out are 3 words.

    On words of 20 bits the reads are 4.8 words: 5 cycles, and the writes 2.4: 3.
    """
    mixed = layer(Bits(inputs=16, weights=8, outputs=24))
    times = {t.port: (t.words, t.cycles) for t in evaluate(mixed, LINE, WHOLE).port_times}
    assert times == {"read": (6, 6), "write": (3, 3)}
    odd = with_levels(LINE, lambda x: replace(x, word_bits=20))
    times = {t.port: (t.words, t.cycles) for t in evaluate(mixed, odd, WHOLE).port_times}
    assert times == {"read": (5, 5), "write": (3, 3)}
    shared = with_levels(LINE, lambda x: replace(x, shared_port=True))
    assert evaluate(mixed, shared, WHOLE).port_times[0].cycles == 9
    apart = with_levels(LINE, lambda x: replace(x, packed=False))
    times = {t.port: (t.words, t.cycles) for t in evaluate(mixed, apart, WHOLE).port_times}
    assert times == {"read": (9, 9), "write": (4, 4)}


def test_the_tile_pipeline_moves_the_same_bits() -> None:
    """Whole tiles one after the other: 6 cycles of reads, 6 MACs, 3 cycles of writes, and the closed form says so."""
    mixed = layer(Bits(inputs=16, weights=8, outputs=24))
    run = times(recorded_program(mixed, LINE, WHOLE))
    bounds = pipelined_bounds(mixed, LINE, WHOLE, evaluate(mixed, LINE, WHOLE).counts)
    assert run.ticks == 15 * run.per_cycle
    assert (bounds.lower_cycles, bounds.upper_cycles) == (15, 15)


def test_a_layer_without_macs_pays_for_its_bits() -> None:
    """8 elements of 8 bits are read, 8 of 32 written: half a word at 10, two words at 20; 4 and 16 words in time."""
    cost = evaluate_vector(Softmax("s", C=8, bits=Bits(inputs=8, outputs=32)).operation(), LINE)
    assert by_item(cost)["DRAM", "inputs"] == 8 * 10 / 2
    assert by_item(cost)["DRAM", "outputs"] == 8 * 20 * 2
    assert [(t.port, t.words, t.cycles) for t in cost.port_times] == [("read", 4, 4), ("write", 16, 16)]


def test_elements_lie_in_dram_as_many_bits_apart_as_they_are_wide() -> None:
    """3 inputs of 12 bits are bytes 0 to 4, 6 weights of 4 bits bytes 5 to 7, two sums of 24 bits the six after."""
    runs = list(tile_runs(layer(Bits(inputs=12, weights=4, outputs=24)), LINE, WHOLE))
    assert [run for run in runs if not run[2]] == [(0, 5, False), (5, 3, False)]
    assert [run for run in runs if run[2]] == [(8, 6, True)]


def test_an_array_waits_for_the_bits_of_what_it_holds() -> None:
    """Weights of half a word come in half the time; with weights of a word the wait is the one without widths."""
    machine = parse_architecture(
        "name: a\nclock: 1 GHz\nword: 16 b\nsystolic: {rows: 4, cols: 4, dataflow: ws, buffer: 64 KiB, "
        "dram_bandwidth: 0.5 words/cycle}\n",
        "a.yaml",
    )
    operation = FullyConnected("f", M=32, C=32)
    plain, whole, half = (
        fed_time(replace(operation, bits=Bits(weights=bits)).operation(), machine) for bits in (None, 16, 8)
    )
    assert whole == plain
    # 1,024 weights at half a word a cycle: the last arrives after 2,048 cycles, or 1,024; then one vector streams.
    assert plain.cycles - half.cycles == 1024


def priced(machine: Architecture) -> Architecture:
    """A generated machine with words of 16 bits, an energy and a bandwidth everywhere."""
    elements = tuple(
        replace(x, word_bits=16, hop_energy=(("outputs", 3.0), ("*", 2.0)))
        if isinstance(x, Fanout)
        else replace(x, word_bits=16, read_energy=4.0, write_energy=5.0, read_bandwidth=0.75, write_bandwidth=1.2)
        for x in machine.elements
    )
    return replace(machine, elements=elements)


def of_width(operation: Operation, bits: int | None) -> Operation:
    return replace(operation, tensors=tuple(replace(tensor, bits=bits) for tensor in operation.tensors))


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("seed", range(20))
def test_words_of_the_machines_width_cost_what_they_did_and_half_as_wide_ones_half(seed: int, convention: str) -> None:
    operation, machine, nest = random_case(seed)
    machine = priced(machine)
    plain, whole, half, quadruple = (
        evaluate(of_width(operation, bits), machine, nest, convention, check=False) for bits in (None, 16, 8, 64)
    )
    assert whole == plain
    assert half.counts.tensors == plain.counts.tensors
    for name, energy in by_item(plain).items():
        moves = bool(name[1])
        assert by_item(half)[name] == (energy / 2 if moves else energy)
        assert by_item(quadruple)[name] == (energy * 4 if moves else energy)
    for before, after in zip(plain.port_times, half.port_times, strict=True):
        assert after.words == ceil(before.words / 2)
        assert after.cycles in ((before.cycles - 1) // 2, before.cycles // 2, ceil(before.cycles / 2))


@pytest.mark.parametrize("seed", range(60))
def test_what_is_executed_and_what_a_batch_prices_is_what_one_evaluation_says(seed: int) -> None:
    operation, machine, nest = random_case(seed)
    draw = Random(seed)
    operation, machine = with_widths(draw, operation), with_words(draw, priced(machine))
    cost = evaluate(operation, machine, nest, check=False)
    assert execute(operation, machine, nest, check_capacity=False).counts == cost.counts
    batch = BatchEvaluator(operation, machine, template_of(nest))
    found = batch(np.array([[loop.step for loop in nest.loops]], np.int64).reshape(1, -1))
    assert (found.energy[0], found.cycles[0]) == (pytest.approx(cost.energy, rel=1e-12), cost.cycles)


@pytest.mark.parametrize("seed", range(WIDE, WIDE + 16))
def test_the_search_finds_the_best_of_all_mappings_at_mixed_widths(seed: int) -> None:
    assert [wrong for objective in OBJECTIVES for wrong in failures(seed, objective, "perfect")] == []


@pytest.mark.parametrize("seed", range(WIDE, WIDE + 3))
def test_at_mixed_widths_no_gap_over_any_steps_is_smaller_than_the_true_one(seed: int) -> None:
    assert [wrong for objective in OBJECTIVES for wrong in failures(seed, objective, "ragged")] == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("steps", ["perfect", "ragged"])
@pytest.mark.parametrize("seed", range(WIDE + 16, WIDE + 500))
def test_the_search_finds_the_best_of_hundreds_of_problems_at_mixed_widths(seed: int, steps: str) -> None:
    assert [wrong for objective in OBJECTIVES for wrong in failures(seed, objective, steps)] == []  # type: ignore[arg-type]


MACHINE = """
name: mixed
clock: 100 MHz
word: 8 b
elements:
- {level: DRAM, read_energy: 20 pJ, write_energy: 20 pJ}
- {fanout: Array, axes: [{axis: X, size: 2}], hop_energy: {outputs: 3 pJ}, word: 32 b}
- {level: Sums, word: 32 b, packed: false, capacity: 4 words, read_energy: 2 pJ, write_energy: 2 pJ}
- {compute: MAC, energy: 1 pJ}
"""


def test_a_file_says_how_wide_the_words_of_levels_and_networks_are_and_what_packs() -> None:
    machine = parse_architecture(MACHINE, "mixed.yaml")
    assert [(e.name, e.word_bits) for e in machine.elements] == [("DRAM", 8), ("Array", 32), ("Sums", 32)]
    assert [level.packed for level in machine.levels] == [True, False]
    assert parse_architecture(dump_architecture(machine), "again.yaml") == machine
    shown = render_architecture(machine)
    assert "each takes whole words" in shown
    assert [line.split() for line in shown.splitlines() if line.split()[:1] == ["word"]] == [
        ["word", "8", "and", "32", "bits", "no", "source", "given"],
        ["word", "32", "bits"],
        ["word", "32", "bits"],
    ]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("packed: 2", "mixed.yaml:8: elements.2.packed must be true or false, not 2"),
        ("packed: 1 word", "mixed.yaml:8: elements.2.packed must be true or false, not '1 word'"),
        ("packd: false", "mixed.yaml:8: elements.2.packd is not a known field; did you mean 'packed'?"),
    ],
)
def test_a_machine_that_says_it_wrongly_is_refused(wrong: str, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        parse_architecture(MACHINE.replace("packed: false", wrong), "mixed.yaml")
    assert str(error.value).startswith(sentence)


def test_the_word_of_a_network_is_whole_bits() -> None:
    text = MACHINE.replace("hop_energy: {outputs: 3 pJ}, word: 32 b", "word: 2.5 b")
    with pytest.raises(InputError, match=r"mixed.yaml:7: word must be a whole number of bits, not '2.5 b'"):
        parse_architecture(text, "mixed.yaml")
