"""What the vendors know of the market: its constituents, and how each vendor spells a ticker."""

from __future__ import annotations

from datetime import datetime, timedelta

from simulator.market.market import Instrument
from simulator.prices.market_view import MarketView, phase

SILENT = timedelta(days=14)  # without a bar for longer: delisted


def members(view: MarketView, now: datetime) -> list[Instrument]:
    """Return the index constituents at a moment, sorted by symbol.

    One that has stopped trading is left out; one that has not begun to trade is a member all the
    same, if the market says so.
    """
    session = phase(now).last_complete
    newest = min(session, view.market.last_session)
    found = []
    for instrument in view.market.instruments:
        if instrument.member_since is None or instrument.member_since > session:
            continue
        bars = view.daily(instrument.con_id, now)
        if not bars or newest - bars[-1].session <= SILENT:
            found.append(instrument)
    return found


def fmp_symbol(symbol: str) -> str:
    """Write an IBKR symbol as Financial Modeling Prep does: ``BRK-B`` for ``BRK B``."""
    return symbol.replace(" ", "-")


def news_symbol(symbol: str) -> str:
    """Write an IBKR symbol as newspapers do: ``BRK.B`` for ``BRK B``."""
    return symbol.replace(" ", ".")
