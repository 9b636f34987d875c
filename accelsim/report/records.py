"""The one JSON schema: what ``--json`` prints and result.json holds; ``schema_version`` changes when a field does.

Every object has ``schema_version`` and ``kind``:

    comparison   accelsim_version, settings, machines [name, energy_unit, clock_mhz, mac_units, unverified],
                 totals [one per network and machine], vector_totals [the same, operations without MACs],
                 results [network, layer, repeat, machine, status, reason, macs, dram_words, evaluation, certificate]
    evaluation   evaluation
    conventions  evaluations [one per convention], each with accesses [level, tensor, reads, writes]
    validation   studies [name, title, source, differences, parts [title, rows [label, unit, ours, published, scale,
                 deviation, tolerance, verdict, note]], notes, out_of_tolerance]
    mapping      evaluation and certificate of one searched layer
    explanation  the same with explanation [objective, energies, memories, axes, times, ideal_cycles, what_ifs]
    front        complete, points [evaluation, certificate], energy ascending
    simulation   operation, architecture, outputs_equal, counts_equal, closed_form, executed (both counts)
    time         timings [operation, architecture, depth, clock_mhz, macs, cycles, seconds, utilization, parts [part,
                 cycles, percent], bounds (least and most cycles in closed form, or null), mapping, notes,
                 array (of depth cycle: folds, words, and its own cycles by part)]
    scalesim     name, bandwidth_mode, layers [layer, scalesim, accelsim, differences [figure, amount, reason]]
    list         of, entries [name, description]
    cache        path, answers, bytes
    architecture, network, dataflow, report   name, value (the fields of the file's noun)

``evaluation`` is  operation, architecture, convention, energy_unit, clock_mhz, mapping (the nest as text, or null),
energy, energy_per_mac, edp, energies [component, kind, tensor, energy], cycles, compute_cycles, bound_by, ports [level,
port, words, cycles], seconds, tops, utilization {spatial, ragged, bandwidth, total}, area_um2, vector_operations,
counts.
``counts`` is  macs, steps, mac_instances, tensors [level, tensor, total and busiest {reads, fills, updates, drains},
distinct, tile_words, instances], networks [fanout, tensor, sent, delivered], ports [level, reads, writes, both,
per_word (parts of a word that the three count)].
Everything under ``results`` is for one execution of a layer; totals count repeats and cover the mapped layers only:
``complete`` is false where ``infeasible`` names others.  Energies are in ``energy_unit``: pJ or MAC.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields, is_dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from accelsim.mapping.counts import AccessCounts
from accelsim.mapping.nest import Mapping
from accelsim.model.evaluation import Evaluation
from accelsim.report.results import LayerResult, Total, unverified
from accelsim.search.interface import Certificate, SearchResult

if TYPE_CHECKING:
    from accelsim.report.compared import Compared

SCHEMA_VERSION = 1
Record = dict[str, Any]


def document(kind: str, content: Record) -> Record:
    """A complete object of the schema."""
    return {"schema_version": SCHEMA_VERSION, "kind": kind, **content}


def render_json(record: Record) -> str:
    """The object as text that every JSON parser reads: numbers that JSON does not have become null."""
    return json.dumps(finite(record), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def finite(value: Any) -> Any:
    """The same without numbers that JSON does not have: they become null."""
    match value:
        case dict():
            return {key: finite(inner) for key, inner in value.items()}
        case list() | tuple():
            return [finite(inner) for inner in value]
        case float() if not isfinite(value):
            return None
        case _:
            return value


def comparison_record(comparison: Compared) -> Record:
    """The object of result.json and of ``compare --json`` and ``run --json``."""
    from accelsim import __version__

    return document(
        "comparison",
        {
            "accelsim_version": __version__,
            "networks": list(comparison.networks),
            "settings": asdict(comparison.settings),
            "machines": [
                {
                    "name": a.name,
                    "description": a.description,
                    "energy_unit": a.energy_unit,
                    "clock_mhz": a.clock_mhz,
                    "mac_units": a.mac_units,
                    "unverified": list(unverified(a)),
                }
                for a in comparison.architectures
            ],
            "totals": [_total(t) for t in comparison.totals],
            "vector_totals": [_total(t) for t in comparison.vector_totals],
            "results": [_result(r) for r in comparison.results],
        },
    )


def _total(total: Total) -> Record:
    return {
        "network": total.network,
        "machine": total.machine,
        "complete": total.complete,
        "layers": total.layers,
        "infeasible": list(total.infeasible),
        "macs": total.macs,
        "operations": total.operations,
        "energy_unit": total.unit,
        "energy": total.energy,
        "energy_per_mac": total.energy_per_mac,
        "energy_by_component": dict(total.energy_by_component),
        "energy_by_tensor": dict(total.energy_by_tensor),
        "cycles": total.cycles,
        "seconds": total.seconds,
        "tops": total.tops,
        "utilization": total.utilization,
        "dram_words": total.dram_words,
        "dram_words_per_mac": total.dram_words_per_mac,
    }


def _result(result: LayerResult) -> Record:
    return {
        "network": result.network,
        "layer": result.layer,
        "repeat": result.repeat,
        "machine": result.machine,
        "status": "mapped" if result.evaluation else "infeasible",
        "reason": result.reason or None,
        "macs": result.operation.macs,
        "dram_words": result.dram_words if result.evaluation else None,
        "evaluation": evaluation_record(result.evaluation) if result.evaluation else None,
        "certificate": certificate_record(result.certificate) if result.certificate else None,
    }


def evaluation_record(evaluation: Evaluation) -> Record:
    """The ``evaluation`` field of the schema."""
    share = evaluation.utilization
    return {
        "operation": evaluation.operation,
        "architecture": evaluation.architecture,
        "convention": evaluation.convention,
        "energy_unit": evaluation.energy_unit,
        "clock_mhz": evaluation.clock_mhz,
        "mapping": None if evaluation.mapping is None else str(evaluation.mapping),
        "energy": evaluation.energy,
        "energy_per_mac": evaluation.energy_per_mac,
        "edp": evaluation.edp,
        "energies": [asdict(item) for item in evaluation.energies],
        "cycles": evaluation.cycles,
        "compute_cycles": evaluation.compute_cycles,
        "bound_by": evaluation.bound_by,
        "ports": [asdict(port) for port in evaluation.port_times],
        "seconds": evaluation.seconds,
        "tops": evaluation.tops,
        "utilization": {**asdict(share), "total": share.total},
        "area_um2": evaluation.area_um2,
        "vector_operations": evaluation.vector_operations,
        "counts": counts_record(evaluation.counts),
    }


def counts_record(counts: AccessCounts) -> Record:
    """The ``counts`` field of the schema: integers only."""
    return asdict(counts)


def certificate_record(certificate: Certificate) -> Record:
    """The ``certificate`` field: without the search's seconds, so that equal searches give equal files."""
    record = asdict(certificate)
    del record["seconds"]
    return {**record, "gap": certificate.gap}


def search_record(found: SearchResult) -> Record:
    """The object of ``map --json``."""
    return document("mapping", search_content(found))


def search_content(found: SearchResult) -> Record:
    """``evaluation`` and ``certificate`` of a search."""
    return {
        "evaluation": evaluation_record(found.evaluation),
        "certificate": certificate_record(found.certificate),
    }


def value_record(kind: str, name: str, value: object) -> Record:
    """The object of ``show --json``: the noun's fields, each dataclass with its ``type``."""
    return document(kind, {"name": name, "value": _tree(value)})


def _tree(value: Any) -> Any:
    if isinstance(value, Mapping):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        names = [f.name for f in fields(value)]
        return {"type": type(value).__name__.lower(), **{name: _tree(getattr(value, name)) for name in names}}
    match value:
        case dict():
            return {str(key): _tree(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_tree(inner) for inner in value]
        case set() | frozenset():
            return sorted(_tree(inner) for inner in value)
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)
