"""Daily bars side by side: one row per session, one column per name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias

import numpy as np
import pandas as pd

Grid: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Wide:
    """Closes and volumes of T sessions, oldest first, and n names; NaN where there is no bar."""

    days: list[date]  # T, ascending
    con_ids: list[int]  # n, ascending
    closes: Grid  # (T, n), per share, above zero
    volumes: Grid  # (T, n), shares

    def has(self, row: int, column: int) -> bool:
        """Tell whether there is a bar at a place."""
        return bool(np.isfinite(self.closes[row, column]))

    def has_bar(self, con_id: int, day: date) -> bool:
        """Tell whether a name has a bar of a session that is in the table."""
        return self.has(self.days.index(day), self.con_ids.index(con_id))

    def without(self, places: list[tuple[int, int]]) -> Wide:
        """Return the table without the bars at these places."""
        closes, volumes = self.closes.copy(), self.volumes.copy()
        rows, columns = zip(*places, strict=True)
        closes[rows, columns] = volumes[rows, columns] = np.nan
        return replace(self, closes=closes, volumes=volumes)


def wide_bars(bars: pd.DataFrame, *, sessions: int) -> Wide:
    """Lay out the newest ``sessions`` sessions of bars, columns as of `core.tables.BARS`.

    A bar whose close is not a positive number, or whose volume is missing or negative, is no bar.

    >>> days = [date(2026, 7, 20), date(2026, 7, 21)]
    >>> bars = pd.DataFrame({"con_id": 1, "session": days, "close": [50.0, -1.0], "volume": 9.0})
    >>> wide_bars(bars, sessions=5).closes.tolist()  # a price below zero is no bar
    [[50.0]]
    """
    close = bars["close"].to_numpy(dtype=float, na_value=np.nan)
    volume = bars["volume"].to_numpy(dtype=float, na_value=np.nan)
    usable = np.isfinite(close) & (close > 0) & (volume >= 0) & np.isfinite(volume)
    rows, days = pd.factorize(bars["session"][usable], sort=True)
    columns, con_ids = pd.factorize(bars["con_id"][usable], sort=True)
    first = max(len(days) - sessions, 0)
    recent = rows >= first
    shape = (len(days) - first, len(con_ids))
    closes, volumes = np.full(shape, np.nan), np.full(shape, np.nan)
    place = (rows[recent] - first, columns[recent])
    closes[place], volumes[place] = close[usable][recent], volume[usable][recent]
    return Wide(list(days[first:]), [int(one) for one in con_ids], closes, volumes)
