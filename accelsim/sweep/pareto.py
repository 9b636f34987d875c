"""Exact fronts, knees and bests: which points no other one beats, from the numbers as they are, nothing rounded.

A point is on the front when no other is at least as good in both columns and better in one. Points that are equal in
both are all on it. Rows of different work (another network, batch or phase) or energy unit are never compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from accelsim.errors import InputError
from accelsim.report.undominated import undominated
from accelsim.sweep.columns import PER_WORK, SHORT
from accelsim.sweep.expression import Expression, parse_expression
from accelsim.sweep.frame import Row, Table, expression_row

Scope = tuple[tuple[str, object], ...]
LARGER_IS_BETTER = ("tops", "utilization")
MOST_DIMENSIONS = 4


@dataclass(frozen=True)
class Front:
    """The front of one piece of work. ``scope``: (column, value) that all its rows share; ``rows`` in the order of the
    first column; ``knee``: the row that lies furthest below the line between the ends, None with fewer than three;
    ``among``: how many rows it was taken from."""

    scope: Scope
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    knee: Row | None
    among: int

    @property
    def title(self) -> str:
        return titled(self.scope)


def titled(scope: Scope) -> str:
    """The work that a scope stands for: ``alexnet, batch 4``."""
    (_, network), *rest = scope
    words = [f"{name} {value}" for name, value in rest if name != "energy_unit"]
    return ", ".join([str(network), *words])


def fronts(table: Table, columns: Sequence[str], where: str | None = None) -> tuple[Front, ...]:
    """A front per piece of work, over two to four columns, each least (or most, for tops and utilization).

    ``where``: an expression that rows must satisfy. Raises InputError for a column or expression that is none.
    """
    names = tuple(column(table, name) for name in columns)
    if not 2 <= len(set(names)) <= MOST_DIMENSIONS:
        raise InputError(f"a front needs 2 to {MOST_DIMENSIONS} different columns, not {', '.join(columns)}")
    kept = selected(table, where)
    return tuple(_front(scope, names, rows) for scope, rows in scopes(table, kept, names))


def column(table: Table, name: str) -> str:
    """The column of numbers that a name means; raises InputError with the nearest."""
    expression = parse_expression(SHORT.get(name, name), table.columns)
    if expression.names != (expression.text,):
        raise InputError(f"a front needs columns, not '{name}'")
    return expression.text


def selected(table: Table, where: str | None) -> list[Row]:
    """The mapped points that satisfy an expression; a point that lacks one of its columns does not."""
    if where is None:
        return list(table.mapped)
    test = parse_expression(where, table.columns)
    return [row for row in table.mapped if holds(test, row)]


def holds(test: Expression, row: Row) -> bool:
    """Whether a row satisfies an expression."""
    return bool(test(expression_row(row)))


def same_work(table: Table, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns that rows must share to be compared in others: the network, and how it runs unless all are per MAC or
    per second."""
    return ("network",) if columns and set(columns) <= set(PER_WORK) else table.study.scope


def scopes(
    table: Table, rows: Iterable[Row], columns: Sequence[str], without: str = ""
) -> Iterator[tuple[Scope, list[Row]]]:
    """The rows that may be compared in these columns, by the work that was done and the energy unit; rows that lack one
    of the columns are left out. ``without``: an axis that is no part of the work."""
    same = tuple(name for name in same_work(table, columns) if name != without)
    groups: dict[Scope, list[Row]] = {}
    for row in rows:
        if all(isinstance(row.get(name), int | float) for name in columns):
            scope = tuple((name, row[name]) for name in (*same, "energy_unit"))
            groups.setdefault(scope, []).append(row)
    yield from groups.items()


def _front(scope: Scope, names: tuple[str, ...], rows: list[Row]) -> Front:
    points = [tuple(_cost(row, name) for name in names) for row in rows]
    kept = [rows[i] for i in undominated(points)]
    kept.sort(key=lambda row: (*(_cost(row, name) for name in names), row["point"]))
    return Front(scope, names, tuple(kept), _knee(kept, names), len(rows))


def _cost(row: Row, name: str) -> float:
    """The value with less always better; integers stay exact."""
    value: float = row[name]
    return -value if name in LARGER_IS_BETTER else value


def _knee(front: list[Row], names: tuple[str, ...]) -> Row | None:
    """The row furthest below the line from end to end, both axes scaled to the front's extent (two columns only).

    Das, On characterizing the 'knee' of the Pareto curve, Structural Optimization 18, 1999.
    """
    if len(front) < 3 or len(names) != 2:
        return None
    xs, ys = ([_cost(row, name) for row in front] for name in names)
    width, height = max(xs) - min(xs), max(ys) - min(ys)
    if not width or not height:
        return None
    below = [1 - (x - min(xs)) / width - (y - min(ys)) / height for x, y in zip(xs, ys, strict=True)]
    best = max(below)
    return front[below.index(best)] if best > 0 else None


def best(rows: Sequence[Row], name: str) -> Row | None:
    """The row that is best in a column, the first of equals."""
    usable = [row for row in rows if isinstance(row.get(name), int | float)]
    return min(usable, key=lambda row: (_cost(row, name), row["point"]), default=None)
