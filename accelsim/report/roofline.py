"""The roofline: what a layer reaches, under what its machine's MAC units and DRAM allow at its reuse of DRAM data.

    operations/s <= min(2 x MAC units x clock, operations per DRAM byte x DRAM bytes/s)

Williams, Waterman, Patterson, CACM 2009.  1 MAC = 2 operations; bytes are those read from and written to the
outermost level, which a search made as few as its objective asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from accelsim.architecture.spec import Architecture
from accelsim.report.results import LayerResult
from accelsim.report.style import DOUBLE, marker, new_figure, styled
from accelsim.web.palette import COLORS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure


def peak_tops(architecture: Architecture) -> float:
    """Tera-operations per second of all MAC units at the machine's clock."""
    return 2 * architecture.mac_units * architecture.clock_mhz / 1e6


def dram_bytes_per_second(architecture: Architecture) -> float | None:
    """What the outermost level moves in both directions together, or None where a direction has no stated bandwidth."""
    level = architecture.levels[0]
    read, write = level.read_bandwidth, level.write_bandwidth
    words = read if level.shared_port else None if read is None or write is None else read + write
    if words is None:
        return None
    return words * level.word_bits / 8 * architecture.level_instances(level.name) * architecture.clock_mhz * 1e6


@styled
def draw(title: str, results: Sequence[LayerResult]) -> Figure:
    """Every layer a point, every machine a roof; equal roofs are drawn once. Axes are logarithmic."""
    machines = {r.machine: r.architecture for r in results}
    figure = new_figure(DOUBLE, 3.2)
    axes = figure.add_subplot()
    axes.set_xscale("log")
    axes.set_yscale("log")
    for i, name in enumerate(machines):
        points = [(_intensity(r), r.evaluation.tops) for r in results if r.machine == name and r.evaluation]
        axes.plot([x for x, _ in points], [y for _, y in points], linestyle="none", label=name, **marker(i))
        if not points:
            axes.plot([], [], "x", color=COLORS[i % len(COLORS)], label=f"{name}: infeasible")
    reached = [_intensity(r) for r in results if r.evaluation]
    low, high = min(reached), max(reached)
    ridges = [peak_tops(a) * 1e12 / b for a in machines.values() if (b := dram_bytes_per_second(a))]
    span = (min([low, *ridges]) / 2, max([high, *ridges]) * 2)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper")
    figure.legend(handles=_roofs(axes, list(machines.values()), span), loc="outside lower center", handlelength=3)
    axes.set_xlim(span)
    axes.set_xlabel("operations per DRAM byte (1 MAC = 2 operations)")
    axes.set_ylabel("throughput (TOPS)")
    axes.set_title(title)
    axes.grid(which="major")
    for axis in (axes.xaxis, axes.yaxis):
        _plain_ticks(axis)
    return figure


def _plain_ticks(axis: Axis) -> None:
    """1, 2, 5, 10 as written, where a narrow span of a logarithmic axis would show powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _intensity(result: LayerResult) -> float:
    return 2 * result.operation.macs / result.dram_bytes


def _roofs(axes: Axes, machines: Sequence[Architecture], span: tuple[float, float]) -> list[Any]:
    """Lines of the distinct roofs, labelled with what they are and which machines state no bandwidth."""
    roofs: dict[tuple[float, float | None], list[str]] = {}
    for machine in machines:
        roofs.setdefault((peak_tops(machine), dram_bytes_per_second(machine)), []).append(machine.name)
    handles = []
    for i, ((peak, bandwidth), names) in enumerate(roofs.items()):
        style = ("-", "--", "-.", ":")[i % 4]
        corners = [(span[0], peak), (span[1], peak)]
        memory = "DRAM bandwidth not stated: roof of compute only"
        if bandwidth is not None:
            corners[:1] = [(span[0], bandwidth * span[0] / 1e12), (peak * 1e12 / bandwidth, peak)]
            memory = f"DRAM {bandwidth / 1e9:.3g} GB/s"
        label = f"{_some(names)}: {peak:.3g} TOPS, {memory}"
        handles += axes.plot(*zip(*corners, strict=True), style, color="#202020", zorder=1, label=label)
    axes.set_ylim(axes.get_ylim()[0] / 1.5, max(peak for peak, _ in roofs) * 2)
    return handles


def _some(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 8 else f"{names[0]}, {names[1]} and {len(names) - 2} more"
