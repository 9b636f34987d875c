"""Ours beside the published, row by row, in the style of the reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelsim.report.style import DOUBLE, look, new_figure, styled
from accelsim.validation.study import Outcome, Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def beside(
    outcome: Outcome,
    titles: Sequence[str],
    names: tuple[str, str] = ("published", "accelsim"),
    judged_only: bool = True,
) -> Figure:
    """A panel per part of these titles: two bars per row, ``names`` of the published and of ours."""
    parts = [part for part in outcome.parts if part.title in titles]
    figure = new_figure(DOUBLE, 2.6)
    for i, part in enumerate(parts):
        axes = figure.add_subplot(1, len(parts), i + 1)
        rows = [
            row for row in part.rows if row.published is not None and (not judged_only or row.tolerance is not None)
        ]
        axes.bar([x - 0.2 for x in range(len(rows))], _heights(rows, "published"), 0.4, label=names[0], **look(7))
        axes.bar([x + 0.2 for x in range(len(rows))], _heights(rows, "ours"), 0.4, label=names[1], **look(0))
        axes.set_xticks(range(len(rows)), [row.label for row in rows], rotation=45, ha="right")
        axes.set_title(part.title)
        axes.set_ylabel(rows[0].unit)
        axes.set_ylim(bottom=0)
        if i == 0:
            handles, labels = axes.get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside upper center", ncols=2)
    return figure


def _heights(rows: Sequence[Row], which: str) -> list[float]:
    return [getattr(row, which) or 0.0 for row in rows]
