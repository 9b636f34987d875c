"""The tables of a study: points by status, fronts, the best under each budget, and what each axis does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from accelsim.report.numbers import count, energy_scale, percent, significant
from accelsim.report.tables import Column, Table
from accelsim.sweep.figures import labelled
from accelsim.sweep.frame import Row
from accelsim.sweep.frame import Table as Results
from accelsim.sweep.pareto import Front, best, holds, scopes, titled
from accelsim.sweep.sensitivity import Sensitivity

SECONDS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))
STATUSES = {
    "mapped": "every layer has a mapping", "infeasible": "a layer has no mapping", "invalid": "no such machine can be",
    "excluded": "left out by a constraint", "failed": "broke", "waiting": "not run yet",
}  # fmt: skip


def status_table(table: Results) -> Table:
    """How many points there are of each status."""
    counts = Counter(row["status"] for row in table.rows)
    shown = [status for status in STATUSES if counts[status]]
    return Table(
        "",
        (
            Column("status", tuple(shown), left=True),
            Column("points", tuple(count(counts[s]) for s in shown)),
            Column("meaning", tuple(STATUSES[s] for s in shown), left=True),
        ),
    )


def front_table(table: Results, front: Front) -> Table:
    """The points of a front, the knee marked."""
    knee = front.knee["point"] if front.knee else None
    marks = tuple("knee" if row["point"] == knee else "" for row in front.rows)
    columns = [
        *_named(table, front.rows, dict(front.scope)),
        *(_measures(front.rows, name, front.scope) for name in front.columns),
    ]
    if any(marks):
        columns.append(Column("", marks, left=True))
    return Table(
        f"{front.title}: {' against '.join(front.columns)}, {len(front.rows)} of {count(front.among)} points",
        tuple(columns),
    )


def best_table(table: Results, column: str) -> list[Table]:
    """The best point in a column of each piece of work, alone and under each budget of the study."""
    out = []
    for scope, rows in scopes(table, table.mapped, (column,)):
        found: list[tuple[str, Row]] = []
        for budget in (None, *table.study.budgets):
            under = [row for row in rows if budget is None or holds(budget, row)]
            winner = best(under, column)
            if winner is not None:
                found.append(("any" if budget is None else budget.text, winner))
        title = titled(scope)
        winners = [row for _, row in found]
        columns = (
            Column("under", tuple(text for text, _ in found), left=True),
            *_named(table, winners, dict(scope)),
            *(_measures(winners, n, scope) for n in dict.fromkeys((column, table.study.x, table.study.y))),
            Column("gap (%)", tuple(f"{100 * row['gap']:.2g}" for row in winners)),
        )
        lacking = [b.text for b in table.study.budgets if b.text not in [text for text, _ in found]]
        notes = (f"No point satisfies {', '.join(lacking)}.",) if lacking else ()
        out.append(Table(f"{title}: least {column}", columns, 1, notes))
    return out


def sensitivity_table(one: Sensitivity) -> Table:
    """The effect of an axis on a column."""
    title = titled(one.scope)
    if all(effect.groups == 1 for effect in one.effects):
        ratios = tuple(significant(effect.mean) for effect in one.effects)
        columns: tuple[Column, ...] = (_values(one), Column("ratio", ratios))
    else:
        columns = (
            _values(one),
            Column("mean ratio", tuple(significant(effect.mean) for effect in one.effects)),
            Column("least", tuple(significant(effect.least) for effect in one.effects)),
            Column("most", tuple(significant(effect.most) for effect in one.effects)),
            Column("pairs of points", tuple(count(effect.groups) for effect in one.effects)),
        )
    return Table(f"{title}: {one.column} along {one.axis}, as ratio to {one.axis} {one.reference}", columns)


def _values(one: Sensitivity) -> Column:
    return Column(one.axis, tuple(str(effect.value) for effect in one.effects), left=True)


def _named(table: Results, rows: Sequence[Row], scope: Collection[str]) -> list[Column]:
    """The points' numbers and the axes that are no part of the work."""
    names = [axis.name for axis in table.study.axes if axis.name not in scope]
    return [
        Column("point", tuple(str(row["point"]) for row in rows)),
        *(Column(name, tuple(str(row[name]) for row in rows)) for name in names),
    ]


def _measures(rows: Sequence[Row], name: str, scope: Sequence[tuple[str, Any]]) -> Column:
    """A column of measures on one scale, its unit in the header."""
    values = [row[name] for row in rows]
    unit = str(dict(scope)["energy_unit"])
    if name == "energy" and values:
        factor, scaled = energy_scale(values, unit)
        return Column(f"energy ({scaled})", tuple(significant(v / factor) for v in values))
    if name == "latency_s" and values:
        factor, scaled = next(((f, n) for f, n in SECONDS if max(values) >= f), SECONDS[-1])
        return Column(f"latency ({scaled})", tuple(significant(v / factor) for v in values))
    if name == "utilization":
        return Column("utilization (%)", tuple(map(percent, values)))
    return Column(labelled(name, unit), tuple(count(v) if isinstance(v, int) else significant(v) for v in values))
