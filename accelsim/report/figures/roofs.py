"""Rooflines: what layers reach, under what MAC units and memories allow at the reuse of their data.

Williams, Waterman, Patterson, CACM 2009; a roof per memory level after Ilic, Pratas, Sousa, IEEE CAL 2014.  An equal
roof of several machines is drawn once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from accelsim.report.figures.axes import distinct, legend_below, number, panels, plain_ticks
from accelsim.report.style import DOUBLE, SINGLE, marker, new_figure, styled
from accelsim.web.palette import COLORS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

X_LABEL, Y_LABEL = "operations per {} byte (1 MAC = 2 operations)", "throughput (TOPS)"
DASHES = ("-", "--", "-.", ":")
DARK = "#202020"
Roof = tuple[float, float | None]
"""(peak TOPS, GB/s or None where it is not stated)."""


@styled
def roofline(frame: pd.DataFrame, title: str = "", width: float | None = None) -> Figure:
    """Every layer a point, every machine a roof. Columns: machine, level, operations_per_byte, throughput_tops,
    peak_tops, gigabytes_per_second; axes are logarithmic."""
    width = width or DOUBLE
    figure = new_figure(width, 3.2 if width > 5 else 3.6)
    axes = figure.add_subplot()
    axes.set(xscale="log", yscale="log")
    machines = distinct(frame["machine"])
    for i, name in enumerate(machines):
        mine = frame[frame["machine"] == name]
        points = mine.dropna(subset=["operations_per_byte", "throughput_tops"])
        axes.plot(*_xy(points), linestyle="none", label=name, **marker(i))
        if not len(points):
            axes.plot([], [], "x", color=COLORS[i % len(COLORS)], label=f"{name}: infeasible")
    handles, labels = axes.get_legend_handles_labels()
    roofs: dict[Roof, list[str]] = {}
    for name in machines:
        roofs.setdefault(_roof(frame[frame["machine"] == name]), []).append(name)
    span = _span(frame, list(roofs))
    level = frame["level"].iloc[0]
    lines = [
        _draw_roof(axes, roof, span, DASHES[i % 4], f"{_some(names)}: {_words(roof, level)}")
        for i, (roof, names) in enumerate(roofs.items())
    ]
    axes.set_ylim(axes.get_ylim()[0] / 1.5, max(peak for peak, _ in roofs) * 2)
    if width > 5:
        figure.legend(handles, labels, loc="outside right upper")
        figure.legend(handles=lines, loc="outside lower center", handlelength=3)
    else:
        legend_below(figure, [axes], width)
    _finish(axes, span, level)
    axes.set_title(title)
    return figure


@styled
def roofline_levels(frame: pd.DataFrame, title: str = "", width: float | None = None) -> Figure:
    """A panel per machine: every layer at every level that it keeps data in, under the roof of that level.

    Columns as of ``roofline``. Where a level's points lie on its roof, that level limits the layer.
    """
    machines, levels = distinct(frame["machine"]), distinct(frame["level"])
    width = width or (SINGLE if len(machines) == 1 else DOUBLE)
    figure, every = panels(len(machines), 3 if width > 5 else 1, width, 2.2)
    for axes, machine in zip(every, machines, strict=True):
        axes.set(xscale="log", yscale="log")
        mine = frame[frame["machine"] == machine]
        roofs = {level: _roof(mine[mine["level"] == level]) for level in distinct(mine["level"])}
        span = _span(mine, list(roofs.values()))
        for level, roof in roofs.items():
            i = levels.index(level)
            points = mine[mine["level"] == level].dropna(subset=["operations_per_byte", "throughput_tops"])
            axes.plot(*_xy(points), linestyle="none", label=level, **marker(i))
            if roof[1] is not None:
                _draw_roof(axes, roof, span, DASHES[i % 4], f"{level} roof", COLORS[i % len(COLORS)])
        peak = max((peak for peak, _ in roofs.values()), default=1.0)
        axes.axhline(peak, color=DARK, label="all MAC units", zorder=1)
        axes.set_ylim(axes.get_ylim()[0] / 1.5, peak * 2)
        _finish(axes, span, "")
        axes.set_title(machine)
    if title:
        figure.suptitle(title)
    legend_below(figure, every, width)
    return figure


def _xy(points: pd.DataFrame) -> tuple[list[float], list[float]]:
    return list(points["operations_per_byte"]), list(points["throughput_tops"])


def _roof(rows: pd.DataFrame) -> Roof:
    return float(rows["peak_tops"].iloc[0]), number(rows["gigabytes_per_second"].iloc[0])


def _span(frame: pd.DataFrame, roofs: Sequence[Roof]) -> tuple[float, float]:
    """Operations per byte that all points and the corners of all roofs lie between."""
    reached = [float(x) for x in frame["operations_per_byte"].dropna()]
    corners = [peak * 1e3 / rate for peak, rate in roofs if rate]
    every = [*reached, *corners] or [1.0]
    return min(every) / 2, max(every) * 2


def _draw_roof(
    axes: Axes, roof: Roof, span: tuple[float, float], dashes: str, label: str, color: str = DARK
) -> Any:  # fmt: skip
    peak, rate = roof
    corners = [(span[0], peak), (span[1], peak)]
    if rate is not None:
        corners[:1] = [(span[0], rate * span[0] / 1e3), (peak * 1e3 / rate, peak)]
    (line,) = axes.plot(*zip(*corners, strict=True), dashes, color=color, zorder=1, label=label)
    return line


def _words(roof: Roof, level: str) -> str:
    memory = f"{level} bandwidth not stated: roof of compute only" if roof[1] is None else f"{level} {roof[1]:.3g} GB/s"
    return f"{roof[0]:.3g} TOPS, {memory}"


def _finish(axes: Axes, span: tuple[float, float], level: str) -> None:
    axes.set_xlim(span)
    axes.set_xlabel(X_LABEL.format(level) if level else "operations per byte of the level")
    axes.set_ylabel(Y_LABEL)
    axes.grid(which="major")
    for axis in (axes.xaxis, axes.yaxis):
        plain_ticks(axis)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 8 else f"{names[0]}, {names[1]} and {len(names) - 2} more"
