"""SCALE-Sim 3.0.0 (Samajdar et al., ISPASS 2020): 361 runs of the tool, each from its own configuration and topology.

Equal to the last digit: cycles, folds, SRAM reads and writes, the three utilizations, and the DRAM reads of the mode
without stalls. USER mode adds stalls to its cycles, which are not imitated: SCALE-Sim doubles them (its issue 130).
Two runs crashed in SCALE-Sim (a single PE that is done in one cycle has utilization 1 / 0).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.model.array_time import array_time
from accelsim.model.scalesim import differences, scalesim_figures
from accelsim.simulate.systolic.execute import execute_array
from accelsim.validation.data import published_json
from accelsim.validation.tool_scalesim import loaded, runs

DATA = published_json("scalesim/runs.json")
RUNS = runs()


def test_every_figure_of_every_run_is_equal(tmp_path: Path) -> None:
    assert len(RUNS) == 359
    for record in RUNS:
        layer, config = loaded(record, tmp_path)
        ours, golden, mapping = scalesim_figures(layer, config), record["golden"], record["mapping"]
        name = record["id"]
        assert ours.total_cycles == mapping["demand_lines"] - 1, name
        assert ours.total_cycles == golden["total_cycles"] - golden["stall_cycles"], name
        assert (ours.row_folds, ours.column_folds) == (mapping["row_folds"], mapping["col_folds"]), name
        assert layer.macs == mapping["macs"], name
        sram = (ours.sram_ifmap_reads, ours.sram_filter_reads, ours.sram_ofmap_writes)
        assert sram == tuple(golden[f"sram_{what}_accesses"] for what in ("ifmap", "filter", "ofmap")), name
        assert ours.mapping_efficiency_pct == pytest.approx(golden["mapping_efficiency_pct"], rel=1e-12), name
        assert ours.compute_utilization_pct == pytest.approx(golden["compute_util_pct"], rel=1e-12), name
        if golden["stall_cycles"] == 0:
            assert ours.overall_utilization_pct == pytest.approx(golden["overall_util_pct"], rel=1e-12), name
        if config.bandwidth_mode == "CALC":
            dram = (ours.dram_ifmap_reads, ours.dram_filter_reads)
            assert dram == (golden["dram_ifmap_accesses"], golden["dram_filter_accesses"]), name


def test_what_crashes_scalesim_has_figures_here(tmp_path: Path) -> None:
    crashed = [record for record in DATA["records"] if record["status"] != "ok"]
    assert len(crashed) == 2
    for record in crashed:
        figures = scalesim_figures(*loaded(record, tmp_path))
        assert (figures.total_cycles, figures.overall_utilization_pct) == (0, 0)


def test_differences_from_scalesim_add_up_to_the_executed_array(tmp_path: Path) -> None:
    """Every cycle and word by which accelsim's own figures differ has a reason; small runs are executed as well."""
    for record in RUNS:
        layer, config = loaded(record, tmp_path)
        theirs = scalesim_figures(layer, config)
        ours, reasons = differences(layer, config, theirs)
        gap = {name: sum(d.amount for d in reasons if d.figure == name) for name in {d.figure for d in reasons}}
        assert theirs.total_cycles + gap.get("cycles", 0) == ours.cycles, record["id"]
        assert theirs.sram_ofmap_writes + gap.get("outputs written", 0) == ours.counts.outputs, record["id"]
        assert gap.get("outputs read", 0) == ours.counts.partial_sums, record["id"]
        assert (theirs.sram_ifmap_reads, theirs.sram_filter_reads) == (ours.counts.inputs, ours.counts.weights)
        if ours.cycles * config.array.pes < 100_000:
            run = execute_array(layer.operation(), config.array)
            assert run.equal
            assert run.counts == array_time(layer.operation(), config.array).counts
