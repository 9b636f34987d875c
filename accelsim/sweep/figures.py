"""Figures of a study, each with its data as rows: scatter with front, heat map over two axes, energy along one axis.

Each shows one piece of work (a network, batch, phase) in one energy unit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accelsim.report.style import DOUBLE, SINGLE, look, marker, new_figure, styled
from accelsim.sweep.axes import Axis
from accelsim.sweep.frame import Row, Table
from accelsim.sweep.pareto import Front, Scope, best, fronts, scopes, titled
from accelsim.web.palette import COLORS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AT = "energy_at_"
UNITS = {
    "latency_s": "latency (s)", "area_mm2": "area (mm²)", "clock_mhz": "clock (MHz)", "storage_bytes": "storage (B)",
    "storage_area_bytes": "storage area (B of a large buffer)", "tops": "throughput (TOPS)", "dram_words": "DRAM words",
    "dram_bytes": "DRAM traffic (B)", "pes": "MAC units", "utilization": "utilization (share of one)",
    "search_seconds": "search time (s)", "dram_words_per_mac": "DRAM words per MAC",
}  # fmt: skip
MOST_SERIES = 8
MOST_BARS = 40


@dataclass(frozen=True)
class Drawing:
    """A figure to be drawn: file name without ending, what it shows, and the rows and columns of its data."""

    name: str
    caption: str
    draw: Callable[[], Figure]
    rows: tuple[Row, ...]
    columns: tuple[str, ...]


def labelled(column: str, unit: str) -> str:
    """A column's name on an axis, its unit included."""
    match column:
        case "energy" | "vector_energy":
            return f"energy ({'pJ' if unit == 'pJ' else 'MAC = 1'})"
        case "energy_per_mac":
            return f"energy per MAC ({'pJ' if unit == 'pJ' else 'MAC = 1'})"
        case "edp":
            return f"energy x delay ({unit} s)"
        case _:
            return UNITS.get(column, column.replace("_", " "))


def drawings(table: Table) -> tuple[Drawing, ...]:
    """Every figure of a study, in the order of its axes and networks."""
    return (*_scatters(table), *_heats(table), *_stacks(table))


def _scatters(table: Table) -> Iterator[Drawing]:
    columns = (table.study.x, table.study.y)
    for front in fronts(table, columns) if columns[0] != columns[1] else ():
        rows = _rows_of(table, front.scope, columns)
        on_front = {row["point"] for row in front.rows}
        knee = front.knee["point"] if front.knee else None
        data = tuple({**row, "on_front": row["point"] in on_front, "knee": row["point"] == knee} for row in rows)
        axes = tuple(axis.name for axis in table.study.axes)
        yield Drawing(
            f"scatter-{_slug(front.title)}-{front.scope[-1][1]}".lower(),
            f"{front.title}: every point, and those that no other one beats in both",
            lambda front=front, rows=rows: scatter(table, front, rows),  # type: ignore[misc]
            data, ("point", "network", *axes, *columns, "energy_unit", "on_front", "knee"),
        )  # fmt: skip


@styled
def scatter(table: Table, front: Front, rows: Sequence[Row]) -> Figure:
    """Every point in two columns, coloured by the axis with fewest values; the front as a line, its knee ringed."""
    x, y = front.columns
    figure = new_figure(SINGLE, 2.8)
    axes = figure.add_subplot()
    by = _coloured(table, front.scope)
    for i, value in enumerate(_present(rows, by)):
        mine = [row for row in rows if by is None or row[by] == value]
        name = None if by is None else f"{by} {value}"
        axes.plot([r[x] for r in mine], [r[y] for r in mine], linestyle="", label=name, alpha=0.8, **marker(i))
    line = sorted((row[x], row[y]) for row in front.rows)
    axes.plot(
        [p[0] for p in line], [p[1] for p in line], color="#202020", drawstyle="steps-post", label="front", marker="."
    )
    if front.knee:
        axes.plot(
            front.knee[x], front.knee[y], "o", markersize=9, fillstyle="none", color=COLORS[5], label="knee",
            linestyle="",
        )  # fmt: skip
    for column, scale, low in ((x, axes.set_xscale, axes.set_xlim), (y, axes.set_yscale, axes.set_ylim)):
        values = [row[column] for row in rows]
        if min(values) > 0 and max(values) / min(values) > 20:
            scale("log")
        elif min(values) == max(values):
            low(0, 2 * max(values) or 1)
    axes.set_xlabel(labelled(x, str(front.scope[-1][1])))
    axes.set_ylabel(labelled(y, str(front.scope[-1][1])))
    axes.set_title(front.title)
    axes.grid()
    figure.legend(loc="outside lower center", ncols=3, columnspacing=1.0)
    return figure


def _coloured(table: Table, scope: Scope) -> str | None:
    """The axis of fewest values that is no part of the scope, None where all have many."""
    given = dict(scope)
    free = [a for a in table.study.axes if a.name not in given and 2 <= len(a.values) <= MOST_SERIES]
    return min(free, key=lambda axis: len(axis.values)).name if free else None


def _present(rows: Sequence[Row], by: str | None) -> list[Any]:
    return [None] if by is None else list(dict.fromkeys(row[by] for row in sorted(rows, key=lambda r: r["point"])))


def _heats(table: Table) -> Iterator[Drawing]:
    free = [a for a in table.study.axes if a.name not in table.study.scope and a.is_ordered and len(a.values) > 1]
    free = sorted(free, key=lambda axis: -len(axis.values))[:2]
    if len(free) < 2:
        return
    across, up = sorted(free, key=table.study.axes.index)
    y = table.study.y
    for scope, rows in scopes(table, table.mapped, (y,)):
        cells: dict[tuple[Any, Any], Row] = {}
        for row in rows:
            key = row[across.name], row[up.name]
            cells[key] = best([row, cells[key]] if key in cells else [row], y) or row
        title = titled(scope)
        yield Drawing(
            f"heat-{_slug(title)}-{scope[-1][1]}".lower(),
            f"{title}: least {y} at each {across.name} and {up.name}, over all other axes",
            lambda scope=scope, cells=cells: heat(across, up, y, scope, cells),  # type: ignore[misc]
            tuple(cells.values()), (*(name for name, _ in scope[:-1]), across.name, up.name, y, "energy_unit", "point"),
        )  # fmt: skip


@styled
def heat(across: Axis, up: Axis, column: str, scope: Scope, cells: dict[tuple[Any, Any], Row]) -> Figure:
    """A column over two axes; a cell without a mapped point is left grey."""
    xs, ys = ([axis.shown(i) for i in range(len(axis.values))] for axis in (across, up))
    xs, ys = [x for x in xs if any(k[0] == x for k in cells)], [y for y in ys if any(k[1] == y for k in cells)]
    figure = new_figure(SINGLE, 2.8)
    axes = figure.add_subplot()
    grid = [[cells[x, y][column] if (x, y) in cells else float("nan") for x in xs] for y in ys]
    axes.set_facecolor("#e8e8e8")
    image = axes.imshow(grid, origin="lower", aspect="auto", cmap="cividis")
    figure.colorbar(image, ax=axes, label=labelled(column, str(scope[-1][1])))
    for set_ticks, labels in ((axes.set_xticks, xs), (axes.set_yticks, ys)):
        step = -(-len(labels) // 12)
        set_ticks(range(0, len(labels), step), [str(label) for label in labels[::step]])
    if max(len(str(x)) for x in xs) > 3:
        axes.tick_params(axis="x", labelrotation=45)
    axes.set_xlabel(across.name)
    axes.set_ylabel(up.name)
    axes.set_title(titled(scope))
    return figure


def _stacks(table: Table) -> Iterator[Drawing]:
    """Energy per MAC along each axis, the others at the values of the best point."""
    axes = [axis for axis in table.study.axes if 2 <= len(axis.values) <= MOST_BARS]
    for axis in axes:
        for scope, rows in scopes(table, table.mapped, ("energy_per_mac", "macs"), axis.name):
            start = best(rows, "energy_per_mac")
            assert start is not None
            others = [other.name for other in table.study.axes if other is not axis and other.name not in dict(scope)]
            line = [row for row in rows if all(row[name] == start[name] for name in others)]
            order = [axis.shown(i) for i in range(len(axis.values))]
            line.sort(key=lambda row: order.index(row[axis.name]))
            if len(line) < 2:
                continue
            title = titled(scope)
            rest = ", ".join(f"{name} {start[name]}" for name in others)
            parts = tuple(name for name in table.columns if name.startswith(AT) and any(r.get(name) for r in line))
            yield Drawing(
                f"stack-{axis.name}-{_slug(title)}-{scope[-1][1]}".lower(),
                f"{title}: energy per MAC along {axis.name}" + (f" ({rest})" if rest else ""),
                lambda a=axis.name, s=scope, r=line, p=parts: stack(a, s, r, p),  # type: ignore[misc]
                tuple(line), ("network", axis.name, *others, "energy_unit", "macs", "energy_per_mac", *parts),
            )  # fmt: skip


@styled
def stack(axis: str, scope: Scope, rows: Sequence[Row], parts: Sequence[str]) -> Figure:
    """Energy per MAC of each point, stacked by component, outermost first."""
    figure = new_figure(SINGLE if len(rows) <= 12 else DOUBLE, 2.8)
    axes = figure.add_subplot()
    base = [0.0] * len(rows)
    for i, part in enumerate(parts):
        heights = [(row.get(part) or 0.0) / row["macs"] for row in rows]
        axes.bar(range(len(rows)), heights, 0.7, bottom=base, label=part.removeprefix(AT), **look(i))
        base = [b + h for b, h in zip(base, heights, strict=True)]
    labels = [str(row[axis]) for row in rows]
    folded = [label.replace(" ", "\n") if len(label) > 12 else label for label in labels]
    axes.set_xticks(range(len(rows)), folded)
    if len(rows) * max(map(len, labels)) > 40 and folded == labels:
        axes.tick_params(axis="x", labelrotation=45)
    axes.set_xlabel(axis)
    axes.set_ylabel(labelled("energy_per_mac", str(scope[-1][1])))
    axes.set_title(titled(scope))
    axes.grid(axis="y")
    figure.legend(loc="outside lower center", ncols=4, columnspacing=1.2)
    return figure


def _rows_of(table: Table, scope: Scope, needed: Sequence[str]) -> list[Row]:
    return next((rows for found, rows in scopes(table, table.mapped, needed) if found == scope), [])


def _slug(text: str) -> str:
    """A title as part of a file's name on any system."""
    return re.sub(r"[^A-Za-z0-9.]+", "_", text)
