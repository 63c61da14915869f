"""Gauges of the whole market: volatility, oil, the euro and interest rates.

A value is released the day after its session: on any day, yesterday's is the newest.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol

VIX, WTI, BRENT, EURUSD, SPY = "^VIX", "CLUSD", "BZUSD", "EURUSD", "SPY"
RELEASE_LAG = timedelta(days=1)


def released(now: datetime) -> date:
    """Return the newest day whose values are out at ``now``, which is in UTC."""
    return now.date() - RELEASE_LAG


class Rates(NamedTuple):
    """US Treasury par yields of one day, percent a year; None where not known."""

    day: date
    year2: float | None
    year10: float | None


class GaugeSource(Protocol):
    """Where gauges come from. Nothing released after ``now`` is ever returned."""

    def prices(self, symbol: str, now: datetime) -> Sequence[tuple[date, float]] | None:
        """Return a gauge's values by day, oldest first; None for an unknown gauge."""

    def rates(self, now: datetime) -> Sequence[Rates]:
        """Return the treasury yields by day, oldest first."""
