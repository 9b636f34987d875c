"""What a row says: its deviation, whether it is within its tolerance, and whether that tolerance is wider than need be.

Tolerances stand on the rungs of a ladder; the right one for a table's column is the lowest rung that holds all of it.
So a number that moves away breaks its rung, and one that comes closer asks for a lower one.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Literal

from accelsim.validation.study import Outcome, Row

Verdict = Literal["ok", "OUT", "shown"]
LADDER = (0.0, 1e-9, 1e-6, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1)
"""From equal, through the seven or ten digits that a tool prints, to 10 %, above which a row needs a sentence."""


def deviation(row: Row) -> float | None:
    """(ours - published) / scale, or / published without one; None where either number is missing.

    >>> deviation(Row("reads", "words", 102, 100))
    0.02
    >>> deviation(Row("share of cycles", "%", 12, 10, scale=100))
    0.02
    """
    if row.ours is None or row.published is None:
        return None
    gap = row.ours - row.published
    by = row.published if row.scale is None else row.scale
    return 0.0 if gap == 0 else gap / by if by else inf


def verdict(row: Row) -> Verdict:
    """``shown`` where nothing is judged; a judged row without a deviation is ok when both numbers are missing."""
    if row.tolerance is None:
        return "shown"
    away = deviation(row)
    if away is None:
        return "ok" if row.ours is None and row.published is None else "OUT"
    return "ok" if abs(away) <= row.tolerance else "OUT"


def out_of_tolerance(outcome: Outcome) -> tuple[str, ...]:
    """A sentence per row that is out of its tolerance."""
    return tuple(
        f"{part.title}: {row.label}: {_figure(row.ours)} {row.unit}, published {_figure(row.published)}, "
        f"more than {100 * (row.tolerance or 0):g} % apart"
        for part in outcome.parts
        for row in part.rows
        if verdict(row) == "OUT"
    )


def too_wide(outcome: Outcome) -> tuple[str, ...]:
    """A sentence per column of a table (rows of one unit and tolerance) that a lower rung of the ladder holds."""
    return tuple(
        f"{title}, {unit}: tolerance {wide:g} can be tightened to {rung:g}"
        for title, unit, wide, rung in _rungs(outcome)
        if rung < wide
    )


def _rungs(outcome: Outcome) -> Iterator[tuple[str, str, float, float]]:
    for part in outcome.parts:
        judged = [row for row in part.rows if row.tolerance is not None]
        for unit, wide in dict.fromkeys((row.unit, row.tolerance) for row in judged):
            column = [row for row in judged if (row.unit, row.tolerance) == (unit, wide)]
            worst = max(abs(deviation(row) or 0.0) for row in column)
            assert wide is not None
            yield part.title, unit, wide, next((rung for rung in LADDER if rung >= worst), inf)


def unexplained(outcome: Outcome) -> tuple[str, ...]:
    """Rows with a tolerance above 10 % and no sentence of their own."""
    return tuple(
        row.label for part in outcome.parts for row in part.rows if (row.tolerance or 0) > 0.1 and not row.note
    )


def _figure(value: float | None) -> str:
    return "nothing" if value is None else f"{value:,.6g}"
