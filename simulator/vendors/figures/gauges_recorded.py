"""Gauges from a file of real values."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import DataError
from simulator.vendors.figures.gauges import BRENT, EURUSD, VIX, WTI, Rates, released
from simulator.vendors.figures.parquet import read_columns

COLUMNS = {VIX: "vix", WTI: "wti", BRENT: "brent", EURUSD: "eurusd"}


class RecordedGauges:
    """A `GaugeSource` from a parquet file with one row per date and one column per gauge."""

    def __init__(self, path: Path) -> None:
        frame = read_columns(path, ["date", *COLUMNS.values(), "us2y", "us10y"])
        if not pd.api.types.is_datetime64_any_dtype(frame["date"]):
            raise DataError(f"{path.name}: column 'date' holds {frame['date'].dtype}, not dates")
        self._frame = frame.dropna(subset="date").sort_values("date", ignore_index=True)
        self._days = [moment.date() for moment in self._frame["date"]]

    def prices(self, symbol: str, now: datetime) -> list[tuple[date, float]] | None:
        """Return a gauge's recorded values, oldest first; days without one are left out."""
        if symbol not in COLUMNS:
            return None
        values = self._frame[COLUMNS[symbol]].tolist()
        last = released(now)
        return [
            (day, value)
            for day, value in zip(self._days, values, strict=True)
            if day <= last and np.isfinite(value)
        ]

    def rates(self, now: datetime) -> list[Rates]:
        """Return the recorded yields, oldest first; days without any are left out."""
        last = released(now)
        rows = zip(
            self._days, self._frame["us2y"].tolist(), self._frame["us10y"].tolist(), strict=True
        )
        return [
            Rates(day, _known(year2), _known(year10))
            for day, year2, year10 in rows
            if day <= last and (np.isfinite(year2) or np.isfinite(year10))
        ]


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
