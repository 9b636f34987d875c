"""The rows of summary.csv, layers.csv and accesses.csv: plain dicts, exact integers, floats unrounded.

    summary   one per network and machine; sums over repeats and over the layers that have a mapping
    layers    one per network, machine and layer, for one execution; ``repeat`` says how often the network has it
    accesses  one per layer, machine, component and tensor, for one execution: every count of a level or a network

Energies are in ``energy_unit`` (pJ, or MAC on a normalised machine).  A cell that does not apply is None: an infeasible
layer has its reason and no numbers.  ``energy_at_X`` is the energy in component X, ``energy_of_X`` that of tensor X.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from accelsim.model.evaluation import Evaluation
from accelsim.report.results import LayerResult, Total

if TYPE_CHECKING:
    from accelsim.report.compared import Compared

Cell = str | int | float | bool | None
Row = dict[str, Cell]

_SUMMARY = (
    *("network", "machine", "layers", "mapped", "macs", "energy_unit", "energy", "energy_per_mac", "cycles", "seconds"),
    *("tops", "utilization", "dram_words", "dram_words_per_mac"),
    *("vector_operations", "vector_energy", "vector_cycles", "vector_dram_words", "infeasible"),
)
_LAYERS = (
    *("network", "machine", "layer", "kind", "repeat", "status", "reason", "convention", "macs", "vector_operations"),
    *("energy_unit", "energy", "energy_per_mac", "compute_cycles", "cycles", "bound_by", "seconds", "tops"),
    *("utilization", "utilization_spatial", "utilization_ragged", "utilization_bandwidth"),
    *("dram_words", "dram_words_per_mac", "gap", "lower_bound", "looked_at", "space", "complete"),
)
_ACCESSES = (
    *("network", "machine", "layer", "repeat", "component", "kind", "tensor"),
    *("reads", "fills", "updates", "drains", "distinct", "tile_words", "instances"),
    *("busiest_reads", "busiest_fills", "busiest_updates", "busiest_drains"),
    *("sent", "delivered", "operations", "energy_unit", "energy"),
)


def summary_rows(comparison: Compared) -> list[Row]:
    """One row per network and machine."""
    vector = {(t.network, t.machine): t for t in comparison.vector_totals}
    main = {(t.network, t.machine): t for t in comparison.totals}
    keys = [(n, a.name) for n in comparison.networks for a in comparison.architectures]
    return [_summary(main.get(key), vector.get(key)) for key in keys if key in main or key in vector]


def _summary(main: Total | None, vector: Total | None) -> Row:
    both = [part for part in (main, vector) if part is not None]
    some = both[0]
    row: Row = {
        "network": some.network,
        "machine": some.machine,
        "layers": sum(part.layers for part in both),
        "mapped": sum(part.mapped for part in both),
        "energy_unit": some.unit,
        "infeasible": " ".join(name for part in both for name in part.infeasible),
    }
    if main is not None and main.mapped:
        row |= {
            "macs": main.macs,
            "energy": main.energy,
            "energy_per_mac": main.energy_per_mac,
            "cycles": main.cycles,
            "seconds": main.seconds,
            "tops": main.tops,
            "utilization": main.utilization,
            "dram_words": main.dram_words,
            "dram_words_per_mac": main.dram_words_per_mac,
            **{f"energy_at_{name}": energy for name, energy in main.energy_by_component},
            **{f"energy_of_{name}": energy for name, energy in main.energy_by_tensor},
        }
    if vector is not None and vector.mapped:
        row |= {
            "vector_operations": vector.operations,
            "vector_energy": vector.energy,
            "vector_cycles": vector.cycles,
            "vector_dram_words": vector.dram_words,
        }
    return row


def layer_rows(comparison: Compared) -> list[Row]:
    """One row per network, machine and layer."""
    return [_layer(result) for result in comparison.results]


def _layer(result: LayerResult) -> Row:
    row: Row = {
        "network": result.network,
        "machine": result.machine,
        "layer": result.layer,
        "kind": result.operation.kind,
        "repeat": result.repeat,
        "status": "mapped" if result.evaluation else "infeasible",
        "reason": result.reason or None,
        "macs": result.operation.macs,
        "energy_unit": result.architecture.energy_unit,
    }
    evaluation, certificate = result.evaluation, result.certificate
    if evaluation is not None:
        row |= _cost(evaluation)
        row["dram_words"] = result.dram_words
        if evaluation.counts.macs:
            row["dram_words_per_mac"] = result.dram_words / evaluation.counts.macs
    if certificate is not None:
        row |= {
            "gap": certificate.gap,
            "lower_bound": certificate.lower_bound,
            "looked_at": certificate.looked_at,
            "space": certificate.space,
            "complete": certificate.complete,
        }
    return row


def _cost(evaluation: Evaluation) -> Row:
    share = evaluation.utilization
    row: Row = {
        "convention": evaluation.convention,
        "vector_operations": evaluation.vector_operations,
        "energy": evaluation.energy,
        "cycles": evaluation.cycles,
        "compute_cycles": evaluation.compute_cycles,
        "bound_by": evaluation.bound_by,
        "seconds": evaluation.seconds,
        **{f"energy_at_{name}": energy for name, energy in evaluation.energy_by_component().items()},
        **{f"energy_of_{name}": energy for name, energy in evaluation.energy_by_tensor().items()},
    }
    if evaluation.counts.macs:
        row |= {
            "energy_per_mac": evaluation.energy_per_mac,
            "tops": evaluation.tops,
            "utilization": share.total,
            "utilization_spatial": share.spatial,
            "utilization_ragged": share.ragged,
            "utilization_bandwidth": share.bandwidth,
        }
    return row


def access_rows(comparison: Compared) -> list[Row]:
    """One row per layer, machine, component and tensor; layers without a mapping have none."""
    return [row for result in comparison.results if result.evaluation for row in _accesses(result, result.evaluation)]


def _accesses(result: LayerResult, evaluation: Evaluation) -> Iterator[Row]:
    energies = {(item.component, item.tensor): item.energy for item in evaluation.energies}
    start: Row = {"network": result.network, "machine": result.machine, "layer": result.layer, "repeat": result.repeat}
    for row in evaluation_rows(evaluation):
        energy = energies.get((str(row["component"]), str(row["tensor"] or "")), 0.0)
        yield start | row | {"energy_unit": evaluation.energy_unit, "energy": energy}


def evaluation_rows(evaluation: Evaluation) -> Iterator[Row]:
    """Every count of one evaluation: levels, then networks, then compute."""
    counts = evaluation.counts
    for at in counts.tensors:
        yield {
            "component": at.level,
            "kind": "level",
            "tensor": at.tensor,
            "reads": at.total.reads,
            "fills": at.total.fills,
            "updates": at.total.updates,
            "drains": at.total.drains,
            "distinct": at.distinct,
            "tile_words": at.tile_words,
            "instances": at.instances,
            "busiest_reads": at.busiest.reads,
            "busiest_fills": at.busiest.fills,
            "busiest_updates": at.busiest.updates,
            "busiest_drains": at.busiest.drains,
        }
    for network in counts.networks:
        yield {
            "component": network.fanout,
            "kind": "network",
            "tensor": network.tensor,
            "sent": network.sent,
            "delivered": network.delivered,
        }
    compute = next((item.component for item in evaluation.energies if item.kind == "compute"), "compute")
    operations = counts.macs or evaluation.vector_operations
    yield {"component": compute, "kind": "compute", "tensor": None, "operations": operations}


ROWS: dict[str, Callable[[Compared], list[Row]]] = {
    "summary": summary_rows,
    "layers": layer_rows,
    "accesses": access_rows,
}
_COLUMNS = {"summary": _SUMMARY, "layers": _LAYERS, "accesses": _ACCESSES}


def columns(kind: str, rows: Iterable[Row]) -> tuple[str, ...]:
    """Names of the columns: fixed ones first, then energies by component and by tensor as the machines have them."""
    extra = dict.fromkeys(name for row in rows for name in row if name not in _COLUMNS[kind])
    components = [name for name in extra if name.startswith("energy_at_")]
    return (*_COLUMNS[kind], *components, *(name for name in extra if name not in components))
