"""Machines side by side on networks: load, search every layer, evaluate, and keep it all in one frozen value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelsim.architecture.spec import Architecture, EnergyUnit
from accelsim.errors import InputError, nearest
from accelsim.report.compared import Compared
from accelsim.report.results import LayerResult, Settings
from accelsim.report.searching import Progress, as_architecture, cache_of, check_settings, complete
from accelsim.search.interface import Objective, Steps

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from accelsim.search.cache import Cache
    from accelsim.workload.network import Network


@dataclass(frozen=True)
class Comparison(Compared):
    """What was found, as data frames, figures and files, each made when it is asked for."""

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row per network and machine: the content of summary.csv."""
        return _frame("summary", self)

    @cached_property
    def layers(self) -> pd.DataFrame:
        """One row per network, machine and layer: the content of layers.csv."""
        return _frame("layers", self)

    @cached_property
    def accesses(self) -> pd.DataFrame:
        """One row per layer, machine, component and tensor, every count: the content of accesses.csv."""
        return _frame("accesses", self)

    def plot(
        self, name: str, *, network: str | None = None, unit: EnergyUnit | None = None, machine: str | None = None,
        width: float | None = None,
    ) -> Figure:  # fmt: skip
        """The figure of that name: one of accelsim.report.figures.CATALOGUE, such as 'losses' or 'reuse'.

        ``network`` and ``unit`` choose where there are several, ``machine`` one of the machines; ``width`` in inches.
        Raises InputError for what is not there, and where a choice is needed and not made.
        """
        from accelsim.report import figures
        from accelsim.report.figures.catalogue import heading

        group = figures.choose(self, network, unit)
        rows = self._figure_rows(name, group, machine)
        if not rows:
            raise InputError(f"nothing to draw in the figure '{name}'")
        return figures.draw(name, rows, heading(self, group, machine), width)

    def figure_data(
        self, name: str, *, network: str | None = None, unit: EnergyUnit | None = None, machine: str | None = None
    ) -> pd.DataFrame:
        """What ``plot`` draws, for a drawing of one's own; arguments as there."""
        from accelsim.report import figures
        from accelsim.report.frames import frame

        rows = self._figure_rows(name, figures.choose(self, network, unit), machine)
        return frame(rows, list(dict.fromkeys(key for row in rows for key in row)))

    def _figure_rows(self, name: str, group: tuple[str, EnergyUnit], machine: str | None) -> list[Any]:
        from accelsim.report.figures.catalogue import CATALOGUE, figure_rows
        from accelsim.report.reasons import findings

        machines = [a.name for a in self.architectures if a.energy_unit == group[1]]
        if machine is not None and machine not in machines:
            raise InputError(f"no machine '{machine}' in this figure{nearest(machine, machines)}")
        if name in CATALOGUE and CATALOGUE[name].single and machine is None and len(machines) > 1:
            raise InputError(f"the figure '{name}' shows one machine: pass machine= one of {', '.join(machines)}")
        return figure_rows(findings(self), name, group, machine)

    def plot_energy(self, by: str = "level", *, network: str | None = None, unit: EnergyUnit | None = None) -> Figure:
        """Energy per MAC of every machine, stacked ``by`` 'level' or 'tensor'; the rest as of ``plot``."""
        if by not in ("level", "tensor"):
            raise InputError(f"by must be one of level, tensor, not '{by}'")
        return self.plot(f"energy_by_{by}", network=network, unit=unit)

    def plot_layers(self, *, network: str | None = None, unit: EnergyUnit | None = None) -> Figure:
        """Throughput and utilization of every layer on every machine."""
        return self.plot("layers", network=network, unit=unit)

    def plot_roofline(self, *, network: str | None = None, unit: EnergyUnit | None = None) -> Figure:
        """Every layer as throughput over operations per DRAM byte, under its machine's roof."""
        return self.plot("roofline", network=network, unit=unit)

    def save(self, directory: str | Path) -> tuple[Path, ...]:
        """Write tables, figures and result.json; the directory is complete or untouched. Raises InputError."""
        from accelsim.report.export import save

        return save(self, Path(directory))

    def _repr_html_(self) -> str:
        from accelsim.report.bars import machine_bars
        from accelsim.report.contents import notes, summary_tables
        from accelsim.report.notebook import bars_html, sentences_html
        from accelsim.report.tables import render_html

        tables = "".join(map(render_html, summary_tables(self)))
        return tables + "".join(map(bars_html, machine_bars(self))) + sentences_html(notes(self))


def _frame(kind: str, comparison: Comparison) -> pd.DataFrame:
    from accelsim.report import rows
    from accelsim.report.frames import frame

    content = rows.ROWS[kind](comparison)
    return frame(content, rows.columns(kind, content))


def compare(
    networks: str | Path | Network | Sequence[str | Path | Network],
    architectures: str | Path | Architecture | Sequence[str | Path | Architecture],
    *,
    batch: int | None = None,
    objective: Objective = "energy",
    convention: str = "ours",
    dataflow: str | None = None,
    gap: float = 0.01,
    seconds: float | None = None,
    steps: Steps = "aligned",
    workers: int | None = None,
    progress: Progress | None = None,
    cache: Cache | bool = True,
) -> Comparison:
    """Search the best mapping of every layer of every network on every machine.

    Networks and machines are names that ship (``alexnet``, ``eyeriss``), paths, or values. ``objective``,
    ``convention``, ``dataflow`` (None: each machine's own), ``gap``, ``seconds`` (per layer) and ``steps`` are
    accelsim.search's.

    ``workers``: processes to search with, None for this one (a script that asks for more needs the usual
    ``if __name__ == "__main__"``); ``progress`` is called with (layers done, layers in all). ``cache``: True for the
    user's own, where a search that was made once is not made again; False for none.

    Raises InputError for whatever is wrong with the arguments; a layer without a mapping is a result with its reason.
    """
    settings = Settings(batch, objective, convention, dataflow, gap, seconds, steps)
    check_settings(settings)
    loaded = tuple(_network(n, batch) for n in _several(networks))
    machines = tuple(as_architecture(a) for a in _several(architectures))
    _check_distinct("network", [n.name for n in loaded])
    _check_distinct("machine", [a.name for a in machines])
    wanted = [
        LayerResult(network.name, entry.name, entry.runs, entry.layer.operation(), machine, None)
        for network in loaded
        for machine in machines
        for entry in network.layers
    ]
    found = complete(wanted, settings, workers, progress, cache_of(cache))
    return Comparison(tuple(n.name for n in loaded), machines, settings, found)


def run(network: str | Path | Network, architecture: str | Path | Architecture, **settings: Any) -> Comparison:
    """One network on one machine: ``compare`` with one of each, and the same keyword arguments."""
    return compare(network, architecture, **settings)


def _several(one_or_more: Any) -> tuple[Any, ...]:
    if isinstance(one_or_more, str | Path) or not isinstance(one_or_more, Sequence):
        return (one_or_more,)
    if not one_or_more:
        raise InputError("compare needs at least one network and one machine")
    return tuple(one_or_more)


def _network(network: str | Path | Network, batch: int | None) -> Network:
    if isinstance(network, str | Path):
        from accelsim.workload.files import load_network

        return load_network(str(network), batch)
    return network if batch is None else network.with_batch(batch)


def _check_distinct(noun: str, names: Iterable[str]) -> None:
    """Two of one name could not be told apart in any table."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InputError(f"every {noun} must have a name of its own; '{name}' is there twice")
        seen.add(name)
