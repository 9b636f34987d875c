"""What is bought for what: energy against time, with the front that nothing beats, and what more would change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelsim.report.figures.axes import legend_below, number, panels, plain_ticks
from accelsim.report.numbers import energy_scale
from accelsim.report.style import DOUBLE, SINGLE, look, marker, new_figure, styled
from accelsim.report.undominated import undominated

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MOST_NAMES = 16
"""More points than this have names on the front only."""


@styled
def pareto(
    frame: pd.DataFrame,
    title: str = "",
    width: float | None = None,
    x: tuple[str, str] = ("milliseconds", "time (ms)"),
    y: tuple[str, str] = ("energy", ""),
    name: str = "machine",
) -> Figure:
    """A point per row and the front of those that no other beats; less is better on both axes.

    ``x`` and ``y``: (column, label with unit); ``name``: the column that names the points. By default columns:
    machine, milliseconds, energy, energy_unit.
    """
    width = width or SINGLE
    figure = new_figure(width, 2.8)
    axes = figure.add_subplot()
    factor, unit = (1.0, "") if y[1] else energy_scale(frame[y[0]], frame["energy_unit"].iloc[0])
    points = [(float(a), float(b) / factor) for a, b in zip(frame[x[0]], frame[y[0]], strict=True)]
    kept = set(undominated(points))
    best = [i in kept for i in range(len(points))]
    axes.step(*_stairs(points, best), where="post", color="#202020", zorder=1, label="Pareto front")
    few = len(points) <= MOST_NAMES
    for i, (label, point, front) in enumerate(zip(frame[name], points, best, strict=True)):
        look_ = marker(i if few else 0 if front else 7)
        axes.plot(*([v] for v in point), linestyle="none", label=label if few else None, **look_)
        if front and not few:
            axes.annotate(label, point, (3, 3), textcoords="offset points", fontsize=7)
    axes.ticklabel_format(scilimits=(-3, 5))
    for which, values in (("x", [a for a, _ in points]), ("y", [b for _, b in points])):
        if min(values) > 0 and max(values) > 20 * min(values):
            axes.set(**{f"{which}scale": "log"})
            plain_ticks(axes.xaxis if which == "x" else axes.yaxis)
    axes.set_xlabel(x[1])
    axes.set_ylabel(y[1] or f"energy ({unit})")
    axes.grid()
    axes.set_title(title)
    legend_below(figure, [axes], width)
    return figure


def _stairs(points: Sequence[tuple[float, float]], best: Sequence[bool]) -> tuple[list[float], list[float]]:
    front = sorted({point for point, is_best in zip(points, best, strict=True) if is_best})
    return [a for a, _ in front], [b for _, b in front]


@styled
def sensitivity(frame: pd.DataFrame, title: str = "", width: float | None = None) -> Figure:
    """What a little more of a machine would change: a panel per machine and layer, a bar per change.

    Columns: machine, layer, objective, what, more, change_percent, at_best_percent. The bar is what the search found,
    the line beyond it reaches to what its lower bound leaves open; a proven bar has none.
    """
    places = list(dict.fromkeys(zip(frame["machine"], frame["layer"], strict=True)))
    width = width or (SINGLE if len(places) == 1 else DOUBLE)
    most = max(int(((frame["machine"] == m) & (frame["layer"] == n)).sum()) for m, n in places)
    figure, every = panels(len(places), 2 if width > 5 else 1, width, 0.55 + 0.17 * most)
    for axes, (machine, layer) in zip(every, places, strict=True):
        mine = frame[(frame["machine"] == machine) & (frame["layer"] == layer)]
        names = [f"{what}: {more}" for what, more in zip(mine["what"], mine["more"], strict=True)]
        for i, (found, bound) in enumerate(zip(mine["change_percent"], mine["at_best_percent"], strict=True)):
            found, bound = number(found), number(bound)
            if found is None or bound is None:
                axes.text(0, i, " no mapping", va="center", fontsize=7)
                continue
            axes.barh([i], [found], 0.7, label="found", **look(0))
            axes.text(0, i, f" {found:.2f}", va="center", fontsize=7)
            if bound < found:
                axes.plot([bound, found], [i, i], color="#202020", marker="|", label="possible at best (not proven)")
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.axvline(0, color="#202020", linewidth=0.6)
        axes.set_xlabel(f"change of {mine['objective'].iloc[0]} (%)")
        axes.set_title(f"{layer} on {machine}")
        low = min((number(bound) or 0.0 for bound in mine["at_best_percent"]), default=0.0)
        axes.set_xlim(min(1.05 * low, -1e-3), 0.14 * max(-low, 1e-3) * 3.5 / width * 2)
        axes.grid(axis="x")
    if title:
        figure.suptitle(title)
    legend_below(figure, every, width)
    return figure
