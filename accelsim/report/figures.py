"""Figures of a comparison, each of one network and one energy unit: pJ and MAC units never share one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelsim.architecture.spec import EnergyUnit
from accelsim.errors import InputError, nearest
from accelsim.report.contents import groups
from accelsim.report.results import LayerResult, Total
from accelsim.report.roofline import draw as draw_roofline
from accelsim.report.style import DOUBLE, SINGLE, look, marker, new_figure, styled
from accelsim.web.palette import COLORS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from accelsim.report.compared import Compared

Group = tuple[str, EnergyUnit]
MOST_BARS = 72
"""More bars than this across two columns are too thin for hatches: points are drawn instead."""


def choose(comparison: Compared, network: str | None, unit: EnergyUnit | None) -> Group:
    """The network and unit to draw; raises InputError where there are several and none is chosen."""
    if network is not None and network not in comparison.networks:
        raise InputError(f"no network '{network}' in this comparison{nearest(network, comparison.networks)}")
    if unit is not None and unit not in comparison.units:
        raise InputError(f"unit must be one of {', '.join(comparison.units)}, not '{unit}'")
    networks = comparison.networks if network is None else (network,)
    units = comparison.units if unit is None else (unit,)
    if len(networks) > 1:
        raise InputError(f"a figure shows one network: pass network= one of {', '.join(networks)}")
    if len(units) > 1:
        raise InputError("pJ and MAC-normalised machines never share a figure: pass unit='pJ' or unit='MAC'")
    return networks[0], units[0]


def figures(comparison: Compared) -> dict[str, Figure]:
    """Every figure by file name without ending; several networks or units add theirs to the name."""
    out: dict[str, Figure] = {}
    several_networks, several_units = len(comparison.networks) > 1, len(comparison.units) > 1
    for group in groups(comparison):
        network, unit = group
        if not any(t.mapped for t in _totals(comparison, group)):
            continue
        tail = (f"-{_file_name(network)}" if several_networks else "") + (f"-{unit.lower()}" if several_units else "")
        out[f"energy_by_level{tail}"] = energy(comparison, group, "level")
        out[f"energy_by_tensor{tail}"] = energy(comparison, group, "tensor")
        out[f"layers{tail}"] = layers(comparison, group)
        out[f"roofline{tail}"] = roofline(comparison, group)
    return out


def _file_name(network: str) -> str:
    """A network's name as part of a file's on any system."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", network)


def _totals(comparison: Compared, group: Group) -> list[Total]:
    return [t for t in comparison.totals if (t.network, t.unit) == group]


def _results(comparison: Compared, group: Group) -> list[LayerResult]:
    return [r for r in comparison.of(group[0]) if not r.is_vector and r.architecture.energy_unit == group[1]]


@styled
def energy(comparison: Compared, group: Group, by: str) -> Figure:
    """Energy per MAC of every machine, stacked by 'level' or 'tensor'; layers repeat as the network has them."""
    if by not in ("level", "tensor"):
        raise InputError(f"by must be one of level, tensor, not '{by}'")
    totals = _totals(comparison, group)
    parts = [dict(t.energy_by_component if by == "level" else t.energy_by_tensor) for t in totals]
    names = list(dict.fromkeys(name for part in parts for name in part))
    wide = len(totals) > 8
    figure = new_figure(DOUBLE if wide else SINGLE, 2.6)
    axes = figure.add_subplot()
    base = [0.0] * len(totals)
    for i, name in enumerate(names):
        heights = [p.get(name, 0.0) / t.macs if t.complete else 0.0 for p, t in zip(parts, totals, strict=True)]
        axes.bar(range(len(totals)), heights, 0.7, bottom=base, label=name, **look(i))
        base = [b + h for b, h in zip(base, heights, strict=True)]
    for i, t in enumerate(totals):
        if not t.complete:
            _mark(axes, i, f"{len(t.infeasible)} of {t.layers} layers infeasible")
    _name_ticks(axes, [t.machine for t in totals], (DOUBLE if wide else SINGLE) - 0.6)
    axes.set_ylabel(f"energy per MAC ({'pJ' if group[1] == 'pJ' else 'MAC = 1'})")
    edge = 0.6 + max(0.0, 4 - len(totals)) / 2  # a single bar is no wider than one of four
    axes.set_xlim(-edge, len(totals) - 1 + edge)
    axes.grid(axis="y")
    axes.margins(y=0.08)
    axes.set_title(group[0] + _batch(comparison))
    figure.legend(loc="outside lower center", ncols=min(len(names), 7 if wide else 4), columnspacing=1.2)
    return figure


def _batch(comparison: Compared) -> str:
    return "" if comparison.settings.batch is None else f", batch {comparison.settings.batch}"


def _mark(axes: Axes, x: float, text: str, size: float = 7) -> None:
    """Words where a bar would stand, so that no bar is not read as zero."""
    transform = axes.get_xaxis_transform()
    axes.text(x, 0.02, text, rotation=90, ha="center", va="bottom", fontsize=size, color="#444444", transform=transform)


def _name_ticks(axes: Axes, names: Sequence[str], inches: float) -> None:
    """Names under the bars, slanted where they would touch: a letter of 7 pt takes about 0.06 inches."""
    long = max(map(len, names), default=0) * 0.06 > inches / len(names)
    axes.set_xticks(range(len(names)), names, rotation=40 if long else 0, ha="right" if long else "center")
    if long:
        for label in axes.get_xticklabels():
            label.set_rotation_mode("anchor")
    axes.tick_params(axis="x", length=0)


@styled
def layers(comparison: Compared, group: Group) -> Figure:
    """Throughput above, utilization below, layer by layer: bars, or points where bars would be too thin."""
    results = _results(comparison, group)
    names = list(dict.fromkeys(r.layer for r in results))
    machines = list(dict.fromkeys(r.machine for r in results))
    figure = new_figure(DOUBLE, 4.4)
    above, below = figure.subplots(2, 1, sharex=True)
    table = {(r.machine, r.layer): r for r in results}
    draw = _bars if len(names) * len(machines) <= MOST_BARS else _points
    for axes, value in ((above, _tops), (below, _utilization)):
        draw(axes, names, machines, [[value(table[m, n]) for n in names] for m in machines])
        axes.grid(axis="y")
    above.set_ylabel("throughput (TOPS)")
    above.set_title(group[0] + _batch(comparison))
    below.set_ylabel("utilization (%)")
    below.set_ylim(0, 105)
    crowded = max(map(len, names)) * len(names) * 0.06 > DOUBLE - 0.6
    below.set_xticks(range(len(names)), names, rotation=90 if crowded else 0)
    below.set_xlim(-0.6, len(names) - 0.4)
    handles, labels = above.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(machines), 8), columnspacing=1.2)
    return figure


def _tops(result: LayerResult) -> float | None:
    return result.evaluation.tops if result.evaluation else None


def _utilization(result: LayerResult) -> float | None:
    return 100 * result.evaluation.utilization.total if result.evaluation else None


def _bars(axes: Axes, names: list[str], machines: list[str], values: list[list[float | None]]) -> None:
    width = 0.84 / len(machines)
    for i, (machine, series) in enumerate(zip(machines, values, strict=True)):
        places = [x + (i - (len(machines) - 1) / 2) * width for x in range(len(names))]
        axes.bar(places, [v or 0.0 for v in series], width, label=machine, **look(i))
        for place, value in zip(places, series, strict=True):
            if value is None:
                _mark(axes, place, "infeasible")


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


def roofline(comparison: Compared, group: Group) -> Figure:
    """Every layer under the roof of its machine."""
    return draw_roofline(group[0] + _batch(comparison), _results(comparison, group))
