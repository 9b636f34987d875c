"""What a comparison says, as tables: per network and energy unit, per layer, per machine, and the notes below them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from accelsim.architecture.spec import Architecture, EnergyUnit
from accelsim.model.evaluation import Evaluation
from accelsim.report.numbers import count, energy_scale, percent, significant
from accelsim.report.results import LayerResult, Settings, Total, unverified
from accelsim.report.tables import Column, Table

if TYPE_CHECKING:
    from accelsim.report.comparison import Comparison

INFEASIBLE = "infeasible"
NONE = "-"
Best = Callable[[Iterable[float]], float]


def heading(network: str, settings: Settings) -> str:
    """``alexnet, batch 16, mapped for least energy``: what was asked of a network."""
    batch = "" if settings.batch is None else f", batch {settings.batch}"
    dataflow = "" if settings.dataflow is None else f", dataflow {settings.dataflow}"
    convention = "" if settings.convention == "ours" else f", counted as {settings.convention}"
    return f"{network}{batch}, mapped for least {settings.objective}{dataflow}{convention}"


def groups(comparison: Comparison) -> list[tuple[str, EnergyUnit]]:
    """(network, unit) of every table: physical and normalised machines never share one."""
    return [(network, unit) for network in comparison.networks for unit in comparison.units]


def summary_tables(comparison: Comparison) -> list[Table]:
    """Machines as rows: cost, energy by level, energy by tensor, and operations without MACs where there are any."""
    out: list[Table] = []
    for network, unit in groups(comparison):
        several = f" ({unit})" if len(comparison.units) > 1 else ""
        title = heading(network, comparison.settings) + several
        mine = [t for t in comparison.totals if t.network == network and t.unit == unit]
        if mine:
            out.append(_cost(title, mine))
            out.append(_parts(f"{network}: energy by level", mine, lambda t: t.energy_by_component))
            out.append(_parts(f"{network}: energy by tensor", mine, lambda t: t.energy_by_tensor))
        vector = [t for t in comparison.vector_totals if t.network == network and t.unit == unit]
        if vector:
            out.append(_vector(f"{network}: operations without MACs (not in the tables above){several}", vector))
    return out


def _cost(title: str, totals: Sequence[Total]) -> Table:
    unit = totals[0].unit
    factor, scaled = energy_scale((t.energy for t in totals), unit)
    table = (
        Column("machine", tuple(t.machine for t in totals), left=True),
        _measured(f"energy ({scaled})", totals, lambda t: t.energy, lambda v: significant(v / factor), min),
        _measured(f"energy/MAC ({unit})", totals, lambda t: t.energy_per_mac, significant, min),
        _measured("cycles", totals, lambda t: t.cycles, lambda v: count(int(v)), min),
        _measured("TOPS", totals, lambda t: t.tops, significant, max),
        _measured("util. (%)", totals, lambda t: t.utilization, percent, max),
        _measured("DRAM/MAC (words)", totals, lambda t: t.dram_words_per_mac, significant, min),
    )
    return Table(title, table, notes=tuple(_total_notes(totals)))


def _measured(
    header: str, totals: Sequence[Total], value: Callable[[Total], float], text: Callable[[float], str], best: Best
) -> Column:
    """One measure of every total; the best complete one is starred, unless all are equal."""
    complete = [value(t) for t in totals if t.complete]
    winner = best(complete) if len(set(complete)) > 1 else None
    cells = []
    for t in totals:
        if not t.mapped:
            cells.append(INFEASIBLE + " ")
        elif not t.complete:
            cells.append(text(value(t)) + "!")
        else:
            cells.append(text(value(t)) + ("*" if value(t) == winner else " "))
    if all(cell.endswith(" ") for cell in cells):
        cells = [cell[:-1] for cell in cells]
    return Column(header, tuple(cells))


def _total_notes(totals: Sequence[Total]) -> Iterable[str]:
    if sum(t.complete for t in totals) > 1:
        yield "* best" + ("" if all(t.complete for t in totals) else " of the machines that map every layer")
    for t in totals:
        if not t.complete:
            names = ", ".join(t.infeasible)
            sums = "sums are over the others and not compared (!)" if t.mapped else "it maps none"
            yield f"{t.machine} has no mapping for {len(t.infeasible)} of {t.layers} layers ({names}): {sums}"


def _parts(title: str, totals: Sequence[Total], parts: Callable[[Total], Iterable[tuple[str, float]]]) -> Table:
    """Energy per MAC split into parts; a machine without a part has none of it."""
    names = list(dict.fromkeys(name for t in totals for name, _ in parts(t)))
    columns = [Column("machine", tuple(t.machine for t in totals), left=True)]
    for name in names:
        values = [dict(parts(t)).get(name) for t in totals]
        per_mac = (
            NONE if v is None or not t.macs else significant(v / t.macs) for v, t in zip(values, totals, strict=True)
        )
        columns.append(Column(name, tuple(per_mac)))
    return Table(f"{title}, {totals[0].unit} per MAC", tuple(columns))


def _vector(title: str, totals: Sequence[Total]) -> Table:
    factor, scaled = energy_scale((t.energy for t in totals), totals[0].unit)
    return Table(
        title,
        (
            Column("machine", tuple(t.machine for t in totals), left=True),
            Column("operations", tuple(count(t.operations) for t in totals)),
            Column(f"energy ({scaled})", tuple(significant(t.energy / factor) for t in totals)),
            Column("cycles", tuple(count(t.cycles) for t in totals)),
            Column("DRAM words", tuple(count(t.dram_words) for t in totals)),
        ),
        notes=tuple(_total_notes([t for t in totals if not t.complete])),
    )


def layer_tables(comparison: Comparison) -> list[Table]:
    """One table per layer, machines as rows; one per energy unit where both kinds are compared."""
    out: list[Table] = []
    for network, unit in groups(comparison):
        mine = [r for r in comparison.of(network) if r.architecture.energy_unit == unit]
        for layer in dict.fromkeys(r.layer for r in mine):
            rows = [r for r in mine if r.layer == layer]
            several = f" ({unit})" if len(comparison.units) > 1 else ""
            times = f" (x {rows[0].repeat})" if rows[0].repeat > 1 else ""
            out.append(_results(f"{network} {layer}{times}{several}", "machine", [r.machine for r in rows], rows))
    return out


def machine_tables(comparison: Comparison) -> list[Table]:
    """One table per network and machine with a row per layer; operations without MACs in a table of their own."""
    out: list[Table] = []
    for network in comparison.networks:
        for architecture in comparison.architectures:
            title = f"{heading(network, comparison.settings)} on {architecture.name}"
            mine = comparison.of(network, architecture.name)
            for vector in (False, True):
                rows = [r for r in mine if r.is_vector == vector]
                if rows:
                    names = [f"{r.layer} x {r.repeat}" if r.repeat > 1 else r.layer for r in rows]
                    out.append(_results(f"{title}{', without MACs' if vector else ''}", "layer", names, rows))
    return out


def _results(title: str, key: str, names: Sequence[str], rows: Sequence[LayerResult]) -> Table:
    """Costs of single executions; what has no mapping says so in the first column and why below."""
    unit = rows[0].architecture.energy_unit
    factor, scaled = energy_scale((r.evaluation.energy for r in rows if r.evaluation), unit)
    columns = [Column(key, tuple(names), left=True)]

    def add(header: str, text: Callable[[LayerResult], str], missing: str = NONE, group: str = "rates") -> None:
        cells = tuple(text(r) if r.evaluation else missing for r in rows)
        columns.append(Column(header, cells, left=header == "bound by", group=group))

    if key == "layer" and not rows[0].is_vector:
        columns.append(Column("MACs", tuple(count(r.operation.macs) for r in rows), group="cost"))
    add(f"energy ({scaled})", lambda r: significant(_cost_of(r).energy / factor), INFEASIBLE, group="cost")
    if rows[0].is_vector:
        add("operations", lambda r: count(_cost_of(r).vector_operations), group="cost")
    else:
        add(f"energy/MAC ({unit})", lambda r: significant(_cost_of(r).energy_per_mac), group="cost")
    add("cycles", lambda r: count(_cost_of(r).cycles), group="cost")
    if not rows[0].is_vector:
        add("TOPS", lambda r: significant(_cost_of(r).tops))
        add("util. (%)", lambda r: percent(_cost_of(r).utilization.total))
        add("DRAM/MAC (words)", lambda r: significant(r.dram_words / r.operation.macs))
    else:
        add("DRAM words", lambda r: count(r.dram_words))
    add("bound by", lambda r: _cost_of(r).bound_by)
    return Table(title, tuple(columns), notes=tuple(why(r) for r in rows if r.reason))


def why(result: LayerResult) -> str:
    """The reason why a layer has no mapping, with layer and machine in front unless it names them itself."""
    named = result.layer in result.reason and result.machine in result.reason
    return result.reason if named else f"{result.layer} on {result.machine}: {result.reason}"


def _cost_of(result: LayerResult) -> Evaluation:
    assert result.evaluation is not None
    return result.evaluation


def notes(comparison: Comparison) -> list[str]:
    """What a reader must know beside the numbers: units that differ, gaps that are open, numbers not verified."""
    out = []
    if len(comparison.units) > 1:
        out.append(
            "Energies in pJ (physical machines) and in MAC (normalised to one multiply-accumulate) are not comparable"
            " and stand in tables and figures of their own."
        )
    gaps = [r.certificate.gap for r in comparison.results if r.certificate is not None]
    if gaps:
        proven = sum(gap == 0 for gap in gaps)
        widest = f"; the widest gap to the lower bound is {100 * max(gaps):.2g} %" if max(gaps) else ""
        out.append(f"Proven best within their space: {proven} of {len(gaps)} mappings{widest}.")
    return out + [note for a in comparison.architectures if (note := unverified_note(a))]


def unverified_note(architecture: Architecture) -> str:
    """Which numbers of a machine could not be checked against their source; empty when all could."""
    doubtful = unverified(architecture)
    return f"{architecture.name}: not verified against their source: {', '.join(doubtful)}." if doubtful else ""
