"""What changes from frame to frame, written as the nest that made it.

A loop body that repeats is written once: values of the innermost loop's trips make a row, equal rows share a number,
rows of the next loop list those numbers, and so on outwards.  Nothing is lost and nothing is assumed about the values.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import groupby

Time = tuple[int, ...]


def runs(values: Iterable[int]) -> list[int]:
    """Values with their repetitions behind them, flat.

    >>> runs([7, 7, 7, 2])
    [7, 3, 2, 1]
    """
    return [n for value, group in groupby(values) for n in (value, sum(1 for _ in group))]


class Series:
    """One thing frame by frame: ``add`` its value for every frame, then ``encoded`` for the frames' times."""

    def __init__(self) -> None:
        self.numbers: dict[Hashable, int] = {}
        self.at: list[int] = []

    def add(self, value: Hashable) -> None:
        """The value in the next frame; equal values are kept once."""
        self.at.append(self.numbers.setdefault(value, len(self.numbers)))

    def encoded(self, times: Sequence[Time]) -> dict[str, object]:
        """``values`` and the ``rows`` of value numbers, innermost loop first; rows are missing where all are equal."""
        if len(self.numbers) <= 1:
            return {"values": list(self.numbers)}
        return {"values": list(self.numbers), "rows": nested(times, self.at)}


def nested(times: Sequence[Time], values: Sequence[int]) -> list[list[list[int]]]:
    """Rows per loop, innermost first, each as `runs`; the last loop's only row stands for the whole.

    >>> nested([(0, 0), (0, 1), (1, 0), (1, 1)], [5, 6, 5, 6])
    [[[5, 1, 6, 1]], [[0, 2]]]
    """
    keys, numbers, levels = list(times), list(values), []
    for depth in range(max(len(times[0]), 1) - 1, -1, -1):
        rows: dict[tuple[int, ...], int] = {}
        pairs = list(_rows(keys, numbers, depth))
        numbers = [rows.setdefault(row, len(rows)) for _, row in pairs]
        keys = [key for key, _ in pairs]
        levels.append([list(row) for row in rows])
    return levels


def _rows(keys: list[Time], numbers: list[int], depth: int) -> Iterator[tuple[Time, tuple[int, ...]]]:
    """What stands together under the same outer ``depth`` loops."""
    for key, group in groupby(zip(keys, numbers, strict=True), key=lambda pair: pair[0][:depth]):
        yield key, tuple(runs(number for _, number in group))
