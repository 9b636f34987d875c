"""What a comparison says in sum, as tables per network and energy unit, and the notes that belong below them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from accelsim.architecture.spec import Architecture, EnergyUnit
from accelsim.report.numbers import count, energy_scale, percent, significant
from accelsim.report.results import LayerResult, Settings, Total, unverified
from accelsim.report.tables import Column, Table

if TYPE_CHECKING:
    from accelsim.report.compared import Compared

INFEASIBLE = "infeasible"
NONE = "-"
Best = Callable[[Iterable[float]], float]


def heading(network: str, settings: Settings) -> str:
    """``alexnet, batch 16, mapped for least energy``: what was asked of a network."""
    batch = "" if settings.batch is None else f", batch {settings.batch}"
    dataflow = "" if settings.dataflow is None else f", dataflow {settings.dataflow}"
    convention = "" if settings.convention == "ours" else f", counted as {settings.convention}"
    return f"{network}{batch}, mapped for least {settings.objective}{dataflow}{convention}"


def groups(comparison: Compared) -> list[tuple[str, EnergyUnit]]:
    """(network, unit) of every table: physical and normalised machines never share one."""
    return [(network, unit) for network in comparison.networks for unit in comparison.units]


def summary_tables(comparison: Compared) -> list[Table]:
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
    partial = [not t.complete for t in totals]

    def column(header: str, value: Callable[[Total], float], text: Callable[[Any], str], best: Best) -> Column:
        values = [value(t) if t.mapped else None for t in totals]
        return measured(header, values, text, best, missing=INFEASIBLE, partial=partial)

    columns = (
        Column("machine", tuple(t.machine for t in totals), left=True),
        column(f"energy ({scaled})", lambda t: t.energy, lambda v: significant(v / factor), min),
        column(f"energy/MAC ({unit})", lambda t: t.energy_per_mac, significant, min),
        column("cycles", lambda t: t.cycles, count, min),
        column("TOPS", lambda t: t.tops, significant, max),
        column("util. (%)", lambda t: t.utilization, percent, max),
        column("DRAM/MAC (words)", lambda t: t.dram_words_per_mac, significant, min),
    )
    return Table(title, columns, notes=tuple(_total_notes(totals)))


def measured(
    header: str, values: Sequence[float | None], text: Callable[[Any], str], best: Best | None = None, *,
    missing: str = NONE, partial: Sequence[bool] = (), group: str = "",
) -> Column:  # fmt: skip
    """One measure of every row: the best is starred unless all are equal, a partial sum (never the best) has a '!'."""
    partial = partial or [False] * len(values)
    whole = {v for v, part in zip(values, partial, strict=True) if v is not None and not part}
    winner = best(whole) if best is not None and len(whole) > 1 else None
    cells = []
    for value, part in zip(values, partial, strict=True):
        if value is None:
            cells.append(missing + " ")
        else:
            cells.append(text(value) + ("!" if part else "*" if value == winner else " "))
    if all(cell.endswith(" ") for cell in cells):
        cells = [cell[:-1] for cell in cells]
    return Column(header, tuple(cells), group=group)


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


def why(result: LayerResult) -> str:
    """The reason why a layer has no mapping, with layer and machine in front unless it names them itself."""
    named = result.layer in result.reason and result.machine in result.reason
    return result.reason if named else f"{result.layer} on {result.machine}: {result.reason}"


def notes(comparison: Compared) -> list[str]:
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
        least = f"; the lower bound is at most {100 * max(gaps):.2g} % below the others" if max(gaps) else ""
        out.append(f"Proven best within their space: {proven} of {len(gaps)} mappings{least}.")
    return out + [note for a in comparison.architectures if (note := unverified_note(a))]


def unverified_note(architecture: Architecture) -> str:
    """Which numbers of a machine could not be checked against their source; empty when all could."""
    doubtful = unverified(architecture)
    return f"{architecture.name}: not verified against their source: {', '.join(doubtful)}." if doubtful else ""
