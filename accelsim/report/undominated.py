"""Which of several points no other one beats: the exact Pareto front, less being better in every number."""

from __future__ import annotations

from collections.abc import Sequence


def undominated(points: Sequence[tuple[float, ...]]) -> list[int]:
    """Indices of the points that no other beats; for two columns in one pass over the sorted points.

    >>> undominated([(1, 5), (2, 2), (3, 2), (2, 2), (5, 1)])
    [0, 1, 3, 4]
    """
    order = sorted(range(len(points)), key=lambda i: points[i])
    kept: list[int] = []
    for i in order:
        rivals = kept[-1:] if len(points[i]) == 2 else kept
        if not any(_beats(points[j], points[i]) for j in rivals):
            kept.append(i)
    return sorted(kept)


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
