"""Rows as a pandas DataFrame whose counts stay exact integers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from accelsim.report.rows import Row

if TYPE_CHECKING:
    import pandas as pd


def frame(rows: Sequence[Row], names: Sequence[str]) -> pd.DataFrame:
    """The rows with columns of these names, in this order."""
    import pandas as pd

    return pd.DataFrame(rows, columns=list(names), dtype=object).apply(typed)


def typed(column: pd.Series[Any]) -> pd.Series[Any]:
    """Counts stay exact integers where cells are missing, and Python's own where 64 bits are too few."""
    present = column.dropna()
    if present.empty:
        return column
    if all(type(cell) is int for cell in present):
        return column.astype("Int64") if all(abs(cell) < 2**63 for cell in present) else column
    missing = len(present) < len(column)
    return column.astype(float) if missing and isinstance(present.iloc[0], float) else column.infer_objects()
