"""Quotes and price history of the market's instruments in the shape of FMP's stable API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from core.calendar import session
from simulator.market.market import DailyBar, Instrument
from simulator.prices.market_view import MarketView
from simulator.vendors.members import fmp_symbol

YEAR = 252  # sessions


def quote(
    view: MarketView, instrument: Instrument, now: datetime, *, market_cap: float | None
) -> dict[str, Any] | None:
    """Return a quote as of the last closed session, None for an instrument without bars.

    Prices are per share, ``changePercentage`` in percent, ``timestamp`` in Unix seconds.
    """
    bars = view.daily(instrument.con_id, now)[-YEAR:]
    if not bars:
        return None
    newest = bars[-1]
    previous = bars[-2].close if len(bars) > 1 else None
    change = None if previous is None else newest.close - previous
    percent = None if previous is None else 100.0 * (newest.close / previous - 1.0)
    return {
        "symbol": fmp_symbol(instrument.symbol),
        "name": instrument.name,
        "price": newest.close,
        "changePercentage": _rounded(percent),
        "change": _rounded(change),
        "volume": newest.volume,
        "dayLow": newest.low,
        "dayHigh": newest.high,
        "yearHigh": max(bar.high for bar in bars),
        "yearLow": min(bar.low for bar in bars),
        "marketCap": None if market_cap is None else round(market_cap),
        "priceAvg50": _mean_close(bars[-50:]),
        "priceAvg200": _mean_close(bars[-200:]),
        "exchange": instrument.primary_exchange,
        "open": newest.open,
        "previousClose": previous,
        "timestamp": int(session(newest.session).close.timestamp()),
    }


def closes(
    view: MarketView, instrument: Instrument, now: datetime
) -> list[tuple[date, float, int]]:
    """Return day, close and volume of every closed session, oldest first."""
    return [(bar.session, bar.close, bar.volume) for bar in view.daily(instrument.con_id, now)]


def _mean_close(bars: Sequence[DailyBar]) -> float:
    return round(sum(bar.close for bar in bars) / len(bars), 4)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
