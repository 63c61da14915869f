"""Synthetic earnings dates, on the days on which the synthetic quarterly reports come out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from simulator.market.market import Instrument
from simulator.prices.market_view import MarketView, phase
from simulator.vendors.figures.fundamentals_invented import report_days
from simulator.vendors.members import members

ANNOUNCED = timedelta(days=100)  # how far ahead a date is in the calendar
KEPT = timedelta(days=370)  # how far back
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class EarningsDate:
    """A company's report of one quarter."""

    symbol: str
    on: date


def earnings_dates(
    view: MarketView, now: datetime, *, first: date, last: date
) -> list[EarningsDate]:
    """Return every report from first to last that is in the calendar at a moment, by date."""
    newest = phase(now).last_complete
    first, last = max(first, newest - KEPT), min(last, newest + ANNOUNCED)
    found = [
        EarningsDate(instrument.symbol, on)
        for instrument in members(view, now)
        for on in _days(instrument, first, last)
    ]
    return sorted(found, key=lambda one: (one.on, one.symbol))


def _days(instrument: Instrument, first: date, last: date) -> Iterator[date]:
    for out in report_days(instrument, first, last):
        # Nobody reports at a weekend: then it was the Friday before.
        on = out - timedelta(days=max(0, out.weekday() - SATURDAY + 1))
        if first <= on <= last:
            yield on
