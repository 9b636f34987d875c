"""Layer by layer: throughput and utilization of every machine, bars or, where those would be too thin, points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelsim.report.figures.axes import distinct, legend_below, mark, name_ticks, number
from accelsim.report.style import DOUBLE, look, marker, new_figure, styled
from accelsim.web.palette import COLORS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BARS = 10
"""More bars an inch than this are too thin for hatches: points are drawn instead."""


@styled
def layers(frame: pd.DataFrame, title: str = "", width: float | None = None) -> Figure:
    """Throughput above, utilization below. Columns: machine, layer, throughput_tops, utilization_percent."""
    width = width or DOUBLE
    names, machines = distinct(frame["layer"]), distinct(frame["machine"])
    figure = new_figure(width, 4.4)
    above, below = figure.subplots(2, 1, sharex=True)
    draw = _bars if len(names) * len(machines) <= MOST_BARS * width else _points
    for axes, column in ((above, "throughput_tops"), (below, "utilization_percent")):
        table = {(m, n): v for m, n, v in zip(frame["machine"], frame["layer"], frame[column], strict=True)}
        draw(axes, names, machines, [[number(table.get((m, n))) for n in names] for m in machines])
        axes.grid(axis="y")
    above.set_ylabel("throughput (TOPS)")
    above.set_title(title)
    below.set_ylabel("utilization (%)")
    below.set_ylim(0, 105)
    name_ticks(below, names, width - 0.6)
    below.set_xlim(-0.6, len(names) - 0.4)
    legend_below(figure, [above], width)
    return figure


def _bars(axes: Axes, names: list[str], machines: list[str], values: list[list[float | None]]) -> None:
    width = 0.84 / len(machines)
    for i, (machine, series) in enumerate(zip(machines, values, strict=True)):
        places = [x + (i - (len(machines) - 1) / 2) * width for x in range(len(names))]
        axes.bar(places, [v or 0.0 for v in series], width, label=machine, **look(i))
        for place, value in zip(places, series, strict=True):
            if value is None:
                mark(axes, place, "infeasible")


def _points(axes: Axes, names: list[str], machines: list[str], values: list[list[float | None]]) -> None:
    """Points; a layer without a mapping is an x of the machine's colour on the axis."""
    for i, (machine, series) in enumerate(zip(machines, values, strict=True)):
        shift = (i - (len(machines) - 1) / 2) * 0.6 / len(machines)
        places = [x + shift for x in range(len(names))]
        numbers = [float("nan") if v is None else v for v in series]
        axes.plot(places, numbers, linestyle="none", label=machine, **marker(i))
        missing = [place for place, value in zip(places, series, strict=True) if value is None]
        if missing:
            colour = COLORS[i % len(COLORS)]
            axes.plot(missing, [0] * len(missing), "x", color=colour, label=f"{machine}: infeasible", clip_on=False)
    axes.set_ylim(bottom=0)
