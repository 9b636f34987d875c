"""A study's outcome as tables, as sentences, and as a JSON record."""

from __future__ import annotations

from typing import Any

from accelsim.report.numbers import significant
from accelsim.report.tables import Column, Table
from accelsim.validation.judging import deviation, out_of_tolerance, verdict
from accelsim.validation.study import Outcome, Part, Row, Study

NONE = "-"
DIGITS = 5


def outcome_tables(outcome: Outcome) -> list[Table]:
    """One table per part: ours, published, deviation, tolerance, verdict; notes of rows below it, numbered."""
    return [_table(part) for part in outcome.parts]


def _table(part: Part) -> Table:
    notes = list(dict.fromkeys(row.note for row in part.rows if row.note))
    labels = tuple(row.label + (f" [{notes.index(row.note) + 1}]" if row.note else "") for row in part.rows)
    units = {row.unit for row in part.rows}
    (unit,) = units if len(units) == 1 else ("",)
    head = f" ({unit})" if unit else ""
    columns = [Column("", labels, left=True)]
    if not unit:
        columns.append(Column("unit", tuple(row.unit for row in part.rows), left=True))
    columns += [
        Column(f"ours{head}", tuple(_number(row.ours) for row in part.rows)),
        Column(f"published{head}", tuple(_number(row.published) for row in part.rows)),
        Column("deviation (%)", tuple(_percent(deviation(row)) for row in part.rows)),
        Column("allowed (%)", tuple(NONE if r.tolerance is None else f"{100 * r.tolerance:.3g}" for r in part.rows)),
        Column("verdict", tuple(verdict(row) for row in part.rows), left=True),
    ]
    return Table(part.title, tuple(columns), 1, tuple(f"[{i}] {note}" for i, note in enumerate(notes, 1)))


def _number(value: float | None) -> str:
    if value is None:
        return NONE
    return f"{value:,}" if isinstance(value, int) else significant(value, DIGITS)


def _percent(value: float | None) -> str:
    if value is None:
        return NONE
    return "0" if value == 0 else f"{100 * value:+.2f}" if abs(value) >= 5e-5 else f"{100 * value:+.1e}"


def summary(outcome: Outcome) -> str:
    """How many numbers were judged, and how they fared.

    >>> summary(Outcome((Part("p", (Row("a", "words", 2, 2, tolerance=0), Row("b", "words", 3, None))),)))
    '1 number judged: all within tolerance; 1 shown.'
    """
    rows = [row for part in outcome.parts for row in part.rows]
    judged, out = sum(row.tolerance is not None for row in rows), len(out_of_tolerance(outcome))
    if not judged:
        return f"Nothing judged; {len(rows):,} shown."
    fared = "all within tolerance" if not out else f"{out} out of tolerance"
    shown = f"; {len(rows) - judged:,} shown" if len(rows) > judged else ""
    return f"{judged:,} number{'s' * (judged != 1)} judged: {fared}{shown}."


def study_record(study: Study, outcome: Outcome) -> dict[str, Any]:
    """The study with every row, its deviation and verdict, for machines."""
    return {
        "name": study.name,
        "title": study.title,
        "source": study.source,
        "differences": list(study.differences),
        "parts": [{"title": part.title, "rows": [_row(row) for row in part.rows]} for part in outcome.parts],
        "notes": list(outcome.notes),
        "out_of_tolerance": list(out_of_tolerance(outcome)),
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "label": row.label, "unit": row.unit, "ours": row.ours, "published": row.published, "scale": row.scale,
        "deviation": deviation(row), "tolerance": row.tolerance, "verdict": verdict(row), "note": row.note,
    }  # fmt: skip
