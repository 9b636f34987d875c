"""SCALE-Sim's files timed: its own figures, accelsim's beside them, and what makes the difference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from accelsim.architecture.scalesim import ScalesimConfig
from accelsim.model.scalesim import Difference, differences, scalesim_figures
from accelsim.report.numbers import count
from accelsim.report.records import Record, document
from accelsim.report.tables import Column, Table
from accelsim.workload.scalesim import ScalesimLayer


def scalesim_tables(layers: tuple[ScalesimLayer, ...], config: ScalesimConfig) -> tuple[list[Table], list[str]]:
    """Cycles and words of every layer both ways, the sum of every difference, and notes."""
    theirs = [scalesim_figures(layer, config) for layer in layers]
    ours = [differences(layer, config, figures) for layer, figures in zip(layers, theirs, strict=True)]
    names = tuple(layer.name for layer in layers)
    array = config.array
    cycles = Table(
        f"{config.name} on {array.rows} x {array.columns} {array.dataflow}: SCALE-Sim's figures and accelsim's",
        (
            Column("layer", (*names, "all"), left=True),
            Column("folds", _sums(t.row_folds * t.column_folds for t in theirs)),
            Column("SCALE-Sim (cycles)", _sums(t.total_cycles for t in theirs)),
            Column("accelsim (cycles)", _sums(t.cycles for t, _ in ours)),
            Column("mapping eff. (%)", (*(f"{t.mapping_efficiency_pct:.2f}" for t in theirs), "")),
            Column("util. (%)", (*(f"{100 * t.utilization:.2f}" for t, _ in ours), "")),
        ),
    )
    words = Table(
        "words",
        (
            Column("layer", (*names, "all"), left=True),
            Column("IFMAP (SRAM)", _sums(t.sram_ifmap_reads for t in theirs), group="sram"),
            Column("filter (SRAM)", _sums(t.sram_filter_reads for t in theirs), group="sram"),
            Column("OFMAP (SRAM)", _sums(t.sram_ofmap_writes for t in theirs), group="sram"),
            Column("IFMAP (DRAM)", _sums(t.dram_ifmap_reads for t in theirs), group="dram"),
            Column("filter (DRAM)", _sums(t.dram_filter_reads for t in theirs), group="dram"),
            Column("outputs (accelsim)", _sums(t.counts.outputs for t, _ in ours), group="ours"),
            Column("read back (accelsim)", _sums(t.counts.partial_sums for t, _ in ours), group="ours"),
        ),
    )
    notes = ["SCALE-Sim 3.0.0's figures when nothing stalls."]
    if config.bandwidth_mode == "USER":
        notes.append("InterfaceBandwidth is USER: the stalls that SCALE-Sim adds to its cycles are not imitated.")
    notes += _reasons([d for _, found in ours for d in found])
    return [cycles, words], notes


def _sums(values: Iterable[int]) -> tuple[str, ...]:
    """A cell for each, and one for all."""
    numbers = list(values)
    return (*(count(number) for number in numbers), count(sum(numbers)))


def _reasons(found: list[Difference]) -> list[str]:
    """What leads from SCALE-Sim's figures to accelsim's, summed over all layers."""
    total: dict[tuple[str, str], int] = {}
    for difference in found:
        key = (difference.figure, difference.reason)
        total[key] = total.get(key, 0) + difference.amount
    return [f"accelsim's {figure}: {amount:+,}, as {reason}." for (figure, reason), amount in sorted(total.items())]


def scalesim_record(layers: tuple[ScalesimLayer, ...], config: ScalesimConfig) -> Record:
    """The object of ``time --scalesim --json``."""
    rows = []
    for layer in layers:
        theirs = scalesim_figures(layer, config)
        ours, found = differences(layer, config, theirs)
        rows.append(
            {
                "layer": layer.name,
                "scalesim": asdict(theirs),
                "accelsim": asdict(ours.counts),
                "differences": [asdict(difference) for difference in found],
            }
        )
    return document("scalesim", {"name": config.name, "bandwidth_mode": config.bandwidth_mode, "layers": rows})
