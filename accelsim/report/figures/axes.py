"""What the figures share: words in place of missing bars, names that do not touch, grids of panels, legends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from accelsim.report.style import DOUBLE, SINGLE, new_figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

LETTER = 0.066
"""Inches that a letter of 7 pt takes, about."""
MOST_NARROW = 8
"""More machines than this stand across two columns."""


def number(value: Any) -> float | None:
    """A cell as a number, None where there is none."""
    import pandas as pd

    return None if pd.isna(value) else float(value)


def distinct(column: Iterable[Any]) -> list[Any]:
    """The values that are there, in order of first appearance."""
    import pandas as pd

    return [value for value in dict.fromkeys(column) if not pd.isna(value)]


def fitting(width: float | None, series: int) -> float:
    """The width asked for, or one column as long as so many names fit under it."""
    return width or (DOUBLE if series > MOST_NARROW else SINGLE)


def mark(axes: Axes, x: float, text: str, size: float = 7) -> None:
    """Words where a bar would stand, so that no bar is not read as zero."""
    transform = axes.get_xaxis_transform()
    axes.text(x, 0.02, text, rotation=90, ha="center", va="bottom", fontsize=size, color="#444444", transform=transform)


def mark_incomplete(axes: Axes, frame: pd.DataFrame, machines: Sequence[str]) -> None:
    """Say of machines that lack layers how many, in place of their bars."""
    for i, machine in enumerate(machines):
        first = frame[frame["machine"] == machine].iloc[0]
        if first["infeasible"]:
            mark(axes, i, f"{len(first['infeasible'].split())} of {first['layers']} layers infeasible")


def name_ticks(axes: Axes, names: Sequence[str], inches: float) -> None:
    """Names under the bars, slanted where they would touch, upright where those would; not all of very many."""
    room, longest = inches / max(1, len(names)), max(map(len, names), default=0) * LETTER
    rotation = 0 if longest + LETTER <= room else 40 if room >= 0.2 else 90
    every = max(1, round(0.11 / room + 0.4)) if rotation == 90 else 1
    places = range(0, len(names), every)
    axes.set_xticks(places, [names[i] for i in places], rotation=rotation, ha="right" if rotation == 40 else "center")
    if rotation == 40:
        for label in axes.get_xticklabels():
            label.set_rotation_mode("anchor")
    axes.tick_params(axis="x", length=0)


def panels(count: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of so many panels, ``height`` inches a row, with no empty one drawn."""
    columns = max(1, min(columns, count))
    rows = -(-count // columns)
    figure = new_figure(width, 0.5 + height * rows)
    grid = figure.subplots(rows, columns, squeeze=False)
    every = list(grid.flat)
    for axes in every[count:]:
        axes.set_axis_off()
    return figure, every[:count]


def plain_ticks(axis: Axis) -> None:
    """Numbers of a logarithmic axis as written: 1, 2, 5, 10 where it is narrow, powers of ten where it is wide."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,), numticks=8))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def legend_below(figure: Figure, axes: Iterable[Axes], width: float) -> None:
    """One legend of all series below the panels, in as many columns as the width holds."""
    seen: dict[str, Any] = {}
    for one in axes:
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            seen.setdefault("\n".join(wrap(label, int((width - 0.6) / LETTER))), handle)
    if seen:
        room = max(len(line) for label in seen for line in label.splitlines()) * LETTER + 0.5
        columns = max(1, min(len(seen), int(width / room)))
        figure.legend(seen.values(), seen, loc="outside lower center", ncols=columns, columnspacing=1.2)
