"""Tiles against the capacity of the memories that hold them, layer by layer, on one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelsim.report.figures.axes import distinct, legend_below, name_ticks, panels
from accelsim.report.style import DOUBLE, look, styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@styled
def tiles(frame: pd.DataFrame, title: str = "", width: float | None = None) -> Figure:
    """A panel per memory. Columns: memory, layer, tensor, taken_words (buffers included), capacity_words."""
    width = width or DOUBLE
    memories, tensors, layers = (distinct(frame[name]) for name in ("memory", "tensor", "layer"))
    columns = 2 if width > 5 and len(layers) <= 24 and len(memories) > 1 else 1
    figure, every = panels(len(memories), columns, width, 1.8)
    for axes, memory in zip(every, memories, strict=True):
        mine = frame[frame["memory"] == memory]
        base = [0.0] * len(layers)
        for i, tensor in enumerate(tensors):
            own = mine[mine["tensor"] == tensor]
            words = dict(zip(own["layer"], own["taken_words"], strict=True))
            heights = [float(words.get(layer, 0.0)) for layer in layers]
            if any(heights):
                axes.bar(range(len(layers)), heights, 0.7, bottom=base, label=tensor, **look(i))
            base = [b + h for b, h in zip(base, heights, strict=True)]
        axes.axhline(mine["capacity_words"].iloc[0], linestyle="--", color="#202020", label="capacity")
        axes.set_title(memory)
        axes.set_ylabel("tiles (words)")
        name_ticks(axes, layers, width / columns - 0.6)
        axes.set_xlim(-0.7, len(layers) - 0.3)
        axes.margins(y=0.1)
        axes.grid(axis="y")
    if title:
        figure.suptitle(title)
    legend_below(figure, every, width)
    return figure
