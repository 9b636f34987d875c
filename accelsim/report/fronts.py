"""The front of energy and cycles, as a table and a record."""

from __future__ import annotations

from accelsim.architecture.spec import EnergyUnit
from accelsim.report.numbers import count, percent, significant
from accelsim.report.records import Record, document, search_content
from accelsim.report.tables import Column, Table
from accelsim.search.pareto import Front

OPEN = "Not every point is proven: one may be missing, or cost more than it need by its gap (--gap 0 asks for proof)."
COMPLETE = "Proven: no mapping of the space has less energy in as few cycles, or fewer cycles for as little energy."


def front_table(front: Front, title: str, unit: EnergyUnit) -> Table:
    """One row per point, energy ascending."""
    points = [(point.evaluation, point.certificate) for point in front.points]
    return Table(
        title,
        (
            Column(f"energy/MAC ({unit})", tuple(significant(e.energy_per_mac, 5) for e, _ in points)),
            Column("cycles", tuple(count(e.cycles) for e, _ in points)),
            Column("utilization (%)", tuple(percent(e.utilization.total) for e, _ in points)),
            Column("bound by", tuple(e.bound_by for e, _ in points), left=True),
            Column("gap (%)", tuple(f"{100 * c.gap:.2g}" for _, c in points)),
        ),
        keys=0,
        notes=(COMPLETE if front.complete else OPEN,),
    )


def front_record(front: Front) -> Record:
    """The object of ``map --pareto --json``."""
    return document("front", {"complete": front.complete, "points": [search_content(point) for point in front.points]})
