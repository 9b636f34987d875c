"""Counts of small nests, worked by hand in the comments, and properties that hold for every nest."""

from __future__ import annotations

import numpy as np
import pytest
from strategies import random_case

from accelsim.architecture.files import load_architecture
from accelsim.architecture.spec import Architecture, Axis, Compute, Fanout, Level, Network
from accelsim.errors import InputError, MappingError
from accelsim.mapping.counts import Words
from accelsim.mapping.parse import parse_mapping
from accelsim.model.batch import BatchEvaluator
from accelsim.model.conventions import CONVENTIONS, convention
from accelsim.model.energy import data_macs
from accelsim.model.evaluate import evaluate
from accelsim.model.latency import whole_cycles
from accelsim.model.traffic import access_counts, template_of
from accelsim.model.vector import evaluate_vector
from accelsim.simulate.execute import execute
from accelsim.workload.layer import Convolution, Elementwise, MatrixProduct, Pooling
from accelsim.workload.operation import Operation, Rank, Tensor, Term

FLAT = Architecture(
    "flat", (Level("DRAM", read_energy=10, write_energy=20), Level("RF", read_energy=1, write_energy=2)), Compute(), 1.0
)


def line(inputs: Network, weights: Network, outputs: Network, size: int = 3) -> Architecture:
    """DRAM, a row of PEs each with a register file, MACs."""
    networks = (("inputs", inputs), ("weights", weights), ("outputs", outputs))
    array = Fanout("Array", (Axis("X", size, networks),), hop_energy=(("*", 1.0),))
    return Architecture("line", (Level("DRAM"), array, Level("RF")), Compute(mac_energy=1.0), 1.0)


def test_halo_rows_are_fetched_once_along_the_sliding_direction() -> None:
    """One row of 6 outputs from an 8-long input with 3 taps, one output at a time.

    The tile is 3 inputs; each of the 5 steps brings one: 3 + 5 = 8 fills, no input twice. Weights stay: 3 fills.
    Outputs leave once each: 6 drains, none comes back. MACs: 6 x 3 = 18 reads of each operand, 18 updates of outputs,
    of which the first per output needs no read: 12.
    """
    layer = Convolution("row", M=1, C=1, H=1, W=8, R=1, S=3).operation()
    nest = parse_mapping(
        "DRAM keeps inputs weights outputs\nfor f in 0..6 by 1\n"
        "RF keeps inputs weights outputs\nfor s in 0..3 by 1\nMAC"
    )
    counts = access_counts(layer, FLAT, nest)
    assert counts.at("RF", "inputs").total == Words(reads=18, fills=8)
    assert counts.at("RF", "weights").total == Words(reads=18, fills=3)
    assert counts.at("RF", "outputs").total == Words(reads=12, fills=0, updates=18, drains=6)
    assert counts.at("DRAM", "inputs").total == Words(reads=8)
    assert counts.at("DRAM", "outputs").total == Words(updates=6)
    assert (counts.macs, counts.steps, counts.mac_instances) == (18, 18, 1)
    # 8 + 3 words read at 10, 6 written at 20; RF: 48 reads + 6 drains at 1, 11 fills + 18 updates at 2.
    assert evaluate(layer, FLAT, nest).energy == (8 + 3) * 10 + 6 * 20 + (18 + 18 + 12 + 6) * 1 + (8 + 3 + 18) * 2


def test_a_spilled_partial_sum_is_read_back_all_but_the_first_time() -> None:
    """4 outputs, 3 channels outermost: each channel passes all 4 outputs through a one-word register.

    Per output 3 visits: 12 drains, 12 updates at DRAM; the first visit of each starts from zero: 8 reads, 8 fills.
    """
    layer = MatrixProduct("mm", M=1, K=3, N=4).operation()
    column = next(d for d, n in layer.bounds if n == 4)
    nest = parse_mapping(
        f"DRAM keeps inputs weights outputs\nfor c in 0..3 by 1\nfor {column} in 0..4 by 1\nRF keeps outputs\nMAC"
    )
    counts = access_counts(layer, FLAT, nest)
    assert counts.at("RF", "outputs").total == Words(reads=0 + 8, fills=8, updates=12, drains=12)
    assert counts.at("DRAM", "outputs").total == Words(reads=8, updates=12)


def test_multicast_reads_a_shared_word_once_and_unicast_once_per_pe() -> None:
    """3 PEs, one output each, 3 taps in turn: PE f takes input f + s at step s.

    Multicast at step 0: inputs 0 1 2, every later step one new word of the window, but each PE needs another one:
    PEs hold one input, so all 3 PEs fetch in each of 3 steps: 9 fills. Distinct words per step: 3: 9 reads when
    multicast. Forwarding: at step 1 the PEs need 1 2 3 and hold 0 1 2: only 3 is read: 3 + 1 + 1 = 5.
    Weights: all PEs need the same tap: 3 reads multicast, 9 unicast.
    """
    layer = Convolution("row", M=1, C=1, H=1, W=5, R=1, S=3).operation()
    text = (
        "DRAM keeps inputs weights outputs\nfor s in 0..3 by 1\npar-for f in 0..3 by 1 on X\n"
        "RF keeps inputs weights outputs\nMAC"
    )
    for inputs, weights, reads in (("multicast", "multicast", (9, 3)), ("forwarding", "unicast", (5, 9))):
        machine = line(inputs, weights, "unicast")  # type: ignore[arg-type]
        counts = access_counts(layer, machine, parse_mapping(text))
        assert (counts.at("DRAM", "inputs").total.reads, counts.at("DRAM", "weights").total.reads) == reads
        assert counts.at("RF", "inputs").total.fills == counts.at("RF", "weights").total.fills == 9
        sent = {n.tensor: (n.sent, n.delivered) for n in counts.networks}
        assert sent["inputs"] == (reads[0], 9)
        assert sent["weights"] == (reads[1], 9)


def test_a_reducing_network_adds_on_the_way() -> None:
    """3 PEs take a channel each of 2 outputs: with reduction DRAM sees one update per output, without 3.

    Without, DRAM adds: of 3 updates per output all but the first read: 2 x 2 = 4 reads, and nothing goes back.
    """
    layer = MatrixProduct("mm", M=1, K=3, N=2).operation()
    column = next(d for d, n in layer.bounds if n == 2)
    text = (
        f"DRAM keeps inputs weights outputs\nfor {column} in 0..2 by 1\n"
        "par-for c in 0..3 by 1 on X\nRF keeps outputs\nMAC"
    )
    for network, updates, reads in (("reduction", 2, 0), ("unicast", 6, 4)):
        counts = access_counts(layer, line("unicast", "unicast", network), parse_mapping(text))  # type: ignore[arg-type]
        assert counts.at("DRAM", "outputs").total == Words(reads=reads, updates=updates)
        assert counts.at("RF", "outputs").total == Words(updates=6, drains=6)


def test_a_1x1_filter_with_stride_2_fetches_a_quarter_of_the_plane() -> None:
    layer = Convolution("down", M=1, C=1, H=8, R=1, U=2).operation()
    nest = parse_mapping(
        "DRAM keeps inputs weights outputs\nRF keeps inputs weights outputs\n"
        "for e in 0..4 by 1\nfor f in 0..4 by 1\nMAC"
    )
    counts = access_counts(layer, FLAT, nest)
    assert counts.at("DRAM", "inputs").total.reads == counts.at("RF", "inputs").tile_words == 16 == 8 * 8 // 4


def test_padding_is_never_fetched_but_its_macs_count() -> None:
    """A 2 x 2 plane padded by 1 under 3 x 3: 4 outputs, 36 MACs, every output sees all 4 inputs."""
    layer = Convolution("pad", M=1, C=1, H=2, R=3, padding=1).operation()
    nest = parse_mapping(
        "DRAM keeps inputs weights outputs\nfor e in 0..2 by 1\nfor f in 0..2 by 1\nRF keeps inputs weights outputs\n"
        "for r in 0..3 by 1\nfor s in 0..3 by 1\nMAC"
    )
    counts = access_counts(layer, FLAT, nest)
    assert counts.macs == counts.steps == 36
    assert counts.at("RF", "inputs").total == Words(reads=16, fills=4)
    assert data_macs(layer) == 16


# 4 filters of 3 x 3 x 3 on a 6 x 6 plane: 16 outputs each, 1,728 MACs, 64 outputs.
PAPER_LAYER = Convolution("small", M=4, C=3, H=6, R=3).operation()
BUFFERED = "DRAM keeps inputs weights outputs\nGlobalBuffer keeps inputs weights outputs\n"
PAPER_NESTS = {
    "ws256": (
        "DRAM keeps inputs weights outputs\nGlobalBuffer keeps inputs outputs\nfor m in 0..4 by 1\nfor c in 0..3 by 1\n"
        "par-for r in 0..3 by 1 on PE\npar-for s in 0..3 by 1 on PE\nRegister keeps weights\n"
        "for e in 0..4 by 1\nfor f in 0..4 by 1\nMAC"
    ),
    "osa256": (
        BUFFERED + "for m in 0..4 by 1\npar-for e in 0..4 by 1 on PE\npar-for f in 0..4 by 1 on PE\n"
        "Register keeps outputs\nfor c in 0..3 by 1\nfor r in 0..3 by 1\nfor s in 0..3 by 1\nMAC"
    ),
    "osc256": (
        BUFFERED + "for e in 0..4 by 1\nfor f in 0..4 by 1\npar-for m in 0..4 by 1 on PE\n"
        "Register keeps outputs\nfor c in 0..3 by 1\nfor r in 0..3 by 1\nfor s in 0..3 by 1\nMAC"
    ),
    "nlr256": (
        BUFFERED + "for r in 0..3 by 1\nfor s in 0..3 by 1\nfor e in 0..4 by 1\nfor f in 0..4 by 1\n"
        "par-for m in 0..4 by 1 on PE\npar-for c in 0..3 by 1 on PE\nMAC"
    ),
}
OS_REGISTER = 2 * (1 - 64 / 1728)


@pytest.mark.parametrize(
    ("machine", "register"), [("ws256", 1.0), ("osa256", OS_REGISTER), ("osc256", OS_REGISTER), ("nlr256", 0.0)]
)
def test_paper_convention_has_the_register_accesses_of_isca_2016(machine: str, register: float) -> None:
    """RF accesses per MAC are 1 (WS), 2 (1 - outputs / MACs) (OS), 0 (NLR); one RF access costs 1 there."""
    result = evaluate(PAPER_LAYER, load_architecture(machine), parse_mapping(PAPER_NESTS[machine]), "paper")
    assert result.energy_by_component().get("Register", 0.0) / 1728 == pytest.approx(register, rel=1e-12)
    dram = result.counts.at("DRAM", "outputs").total
    assert (dram.updates, dram.reads) == (64, 0)
    outputs = [i.energy for i in result.energies if (i.component, i.tensor) == ("DRAM", "outputs")]
    assert outputs == [64 * 200]


def test_conventions_price_every_generated_nest_and_unknown_ones_are_named() -> None:
    operation, machine, nest = random_case(5)
    for name in CONVENTIONS:
        evaluate(operation, machine, nest, name)
    with pytest.raises(InputError, match=r"^no convention 'timelop'; did you mean 'timeloop'\?$"):
        convention("timelop")


@pytest.mark.parametrize("name", CONVENTIONS)
def test_a_batch_prices_like_one_mapping_at_a_time(name: str) -> None:
    for seed in range(60):
        operation, machine, nest = random_case(seed)
        single = evaluate(operation, machine, nest, name)
        steps = np.array([[loop.step for loop in nest.loops]] * 3, np.int64).reshape(3, -1)
        costs = BatchEvaluator(operation, machine, template_of(nest), name)(steps)
        assert costs.energy.tolist() == pytest.approx([single.energy] * 3, rel=1e-12)
        assert costs.cycles.tolist() == [single.cycles] * 3
        assert costs.compute_cycles.tolist() == [single.compute_cycles] * 3


def test_every_word_held_was_filled_and_every_operand_word_is_read() -> None:
    for seed in range(200):
        operation, machine, nest = random_case(seed)
        counts = access_counts(operation, machine, nest)
        outermost = machine.levels[0].name
        assert counts.macs == operation.points
        for row in counts.tensors:
            if row.level != outermost and row.tensor != operation.output.name:
                assert row.total.fills >= row.distinct
        for net in counts.networks:
            kinds = {axis.network(net.tensor) for f in machine.fanouts if f.name == net.fanout for axis in f.axes}
            assert net.delivered >= net.sent or kinds <= {"unicast"}


def test_energy_is_additive_over_components_and_tensors() -> None:
    for seed in range(50):
        operation, machine, nest = random_case(seed)
        result = evaluate(operation, machine, nest)
        assert sum(result.energy_by_component().values()) == pytest.approx(result.energy)
        assert sum(result.energy_by_tensor().values()) == pytest.approx(result.energy)
        use = result.utilization
        share = result.counts.macs / (machine.mac_units * result.cycles)
        assert use.total == pytest.approx(share)


def test_pooling_streams_each_word_once_and_has_no_macs() -> None:
    """3 x 3 windows every 2 on 13 x 13 reach all 169 words and leave 36 outputs of 9 operations each."""
    pool = Pooling("pool", C=1, H=13, R=3, U=2).operation()
    result = evaluate_vector(pool, load_architecture("eyeriss"))
    assert result.counts.at("DRAM", "inputs").total == Words(reads=169)
    assert result.counts.at("GlobalBuffer", "inputs").total == Words(reads=169, fills=169)
    assert result.counts.at("GlobalBuffer", "outputs").total == Words(updates=36, drains=36)
    assert (result.counts.macs, result.vector_operations) == (0, 36 * 9)
    # 169 reads and 36 writes at 200; 169 reads, 169 fills, 36 updates and 36 drains at 6
    assert result.energy == 205 * 200 + 410 * 6
    assert Elementwise("add", C=1, H=2, W=2, operands=2).operation().points == 4


def test_an_operation_too_large_for_64_bits_is_refused() -> None:
    huge = Operation("huge", (("M", 2**31), ("K", 2**31)), MatrixProduct("mm", M=2, K=2, N=2).operation().tensors[:0])
    with pytest.raises(MappingError, match=r"^huge: must have fewer than 2\*\*59 MACs, not 4,611,686,018,427,387,904$"):
        access_counts(huge, FLAT, parse_mapping("for m in 0..2 by 1\nMAC"))


def test_a_vector_operation_cannot_be_mapped_nor_a_convolution_streamed() -> None:
    pool = Pooling("pool", C=1, H=4, R=2, U=2).operation()
    with pytest.raises(MappingError, match=r"^pool: a mapping must be of an operation with MACs, not of vector$"):
        evaluate(pool, FLAT, parse_mapping("MAC"))
    with pytest.raises(MappingError, match=r"^small: an operation with MACs must be mapped, it cannot be streamed$"):
        evaluate_vector(PAPER_LAYER, FLAT)


def test_a_bandwidth_of_six_fifths_moves_six_words_in_five_cycles() -> None:
    """1.2 as a binary number is a little less than 6/5, which would need a sixth cycle."""
    assert [whole_cycles(words, 1.2) for words in (6, 12, 7, 6_000_000)] == [5, 10, 6, 5_000_000]
    assert whole_cycles(np.array([6, 12, 7]), 1.2).tolist() == [5, 10, 6]
    assert whole_cycles(np.array([6 * 2**59]), 1.2).tolist() == [5 * 2**59]


def test_windows_of_three_dims_are_counted_instance_by_instance() -> None:
    """A small ragged tile can lose a word and get it back that a full one keeps."""
    taps = (Term("E"), Term("R", 2), Term("Q"))
    operation = Operation(
        "three",
        (("E", 3), ("R", 2), ("Q", 3)),
        (
            Tensor("inputs", (Rank((Term("E"),), 3),)),
            Tensor("weights", (Rank((Term("R"),), 2), Rank((Term("Q"),), 3))),
            Tensor("outputs", (Rank(taps, 7),)),
        ),
    )
    array = Fanout("Array", (Axis("X", 2),))
    machine = Architecture("three", (Level("DRAM"), array, Level("L1"), Level("L2")), Compute(), 1.0)
    nest = parse_mapping(
        "DRAM keeps inputs weights outputs\npar-for e in 0..3 by 2 on X\nL1 keeps outputs\nfor q in 0..3 by 1\n"
        "L2 keeps outputs\nfor e in 0..2 by 1\nfor r in 0..2 by 1\nMAC"
    )
    assert access_counts(operation, machine, nest) == execute(operation, machine, nest).counts
