"""Reuse on a logarithmic scale, where factors stack: from one fetched word up to the MACs that use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelsim.report.figures.axes import distinct, legend_below, name_ticks, number, panels
from accelsim.report.style import DOUBLE, look, styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@styled
def reuse(frame: pd.DataFrame, title: str = "", width: float | None = None) -> Figure:
    """A panel per tensor, a bar per machine, a segment per place. Columns: machine, tensor, place, reuse.

    A segment's top over its bottom is the reuse at that place; the bar's top is the MACs per distinct word.
    """
    width = width or DOUBLE
    machines, places, tensors = (distinct(frame[name]) for name in ("machine", "place", "tensor"))
    figure, every = panels(len(tensors), 3 if width > 5 and len(machines) <= 12 else 1, width, 2.1)
    top = 1.0
    for axes, tensor in zip(every, tensors, strict=True):
        axes.set_yscale("log")
        for x, machine in enumerate(machines):
            mine = frame[(frame["machine"] == machine) & (frame["tensor"] == tensor)]
            level = 1.0
            for place, factor in zip(mine["place"], map(number, mine["reuse"]), strict=True):
                if not factor:
                    continue
                if factor != 1:
                    height = level * (factor - 1)
                    axes.bar([x], [height], 0.7, bottom=[level], label=place, **look(places.index(place)))
                level *= factor
            top = max(top, level)
        axes.set_title(tensor)
        name_ticks(axes, machines, axes.get_position().width * width * 0.9)
        axes.set_xlim(-0.7, len(machines) - 0.3)
        axes.grid(axis="y")
    for axes in every:
        axes.set_ylim(1, top * 2)
    every[0].set_ylabel("uses per distinct word (MACs per word)")
    if title:
        figure.suptitle(title)
    legend_below(figure, every, width)
    return figure
