"""Utilization as a waterfall: from all MAC units in all cycles, step by step, down to those that do a MAC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelsim.report.figures.axes import distinct, legend_below, mark, panels
from accelsim.report.style import DOUBLE, SINGLE, look, styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@styled
def losses(frame: pd.DataFrame, title: str = "", width: float | None = None) -> Figure:
    """A panel per machine. Columns: machine, step, from_percent, to_percent, layers, infeasible.

    A step's bar hangs from what the steps before left over down to what it leaves.
    """
    machines, steps = distinct(frame["machine"]), distinct(frame["step"])
    width = width or (SINGLE if len(machines) <= 3 else DOUBLE)
    figure, every = panels(len(machines), int(width / 1.1), width, 1.5)
    for axes, machine in zip(every, machines, strict=True):
        mine = frame[frame["machine"] == machine]
        for step, low, high in zip(mine["step"], mine["from_percent"], mine["to_percent"], strict=True):
            if step in steps:
                i = steps.index(step)
                axes.bar([i], [high - low], 0.8, bottom=[low], label=step, **look(i))
        if mine["infeasible"].iloc[0]:
            mark(axes, len(steps) / 2, f"{len(mine['infeasible'].iloc[0].split())} layers infeasible")
        axes.set_title(machine)
        axes.set_xticks([])
        axes.set_xlim(-0.7, max(1, len(steps)) - 0.3)
        axes.set_ylim(0, 105)
        axes.grid(axis="y")
    columns = len({round(axes.get_position().x0, 3) for axes in every})
    for axes in every[::columns]:
        axes.set_ylabel("MAC units x cycles (%)")
    if title:
        figure.suptitle(title)
    legend_below(figure, every, width)
    return figure
