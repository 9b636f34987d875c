"""The table of a study: one row per point in the study's order, as plain rows, a data frame, CSV or Parquet.

import accelsim
table = accelsim.load_sweep("study/").points       # a pandas DataFrame
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelsim.errors import InputError
from accelsim.files import write_atomically
from accelsim.report.export import table_csv
from accelsim.report.frames import frame
from accelsim.sweep.columns import COST_COLUMNS, FIXED, MACHINE_COLUMNS, PREFIXES, STATUS_COLUMNS, TIMING_COLUMNS
from accelsim.sweep.expression import Value
from accelsim.sweep.points import Choice, counted
from accelsim.sweep.rows import LAYER_COLUMNS
from accelsim.sweep.store import Planned, Results, StoredPoint
from accelsim.sweep.study import Study
from accelsim.sweep.values import number

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
WAITING = "waiting"


@dataclass(frozen=True)
class Table:
    """The results of a study. ``rows``: one per point; ``layers``: one per point and layer."""

    study: Study
    rows: tuple[Row, ...]
    layers: tuple[Row, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order: point, axes, status, machine, costs, derived, energies by part, timing."""
        axes = tuple(axis.name for axis in self.study.axes)
        derived = tuple(name for name, _ in self.study.derived)
        found = dict.fromkeys(name for row in self.rows for name in row)
        parts = tuple(name for prefix in PREFIXES for name in found if name.startswith(prefix))
        first = ("point", "network", *axes, *STATUS_COLUMNS, *MACHINE_COLUMNS, *COST_COLUMNS)
        return (*first, *derived, *parts, "model_version", "key", *TIMING_COLUMNS)

    @property
    def canonical_columns(self) -> tuple[str, ...]:
        """The columns that are the same however and wherever the study was run."""
        return tuple(name for name in self.columns if name not in TIMING_COLUMNS)

    @cached_property
    def points(self) -> pd.DataFrame:
        """All points as a data frame."""
        return frame(self.rows, self.columns)

    @cached_property
    def layer_frame(self) -> pd.DataFrame:
        """All layers of all points as a data frame, with the certificate of each mapping."""
        return frame(self.layers, ("point", "network", *LAYER_COLUMNS))

    @property
    def mapped(self) -> tuple[Row, ...]:
        """The points with a whole result: only these are ever compared."""
        return tuple(row for row in self.rows if row["status"] == "mapped")


def load_sweep(folder: str | Path) -> Table:
    """The results in a folder, read and left as they are; raises InputError."""
    store = Results(Path(folder), fresh=False)
    try:
        return table_of(stored_study(store), store)
    finally:
        store.close()


def stored_study(store: Results) -> Study:
    """The study whose results a store holds, by the file that it was run from."""
    from accelsim.sweep.study import parse_study

    text, path = store.meta("study"), store.meta("path")
    if text is None or path is None:
        raise InputError(f"{store.path}: holds no study yet")
    return parse_study(text, path)


def table_of(study: Study, store: Results) -> Table:
    """The rows of a study's plan; a point that has not been run is 'waiting'."""
    rows: list[Row] = []
    layers: list[Row] = []
    plan = store.plan()
    stored = {point.key: point for point in store.points(dict.fromkeys(p.key for p in plan))}
    for planned in plan:
        rows.append(_row(study, planned, stored.get(planned.key)))
        for cells in stored[planned.key].row["layers"] if planned.key in stored else ():
            named = dict(zip(LAYER_COLUMNS, cells, strict=True))
            layers.append({"point": planned.position, "network": planned.axes["network"], **named})
    return Table(study, tuple(rows), tuple(layers))


def _row(study: Study, planned: Planned, stored: StoredPoint | None) -> Row:
    row: Row = {"point": planned.position, **planned.axes, "status": WAITING, "reason": "", "key": planned.key}
    if stored is None:
        return row
    return row | _columns(study, {name: _count(cell) for name, cell in planned.axes.items()}, stored)


def completed(study: Study, choice: Choice, label: str, stored: StoredPoint) -> Row:
    """The columns of a point at a choice, axes as numbers and derived columns included."""
    axes: dict[str, Value] = {"network": label, **counted(study, choice)}
    return axes | _columns(study, axes, stored)


def _columns(study: Study, axes: dict[str, Value], stored: StoredPoint) -> Row:
    row = {
        **stored.row["columns"], "status": stored.status, "reason": stored.row["reason"],
        "model_version": stored.row.get("model_version"), "search_seconds": stored.row.get("search_seconds"),
    }  # fmt: skip
    for name, expression in study.derived:
        try:
            row[name] = expression(axes | row)
        except InputError:  # a division by zero in one row is no reason to withhold the others
            row[name] = None
    return row


def _count(cell: Any) -> Any:
    value = number(cell)
    return cell if value is None else value


def expression_row(row: Row) -> Row:
    """A row as expressions read it: axes as numbers."""
    return {name: cell if name in FIXED else _count(cell) for name, cell in row.items()}


def render_rows(rows: Iterable[Row], columns: Sequence[str]) -> str:
    """Rows as CSV, of the cells in these columns; one that does not apply is empty."""
    return table_csv([{name: row[name] for name in columns if name in row} for row in rows], columns)


def export(table: Table, path: Path, canonical: bool = False) -> None:
    """Write the points as .csv or .parquet by the path's ending; ``canonical`` leaves out how long things took.

    Raises InputError for another ending, for Parquet without pyarrow, and where the file cannot be written.
    """
    columns = table.canonical_columns if canonical else table.columns
    match path.suffix:
        case ".csv":
            write_atomically(path, render_rows(table.rows, columns))
        case ".parquet":
            write_atomically(path, _parquet(table.points[list(columns)]))
        case _:
            raise InputError(f"{path}: an export must end in .csv or .parquet")


def _parquet(frame: pd.DataFrame) -> bytes:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise InputError("Parquet needs the extra 'parquet': pip install 'accelsim[parquet]'") from None
    mixed = [name for name in frame.columns if frame[name].dtype == object]
    plain = frame.assign(**{name: frame[name].map(lambda v: None if v is None else str(v)) for name in mixed})
    buffer = io.BytesIO()
    plain.to_parquet(buffer, engine="pyarrow", index=False)
    return buffer.getvalue()
