"""Closed form beside execution: every count of both routes in one table, and whether they agree to the last word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accelsim.architecture.spec import Architecture
from accelsim.mapping.counts import AccessCounts, Words
from accelsim.mapping.nest import Mapping
from accelsim.report.numbers import count
from accelsim.report.records import Record, counts_record, document
from accelsim.report.tables import Column, Table
from accelsim.workload.operation import Operation


@dataclass(frozen=True)
class SideBySide:
    """Counts of one nest by both routes; ``outputs_equal``: the executed outputs are NumPy's own."""

    operation: str
    architecture: str
    closed_form: AccessCounts
    executed: AccessCounts
    outputs_equal: bool

    @property
    def counts_equal(self) -> bool:
        """Whether every count agrees, whatever the order in which either route lists them."""
        return all(closed == executed for *_, closed, executed in self.rows())

    @property
    def agrees(self) -> bool:
        return self.outputs_equal and self.counts_equal

    def rows(self) -> Iterator[tuple[str, str, str, int, int]]:
        """(component, tensor, count, closed form, executed) of every count; one that a route lacks is 0 there."""
        closed, executed = dict(_flat(self.closed_form)), dict(_flat(self.executed))
        for key in dict.fromkeys((*closed, *executed)):
            yield (*key, closed.get(key, 0), executed.get(key, 0))

    def table(self) -> Table:
        """Every count that is not zero in both; a difference is marked in the last column."""
        rows = [row for row in self.rows() if row[3] or row[4]]
        verdict = (
            f"counts: {'all equal' if self.counts_equal else 'DIFFERENT'};"
            f" outputs: {'equal' if self.outputs_equal else 'NOT EQUAL'} to NumPy's"
        )
        return Table(
            f"{self.operation} on {self.architecture}: closed form and execution",
            (
                Column("component", tuple(r[0] for r in rows), left=True),
                Column("tensor", tuple(r[1] or "-" for r in rows), left=True),
                Column("count", tuple(r[2] for r in rows), left=True),
                Column("closed form", tuple(count(r[3]) for r in rows)),
                Column("executed", tuple(count(r[4]) for r in rows)),
                Column("equal", tuple("yes" if r[3] == r[4] else "NO" for r in rows), left=True),
            ),
            keys=3,
            notes=(verdict,),
        )

    def record(self) -> Record:
        """The object of ``simulate --json``."""
        return document(
            "simulation",
            {
                "operation": self.operation,
                "architecture": self.architecture,
                "outputs_equal": self.outputs_equal,
                "counts_equal": self.counts_equal,
                "closed_form": counts_record(self.closed_form),
                "executed": counts_record(self.executed),
            },
        )

    def _repr_html_(self) -> str:
        from accelsim.report.tables import render_html

        return render_html(self.table())


Key = tuple[str, str, str]


def _flat(counts: AccessCounts) -> Iterator[tuple[Key, int]]:
    yield ("MAC", "", "MACs"), counts.macs
    yield ("MAC", "", "steps"), counts.steps
    yield ("MAC", "", "units in use"), counts.mac_instances
    for at in counts.tensors:
        for name, value in _words(at.total):
            yield (at.level, at.tensor, name), value
        yield (at.level, at.tensor, "distinct"), at.distinct
        yield (at.level, at.tensor, "tile words"), at.tile_words
        yield (at.level, at.tensor, "instances"), at.instances
        for name, value in _words(at.busiest):
            yield (at.level, at.tensor, f"busiest {name}"), value
    for network in counts.networks:
        yield (network.fanout, network.tensor, "sent"), network.sent
        yield (network.fanout, network.tensor, "delivered"), network.delivered
    for port in counts.ports:
        part = f" (1/{port.per_word} words)" if port.per_word > 1 else ""
        yield (port.level, "", f"port reads{part}"), port.reads
        yield (port.level, "", f"port writes{part}"), port.writes
        yield (port.level, "", f"port both{part}"), port.both


def _words(words: Words) -> Iterator[tuple[str, int]]:
    yield "reads", words.reads
    yield "fills", words.fills
    yield "updates", words.updates
    yield "drains", words.drains


def side_by_side(operation: Operation, architecture: Architecture, mapping: Mapping, seed: int = 0) -> SideBySide:
    """Count a nest in closed form and by executing it on random integers from ``seed``.

    Raises MappingError when the mapping does not fit, InputError when the layer is too large to be executed.
    """
    from accelsim.model.evaluate import evaluate
    from accelsim.simulate.execute import execute

    closed = evaluate(operation, architecture, mapping).counts
    executed = execute(operation, architecture, mapping, seed)
    return SideBySide(operation.name, architecture.name, closed, executed.counts, executed.equal)
