"""Tables of many mappings: each made once per combination of the steps it depends on, kept for the next batch."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from accelsim.model import kernels as k
from accelsim.model.plan import Plan

MOST_KEPT = 50_000
Columns = tuple[int, ...]


@dataclass
class _Shelf:
    """The tables of one set of loops: ``rows[key]`` is the place of a combination of their steps in ``a`` and ``b``."""

    tables: np.ndarray
    rows: dict[bytes, int] = field(default_factory=dict)
    a: np.ndarray = field(default_factory=lambda: np.empty((0, 0, 0), np.int64))
    b: np.ndarray = field(default_factory=lambda: np.empty((0, 0, 0), np.int64))


class TableStore:
    """The tables of one plan, by the steps they depend on. A search prices the same tiles again and again."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._arrange()

    def _arrange(self) -> None:
        self.columns = self.plan.columns
        positions: dict[Columns, list[int]] = {}
        for table, columns in enumerate(self.columns):
            positions.setdefault(columns, []).append(table)
        self.shelves = {columns: _Shelf(np.array(tables, np.int64)) for columns, tables in positions.items()}

    def fold_columns(self, steps: np.ndarray) -> list[np.ndarray]:
        """Every fold of every mapping, a column each; ``steps`` has a row per mapping and a column per loop."""
        if self.columns is not self.plan.columns:  # the plan was asked for more folds
            self._arrange()
        if not self.plan.loops:
            steps = np.ones((len(steps), 1), np.int64)
        count = len(self.columns)
        which, base, stride = (np.zeros(count, np.int64) for _ in range(3))
        nothing = np.zeros((0, self.plan.arrays["width"]), np.int64)
        ids, parts, start = [np.zeros(len(steps), np.int64)], [(nothing, nothing)], 0  # a plan may need no table
        for number, (columns, shelf) in enumerate(self.shelves.items(), start=1):
            numbers, examples = _numbered(steps, columns)
            a, b = self._gathered(shelf, columns, steps[examples])
            ids.append(numbers)
            parts.append((a, b))
            which[shelf.tables], stride[shelf.tables] = number, len(shelf.tables)
            base[shelf.tables] = start + np.arange(len(shelf.tables))
            start += len(a)
        a, b = (np.concatenate(blocks) for blocks in zip(*parts, strict=True))
        return list(self.plan.folds(a, b, np.array(ids), which, base, stride))

    def _gathered(self, shelf: _Shelf, columns: Columns, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows of all tables of a shelf for these combinations, combination by combination."""
        if len(shelf.rows) > MOST_KEPT:
            shelf.rows, shelf.a, shelf.b = {}, np.empty((0, 0, 0), np.int64), np.empty((0, 0, 0), np.int64)
        keys = [row.tobytes() for row in np.ascontiguousarray(steps[:, list(columns)])]
        missing = [i for i, key in enumerate(keys) if key not in shelf.rows]
        if missing:
            tables = len(shelf.tables)
            wanted = np.tile(shelf.tables, len(missing))
            made = self.plan.tables(wanted, np.repeat(steps[missing], tables, axis=0))
            first = len(shelf.rows)
            shelf.rows |= {keys[i]: first + n for n, i in enumerate(missing)}
            blocks = [block.reshape(len(missing), tables, -1) for block in made]
            shelf.a = np.concatenate([shelf.a, blocks[0]]) if first else blocks[0]
            shelf.b = np.concatenate([shelf.b, blocks[1]]) if first else blocks[1]
        at = [shelf.rows[key] for key in keys]
        width = shelf.a.shape[2]
        return shelf.a[at].reshape(-1, width), shelf.b[at].reshape(-1, width)


def _numbered(steps: np.ndarray, columns: Columns) -> tuple[np.ndarray, np.ndarray]:
    """Per mapping the number of its combination of steps in ``columns``; and one mapping per combination."""
    slots = np.full(max(1024, 1 << (2 * len(steps) - 1).bit_length()), -1, np.int64)
    numbers, examples = np.empty((2, len(steps)), np.int64)
    count = k.variants(steps, np.array(columns, np.int64), slots, numbers, examples)
    return numbers, examples[:count].copy()
