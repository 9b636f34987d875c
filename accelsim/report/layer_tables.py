"""What a comparison says layer by layer: machines side by side on each layer, or the layers of each machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from accelsim.model.evaluation import Evaluation
from accelsim.report.contents import INFEASIBLE, NONE, Best, groups, heading, measured, why
from accelsim.report.numbers import count, energy_scale, percent, significant
from accelsim.report.results import LayerResult
from accelsim.report.tables import Column, Table

if TYPE_CHECKING:
    from accelsim.report.compared import Compared


def layer_tables(comparison: Compared) -> list[Table]:
    """One table per layer, machines as rows, the best starred; one per energy unit where both kinds are compared."""
    out: list[Table] = []
    for network, unit in groups(comparison):
        mine = [r for r in comparison.of(network) if r.architecture.energy_unit == unit]
        for layer in dict.fromkeys(r.layer for r in mine):
            rows = [r for r in mine if r.layer == layer]
            several = f" ({unit})" if len(comparison.units) > 1 else ""
            times = f" (x {rows[0].repeat})" if rows[0].repeat > 1 else ""
            names = Column("machine", tuple(r.machine for r in rows), left=True)
            out.append(_results(f"{network} {layer}{times}{several}", (names,), rows, compared=True))
    return out


def machine_tables(comparison: Compared) -> list[Table]:
    """One table per network and machine with a row per layer; operations without MACs in a table of their own."""
    out: list[Table] = []
    for network in comparison.networks:
        for architecture in comparison.architectures:
            title = f"{heading(network, comparison.settings)} on {architecture.name}"
            mine = comparison.of(network, architecture.name)
            for vector in (False, True):
                rows = [r for r in mine if r.is_vector == vector]
                if rows:
                    tail = ", without MACs" if vector else ""
                    out.append(_results(title + tail, _layer_columns(rows), rows, compared=False))
    return out


def _layer_columns(rows: Sequence[LayerResult]) -> tuple[Column, ...]:
    names = Column("layer", tuple(f"{r.layer} x {r.repeat}" if r.repeat > 1 else r.layer for r in rows), left=True)
    if rows[0].is_vector:
        return (names,)
    return names, Column("MACs", tuple(count(r.operation.macs) for r in rows), group="cost")


def _results(title: str, names: tuple[Column, ...], rows: Sequence[LayerResult], compared: bool) -> Table:
    """Costs of single executions; what has no mapping says so in the first column and why below."""
    unit = rows[0].architecture.energy_unit
    factor, scaled = energy_scale((r.evaluation.energy for r in rows if r.evaluation), unit)

    def column(
        header: str, value: Callable[[Evaluation], float], text: Callable[[Any], str], best: Best, missing: str = NONE
    ) -> Column:
        values = [value(r.evaluation) if r.evaluation else None for r in rows]
        group = "cost" if header.startswith(("energy", "cycles", "operations")) else "rates"
        return measured(header, values, text, best if compared else None, missing=missing, group=group)

    words = [r.dram_words if r.evaluation else None for r in rows]
    energy = column(f"energy ({scaled})", lambda e: e.energy, lambda v: significant(v / factor), min, INFEASIBLE)
    cycles = column("cycles", lambda e: e.cycles, count, min)
    bound = Column("bound by", tuple(r.evaluation.bound_by if r.evaluation else NONE for r in rows), True, "rates")
    best = min if compared else None
    if rows[0].is_vector:
        operations = column("operations", lambda e: e.vector_operations, count, min)
        columns = [energy, operations, cycles, measured("DRAM words", words, count, best, group="rates"), bound]
    else:
        per_mac = [None if w is None else w / r.operation.macs for w, r in zip(words, rows, strict=True)]
        columns = [
            energy,
            column(f"energy/MAC ({unit})", lambda e: e.energy_per_mac, significant, min),
            cycles,
            column("TOPS", lambda e: e.tops, significant, max),
            column("util. (%)", lambda e: e.utilization.total, percent, max),
            measured("DRAM/MAC (words)", per_mac, significant, best, group="rates"),
            bound,
        ]
    return Table(title, (*names, *columns), notes=tuple(why(r) for r in rows if r.reason))
