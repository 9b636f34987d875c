"""Stacked bars, a machine each: energy per MAC by level or by tensor, and time by what it is spent on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accelsim.report.figures.axes import distinct, fitting, legend_below, mark_incomplete, name_ticks
from accelsim.report.style import look, new_figure, styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def energy_by_level(frame: pd.DataFrame, title: str = "", width: float | None = None) -> Figure:
    """Energy per MAC stacked by level. Columns: machine, level, energy_per_mac, energy_unit, layers, infeasible."""
    return _stack(frame, "level", "energy_per_mac", _energy_label(frame), title, width)


def energy_by_tensor(frame: pd.DataFrame, title: str = "", width: float | None = None) -> Figure:
    """Energy per MAC stacked by tensor. Columns: machine, tensor, energy_per_mac, energy_unit, layers, infeasible."""
    return _stack(frame, "tensor", "energy_per_mac", _energy_label(frame), title, width)


def latency(frame: pd.DataFrame, title: str = "", width: float | None = None) -> Figure:
    """Time stacked by what it is spent on. Columns: machine, part, milliseconds, depth, layers, infeasible."""
    depth = next(iter(distinct(frame["depth"])), "steady")
    return _stack(frame, "part", "milliseconds", f"time, {depth} (ms)", title, width)


def _energy_label(frame: pd.DataFrame) -> str:
    return f"energy per MAC ({'pJ' if frame['energy_unit'].iloc[0] == 'pJ' else 'MAC = 1'})"


@styled
def _stack(frame: pd.DataFrame, part: str, value: str, label: str, title: str, width: float | None) -> Figure:
    machines = distinct(frame["machine"])
    width = fitting(width, len(machines))
    figure = new_figure(width, 2.6)
    axes = figure.add_subplot()
    table = {(m, p): v for m, p, v in zip(frame["machine"], frame[part], frame[value], strict=True)}
    base = [0.0] * len(machines)
    for i, name in enumerate(distinct(frame[part])):
        heights = [float(table.get((machine, name), 0.0)) for machine in machines]
        axes.bar(range(len(machines)), heights, 0.7, bottom=base, label=name, **look(i))
        base = [b + h for b, h in zip(base, heights, strict=True)]
    mark_incomplete(axes, frame, machines)
    name_ticks(axes, machines, width - 0.6)
    axes.set_ylabel(label)
    edge = 0.6 + max(0.0, 4 - len(machines)) / 2  # a single bar is no wider than one of four
    axes.set_xlim(-edge, len(machines) - 1 + edge)
    axes.grid(axis="y")
    axes.margins(y=0.08)
    axes.set_title(title)
    legend_below(figure, [axes], width)
    return figure
