"""Executing small nests whose every count fits in the comment beside it; and the two executions against each other."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import product
from math import prod

import numpy as np
import pytest
from strategies import random_case

from accelsim.architecture.spec import Architecture, Axis, Compute, Fanout, Level, Network
from accelsim.errors import InputError, MappingError
from accelsim.mapping.counts import AccessCounts, NetworkCounts, PortWords, Words
from accelsim.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from accelsim.simulate import arrays
from accelsim.simulate.execute import Execution, execute, execute_literally
from accelsim.simulate.reference import random_operands, result
from accelsim.workload.operation import Operation, Rank, Tensor, Term

DRAM = [Storage("DRAM", "inputs"), Storage("DRAM", "weights"), Storage("DRAM", "outputs")]


def rank(dim: str, size: int) -> Rank:
    return Rank((Term(dim),), size)


def matmul(m: int, k: int, n: int) -> Operation:
    """outputs[m, n] += weights[m, k] x inputs[k, n]."""
    return Operation(
        "matmul",
        (("M", m), ("K", k), ("N", n)),
        (
            Tensor("inputs", (rank("K", k), rank("N", n))),
            Tensor("weights", (rank("M", m), rank("K", k))),
            Tensor("outputs", (rank("M", m), rank("N", n))),
        ),
    )


def convolution(e: int, r: int, size: int, stride: int = 1, padding: int = 0) -> Operation:
    """outputs[e] += weights[r] x inputs[stride e + r - padding]."""
    window = Rank((Term("E", stride), Term("R")), size, -padding)
    tensors = (Tensor("inputs", (window,)), Tensor("weights", (rank("R", r),)), Tensor("outputs", (rank("E", e),)))
    return Operation("convolution", (("E", e), ("R", r)), tensors)


def transposed(n: int, c: int) -> Operation:
    """outputs[n, e + r] += weights[c, r] x inputs[n, c, e] with two inputs and two taps: three outputs."""
    return Operation(
        "transposed",
        (("N", n), ("C", c), ("E", 2), ("R", 2)),
        (
            Tensor("inputs", (rank("N", n), rank("C", c), rank("E", 2))),
            Tensor("weights", (rank("C", c), rank("R", 2))),
            Tensor("outputs", (rank("N", n), Rank((Term("E"), Term("R")), 3))),
        ),
    )


def machine(buffer: Level | None = None, **networks: Network) -> Architecture:
    """DRAM, a buffer, a row of up to four PEs along X with these networks, a register file in each."""
    axis = Axis("X", 4, tuple(networks.items()))
    elements = (Level("DRAM"), buffer or Level("Buffer"), Fanout("row", (axis,)), Level("Register"))
    return Architecture("toy", elements, Compute(), clock_mhz=100.0)


def executed(operation: Operation, architecture: Architecture, *nodes: Node) -> AccessCounts:
    """Counts of the nest below DRAM, which keeps everything; both executions agree and compute the operation."""
    mapping = Mapping.of(operation, [*DRAM, *nodes])
    fast, literal = execute(operation, architecture, mapping), execute_literally(operation, architecture, mapping)
    assert fast.equal
    assert literal.equal
    assert fast.counts == literal.counts
    assert fast.counts.macs == operation.points
    return fast.counts


def network(counts: AccessCounts, tensor: str) -> tuple[int, int]:
    """Words sent and delivered over the row."""
    (row,) = (n for n in counts.networks if n.tensor == tensor)
    return row.sent, row.delivered


def test_a_three_loop_nest_counts_every_word() -> None:
    """M=2 K=3 N=2. The buffer takes a row of 3 weights for each m: 6 fills, read 12 times by the MACs.

    Inputs come from DRAM at every MAC; so do outputs: 12 updates, all but the first of each of the 4 are added to.
    """
    nodes = (Temporal("M", 1), Storage("Buffer", "weights"), Temporal("N", 1), Temporal("K", 1))
    counts = executed(matmul(2, 3, 2), machine(), *nodes)
    weights = counts.at("Buffer", "weights")
    assert weights.total == weights.busiest == Words(reads=12, fills=6)
    assert (weights.distinct, weights.tile_words, weights.instances) == (6, 3, 1)
    assert counts.at("DRAM", "weights").total == Words(reads=6)
    assert counts.at("DRAM", "inputs").total == Words(reads=12)
    assert counts.at("DRAM", "outputs").total == Words(reads=8, updates=12)
    assert counts.at("DRAM", "outputs").distinct == 4
    assert (counts.steps, counts.mac_instances) == (12, 1)
    # DRAM: 6 + 12 + 8 reads against 12 updates.
    assert counts.ports == (PortWords("DRAM", 26, 12, 38), PortWords("Buffer", 12, 6, 18))
    assert NetworkCounts("row", "weights", sent=12, delivered=12) in counts.networks
    # 12 words out; 8 partial sums come back in.
    assert NetworkCounts("row", "outputs", sent=20, delivered=20) in counts.networks


def test_partial_sums_that_are_spilled_come_back() -> None:
    """M=2 K=3 N=2 with K outermost: the buffer's two sums of one n leave and come back for every k.

    6 visits of 2 words are 12 drains; the first visit of each n starts from zero, the other 4 bring 8 words back, and
    that is DRAM's reading before adding. The 12 MACs update the buffer, which has met 4 elements in all.
    """
    nodes = (Temporal("K", 1), Temporal("N", 1), Storage("Buffer", "outputs"), Temporal("M", 1))
    counts = executed(matmul(2, 3, 2), machine(), *nodes)
    assert counts.at("Buffer", "outputs").total == Words(reads=8, fills=8, updates=12, drains=12)
    assert counts.at("Buffer", "outputs").tile_words == 2
    assert counts.at("DRAM", "outputs").total == Words(reads=8, updates=12)


def test_halo_rows_are_fetched_once_along_the_sliding_direction() -> None:
    """E=4 R=3: windows {0,1,2} {1,2,3} {2,3,4} {3,4,5} bring 3 + 1 + 1 + 1 words; every MAC reads one."""
    nodes = (Temporal("E", 1), Storage("Buffer", "inputs"), Temporal("R", 1))
    counts = executed(convolution(4, 3, size=6), machine(), *nodes)
    assert counts.at("Buffer", "inputs").total == Words(reads=12, fills=6)
    assert counts.at("DRAM", "inputs").total == Words(reads=6)


def test_windows_overlap_only_along_the_innermost_order() -> None:
    """E=4 R=3 with R outside: {0} {1} {2} {3}, {1} {2} {3} {4}, {2} {3} {4} {5}: one word each, nothing stays."""
    nodes = (Temporal("R", 1), Temporal("E", 1), Storage("Buffer", "inputs"))
    counts = executed(convolution(4, 3, size=6), machine(), *nodes)
    assert counts.at("Buffer", "inputs").total == Words(reads=12, fills=12)
    assert counts.at("Buffer", "inputs").distinct == 6


def test_rows_between_strided_windows_are_never_fetched() -> None:
    """E=3 R=1 U=2 on 6 rows touches rows 0, 2 and 4."""
    counts = executed(convolution(3, 1, size=6, stride=2), machine(), Storage("Buffer", "inputs"), Temporal("E", 1))
    assert counts.at("Buffer", "inputs").total == Words(reads=3, fills=3)
    assert counts.at("Buffer", "inputs").tile_words == counts.at("DRAM", "inputs").distinct == 3


def test_padding_is_multiplied_but_not_fetched() -> None:
    """E=4 R=3 P=1 on 4 rows: {0,1} {0,1,2} {1,2,3} {2,3}: 2 + 1 + 1 + 0 fills, 2 + 3 + 3 + 2 reads, 12 MACs."""
    nodes = (Temporal("E", 1), Storage("Buffer", "inputs"), Temporal("R", 1))
    counts = executed(convolution(4, 3, size=4, padding=1), machine(), *nodes)
    assert counts.at("Buffer", "inputs").total == Words(reads=10, fills=4)
    assert counts.macs == counts.steps == 12


def test_a_ragged_last_tile_is_clipped() -> None:
    """M=5 by 2: tiles of 2, 2 and 1 weights (K=N=1); the clipped trip is no step."""
    nodes = (Temporal("M", 2), Storage("Buffer", "weights"), Temporal("M", 1))
    counts = executed(matmul(5, 1, 1), machine(), *nodes)
    assert counts.at("Buffer", "weights").total == Words(reads=5, fills=5)
    assert (counts.steps, counts.at("Buffer", "weights").tile_words) == (5, 2)


@pytest.mark.parametrize(("kind", "reads"), [("unicast", 9), ("multicast", 5), ("forwarding", 5)])
def test_overlapping_windows_cross_a_multicast_network_once(kind: Network, reads: int) -> None:
    """E=3 on three PEs that hold {0,1,2} {1,2,3} {2,3,4}: 9 words, 5 different; nobody held anything before."""
    nodes = (Spatial("E", 1, "X"), Storage("Register", "inputs"), Temporal("R", 1))
    counts = executed(convolution(3, 3, size=5), machine(inputs=kind), *nodes)
    assert counts.at("Register", "inputs").total == Words(reads=9, fills=9)
    assert counts.at("Register", "inputs").instances == 3
    assert counts.at("DRAM", "inputs").total == Words(reads=reads)
    assert network(counts, "inputs") == (reads, 9)


@pytest.mark.parametrize(("kind", "reads"), [("unicast", 9), ("multicast", 9), ("forwarding", 5)])
def test_neighbours_hand_on_what_they_held(kind: Network, reads: int) -> None:
    """One input per PE: {0} {1} {2}, then {1} {2} {3}, then {2} {3} {4}. In no step two PEs want the same word, so
    multicast saves nothing; with forwarding only 3, then 4, are new: 3 + 1 + 1."""
    nodes = (Spatial("E", 1, "X"), Temporal("R", 1), Storage("Register", "inputs"))
    counts = executed(convolution(3, 3, size=5), machine(inputs=kind), *nodes)
    assert counts.at("Register", "inputs").total == Words(reads=9, fills=9)
    assert counts.at("DRAM", "inputs").total == Words(reads=reads)
    assert network(counts, "inputs") == (reads, 9)


@pytest.mark.parametrize(("kind", "reads"), [("unicast", 9), ("multicast", 3), ("forwarding", 3)])
def test_macs_have_no_latch(kind: Network, reads: int) -> None:
    """Three MACs want the same weight in each of three steps; having had it before helps none of them."""
    nodes = (Temporal("R", 1), Spatial("E", 1, "X"))
    counts = executed(convolution(3, 3, size=5), machine(weights=kind), *nodes)
    assert counts.at("DRAM", "weights").total == Words(reads=reads)
    assert network(counts, "weights") == (reads, 9)


@pytest.mark.parametrize(("kind", "updates"), [("reduction", 4), ("unicast", 16)])
def test_a_reducing_network_adds_on_the_way(kind: Network, updates: int) -> None:
    """M=2 K=8, four k side by side, twice. 16 products leave the MACs; reduced, one word per step arrives.

    In the second half of k both sums go back to one MAC each: 2 words more on the network. DRAM met 2 elements.
    """
    nodes = (Temporal("K", 4), Temporal("M", 1), Spatial("K", 1, "X"))
    counts = executed(matmul(2, 8, 1), machine(outputs=kind), *nodes)
    assert counts.at("DRAM", "outputs").total == Words(reads=updates - 2, updates=updates)
    assert network(counts, "outputs") == (updates + 2, 16 + 2)
    assert counts.steps == 4


def test_idle_instances_of_a_ragged_reduction_keep_their_sums() -> None:
    """M=2 K=3 by 2 on two PEs with a register; in the second half of k PE1 is idle.

        k, m    PE0 holds   PE1 holds
        0, 0    m0          m0          both start from zero
        0, 1    m1          m1          m0 leaves both: 2 drains, reduced to 1 update
        2, 0    m0 back     m1 (idle)   m1 leaves PE0: 1 drain, 1 update
        2, 1    m1 back     m1 (idle)   m0 leaves PE0: 1 drain, 1 update, which DRAM reads before adding
        end                             m1 leaves both: 2 drains, reduced to 1 update, read before adding

    The register of PE0 adds to m0 and to m1 a second time each: 2 reads.
    """
    nodes = (Temporal("K", 2), Temporal("M", 1), Spatial("K", 1, "X"), Storage("Register", "outputs"))
    counts = executed(matmul(2, 3, 1), machine(outputs="reduction"), *nodes)
    register = counts.at("Register", "outputs")
    assert register.total == Words(reads=2, fills=2, updates=6, drains=6)
    assert register.busiest == Words(reads=2, fills=2, updates=4, drains=4)
    assert counts.at("DRAM", "outputs").total == Words(reads=2, updates=4)
    assert network(counts, "outputs") == (4 + 2, 6 + 2)


def test_a_sum_that_outlives_its_parents_tile_still_arrives() -> None:
    """M=3 by 2, K=2: the buffer holds {m0, m1}, then {m2}; PE1 is idle then, keeps m1 and drains it at the end.

    Each of the 3 sums leaves its register once and the buffer once, as if PE1 had drained in time; m1 must not be lost
    although the buffer holds it no more. Registers add the second k: 6 updates, 3 reads.
    """
    nodes = (
        *(Temporal("M", 2), Storage("Buffer", "outputs"), Spatial("M", 1, "X")),
        *(Storage("Register", "outputs"), Temporal("K", 1)),
    )
    counts = executed(matmul(3, 2, 1), machine(), *nodes)
    assert counts.at("Register", "outputs").total == Words(reads=3, updates=6, drains=3)
    assert counts.at("Buffer", "outputs").total == Words(updates=3, drains=3)
    assert counts.at("DRAM", "outputs").total == Words(updates=3)
    assert network(counts, "outputs") == (3, 3)


def test_overlapping_output_tiles_are_merged_by_the_parent() -> None:
    """Transposed: PE0 sums outputs {0, 1}, PE1 {1, 2}, for each of N=2 in each of C=2 visits.

    16 words leave, all distinct tuples because E is relevant; nothing goes back; DRAM met 6 elements.
    """
    nodes = (
        *(Temporal("C", 1), Temporal("N", 1), Spatial("E", 1, "X")),
        *(Storage("Register", "outputs"), Temporal("R", 1)),
    )
    counts = executed(transposed(2, 2), machine(outputs="reduction"), *nodes)
    assert counts.at("Register", "outputs").total.drains == 16
    assert counts.at("Register", "outputs").total.fills == 0
    assert counts.at("DRAM", "outputs").total == Words(reads=10, updates=16)
    assert network(counts, "outputs") == (16, 16)


def test_words_cross_one_fanout_after_the_other() -> None:
    """Two clusters of two MACs, M across clusters, N within. Inputs [k, n] are multicast across clusters (A), weights
    [m, k] unicast within (B): per k, A carries 2 inputs in and 4 out; B gets 2 weights' worth per MAC pair as 4."""
    networks: tuple[tuple[str, Network], ...] = (("inputs", "multicast"),)
    elements = (Level("DRAM"), Fanout("A", (Axis("X", 2, networks),)), Fanout("B", (Axis("Y", 2),)))
    architecture = Architecture("two", elements, Compute(), clock_mhz=100.0)
    counts = executed(matmul(2, 3, 2), architecture, Temporal("K", 1), Spatial("M", 1, "X"), Spatial("N", 1, "Y"))
    rows = {(row.fanout, row.tensor): (row.sent, row.delivered) for row in counts.networks}
    assert rows["A", "inputs"] == (3 * 2, 3 * 4)
    assert rows["B", "inputs"] == (3 * 4, 3 * 4)
    assert rows["A", "weights"] == rows["B", "weights"] == (3 * 4, 3 * 4)
    assert counts.at("DRAM", "weights").total == Words(reads=12)
    # 4 outputs per k out, and back in for the second and third k.
    assert rows["A", "outputs"] == rows["B", "outputs"] == (12 + 8, 12 + 8)


@pytest.mark.parametrize(("capacity", "buffers"), [(2, 1), (5, 2)])
def test_a_buffer_that_overflows_is_refused(capacity: int, buffers: int) -> None:
    operation = convolution(4, 3, size=6)
    mapping = Mapping.of(operation, [*DRAM, Temporal("E", 1), Storage("Buffer", "inputs"), Temporal("R", 1)])
    architecture = machine(Level("Buffer", capacity, buffers=buffers))
    with pytest.raises(MappingError) as error:
        execute(operation, architecture, mapping)
    holds = "2" if buffers == 1 else "5 / 2 buffers"
    assert str(error.value) == (
        f"convolution on toy: Buffer must hold at most {holds} words per instance, not 3; smaller tiles would fit"
    )
    assert execute(operation, architecture, mapping, check_capacity=False).equal
    assert execute(operation, machine(Level("Buffer", 3 * buffers, buffers=buffers)), mapping).equal


def test_a_private_partition_that_overflows_is_refused() -> None:
    operation = convolution(4, 3, size=6)
    mapping = Mapping.of(operation, [*DRAM, Temporal("E", 1), Storage("Buffer", "inputs"), Temporal("R", 1)])
    level = Level("Buffer", capacity_words=100, tensor_capacity_words=(("inputs", 2),))
    with pytest.raises(MappingError) as error:
        execute(operation, machine(level), mapping)
    assert str(error.value) == (
        "convolution on toy: Buffer must hold at most 2 words of inputs per instance, not 3; smaller tiles would fit"
    )


def test_wide_elements_take_more_room() -> None:
    """Three inputs of 32 bits are 96 bits: they fit in 6 words of 16 bits, not in 5."""
    operation = convolution(4, 3, size=6)
    inputs, *others = operation.tensors
    operation = replace(operation, tensors=(replace(inputs, bits=32), *others))
    mapping = Mapping.of(operation, [*DRAM, Temporal("E", 1), Storage("Buffer", "inputs"), Temporal("R", 1)])
    assert execute(operation, machine(Level("Buffer", 6)), mapping).equal
    with pytest.raises(MappingError, match="must hold at most 5 words per instance, not 3"):
        execute(operation, machine(Level("Buffer", 5)), mapping)


def test_what_has_no_macs_is_not_executed() -> None:
    operation = replace(matmul(2, 3, 2), kind="vector")
    with pytest.raises(InputError) as error:
        execute(operation, machine(), Mapping.of(operation, DRAM))
    assert str(error.value) == "matmul: kind must be 'mac' to be executed on a nest, not 'vector'"


def test_a_tensor_must_be_kept_somewhere() -> None:
    operation = matmul(1, 1, 1)
    with pytest.raises(MappingError, match="weights must be kept by at least one level, not by none"):
        execute(operation, machine(), Mapping.of(operation, [DRAM[0], DRAM[2]]))


def test_an_execution_too_large_is_refused_before_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MEMORY_LIMIT_BYTES", 1 << 10)
    operation = matmul(9, 9, 9)
    mapping = Mapping.of(operation, [*DRAM, Temporal("M", 1), Temporal("K", 1), Temporal("N", 1)])
    with pytest.raises(InputError, match="matmul: executing this mapping must fit in 0 MiB, not need"):
        execute(operation, machine(), mapping)


def point_by_point(operation: Operation, operands: list[np.ndarray]) -> np.ndarray:
    """The operation from its definition, one multiplication at a time."""
    out = np.zeros(operation.output.shape, dtype=np.int64)
    for at in product(*(range(extent) for _, extent in operation.bounds)):
        point = dict(zip(operation.dims, at, strict=True))
        where = [
            tuple(r.offset + sum(t.stride * point[t.dim] for t in r.terms) for r in tensor.ranks)
            for tensor in operation.tensors
        ]
        inside = [
            all(0 <= i < r.size for i, r in zip(index, tensor.ranks, strict=True))
            for index, tensor in zip(where, operation.tensors, strict=True)
        ]
        if all(inside):
            out[where[-1]] += prod(int(data[index]) for data, index in zip(operands, where[:-1], strict=True))
    return out


@pytest.mark.parametrize("seed", range(40))
def test_the_numpy_reference_is_the_definition(seed: int) -> None:
    operation, _, _ = random_case(seed)
    operands = random_operands(operation, seed)
    assert np.array_equal(result(operation, operands), point_by_point(operation, operands))


def test_the_reference_reads_a_diagonal() -> None:
    """A dim in two ranks of one tensor, and a dim that no operand has: out[i, j] = a[i, i] for j = 0, 1."""
    tensors = (Tensor("a", (rank("I", 3), rank("I", 3))), Tensor("out", (rank("I", 3), rank("J", 2))))
    operation = Operation("diagonal", (("I", 3), ("J", 2)), tensors)
    data = np.arange(9).reshape(3, 3)
    assert result(operation, [data]).tolist() == [[0, 0], [4, 4], [8, 8]]


@pytest.mark.parametrize("block", range(10))
def test_both_executions_agree_and_compute_the_operation(block: int) -> None:
    for seed in range(10_000 + 20 * block, 10_000 + 20 * block + 20):
        operation, architecture, mapping = random_case(seed)
        fast = execute(operation, architecture, mapping, seed)
        assert fast.equal, seed
        assert fast.counts.macs == operation.points
        if operation.points * fast.counts.mac_instances < 2_000:
            literal = execute_literally(operation, architecture, mapping, seed)
            assert literal.equal, seed
            assert fast.counts == literal.counts, seed


def test_executions_repeat() -> None:
    operation, architecture, mapping = random_case(3)
    first, second, other = (execute(operation, architecture, mapping, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.outputs, second.outputs)
    assert not np.array_equal(first.outputs, other.outputs)
    assert first.counts == second.counts == other.counts


def test_importing_the_package_imports_neither_numpy_nor_the_model() -> None:
    code = "import sys, accelsim.simulate as s; assert 'numpy' not in sys.modules; s.execute; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "numba" in modules
    assert not [name for name in modules if name.startswith("accelsim.model")]


def conv5() -> Execution:
    """AlexNet CONV5 at N=1 on the Eyeriss chip: m=64 n=1 e=13 p=16 q=3 r=2 t=2 (JSSC 2017, Table III)."""
    plane = {"inputs": [Rank((Term("E"), Term("R")), 13, -1), Rank((Term("F"), Term("S")), 13, -1)]}
    operation = Operation(
        "conv5",
        (("G", 2), ("M", 128), ("C", 192), ("E", 13), ("F", 13), ("R", 3), ("S", 3)),
        (
            Tensor("inputs", (rank("G", 2), rank("C", 192), *plane["inputs"])),
            Tensor("weights", (rank("G", 2), rank("M", 128), rank("C", 192), rank("R", 3), rank("S", 3))),
            Tensor("outputs", (rank("G", 2), rank("M", 128), rank("E", 13), rank("F", 13))),
        ),
    )
    networks: tuple[tuple[str, Network], ...] = (("outputs", "reduction"), ("*", "multicast"))
    scratchpad = Level("Scratchpad", tensor_capacity_words=(("inputs", 12), ("weights", 224), ("outputs", 24)))
    array = Fanout("array", (Axis("X", 14, networks), Axis("Y", 12, networks)))
    elements = (Level("DRAM"), Level("GlobalBuffer", 55_296), array, scratchpad)
    nodes = (
        *(Temporal("G", 1), Temporal("M", 64), Storage("GlobalBuffer", "outputs")),
        *(Temporal("C", 6), Storage("GlobalBuffer", "inputs"), Temporal("M", 32)),
        *(Spatial("E", 1, "X"), Spatial("R", 1, "Y"), Spatial("C", 3, "Y"), Spatial("M", 16, "Y")),
        *(Storage("Scratchpad", "weights"), Temporal("F", 1)),
        *(Storage("Scratchpad", "inputs"), Storage("Scratchpad", "outputs")),
        *(Temporal("C", 1), Temporal("S", 1), Temporal("M", 1)),
    )
    architecture = Architecture("eyeriss", elements, Compute(), clock_mhz=200.0)
    return execute(operation, architecture, Mapping.of(operation, [*DRAM, *nodes]))


@pytest.mark.exhaustive
def test_alexnet_conv5_runs_on_the_eyeriss_chip() -> None:
    """74.8 M MACs on 13 x 12 PEs. A pass is one (G, M by 64, C by 6, M by 32): 2 x 2 x 32 x 2 = 256 of them.

    DRAM: weights once; inputs once per block of 64 filters; outputs once, never spilled.
    GlobalBuffer: a pass needs 13 x 13 inputs of 6 channels. Of the 13 x 3 (e, r) pairs 37 lie on data rows, each fed
    13 columns of 3 channels in 2 x 2 PEs. 16 sums leave each PE for each of 13 columns, and 3 x 2 PEs reduce to one.
    """
    execution = conv5()
    counts = execution.counts
    assert execution.equal
    assert (counts.macs, counts.steps, counts.mac_instances) == (74_760_192, 74_760_192 // 156, 156)
    assert counts.at("DRAM", "weights").total == Words(reads=2 * 128 * 192 * 9)
    assert counts.at("DRAM", "inputs").total == Words(reads=2 * 2 * 192 * 13 * 13)
    assert counts.at("DRAM", "outputs").total == Words(updates=2 * 128 * 13 * 13)
    assert counts.at("GlobalBuffer", "inputs").total.reads == 256 * 6 * 13 * 13
    assert counts.at("Scratchpad", "inputs").total.fills == 256 * 37 * 13 * 3 * 2 * 2
    assert counts.at("Scratchpad", "outputs").total.drains == 256 * 156 * 13 * 16
    updates = 256 * 156 * 13 * 16 // 6
    returns = updates - 2 * 128 * 13 * 13
    expected = Words(reads=returns, updates=updates, drains=2 * 128 * 13 * 13)
    assert counts.at("GlobalBuffer", "outputs").total == expected
    assert counts.at("Scratchpad", "outputs").total.fills == returns
