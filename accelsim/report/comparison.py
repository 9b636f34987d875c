"""Machines side by side on networks: load, search every layer, evaluate, and keep it all in one frozen value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelsim.architecture.spec import Architecture, EnergyUnit
from accelsim.errors import InputError
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

    def plot_energy(self, by: str = "level", *, network: str | None = None, unit: EnergyUnit | None = None) -> Figure:
        """Energy per MAC of every machine, stacked ``by`` 'level' or 'tensor'.

        ``network`` and ``unit`` choose where there are several; raises InputError when they must and do not.
        """
        from accelsim.report import figures

        return figures.energy(self, figures.choose(self, network, unit), by)

    def plot_layers(self, *, network: str | None = None, unit: EnergyUnit | None = None) -> Figure:
        """Throughput and utilization of every layer on every machine."""
        from accelsim.report import figures

        return figures.layers(self, figures.choose(self, network, unit))

    def plot_roofline(self, *, network: str | None = None, unit: EnergyUnit | None = None) -> Figure:
        """Every layer as throughput over operations per DRAM byte, under its machine's roof."""
        from accelsim.report import figures

        return figures.roofline(self, figures.choose(self, network, unit))

    def save(self, directory: str | Path) -> tuple[Path, ...]:
        """Write tables, figures and result.json; the directory is complete or untouched. Raises InputError."""
        from accelsim.report.export import save

        return save(self, Path(directory))

    def _repr_html_(self) -> str:
        from accelsim.report.contents import summary_tables
        from accelsim.report.tables import render_html

        return "".join(render_html(table) for table in summary_tables(self))


def _frame(kind: str, comparison: Comparison) -> pd.DataFrame:
    import pandas as pd

    from accelsim.report import rows

    content = rows.ROWS[kind](comparison)
    frame = pd.DataFrame(content, columns=list(rows.columns(kind, content)), dtype=object)
    return frame.apply(typed)


def typed(column: pd.Series[Any]) -> pd.Series[Any]:
    """Counts stay exact integers where cells are missing, and Python's own where 64 bits are too few."""
    present = column.dropna()
    if all(type(cell) is int for cell in present):
        return column.astype("Int64") if all(abs(cell) < 2**63 for cell in present) else column
    missing = len(present) < len(column)
    return column.astype(float) if missing and isinstance(present.iloc[0], float) else column.infer_objects()


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
