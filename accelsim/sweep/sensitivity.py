"""What one axis does while the rest stays: each value against the axis' first, over all points that differ in it alone.

    ratio of a column = value at this point / value at the point with the axis' reference value and all else equal

The geometric mean over the groups, the least and the largest ratio are given; the reference is the first value of the
axis for which there are results. Only groups in which both points are mapped count, and how many there are is stated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, fsum, log

from accelsim.sweep.axes import Axis
from accelsim.sweep.frame import Row, Table
from accelsim.sweep.pareto import Scope, same_work, scopes


@dataclass(frozen=True)
class Effect:
    """One value of an axis against the reference: ``groups`` pairs of points, and their ratios."""

    value: str | int | float
    groups: int
    mean: float
    least: float
    most: float


@dataclass(frozen=True)
class Sensitivity:
    """The effect of an axis on a column, in one piece of work. ``free``: the scope without the axis itself."""

    scope: Scope
    axis: str
    column: str
    reference: str | int | float
    effects: tuple[Effect, ...]

    @property
    def range(self) -> float:
        """Largest mean over least mean: how much the axis matters."""
        means = [1.0, *(effect.mean for effect in self.effects)]
        return max(means) / min(means)


def sensitivities(table: Table, column: str) -> tuple[Sensitivity, ...]:
    """Every axis in every piece of work, where two of its values can be compared; those of most effect first.

    In a column per MAC or per second different batches and phases can be compared, and these are axes, too.
    """
    found = []
    axes = [axis for axis in table.study.axes if axis.name not in same_work(table, (column,))]
    for scope, rows in scopes(table, table.mapped, (column,)):
        mine = [one for axis in axes if (one := _of(axis, rows, column, scope, axes)) is not None]
        found += sorted(mine, key=lambda one: -one.range)
    return tuple(found)


def _of(axis: Axis, rows: list[Row], column: str, scope: Scope, axes: Sequence[Axis]) -> Sensitivity | None:
    others = [other.name for other in axes if other is not axis]
    groups: dict[tuple[object, ...], dict[object, float]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in others), {})[row[axis.name]] = row[column]
    present = {value for group in groups.values() if len(group) > 1 for value in group}
    values = [axis.shown(i) for i in range(len(axis.values)) if axis.shown(i) in present]
    if len(values) < 2:
        return None
    reference, effects = values[0], []
    for value in values[1:]:
        pairs = [(group[value], group[reference]) for group in groups.values() if value in group and reference in group]
        ratios = [new / old for new, old in pairs if new > 0 and old > 0]
        if ratios:
            mean = exp(fsum(map(log, ratios)) / len(ratios))
            effects.append(Effect(value, len(ratios), mean, min(ratios), max(ratios)))
    return Sensitivity(scope, axis.name, column, reference, tuple(effects)) if effects else None
