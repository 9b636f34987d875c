"""report.md: what was asked, the answer in tables and figures, every layer, and what a reader must know beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelsim.report.contents import notes, summary_tables, why
from accelsim.report.layer_tables import layer_tables, machine_tables
from accelsim.report.numbers import count
from accelsim.report.stalls import stall_tables
from accelsim.report.tables import Column, Table, render_markdown

if TYPE_CHECKING:
    from accelsim.report.compared import Compared
    from accelsim.report.stalls import Timed

_CAPTIONS = {
    "energy_by_level": "Energy per MAC by level",
    "energy_by_tensor": "Energy per MAC by tensor",
    "layers": "Throughput and utilization per layer",
    "roofline": "Roofline",
}


def render_report(
    comparison: Compared, figure_names: Sequence[str], title: str = "", timed: Sequence[Timed] = ()
) -> str:
    """The report as Markdown; ``figure_names``: files without ending that lie beside it as PNG and SVG; ``timed``:
    layers that were followed through the tile pipeline."""
    machines = ", ".join(a.name for a in comparison.architectures)
    subject = title or f"{', '.join(comparison.networks)} on {machines}"
    parts = [f"# {subject}", _asked(comparison)]
    parts += ["## Machines", render_markdown(_machines(comparison))]
    parts += ["## Summary", *map(render_markdown, summary_tables(comparison))]
    if comparison.infeasible:
        parts += ["## Without a mapping", "\n".join(f"- {why(r)}" for r in comparison.infeasible)]
    if figure_names:
        parts += ["## Figures", *(f"![{_caption(name)}]({name}.png)" for name in figure_names)]
    if timed:
        parts += ["## Where the time goes", *map(render_markdown, stall_tables(timed))]
    by_layer = layer_tables if len(comparison.architectures) > 1 else machine_tables
    parts += ["## Layers", *map(render_markdown, by_layer(comparison))]
    remarks = notes(comparison)
    if remarks:
        parts += ["## Notes", "\n".join(f"- {remark}" for remark in remarks)]
    parts.append(
        "Numbers in full: [summary.csv](summary.csv), [layers.csv](layers.csv), [accesses.csv](accesses.csv),"
        " [result.json](result.json)."
    )
    return "\n\n".join(parts) + "\n"


def _asked(comparison: Compared) -> str:
    asked = comparison.settings
    batch = "the batch that each network states" if asked.batch is None else f"batch {asked.batch}"
    dataflow = "its machine's own dataflow" if asked.dataflow is None else f"dataflow {asked.dataflow}"
    limit = "" if asked.seconds is None else f", at most {asked.seconds:g} s each"
    proof = "proof" if asked.gap == 0 else f"a gap of {100 * asked.gap:g} % to the lower bound"
    return (
        f"Every layer at {batch}, mapped under {dataflow} for least {asked.objective}, counts by the convention"
        f" '{asked.convention}'; asked for {proof}{limit}."
    )


def _machines(comparison: Compared) -> Table:
    machines = comparison.architectures
    return Table(
        "",
        (
            Column("machine", tuple(a.name for a in machines), left=True),
            Column("MAC units", tuple(count(a.mac_units) for a in machines)),
            Column("clock (MHz)", tuple(f"{a.clock_mhz:g}" for a in machines)),
            Column("energies in", tuple(a.energy_unit for a in machines), left=True),
            Column("description", tuple(" ".join(a.description.split()) for a in machines), left=True),
        ),
    )


def _caption(name: str) -> str:
    key = next(key for key in _CAPTIONS if name.startswith(key))
    which = name.removeprefix(key).lstrip("-").replace("-", ", ")
    return f"{_CAPTIONS[key]} ({which})" if which else _CAPTIONS[key]
