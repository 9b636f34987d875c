"""Every figure of a comparison by name; each of one network and one energy unit: pJ and MAC units never share one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accelsim.architecture.spec import EnergyUnit
from accelsim.errors import InputError, nearest
from accelsim.report.contents import groups
from accelsim.report.figures import data, per_layer, reuse_bars, roofs, stacks, tile_bars, trade, waterfall
from accelsim.report.figures.reason_data import sensitivity_rows, tile_rows
from accelsim.report.figures.reuse_data import reuse_rows
from accelsim.report.frames import frame
from accelsim.report.reasons import Findings, Reason
from accelsim.report.results import LayerResult
from accelsim.report.rows import Row
from accelsim.report.stalls import Timed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from accelsim.report.compared import Compared

Group = tuple[str, EnergyUnit]
MOST_PANELS = 12
"""Figures with a panel per machine, and those of single machines, are made of at most so many machines."""


@dataclass(frozen=True)
class Kind:
    """A figure. ``rows``: what it shows of findings, of one network on machines of one unit; ``draw``: (frame, title,
    width) -> Figure; ``panels``: it has a panel per machine; ``single``: it shows one machine."""

    caption: str
    rows: Callable[[Findings, Group], list[Row]]
    draw: Callable[..., Figure]
    panels: bool = False
    single: bool = False


@dataclass(frozen=True)
class Drawn:
    """A figure with its caption, and the rows that it shows."""

    caption: str
    rows: tuple[Row, ...]
    figure: Figure


def _pareto_rows(found: Findings, group: Group) -> list[Row]:
    rows = data.pareto_rows(_results(found.comparison, group))
    return rows if len(rows) > 1 else []


CATALOGUE: dict[str, Kind] = {
    "energy_by_level": Kind(
        "Energy per MAC by level",
        lambda f, g: data.energy_rows(_results(f.comparison, g), "level"),
        stacks.energy_by_level,
    ),
    "energy_by_tensor": Kind(
        "Energy per MAC by tensor",
        lambda f, g: data.energy_rows(_results(f.comparison, g), "tensor"),
        stacks.energy_by_tensor,
    ),
    "latency": Kind(
        "What the time is spent on",
        lambda f, g: data.latency_rows(_results(f.comparison, g), _timed(f, g)),
        stacks.latency,
    ),
    "layers": Kind(
        "Throughput and utilization per layer",
        lambda f, g: data.layer_rows(_results(f.comparison, g)),
        per_layer.layers,
    ),
    "losses": Kind(
        "What utilization is lost to",
        lambda f, g: data.loss_rows(_results(f.comparison, g)),
        waterfall.losses,
        panels=True,
    ),
    "roofline": Kind("Roofline", lambda f, g: data.roofline_rows(_results(f.comparison, g)), roofs.roofline),
    "roofline_levels": Kind(
        "Roofline of every level",
        lambda f, g: data.roofline_rows(_results(f.comparison, g), levels=True),
        roofs.roofline_levels,
        panels=True,
    ),
    "pareto": Kind("Energy against time", _pareto_rows, trade.pareto),
    "reuse": Kind("Reuse per tensor and level", lambda f, g: reuse_rows(_results(f.comparison, g)), reuse_bars.reuse),
    "tiles": Kind("Tiles against capacity", lambda f, g: tile_rows(_reasons(f, g)), tile_bars.tiles, single=True),
    "sensitivity": Kind(
        "What more of the machine would change",
        lambda f, g: sensitivity_rows(_reasons(f, g)),
        trade.sensitivity,
        panels=True,
    ),
}


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


def check_figures(names: Sequence[str]) -> None:
    """Raises InputError for a name that is no figure."""
    for name in names:
        if name not in CATALOGUE:
            raise InputError(f"no figure '{name}'{nearest(name, list(CATALOGUE))}")


def figure_rows(found: Findings, name: str, group: Group, machine: str | None = None) -> list[Row]:
    """The rows that a figure shows, of all machines of the group or of one. Raises InputError for an unknown figure."""
    check_figures([name])
    rows = CATALOGUE[name].rows(found, group)
    return rows if machine is None else [row for row in rows if row["machine"] == machine]


def draw(name: str, rows: Sequence[Row], title: str = "", width: float | None = None) -> Figure:
    """The figure of these rows; ``width`` in inches, None for the figure's own."""
    return CATALOGUE[name].draw(frame(rows, list(dict.fromkeys(key for row in rows for key in row))), title, width)


def figures(found: Findings, names: Sequence[str] | None = None, width: float | None = None) -> dict[str, Drawn]:
    """Every figure by file name without ending; several networks or units add theirs to the name.

    ``names``: only these, None for all. Raises InputError for an unknown one.
    """
    check_figures(names or ())
    comparison = found.comparison
    out: dict[str, Drawn] = {}
    several_networks, several_units = len(comparison.networks) > 1, len(comparison.units) > 1
    for group in groups(comparison):
        network, unit = group
        if not any(r.evaluation for r in _results(comparison, group)):
            continue
        tail = (f"-{_file_name(network)}" if several_networks else "") + (f"-{unit.lower()}" if several_units else "")
        machines = [a.name for a in comparison.architectures if a.energy_unit == unit]
        for name in CATALOGUE if names is None else names:
            kind = CATALOGUE[name]
            if (kind.panels or kind.single) and len(machines) > MOST_PANELS:
                continue
            for machine in machines if kind.single else (None,):
                rows = figure_rows(found, name, group, machine)
                if rows:
                    what, where = (kind.caption, "") if machine is None else (f"{kind.caption} ({machine})", machine)
                    title = heading(comparison, group, machine)
                    drawn = Drawn(what, tuple(rows), draw(name, rows, title, width))
                    out[f"{name}{tail}" + (f"-{_file_name(where)}" if where else "")] = drawn
    return out


def left_out(found: Findings, names: Sequence[str] | None = None) -> Iterator[str]:
    """A sentence for every figure that is asked for and not made because there are too many machines."""
    for unit in found.comparison.units:
        machines = sum(a.energy_unit == unit for a in found.comparison.architectures)
        for name in CATALOGUE if names is None else names:
            kind = CATALOGUE[name]
            if (kind.panels or kind.single) and machines > MOST_PANELS:
                yield f"The figure '{name}' is made of at most {MOST_PANELS} machines, not of {machines}."


def heading(comparison: Compared, group: Group, machine: str | None = None) -> str:
    """What stands above a figure: the network, its batch where that was set, and the machine if it is one's."""
    batch = "" if comparison.settings.batch is None else f", batch {comparison.settings.batch}"
    return group[0] + batch + ("" if machine is None else f" on {machine}")


def _file_name(name: str) -> str:
    """A name as part of a file's on any system."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def _results(comparison: Compared, group: Group) -> list[LayerResult]:
    return [r for r in comparison.of(group[0]) if not r.is_vector and r.architecture.energy_unit == group[1]]


def _reasons(found: Findings, group: Group) -> list[Reason]:
    return [(r, why) for r, why in found.reasons if (r.network, r.architecture.energy_unit) == group]


def _timed(found: Findings, group: Group) -> list[Timed]:
    return [(r, t) for r, t in found.timed if (r.network, r.architecture.energy_unit) == group]
