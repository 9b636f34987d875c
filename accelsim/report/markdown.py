"""report.md: what was asked, the answer in tables and figures, every layer, and what a reader must know beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from accelsim.report.contents import notes, summary_tables, why
from accelsim.report.explaining import explanation_sentences, explanation_tables
from accelsim.report.layer_tables import layer_tables, machine_tables
from accelsim.report.numbers import count
from accelsim.report.stalls import stall_tables
from accelsim.report.tables import Column, Table, render_markdown

if TYPE_CHECKING:
    from accelsim.report.compared import Compared
    from accelsim.report.reasons import Findings


def render_report(found: Findings, captions: Mapping[str, str], remarks: Sequence[str] = ()) -> str:
    """The report as Markdown; ``captions``: of the figures, by the names of their files without ending; ``remarks``:
    what is to be noted about them."""
    comparison = found.comparison
    parts = [f"# {subject(found)}", asked(comparison)]
    parts += ["## Machines", render_markdown(_machines(comparison))]
    parts += ["## Summary", *map(render_markdown, summary_tables(comparison))]
    if comparison.infeasible:
        parts += ["## Without a mapping", "\n".join(f"- {why(r)}" for r in comparison.infeasible)]
    if captions:
        parts += ["## Figures", *(f"![{caption}](figures/{name}.png)" for name, caption in captions.items())]
    if found.timed:
        parts += ["## Where the time goes", *map(render_markdown, stall_tables(found.timed))]
    parts += _reasons(found)
    by_layer = layer_tables if len(comparison.architectures) > 1 else machine_tables
    parts += ["## Layers", *map(render_markdown, by_layer(comparison))]
    told = [*notes(comparison), *remarks]
    if told:
        parts += ["## Notes", "\n".join(f"- {remark}" for remark in told)]
    parts.append(
        "Numbers in full: [summary.csv](summary.csv), [layers.csv](layers.csv), [accesses.csv](accesses.csv),"
        " [result.json](result.json)."
    )
    return "\n\n".join(parts) + "\n"


def subject(found: Findings) -> str:
    """The title of the declaration, or what is compared."""
    networks, machines = ", ".join(found.comparison.networks), [a.name for a in found.comparison.architectures]
    several = ", ".join(machines) if len(machines) <= 8 else f"{len(machines)} machines"
    return found.title or f"{networks} on {several}"


def asked(comparison: Compared) -> str:
    """What was asked of every layer, in a sentence."""
    settings = comparison.settings
    batch = "the batch that each network states" if settings.batch is None else f"batch {settings.batch}"
    dataflow = "its machine's own dataflow" if settings.dataflow is None else f"dataflow {settings.dataflow}"
    limit = "" if settings.seconds is None else f", at most {settings.seconds:g} s each"
    proof = "proof" if settings.gap == 0 else f"a gap of {100 * settings.gap:g} % to the lower bound"
    return (
        f"Every layer at {batch}, mapped under {dataflow} for least {settings.objective}, counts by the convention"
        f" '{settings.convention}'; asked for {proof}{limit}."
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


def _reasons(found: Findings) -> list[str]:
    """Why, for the layers of which it was searched what more of the machine would buy."""
    out = []
    for result, explained in found.reasons:
        if explained.what_ifs:
            told = "\n".join(f"- {sentence}" for sentence in explanation_sentences(explained))
            tables = map(render_markdown, explanation_tables(explained))
            out += [f"### {result.network} {result.layer} on {result.machine}", told, *tables]
    return ["## Why", *out] if out else []
