"""Columns and rows of tables as plain Python values."""

from __future__ import annotations

from typing import Any

import pandas as pd


def numbers(column: pd.Series[Any]) -> dict[int, float]:
    """Return a column by conId; what is not known is left out."""
    known = column.dropna()
    return {int(str(con_id)): float(value) for con_id, value in known.items()}


def texts(column: pd.Series[Any]) -> dict[int, str]:
    """Return a column by conId; what is not known is left out."""
    known = column.dropna()
    return {int(str(con_id)): str(value) for con_id, value in known.items()}


def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows, each a mapping from column to value; what is not known is None."""
    plain = table.astype(object).where(table.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]
