"""SCALE-Sim: every figure of its recorded runs, and what leads from them to our own time and words."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from accelsim.architecture.scalesim import ScalesimConfig, load_scalesim_config
from accelsim.model.scalesim import differences, scalesim_figures
from accelsim.validation.data import published_json
from accelsim.validation.study import Outcome, Part, Row, Study
from accelsim.workload.scalesim import ScalesimLayer, load_topology


def runs() -> list[dict[str, Any]]:
    """The recorded runs that SCALE-Sim finished."""
    return [record for record in published_json("scalesim/runs.json")["records"] if record["status"] == "ok"]


def loaded(record: dict[str, Any], folder: Path) -> tuple[ScalesimLayer, ScalesimConfig]:
    """Read as a user would: a .cfg and a .csv."""
    (folder / "run.cfg").write_text(record["cfg"])
    (folder / "topology.csv").write_text("\n".join(record["topology"]) + "\n")
    (layer,) = load_topology(str(folder / "topology.csv"))
    return layer, load_scalesim_config(str(folder / "run.cfg"))


def _run() -> Outcome:
    equal, judged, reasons = Counter[str](), Counter[str](), Counter[tuple[str, str]]()
    touched = Counter[tuple[str, str]]()
    with TemporaryDirectory() as folder:
        for record in runs():
            layer, config = loaded(record, Path(folder))
            figures = scalesim_figures(layer, config)
            for what, ours, theirs in _figures(record, figures, config.bandwidth_mode):
                judged[what] += 1
                equal[what] += ours == theirs
            for difference in differences(layer, config, figures)[1]:
                reasons[difference.figure, difference.reason] += difference.amount
                touched[difference.figure, difference.reason] += 1
    same = tuple(Row(what, "runs", equal[what], judged[what], tolerance=0) for what in judged)
    why = [
        Row(f"{figure}, sum of all runs", "", amount, None, note=reason) for (figure, reason), amount in reasons.items()
    ]
    many = [Row(figure, "runs", number, None, note=reason) for (figure, reason), number in touched.items()]
    return Outcome((
        Part("runs whose figures are equal to the last digit", same),
        Part("what must be added to them to get ours", tuple(why)),
        Part("in how many runs", tuple(many)),
    ))  # fmt: skip


def _figures(record: dict[str, Any], ours: Any, mode: str) -> list[tuple[str, float, float]]:
    golden, mapping = record["golden"], record["mapping"]
    found = [
        ("cycles without stalls", ours.total_cycles, golden["total_cycles"] - golden["stall_cycles"]),
        ("row folds", ours.row_folds, mapping["row_folds"]),
        ("column folds", ours.column_folds, mapping["col_folds"]),
        ("SRAM reads of inputs", ours.sram_ifmap_reads, golden["sram_ifmap_accesses"]),
        ("SRAM reads of filters", ours.sram_filter_reads, golden["sram_filter_accesses"]),
        ("SRAM writes of outputs", ours.sram_ofmap_writes, golden["sram_ofmap_accesses"]),
        (
            "mapping efficiency, 12 digits",
            _rounded(ours.mapping_efficiency_pct),
            _rounded(golden["mapping_efficiency_pct"]),
        ),
    ]
    if mode == "CALC":
        found += [
            ("DRAM reads of inputs", ours.dram_ifmap_reads, golden["dram_ifmap_accesses"]),
            ("DRAM reads of filters", ours.dram_filter_reads, golden["dram_filter_accesses"]),
        ]
    return found


def _rounded(value: float) -> float:
    return float(f"{value:.11e}")


STUDY = Study(
    name="scalesim",
    title="SCALE-Sim: 359 recorded runs, every figure, and the way from them to ours",
    source="SCALE-Sim 3.0.0 as published on the Python package index (Samajdar et al., ISPASS 2020)",
    differences=(
        "Stalls at a stated bandwidth are not imitated: the tool doubles them (its issue 130). Two "
        "recorded runs crash it.",
        "SCALE-Sim reports cycles one short, leaves out the drain of output-stationary folds, waits for "
        "PEs that a ragged fold leaves "
        "idle, counts bubbles as output traffic, and reads no partial sum back.",
    ),
    run=_run,
)
