"""The report of a study: what was asked, its points, fronts, bests, what each axis does, figures, failures.

report.md  points.csv  layers.csv  FIGURE.png  FIGURE.svg  FIGURE.csv     beside the store, each written whole
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from accelsim.files import write_atomically
from accelsim.report.style import picture
from accelsim.report.tables import Table as Rendered
from accelsim.report.tables import render_markdown
from accelsim.sweep.columns import MACHINE_COLUMNS, PER_WORK
from accelsim.sweep.describe import render_study as render_declared
from accelsim.sweep.figures import Drawing, drawings
from accelsim.sweep.frame import Table, render_rows
from accelsim.sweep.pareto import fronts
from accelsim.sweep.rows import LAYER_COLUMNS
from accelsim.sweep.sensitivity import sensitivities
from accelsim.sweep.tables import best_table, front_table, sensitivity_table, status_table

MOST_REASONS = 20
ENDINGS = ("png", "svg")


def write_report(table: Table, folder: Path, watch: Callable[[int, int], None] | None = None) -> list[str]:
    """Write the report and its figures into the study's folder; the files' names. Raises InputError."""
    drawn = drawings(table)
    contents: dict[str, str | bytes] = {
        "points.csv": render_rows(table.rows, table.columns),
        "layers.csv": render_rows(table.layers, ("point", "network", *LAYER_COLUMNS)),
    }
    for i, drawing in enumerate(drawn):
        figure = drawing.draw()
        for ending in ENDINGS:
            contents[f"{drawing.name}.{ending}"] = picture(figure, ending)
        contents[f"{drawing.name}.csv"] = render_rows(drawing.rows, drawing.columns)
        if watch:
            watch(i + 1, len(drawn))
    contents["report.md"] = render_study(table, drawn)
    for name, content in contents.items():
        write_atomically(folder / name, content)
    return list(contents)


def render_study(table: Table, drawn: tuple[Drawing, ...]) -> str:
    """The report as Markdown."""
    study = table.study
    parts = [f"# {study.title or study.name}", _asked(table), "## Points", render_markdown(status_table(table))]
    if table.mapped:
        found = fronts(table, (study.x, study.y)) if study.x != study.y else ()
        parts += ["## Fronts", *(render_markdown(front_table(table, front)) for front in found)]
        parts += ["## Best points", *map(render_markdown, best_table(table, study.y))]
        parts += ["## What each axis does", _rule(), *map(render_markdown, _effects(table))]
    if drawn:
        parts += ["## Figures"]
        parts += [f"![{d.caption}]({d.name}.png)\n\n*{d.caption}. [Data]({d.name}.csv)*" for d in drawn]
    parts += _lacking(table)
    parts.append(
        "All points: [points.csv](points.csv); every layer with its certificate: [layers.csv](layers.csv); nests and"
        " inputs in full: study.sqlite."
    )
    return "\n\n".join(parts) + "\n"


def _asked(table: Table) -> str:
    gaps = [row["worst_gap"] for row in table.mapped if row.get("worst_gap") is not None]
    held = f"\n\nThe largest gap of any layer to its lower bound is {100 * max(gaps):.2g} %." if gaps else ""
    return "```\n" + render_declared(table.study) + "```" + held


def _rule() -> str:
    return (
        "Each value against the first one, over all pairs of points that differ in nothing else: geometric mean, least"
        " and largest ratio."
    )


def _effects(table: Table) -> list[Rendered]:
    columns = [name for name in (table.study.y, table.study.x) if name not in MACHINE_COLUMNS]
    if len(table.study.scope) > 1 and not set(columns) & set(PER_WORK):
        columns.append("energy_per_mac")
    return [sensitivity_table(one) for column in dict.fromkeys(columns) for one in sensitivities(table, column)]


def _lacking(table: Table) -> list[str]:
    rows = [row for row in table.rows if row["status"] in ("infeasible", "invalid", "failed")]
    if not rows:
        return []
    lines = [f"- point {row['point']} ({row['status']}): {row['reason']}" for row in rows[:MOST_REASONS]]
    if len(rows) > MOST_REASONS:
        lines.append(f"- and {len(rows) - MOST_REASONS} more, see points.csv")
    return ["## Points without a result", "\n".join(lines)]
