"""DRAM with open rows: latency, bandwidth and conflicts as data sheets have them, and tiles that deserve less."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from accelsim.architecture.dram import DRAMS, Dram, dram_named
from accelsim.architecture.spec import Architecture, Compute, Level
from accelsim.errors import InputError
from accelsim.mapping.parse import parse_mapping
from accelsim.model.evaluate import evaluate
from accelsim.report.timing import on_dram
from accelsim.simulate.dram.serve import Run, serve
from accelsim.simulate.dram.tiles import tile_runs
from accelsim.workload.layer import MatrixProduct

every = pytest.mark.parametrize("dram", DRAMS.values(), ids=list(DRAMS))
PEAK_GB_S = {"ddr3_1600": 12.8, "ddr4_2400": 19.2, "lpddr4_2400": 9.6, "hbm2_2000": 256.0}
"""Transfers per second x bus: JESD79-3 (1600 MT/s x 8 B), JESD79-4 (2400 x 8), JESD209-4 (2400 x 4), JESD235 (2000 x
128 B in eight channels)."""


def reads(starts: list[int], dram: Dram) -> list[Run]:
    return [(start, dram.burst_bytes, False) for start in starts]


def bank_bytes(dram: Dram) -> int:
    """From one row of a bank to the next of the same bank."""
    return dram.row_bytes * dram.bank_groups * dram.banks_per_group * dram.channels


@every
def test_peak_is_transfers_times_bus(dram: Dram) -> None:
    assert dram.peak_bytes_per_ns == pytest.approx(PEAK_GB_S[dram.name], rel=0.001)


@every
def test_a_first_read_opens_a_row_and_takes_trcd_cl_and_its_burst(dram: Dram) -> None:
    service = serve(dram, reads([0], dram))
    assert service.cycles == dram.trcd + dram.tcl + dram.burst_cycles
    assert (service.hits, service.empty, service.conflicts) == (0, 1, 0)


@every
def test_rows_of_one_bank_follow_each_other_by_trc(dram: Dram) -> None:
    quiet = replace(dram, trefi=10**9)
    service = serve(quiet, reads([i * bank_bytes(dram) for i in range(11)], dram))
    assert service.conflicts == 10
    one = dram.trcd + dram.tcl + dram.burst_cycles
    assert service.cycles == 10 * (dram.tras + dram.trp) + one


@every
def test_a_long_stream_gets_the_peak_less_refresh(dram: Dram) -> None:
    """A refresh blocks all banks for tRFC, and every open row must close before and open after: at most tRAS + tRP +
    tRCD more, of every tREFI."""
    service = serve(dram, [(0, 32 << 20, False)])
    share = service.bytes_per_second / 1e9 / dram.peak_bytes_per_ns
    most = 1 - dram.trfc / dram.trefi
    least = 1 - (dram.trfc + dram.tras + dram.trp + dram.trcd + dram.tcl) / dram.trefi
    assert least - 0.005 <= share <= most + 0.001
    assert service.refreshes == pytest.approx(dram.channels * service.cycles / dram.trefi, abs=dram.channels)
    assert service.hit_rate > 0.9


@every
def test_random_rows_are_no_faster_than_four_activates_per_tfaw(dram: Dram) -> None:
    draw = Random(1)
    starts = [draw.randrange(1 << 22) * dram.row_bytes for _ in range(4000)]
    service = serve(dram, reads(starts, dram))
    assert service.hit_rate < 0.01
    slowest_channel = (service.empty + service.conflicts) / dram.channels
    assert service.cycles >= slowest_channel / 4 * dram.tfaw
    assert service.bytes_per_second < serve(dram, [(0, 4000 * dram.burst_bytes, False)]).bytes_per_second


def test_a_turn_of_the_bus_costs_what_the_standard_says() -> None:
    """DDR4: a read after a write to another bank group waits CWL + BL/2 + tWTR_S from the write's command."""
    dram = replace(dram_named("ddr4_2400"), trefi=10**9)
    both = [(0, dram.burst_bytes, True), (dram.burst_bytes, dram.burst_bytes, False)]
    write = dram.trcd
    read = write + dram.tcwl + dram.burst_cycles + dram.twtr_s
    assert serve(dram, both).cycles == read + dram.tcl + dram.burst_cycles


def test_bursts_are_whole_and_neighbours_are_fetched_once() -> None:
    dram = dram_named("ddr4_2400")
    service = serve(dram, [(0, 10, False), (10, 20, False), (100, 60, False)])
    assert service.asked_bytes == 90
    assert service.reads == 3  # 0..63, 64..127 and 128..191
    assert service.moved_bytes == 3 * 64


def test_energy_is_the_data_sheets_currents_by_hand() -> None:
    """DDR4-2400, a row opened and closed: 8 devices x 1.2 V x (48 x 55 - 43 x 39 - 34 x 16) mA x 0.833 ns."""
    dram = dram_named("ddr4_2400")
    assert dram.activate_pj() == pytest.approx(8 * 1.2 * (48 * 55 - 43 * 39 - 34 * 16) * 0.833)
    assert dram.burst_pj(write=False) == pytest.approx(8 * 1.2 * (135 - 43) * 4 * 0.833)
    service = serve(dram, [(0, 64, False)])
    standby = 8 * 1.2 * 43 * 0.833 * service.cycles
    assert service.energy_pj == pytest.approx(dram.activate_pj() + dram.burst_pj(write=False) + standby)  # type: ignore[operator]
    assert serve(dram_named("lpddr4_2400"), [(0, 64, False)]).energy_pj is None


def test_tiles_ask_for_their_words_and_narrow_ones_get_less() -> None:
    """The same product twice: weights fetched as whole rows of the matrix, or as columns of single words."""
    operation = MatrixProduct("product", M=4, K=64, N=256).operation()
    machine = Architecture("m", (Level("DRAM"), Level("L1")), Compute(), clock_mhz=1000.0)
    head = "DRAM keeps inputs weights outputs\nL1 keeps inputs outputs\n"
    wide = head + "for m in 0..256 by 1\nL1 keeps weights\nfor n in 0..4 by 1\nfor c in 0..64 by 1\nMAC"
    narrow = head + "for c in 0..64 by 1\nL1 keeps weights\nfor n in 0..4 by 1\nfor m in 0..256 by 1\nMAC"
    rates = {}
    for name, text in (("wide", wide), ("narrow", narrow)):
        mapping = parse_mapping(text)
        runs = list(tile_runs(operation, machine, mapping))
        counts = evaluate(operation, machine, mapping).counts
        words = sum(row.total.reads + row.total.updates for row in counts.tensors if row.level == "DRAM")
        assert sum(length for _, length, _ in runs) == 2 * words
        rates[name] = serve(dram_named("ddr4_2400"), runs).bytes_per_second
    assert rates["narrow"] < rates["wide"] / 5


def test_a_machine_on_a_dram_has_the_bandwidth_of_its_own_accesses() -> None:
    operation = MatrixProduct("product", M=16, K=64, N=64).operation()
    machine = Architecture("m", (Level("DRAM"), Level("L1")), Compute(), clock_mhz=1000.0)
    mapping = parse_mapping(
        "DRAM keeps inputs weights outputs\nL1 keeps inputs weights outputs\n"
        "for m in 0..64 by 1\nfor n in 0..16 by 1\nfor c in 0..64 by 1\nMAC"
    )
    changed, sentence = on_dram(operation, machine, mapping, "ddr4_2400")
    rate = changed.levels[0].read_bandwidth
    assert rate is not None
    assert 0 < rate < 9.6  # 19.2 GB/s are 9.6 words of 16 bits per cycle of 1 GHz
    assert sentence.startswith("ddr4_2400: ")
    assert "of 19.21 GB/s" in sentence
    with pytest.raises(InputError, match=r"^dram must be one of .*, not 'ddr4_2401'; did you mean 'ddr4_2400'\?$"):
        on_dram(operation, machine, mapping, "ddr4_2401")


@every
def test_every_table_names_its_source(dram: Dram) -> None:
    assert "20" in dram.source
    assert dram.currents is None or dram.currents.source == dram.source


def test_energies_are_those_of_another_tool_on_the_same_data_sheet() -> None:
    """energydram 0.4.0 (Gao, from the Python package index) on the timings and currents of ddr3_1600, eight devices at
    1.35 V: EnergyDDR(1.25, Timing(28, 6240, 280, 11, 6), 1.35, IDDs(67, 36, 11, 51, 36, 125, 125, 245), 8, ddr=3)."""
    dram = dram_named("ddr3_1600")
    assert dram.activate_pj() == pytest.approx(10651.5)
    assert dram.burst_pj(write=False) == pytest.approx(3996.0)
    assert dram.burst_pj(write=True) == pytest.approx(3996.0)
    assert dram.refresh_pj() == pytest.approx(733320.0)
    assert dram.standby_pj_per_ns() == pytest.approx(688.5 / 1.25)
