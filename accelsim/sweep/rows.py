"""The row of a point: what a network costs on a machine, from the answers to the searches of its layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from accelsim.architecture.spec import Architecture
from accelsim.errors import InfeasibleError
from accelsim.report.compared import Compared
from accelsim.report.results import LayerResult, Settings
from accelsim.report.rows import layer_rows, summary_rows
from accelsim.search.cache_entry import Answer, renamed
from accelsim.search.interface import SearchResult
from accelsim.sweep.columns import machine_columns
from accelsim.sweep.searches import OPERATION, PART, Search, Searches
from accelsim.workload.network import Network

LAYER_COLUMNS = (
    *("layer", "kind", "repeat", "status", "reason", "macs", "energy_unit", "energy", "energy_per_mac"),
    *("compute_cycles", "cycles", "bound_by", "utilization", "dram_words"),
    *("gap", "lower_bound", "looked_at", "space", "complete", "search"),
)
"""What is kept of every layer, the certificate of its mapping included; ``search``: the key of its nest."""
MAPPED, INFEASIBLE = "mapped", "infeasible"


@dataclass(frozen=True)
class Layered:
    """A network on a machine, and the search of each layer, None for one without MACs."""

    network: Network
    architecture: Architecture
    searches: tuple[Search | None, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The searches that it needs."""
        return tuple(dict.fromkeys(search.key for search in self.searches if search is not None))


def layered(network: Network, architecture: Architecture, searches: Searches) -> Layered:
    """The layers with their searches; raises InputError for a dataflow that cannot be loaded."""
    return Layered(
        network,
        architecture,
        tuple(
            searches.key(entry.layer.operation(), architecture) if entry.layer.macs else None
            for entry in network.layers
        ),
    )


def point_row(point: Layered, answer: Callable[[Search], Answer], settings: Settings) -> tuple[str, dict[str, Any]]:
    """(status, columns and layers) of a point whose searches have all been answered."""
    results = [_result(point, i, None if search is None else answer(search)) for i, search in enumerate(point.searches)]
    compared = Compared((point.network.name,), (point.architecture,), settings, tuple(results))
    (summary,) = summary_rows(compared)
    summary.pop("network"), summary.pop("machine")
    lacking = summary.pop("infeasible")
    columns: dict[str, Any] = {**machine_columns(point.architecture), **summary}
    if "seconds" in columns:
        columns["latency_s"] = columns.pop("seconds")
        columns["edp"] = columns["energy"] * columns["latency_s"]
        columns["dram_bytes"] = sum(r.repeat * r.dram_bytes for r in results if not r.is_vector)
    columns |= _certainty(results)
    layers = []
    for result, row, search in zip(results, layer_rows(compared), point.searches, strict=True):
        row["search"] = None if search is None else search.key
        layers.append([row.get(name) for name in LAYER_COLUMNS])
        assert row["layer"] == result.layer
    reasons = [result.reason for result in results if result.reason]
    more = f"; and {len(reasons) - 1} more without a mapping (layers.csv)" if len(reasons) > 1 else ""
    reason = reasons[0] + more if reasons else ""
    return (INFEASIBLE if lacking else MAPPED), {"columns": columns, "layers": layers, "reason": reason}


def _result(point: Layered, index: int, answer: Answer | None) -> LayerResult:
    """The layer under its own name, on the machine under its own, at its clock."""
    entry, machine = point.network.layers[index], point.architecture
    operation = entry.layer.operation()
    bare = LayerResult(point.network.name, entry.name, entry.runs, operation, machine, None)
    match answer:
        case None:
            from accelsim.model.vector import evaluate_vector

            return replace(bare, evaluation=evaluate_vector(operation, machine))
        case InfeasibleError():
            sentence = renamed(renamed(str(answer), OPERATION, entry.name), PART, machine.name)
            return replace(bare, reason=sentence)
        case SearchResult():
            found = replace(
                answer.evaluation, operation=entry.name, architecture=machine.name, clock_mhz=machine.clock_mhz
            )
            return replace(bare, evaluation=found, certificate=answer.certificate)


def _certainty(results: Sequence[LayerResult]) -> dict[str, Any]:
    """How sure the sums are: proven layers, the worst gap, and that of the whole network."""
    certain = [(r.certificate, r.repeat) for r in results if r.certificate is not None]
    if not certain:
        return {}
    best = sum(repeat * c.best for c, repeat in certain)
    bound = sum(repeat * min(c.lower_bound, c.best) for c, repeat in certain)
    return {
        "proven": sum(c.gap == 0 for c, _ in certain),
        "worst_gap": max(c.gap for c, _ in certain),
        "gap": (best - bound) / best if best else 0.0,
    }
