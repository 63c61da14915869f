"""Which companies are in the index, as the fundamentals vendor names them."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from core.errors import VendorError
from core.limits import MAX_UNREADABLE
from core.text.counts import count
from feeds.http import Payload
from feeds.records import rows, text
from feeds.universe.tickers import ibkr_symbol

_log = logging.getLogger(__name__)

# FMP's sector names, and GICS's own for a vendor that uses them.
_GICS = {
    "Basic Materials": "Materials",
    "Communication Services": "Communication Services",
    "Consumer Cyclical": "Consumer Discretionary",
    "Consumer Defensive": "Consumer Staples",
    "Energy": "Energy",
    "Financial Services": "Financials",
    "Healthcare": "Health Care",
    "Industrials": "Industrials",
    "Real Estate": "Real Estate",
    "Technology": "Information Technology",
    "Utilities": "Utilities",
}
_GICS |= {sector: sector for sector in _GICS.values()}


@dataclass(frozen=True, slots=True)
class Constituent:
    """One member of the index."""

    symbol: str  # IBKR's spelling: "BRK B"
    name: str  # untrusted text
    sector: str | None  # GICS


def parse_constituents(
    payload: Payload, *, ceiling: float = MAX_UNREADABLE.default
) -> tuple[Constituent, ...]:
    """Return the index members, sorted by symbol, each once.

    Rows without a readable symbol and name are left out and logged. Raises `VendorError` when
    none is left, as an index without members is a fault, not an answer, or when more than
    ``ceiling`` of the rows cannot be read.
    """
    members: dict[str, Constituent] = {}
    unreadable = 0
    damaged: list[str] = []
    for row in rows(payload, damaged, ceiling=ceiling):
        # As it came: what cannot be seen in a symbol makes it another one, or none.
        symbol, name = ibkr_symbol(str(row.get("symbol"))), text(row.get("name"))
        if symbol is None or not name:
            unreadable += 1
            continue
        sector = _GICS.get(text(row.get("sector")))
        members.setdefault(symbol, Constituent(symbol=symbol, name=name, sector=sector))
    if not members:
        raise VendorError(
            f"{payload.name} names no index member ({count(unreadable, 'unreadable row')}); "
            "set universe.watchlist to go on without it"
        )
    for said in damaged:
        _log.warning("%s", said)
    if unreadable:
        told = count(unreadable, "row")
        _log.warning("%s: %s without symbol or name left out", payload.name, told)
    return tuple(members[symbol] for symbol in sorted(members))
