"""One nest in tables: what it costs, where the energy goes, what each port does, and every count in full."""

from __future__ import annotations

from accelsim.architecture.spec import EnergyUnit
from accelsim.mapping.counts import AccessCounts
from accelsim.model.evaluation import Evaluation
from accelsim.report.contents import NONE
from accelsim.report.numbers import count, energy_scale, percent, significant
from accelsim.report.tables import Column, Table
from accelsim.search.interface import Certificate, Objective


def evaluation_tables(evaluation: Evaluation) -> list[Table]:
    """Cost, energy by component and tensor, ports, counts of levels and of networks."""
    tables = [_cost(evaluation), _energies(evaluation)]
    if evaluation.port_times:
        tables.append(_ports(evaluation))
    return [*tables, *count_tables(evaluation.counts)]


def count_tables(counts: AccessCounts) -> list[Table]:
    """Every count of the levels, and of the networks where there are any."""
    return [_levels(counts), _networks(counts)] if counts.networks else [_levels(counts)]


def certificate_sentence(certificate: Certificate, unit: str = "", timed: bool = True) -> str:
    """How sure the search is, in plain words; ``unit``: that of the objective; ``timed``: say how long it took.

    The lower bound is over the space that ``space_rule`` describes, not over every conceivable nest.
    """
    if certificate.gap == 0:
        sure = "Proven: no mapping of the space is better."
    else:
        bound = f"{significant(certificate.lower_bound)} {unit}".rstrip()
        better = f"{100 * certificate.gap:.2g} % better"
        sure = f"Not proven: a mapping of the space may be up to {better} (none is below {bound})."
    took = f" in {certificate.seconds:.3g} s" if timed else ""
    looked = f"{count(certificate.looked_at)} partial nests looked at{took}"
    size = f"up to {significant_space(certificate.space)} nests"
    return f"{sure} {looked}. The space: {certificate.space_rule}; {size}."


def objective_unit(objective: Objective, energy_unit: EnergyUnit) -> str:
    """The unit of an objective's values."""
    return {"energy": energy_unit, "latency": "cycles", "edp": f"{energy_unit} x cycles"}[objective]


def significant_space(size: int) -> str:
    """The size of a space: in full while it can be read, else its power of ten."""
    return count(size) if size < 10**9 else f"{size:.3g}" if size < 10**300 else f"10^{len(str(size)) - 1}"


def _cost(evaluation: Evaluation) -> Table:
    unit, share = evaluation.energy_unit, evaluation.utilization
    factor, scaled = energy_scale([evaluation.energy], unit)
    lines = [("energy", f"{significant(evaluation.energy / factor)} {scaled}")]
    if evaluation.counts.macs:
        lines += [
            ("energy per MAC", f"{significant(evaluation.energy_per_mac)} {unit}"),
            ("MACs", count(evaluation.counts.macs)),
        ]
    else:
        lines.append(("operations", count(evaluation.vector_operations)))
    lines += [
        ("cycles", f"{count(evaluation.cycles)}, bound by {evaluation.bound_by}"),
        ("compute cycles", count(evaluation.compute_cycles)),
        ("time", f"{significant(1e3 * evaluation.seconds)} ms at {evaluation.clock_mhz:g} MHz"),
    ]
    if evaluation.counts.macs:
        parts = (
            f"spatial {percent(share.spatial)} x ragged {percent(share.ragged)} x bandwidth {percent(share.bandwidth)}"
        )
        lines += [
            ("throughput", f"{significant(evaluation.tops)} TOPS"),
            ("utilization", f"{percent(share.total)} % ({parts})"),
        ]
    if evaluation.area_um2 is not None:
        lines.append(("area", f"{significant(evaluation.area_um2 / 1e6)} mm2"))
    lines.append(("convention", evaluation.convention))
    return Table(
        f"{evaluation.operation} on {evaluation.architecture}",
        (Column("", tuple(a for a, _ in lines), left=True), Column("", tuple(b for _, b in lines), left=True)),
    )


def _energies(evaluation: Evaluation) -> Table:
    """Energy of every component, tensors as columns."""
    factor, scaled = energy_scale([evaluation.energy], evaluation.energy_unit)
    components = list(evaluation.energy_by_component())
    tensors = [name for name in dict.fromkeys(item.tensor for item in evaluation.energies) if name]
    table: dict[tuple[str, str], float] = {}
    for item in evaluation.energies:
        key = (item.component, item.tensor)
        table[key] = table.get(key, 0.0) + item.energy
    columns = [Column("component", (*components, "all"), left=True)]
    for tensor in tensors:
        cells = [table.get((component, tensor)) for component in components]
        whole = sum(cell for cell in cells if cell is not None)
        texts = (NONE if cell is None else significant(cell / factor) for cell in (*cells, whole))
        columns.append(Column(tensor, tuple(texts)))
    sums = [*evaluation.energy_by_component().values(), evaluation.energy]
    columns.append(Column("all", tuple(significant(value / factor) for value in sums)))
    share = (percent(value / evaluation.energy) if evaluation.energy else NONE for value in sums)
    columns.append(Column("share (%)", tuple(share)))
    return Table(f"energy in {scaled}", tuple(columns))


def _ports(evaluation: Evaluation) -> Table:
    times = evaluation.port_times
    return Table(
        "ports of the busiest instance",
        (
            Column("level", tuple(t.level for t in times), left=True),
            Column("port", tuple(t.port for t in times), left=True),
            Column("words", tuple(count(t.words) for t in times)),
            Column("cycles", tuple(count(t.cycles) for t in times)),
        ),
    )


def _levels(counts: AccessCounts) -> Table:
    rows = counts.tensors
    columns = [
        Column("level", tuple(row.level for row in rows), left=True),
        Column("tensor", tuple(row.tensor for row in rows), left=True),
        Column("reads", tuple(count(row.total.reads) for row in rows), group="words"),
        Column("fills", tuple(count(row.total.fills) for row in rows), group="words"),
        Column("updates", tuple(count(row.total.updates) for row in rows), group="words"),
        Column("drains", tuple(count(row.total.drains) for row in rows), group="words"),
        Column("distinct", tuple(count(row.distinct) for row in rows), group="tiles"),
        Column("tile (words)", tuple(count(row.tile_words) for row in rows), group="tiles"),
        Column("instances", tuple(count(row.instances) for row in rows), group="tiles"),
    ]
    return Table("words over all instances", tuple(columns), keys=2)


def _networks(counts: AccessCounts) -> Table:
    rows = counts.networks
    return Table(
        "words through the networks",
        (
            Column("network", tuple(row.fanout for row in rows), left=True),
            Column("tensor", tuple(row.tensor for row in rows), left=True),
            Column("sent", tuple(count(row.sent) for row in rows)),
            Column("delivered", tuple(count(row.delivered) for row in rows)),
        ),
        keys=2,
    )
