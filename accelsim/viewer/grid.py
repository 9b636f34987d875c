"""Where the MACs of an array are drawn: a row and a column for each, as its axes say."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from accelsim.architecture.spec import Architecture
from accelsim.mapping.nest import Mapping, Spatial

MOST_ROWS = MOST_COLUMNS = 32
"""Of a larger array this corner is drawn; counts are those of the whole."""


@dataclass(frozen=True)
class Grid:
    """``rows`` x ``columns`` MACs in use, of which ``shown_rows`` x ``shown_columns`` are drawn.

    macs          the number of the MAC in each cell, row by row (coordinates of the spatial loops, outermost slowest)
    down, across  what a row and a column stand for, in words
    """

    rows: int
    columns: int
    down: str
    across: str
    macs: tuple[int, ...]

    @property
    def shown_rows(self) -> int:
        return min(self.rows, MOST_ROWS)

    @property
    def shown_columns(self) -> int:
        return min(self.columns, MOST_COLUMNS)


def grid_of(architecture: Architecture, mapping: Mapping) -> Grid:
    """The inner axis goes across, all others down; loops of a single axis are parted so that it comes out most square.

    A single loop on a single axis is wrapped into rows of at most sixteen.
    """
    loops = [(node, mapping.trips(i)) for i, node in enumerate(mapping.nodes) if isinstance(node, Spatial)]
    axes = [name for name in architecture.axes if any(loop.axis == name for loop, _ in loops)]
    trips = [n for _, n in loops]
    if len(axes) > 1:
        across = [s for s, (loop, _) in enumerate(loops) if loop.axis == axes[-1]]
    else:
        first = min(range(len(loops)), key=lambda s: max(prod(trips[:s]), prod(trips[s:])), default=0)
        across = list(range(first, len(loops)))
    down = [s for s in range(len(loops)) if s not in across]
    rows, columns = prod(trips[s] for s in down), prod(trips[s] for s in across)
    order = np.arange(rows * columns, dtype=np.int64).reshape(trips).transpose([*down, *across]).reshape(rows, columns)
    if not down and columns > 16:
        order = _wrapped(order.ravel())
    shown: NDArray[np.int64] = order[:MOST_ROWS, :MOST_COLUMNS]
    names = [f"{loop.dim.lower()} on {loop.axis}" for loop, _ in loops]
    return Grid(
        rows=order.shape[0],
        columns=order.shape[1],
        down=", ".join(names[s] for s in down),
        across=", ".join(names[s] for s in across),
        macs=tuple(int(n) for n in shown.ravel()),
    )


def _wrapped(line: NDArray[np.int64]) -> NDArray[np.int64]:
    """A line as the fewest rows of sixteen or less that have equal lengths; a prime stays one row."""
    columns = next(n for n in range(16, 0, -1) if len(line) % n == 0)
    return line.reshape(1, -1) if columns == 1 else line.reshape(-1, columns)
