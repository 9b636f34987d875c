"""timeloop-model, exact mode: 129 fixed mappings, counts per level and tensor, against the ``timeloop`` convention.

Every tensor of every run must be equal, unless the nest meets a rule of Timeloop that differs from ours on purpose
(DESIGN.md, conventions); which runs do is decided by walking the nest's boxes, and the test counts them by reason.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from accelsim.architecture.spec import Architecture
from accelsim.mapping.counts import AccessCounts
from accelsim.mapping.validity import violations
from accelsim.model.conventions import TIMELOOP
from accelsim.model.energy import role_of
from accelsim.model.traffic import access_counts
from accelsim.validation import timeloop_cases as cases
from accelsim.validation.tool_timeloop import published_accesses
from accelsim.workload.operation import Tensor

RECORDS = cases.records()
DIFFERENT_ON_PURPOSE = {
    "a lane below the innermost level keeps its operand while the innermost loops do not change it": 9,
    "reuse along a second direction of a window is thrown away": 10,
    "neighbours' boxes overlap: only equal ones are multicast": 18,
    "link transfers: a neighbour held the box in the step before": 7,
}


@cache
def differs_because(run: int, tensor: str) -> str:
    """See timeloop_cases.differs_because; walking the boxes is what takes time here."""
    case = RECORDS[run]["case"]
    operation = cases.operation(case)
    machine = cases.architecture(case, operation.output.name)
    return cases.differs_because(case, operation, machine, cases.mapping(case, operation), operation.tensor(tensor))


def charged(counts: AccessCounts, machine: Architecture, tensor: Tensor, output: bool) -> dict[str, tuple[int, int]]:
    """Per level: (read, write) accesses of the tensor under the convention."""
    rows = [row for row in counts.tensors if row.tensor == tensor.name]
    return {row.level: TIMELOOP.accesses(row, role_of(machine, row.level), output) for row in rows}


@pytest.mark.parametrize("run", range(len(RECORDS)), ids=lambda i: RECORDS[i]["name"])
def test_timeloop_convention_equals_timeloop_where_semantics_agree(run: int) -> None:
    record = RECORDS[run]
    case = record["case"]
    operation = cases.operation(case)
    machine = cases.architecture(case, operation.output.name)
    nest = cases.mapping(case, operation)
    assert violations(operation, machine, nest) == ()
    counts = access_counts(operation, machine, nest, TIMELOOP.tiles)
    assert counts.macs == record["macs"]
    for tensor in operation.tensors:
        if not differs_because(run, tensor.name):
            ours = charged(counts, machine, tensor, tensor is operation.output)
            assert ours == published_accesses(record, tensor), f"{record['name']} {tensor.name}"
            for level in ours:
                row = record["counts_per_instance"][level][tensor.name]
                assert counts.at(level, tensor.name).tile_words <= row["capacity"]
                assert counts.at(level, tensor.name).instances == row["instances"]


def test_runs_that_differ_on_purpose_are_counted_by_reason() -> None:
    reasons: Counter[str] = Counter()
    for run, record in enumerate(RECORDS):
        for tensor in cases.operation(record["case"]).tensors:
            reasons[differs_because(run, tensor.name)] += 1
    compared = reasons.pop("")
    assert dict(reasons) == DIFFERENT_ON_PURPOSE
    assert (compared, len(RECORDS)) == (344, 129)


def test_cycles_equal_timeloop_where_no_port_is_limited() -> None:
    unlimited = [r for r in RECORDS if not any("bandwidth" in key for s in r["case"]["arch"]["storage"] for key in s)]
    assert len(unlimited) == 127
    for record in unlimited:
        operation = cases.operation(record["case"])
        machine = cases.architecture(record["case"], operation.output.name)
        counts = access_counts(operation, machine, cases.mapping(record["case"], operation))
        assert counts.steps == record["cycles"], record["name"]
