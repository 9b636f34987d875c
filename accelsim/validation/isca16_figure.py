"""The paper's figure beside ours: energy by level as published, in the paper's counting, and in exact counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelsim.report.style import DOUBLE, look, new_figure, styled
from accelsim.validation.data import published_rows
from accelsim.validation.isca16_layers import CONV, DATAFLOWS, FC
from accelsim.validation.isca16_ours import exact
from accelsim.validation.isca16_points import point
from accelsim.validation.isca16_tables import FOLDER
from accelsim.validation.study import Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = (
    ("CONV", CONV, 256, 1, "fig12abc"),
    ("CONV", CONV, 256, 16, "fig12abc"),
    ("CONV", CONV, 256, 64, "fig12abc"),
    ("FC", FC, 1024, 16, "fig14b"),
)
STACK = ("ALU", "DRAM", "Buffer", "Array", "RF")
Bars = dict[str, dict[str, float]]
"""Dataflow -> level -> energy per MAC; nothing for what cannot be mapped."""


@styled
def draw(outcome: Outcome) -> Figure:
    """Three bars per dataflow and panel: published (P), the paper's counting (C), exact counts (E)."""
    figure = new_figure(DOUBLE, 5.2)
    for i, (kind, layers, pes, images, name) in enumerate(PANELS):
        axes = figure.add_subplot(2, 2, i + 1)
        axes.set_title(f"{kind} layers, {pes} PEs, N={images}")
        axes.set_ylabel("energy per MAC (MAC energies)")
        counted: Bars = {}
        exactly: Bars = {}
        for dataflow in DATAFLOWS:
            if at := point(dataflow, pes, images, layers):
                counted[dataflow] = {level: at.level_energy(level) for level in STACK}
            if found := exact(dataflow, pes, images, layers):
                exactly[dataflow] = dict(found.levels)
        for offset, bars in ((-0.28, _published(name, images)), (0.0, counted), (0.28, exactly)):
            _stack(axes, bars, offset)
        places = [x + offset for x in range(len(DATAFLOWS)) for offset in (-0.28, 0.0, 0.28)]
        axes.set_xticks(places, [label for d in DATAFLOWS for label in ("P", f"C\n{d}", "E")])
    handles, labels = figure.axes[0].get_legend_handles_labels()
    seen = dict(zip(labels, handles, strict=True))
    figure.legend(
        seen.values(), seen, loc="outside upper center", ncols=5,
        title="P published, C the paper's counting, E exact counts and optimal mappings",
    )  # fmt: skip
    return figure


def _published(name: str, images: int) -> Bars:
    columns = dict(zip(STACK, ("ALU", "DRAM", "Buffer", "Array_NoC", "RF"), strict=True))
    return {
        bar["dataflow"]: {level: float(bar[f"{column}_macE_per_op"]) for level, column in columns.items()}
        for bar in published_rows(f"{FOLDER}/{name}.csv")
        if bar["N"] == str(images) and float(bar["total"])
    }


def _stack(axes: Axes, bars: Bars, offset: float) -> None:
    """A stacked bar per dataflow, from the MACs up to DRAM's share, in the order of STACK."""
    bottom = [0.0] * len(DATAFLOWS)
    for i, level in enumerate(STACK):
        heights = [bars.get(dataflow, {}).get(level, 0.0) for dataflow in DATAFLOWS]
        axes.bar([x + offset for x in range(len(DATAFLOWS))], heights, 0.26, bottom=bottom, label=level, **look(i))
        bottom = [low + height for low, height in zip(bottom, heights, strict=True)]
