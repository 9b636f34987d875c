"""One nest under every convention: what each charges of the same counts, side by side."""

from __future__ import annotations

from typing import Any

from accelsim.architecture.spec import Architecture
from accelsim.mapping.nest import Mapping
from accelsim.mapping.validity import check_mapping
from accelsim.model.conventions import CONVENTIONS, Convention
from accelsim.model.energy import role_of
from accelsim.model.evaluate import evaluate
from accelsim.model.evaluation import Evaluation
from accelsim.model.traffic import access_counts
from accelsim.report.numbers import count, energy_scale, significant
from accelsim.report.records import document, evaluation_record
from accelsim.report.tables import Column, Table
from accelsim.workload.operation import Operation

Accesses = dict[tuple[str, str], tuple[int, int]]
"""(level, tensor) -> (reads, writes) charged."""
Charged = tuple[tuple[Evaluation, Accesses], ...]


def by_convention(operation: Operation, architecture: Architecture, mapping: Mapping) -> Charged:
    """The evaluation and the charged accesses under every convention; raises MappingError as evaluate does."""
    check_mapping(operation, architecture, mapping)
    return tuple(
        (
            evaluate(operation, architecture, mapping, name, check=False),
            _accesses(operation, architecture, mapping, view),
        )
        for name, view in CONVENTIONS.items()
    )


def _accesses(operation: Operation, architecture: Architecture, mapping: Mapping, view: Convention) -> Accesses:
    counts = access_counts(operation, architecture, mapping, view.tiles)
    output = operation.output.name
    return {
        (row.level, row.tensor): view.accesses(row, role_of(architecture, row.level), row.tensor == output)
        for row in counts.tensors
    }


def convention_tables(operation: Operation, architecture: Architecture, charged: Charged) -> list[Table]:
    """Energy by component, and charged reads and writes per level and tensor: a column per convention."""
    first = charged[0][0]
    factor, unit = energy_scale([evaluation.energy for evaluation, _ in charged], first.energy_unit)
    components = list(first.energy_by_component())
    energies = [Column("component", (*components, "all"), left=True)]
    for evaluation, _ in charged:
        by_component = evaluation.energy_by_component()
        cells = [by_component.get(component, 0.0) for component in components]
        energies.append(
            Column(evaluation.convention, tuple(significant(x / factor) for x in (*cells, evaluation.energy)))
        )
    places = list(charged[0][1])
    keys = [(level, tensor, what) for level, tensor in places for what in ("reads", "writes")]
    words = [Column(head, tuple(key[i] for key in keys), left=True) for i, head in enumerate(("level", "tensor", ""))]
    for evaluation, accesses in charged:
        numbers = (accesses[level, tensor][what == "writes"] for level, tensor, what in keys)
        words.append(Column(evaluation.convention, tuple(map(count, numbers))))
    notes = tuple(f"{name}: {view.description}." for name, view in CONVENTIONS.items())
    return [
        Table(f"{operation.name} on {architecture.name}: energy in {unit}", tuple(energies)),
        Table("accesses charged, words over all instances", tuple(words), 3, notes),
    ]


def conventions_record(charged: Charged) -> dict[str, Any]:
    """The same for machines, with every evaluation in full."""
    evaluations = []
    for evaluation, accesses in charged:
        rows = [
            {"level": level, "tensor": tensor, "reads": reads, "writes": writes}
            for (level, tensor), (reads, writes) in accesses.items()
        ]
        evaluations.append({**evaluation_record(evaluation), "accesses": rows})
    return document("conventions", {"evaluations": evaluations})
