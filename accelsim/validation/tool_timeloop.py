"""timeloop-model: which of its counts are ours under the ``timeloop`` convention, and which rule parts the others."""

from __future__ import annotations

from collections import Counter
from typing import Any

from accelsim.model.conventions import TIMELOOP
from accelsim.model.energy import role_of
from accelsim.model.traffic import access_counts
from accelsim.validation import timeloop_cases as cases
from accelsim.validation.study import Outcome, Part, Row, Study
from accelsim.workload.operation import Tensor


def published_accesses(record: dict[str, Any], tensor: Tensor) -> dict[str, tuple[int, int]]:
    """Level -> Timeloop's own (reads, fills + updates), over all instances in use."""
    out = {}
    for level, tensors in record["counts_per_instance"].items():
        if tensor.name in tensors:
            row = tensors[tensor.name]
            n = row["instances"]
            out[level] = (row["reads"] * n, (row["fills"] + row["updates"]) * n)
    return out


def _run() -> Outcome:
    tensors, levels, equal = 0, Counter[str](), Counter[str]()
    reasons: Counter[str] = Counter()
    apart: list[Row] = []
    cycles = Counter[str]()
    for record in cases.records():
        case = record["case"]
        operation = cases.operation(case)
        machine = cases.architecture(case, operation.output.name)
        nest = cases.mapping(case, operation)
        counts = access_counts(operation, machine, nest, TIMELOOP.tiles)
        for tensor in operation.tensors:
            reason = cases.differs_because(case, operation, machine, nest, tensor)
            theirs = published_accesses(record, tensor)
            rows = [row for row in counts.tensors if row.tensor == tensor.name]
            ours = {
                row.level: TIMELOOP.accesses(row, role_of(machine, row.level), tensor is operation.output)
                for row in rows
            }
            if reason:
                reasons[reason] += 1
                apart += _apart(f"{record['name']}, {tensor.name}", ours, theirs, reason)
                continue
            tensors += 1
            for level in theirs:
                levels[level] += 2
                equal[level] += sum(a == b for a, b in zip(ours[level], theirs[level], strict=True))
        if not any("bandwidth" in key for storage in case["arch"]["storage"] for key in storage):
            cycles["all"] += 1
            cycles["equal"] += counts.steps == record["cycles"]
    same = [Row(level, "counts", equal[level], levels[level], tolerance=0) for level in levels]
    same.append(Row("cycles, no port limited", "counts", cycles["equal"], cycles["all"], tolerance=0))
    why = [Row("tensors", "tensors", number, None, note=reason) for reason, number in reasons.items()]
    parts = (
        Part(f"{tensors} tensors of 129 runs without a rule of its own: reads and writes that are equal", tuple(same)),
        Part("tensors that meet a rule of Timeloop's own", tuple(why)),
        Part("their counts that differ, one by one", tuple(apart)),
    )
    return Outcome(parts)


def _apart(name: str, ours: dict[str, tuple[int, int]], theirs: dict[str, tuple[int, int]], reason: str) -> list[Row]:
    return [
        Row(f"{name}, {level}, {what}", "words", ours[level][i], theirs[level][i], note=reason)
        for level in theirs
        for i, what in enumerate(("reads", "writes"))
        if ours[level][i] != theirs[level][i]
    ]


STUDY = Study(
    name="timeloop",
    title="timeloop-model, exact mode: 129 fixed mappings under the timeloop convention",
    source="timeloop-model (NVlabs), commit 4cf6d4c of 2025-03-31, extrapolation off",
    differences=(
        "Timeloop reuses a window along one steady direction only, multicasts equal boxes only, lets "
        "neighbours pass boxes on, and its "
        "lanes below the innermost level keep an operand. Which nests meet such a rule is decided by "
        "walking them, never from the counts; "
        "those are shown one by one and not judged.",
    ),
    run=_run,
)
