"""Executes a mapping on random integers: values travel through buffers, and every word that moves is counted.

The counting contract is section 1 of DESIGN.md. The closed form in accelsim.model must come to the same counts;
nothing is shared with it, and no size of a set is ever computed here other than by holding the set.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Thread

import numpy as np

from accelsim.architecture.spec import Architecture
from accelsim.errors import InputError, MappingError
from accelsim.mapping.counts import AccessCounts
from accelsim.mapping.nest import Mapping
from accelsim.simulate import arrays, kernel
from accelsim.simulate.arrays import Layout
from accelsim.simulate.kernel import Tables
from accelsim.simulate.literal import Literal
from accelsim.simulate.places import Place, check_executable, places
from accelsim.simulate.reference import Values, random_operands, result
from accelsim.simulate.tally import Tally, access_counts
from accelsim.workload.operation import Operation


@dataclass(frozen=True)
class Execution:
    """What came out: ``counts`` of the words that moved, the ``outputs`` that arrived in the outermost level, and the
    ``reference`` that plain NumPy computes from the same operands without any mapping."""

    counts: AccessCounts
    outputs: Values
    reference: Values

    @property
    def equal(self) -> bool:
        """Whether the mapping computed the operation."""
        return bool(np.array_equal(self.outputs, self.reference))


@dataclass(frozen=True)
class Run:
    """An execution under way: the tables that the kernel walks, filled as `execute` says."""

    plan: Layout
    architecture: Architecture
    operands: list[Values]
    tables: Tables

    @staticmethod
    def of(
        operation: Operation, architecture: Architecture, mapping: Mapping, seed: int = 0, check_capacity: bool = True
    ) -> Run:
        """An execution at its beginning; arguments and errors as in `execute`."""
        if seed < 0:
            raise InputError(f"seed must be at least 0, not {seed}")
        check_executable(operation)
        plan = Layout(operation, mapping, places(operation, architecture, mapping))
        operands = random_operands(operation, seed)
        tables = arrays.tables(plan, architecture, operands, check_capacity)
        for i, place in enumerate(plan.places):
            if place.parent is not None and plan.may_merge(i):
                tables.places[i, kernel.MERGES] = _merges(plan, tables, i, place)
        return Run(plan, architecture, operands, tables)

    def go_on(self) -> bool:
        """Walks to the end, or to the next pause that the tables' ``totals`` ask for; whether there is more to do."""
        outcome = _interruptible(self.tables)
        if outcome not in (kernel.DONE, kernel.PAUSED):
            raise _refusal(self.plan, self.architecture, outcome, self.tables)
        return outcome == kernel.PAUSED

    def execution(self) -> Execution:
        """What came out, after the end."""
        operation, tables = self.plan.operation, self.tables
        counts = access_counts(operation, self.architecture, self.plan.places, _tally(self.plan, tables))
        outputs = tables.memory[-operation.output.words :].reshape(operation.output.shape)
        return Execution(counts, outputs, result(operation, self.operands))


def execute(
    operation: Operation, architecture: Architecture, mapping: Mapping, seed: int = 0, check_capacity: bool = True
) -> Execution:
    """Executes a valid mapping element by element; DESIGN.md, section 1.

    Operands are random integers from ``seed``. ``check_capacity``: no buffer may hold more than its level's
    ``capacity_words`` (or the tensor's private partition) / ``buffers``.

    Raises InputError for an operation without MACs or too large to be executed, MappingError when a tensor is kept
    nowhere or a buffer would overflow.
    """
    run = Run.of(operation, architecture, mapping, seed, check_capacity)
    run.go_on()
    return run.execution()


def execute_literally(operation: Operation, architecture: Architecture, mapping: Mapping, seed: int = 0) -> Execution:
    """The same in plain Python sets, a thousand times slower, without checking capacities; for tests of `execute`."""
    check_executable(operation)
    operands = random_operands(operation, seed)
    run = Literal(operation, architecture, mapping, operands)
    tally, outputs = run.run()
    return Execution(access_counts(operation, architecture, run.places, tally), outputs, result(operation, operands))


def _interruptible(tables: Tables) -> int:
    """Runs the kernel in a thread of its own, so that Ctrl-C reaches this one while it works."""
    outcome: list[int] = []
    walk = Thread(target=lambda: outcome.append(kernel.run(*tables)), daemon=True)
    walk.start()
    while walk.is_alive():
        walk.join(timeout=0.1)
    return outcome[0]


def _merges(plan: Layout, tables: Tables, i: int, place: Place) -> bool:
    """Item 7, for the edge above a place."""
    assert place.parent is not None
    owner = np.full((plan.instances[place.parent], plan.operation.output.words), kernel.FREE, dtype=np.int64)
    groups = plan.codes(i, place.relevant)
    return kernel.merges(*tables[:7], tables.places, i, groups, owner)


def _tally(plan: Layout, tables: Tables) -> Tally:
    tally = Tally([(n,) for n in plan.instances])
    for i, place in enumerate(plan.places):
        rows, counted = tables.rows[plan.rows[i] : plan.rows[i + 1]], tables.places[i]
        tally.active[i] = rows[:, kernel.ACTIVE] == 1
        tally.distinct[i], tally.tile_words[i] = int(counted[kernel.DISTINCT]), int(counted[kernel.TILE_WORDS])
        if not place.is_mac:
            tally.words[i] = rows[:, kernel.READS : kernel.DRAINS + 1].T
        for b in range(len(place.boundaries)):
            tally.crossed[i, b] = int(tables.edges[plan.edges[i] + b, kernel.INFO, kernel.CROSSED])
            tally.returned[i, b] = int(counted[kernel.RETURNED])
    tally.macs, tally.steps = int(tables.totals[kernel.MACS]), int(tables.totals[kernel.STEPS])
    return tally


def _refusal(plan: Layout, architecture: Architecture, outcome: int, tables: Tables) -> MappingError:
    """The sentence about a buffer that overflowed."""
    place, name = plan.places[tables.rows[tables.totals[kernel.WHERE], kernel.PLACE]], plan.operation.name
    tensor = plan.operation.tensors[place.tensor]
    assert outcome == kernel.FULL, f"{name}: the parent of {place} lacked an element"
    words = int(tables.totals[kernel.WORDS])
    level = architecture.level(place.level)
    private = dict(level.tensor_capacity_words).get(tensor.name)
    holds = level.capacity_words if private is None else private
    what = "words" if private is None else f"words of {tensor.name}"
    copies = f" / {level.buffers} buffers" if level.buffers > 1 else ""
    sentence = (
        f"{name} on {architecture.name}: {level.name} must hold at most {holds}{copies} {what} per instance, "
        f"not {words}; smaller tiles would fit"
    )
    return MappingError(sentence, [sentence])
