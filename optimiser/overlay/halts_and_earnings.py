"""Trading halts and earnings dates, as the overlay's rules ask for them."""

from __future__ import annotations

from datetime import date

import pandas as pd

from core.calendar import Exchange, sessions_between
from core.tables.columns import rows


def halted_names(quotes: pd.DataFrame) -> set[int]:
    """Return the conIds whose quote says that trading is halted; not known is not halted."""
    known = quotes["halted"].dropna().astype(bool)
    return {int(str(con_id)) for con_id in known.index[known]}


def sessions_until(day: date, on: date, *, exchange: Exchange) -> int:
    """Return how many sessions lie between a session's day and a date: 0 for the day itself."""
    return len(sessions_between(day, on, exchange=exchange)) - 1 if on > day else 0


def sessions_to_earnings(
    calendar: pd.DataFrame, *, today: date, exchange: Exchange
) -> dict[str, int]:
    """Return how far the next report is, by symbol, from a table of schema ``earnings``."""
    return {
        row["symbol"]: sessions_until(today, row["reports_on"], exchange=exchange)
        for row in rows(calendar)
        if row["reports_on"] >= today
    }
