"""What the page's script works on: the rows of the CSV files and of the figures, and every layer in detail.

Tables are packed as columns and rows, in the order of the files; ``details`` stand in the order of ``layers``.  A
whole number that JavaScript cannot hold exactly is text.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from gzip import compress
from typing import Any

from accelsim.architecture.spec import Architecture
from accelsim.model.evaluation import Evaluation
from accelsim.report.contents import groups
from accelsim.report.explaining import explanation_sentences
from accelsim.report.figures.catalogue import figure_rows
from accelsim.report.reasons import Findings
from accelsim.report.records import finite
from accelsim.report.results import LayerResult
from accelsim.report.rows import Row, columns, layer_rows, summary_rows
from accelsim.report.single import certificate_sentence, objective_unit
from accelsim.search.explain import Explanation
from accelsim.web.palette import COLORS, tensor_color

SHOWN = ("energy_by_level", "energy_by_tensor", "latency", "losses", "roofline_levels", "reuse")
"""The figures that the page draws from rows of their own."""
EXACT = 2**53
"""Whole numbers up to here are exact in JavaScript."""


def page_content(found: Findings, files: Mapping[str, bytes]) -> dict[str, Any]:
    """All data of the page; ``files``: what it offers to be saved, by name."""
    comparison = found.comparison
    layers, summary = layer_rows(comparison), summary_rows(comparison)
    results = [r for r in comparison.results if not r.is_vector]
    tensors = list(dict.fromkeys(tensor.name for r in results for tensor in r.operation.tensors))
    content = {
        "objective": comparison.settings.objective,
        "machines": [_machine(architecture) for architecture in comparison.architectures],
        "tensors": tensors,
        "series": len(COLORS),
        "colors": [*COLORS, *(tensor_color(name, i) for i, name in enumerate(tensors))],
        "groups": [
            {
                "network": network,
                "unit": unit,
                "figures": {name: _packed(_rows(found, name, network, unit)) for name in SHOWN},
            }
            for network, unit in groups(comparison)
        ],
        "summary": packed(columns("summary", summary), summary),
        "layers": packed(columns("layers", layers), layers),
        "details": [_detail(found, result) for result in comparison.results],
        "files": {name: b64encode(compress(data, mtime=0)).decode() for name, data in files.items()},
    }
    exact: dict[str, Any] = finite(_exact(content))
    return exact


def _rows(found: Findings, name: str, network: str, unit: Any) -> list[Row]:
    return figure_rows(found, name, (network, unit))


def _packed(rows: Sequence[Row]) -> dict[str, Any]:
    return packed(list(dict.fromkeys(key for row in rows for key in row)), rows)


def packed(names: Iterable[str], rows: Sequence[Row]) -> dict[str, Any]:
    """Rows without the names of their columns, which stand once; a cell that does not apply is null."""
    names = list(names)
    return {"columns": names, "rows": [[row.get(name) for name in names] for row in rows]}


def _exact(value: Any) -> Any:
    match value:
        case dict():
            return {key: _exact(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_exact(inner) for inner in value]
        case int() if abs(value) > EXACT:
            return str(value)
        case _:
            return value


def _machine(architecture: Architecture) -> dict[str, Any]:
    return {
        "name": architecture.name,
        "unit": architecture.energy_unit,
        "description": " ".join(architecture.description.split()),
        "components": [*(element.name for element in architecture.elements), architecture.compute.name],
        "axes": {axis.name: fanout.name for fanout in architecture.fanouts for axis in fanout.axes},
    }


def _detail(found: Findings, result: LayerResult) -> dict[str, Any] | None:
    """One layer on one machine, down to every count; None where it has no mapping."""
    evaluation, why = result.evaluation, found.reason(result)
    if evaluation is None:
        return None
    unit = objective_unit(found.comparison.settings.objective, evaluation.energy_unit)
    certificate = result.certificate
    return {
        **_counts(evaluation),
        "nest": None if evaluation.mapping is None else str(evaluation.mapping),
        "energies": [[e.component, e.kind, e.tensor, e.energy, None] for e in evaluation.energies],
        "why": [],
        "memories": [],
        "times": [],
        "ideal": 0,
        "what_ifs": [],
        **({} if why is None else _reasons(why)),
        "certificate": "" if certificate is None else certificate_sentence(certificate, unit, timed=False),
    }


def _counts(evaluation: Evaluation) -> dict[str, Any]:
    counts = evaluation.counts
    return {
        "tensors": [
            [row.level, row.tensor, *astuple(row.total), row.distinct, row.tile_words, row.instances]
            for row in counts.tensors
        ],
        "networks": [[n.fanout, n.tensor, n.sent, n.delivered] for n in counts.networks],
        "ports": [[p.level, p.port, p.words, p.cycles] for p in evaluation.port_times],
    }


def _reasons(why: Explanation) -> dict[str, Any]:
    return {
        "energies": [[e.component, e.kind, e.tensor, e.energy, e.once] for e in why.energies],
        "why": list(explanation_sentences(why)),
        "memories": [
            [
                m.level,
                m.partition,
                [[name, words] for name, words in m.tiles],
                m.need,
                m.capacity,
                m.next_words,
                m.state,
            ]
            for m in why.memories
        ],
        "times": [[limit.what, limit.cycles] for limit in why.times],
        "ideal": why.ideal_cycles,
        "what_ifs": [[w.what, w.more, w.change, w.at_best, w.is_proven] for w in why.what_ifs],
    }
