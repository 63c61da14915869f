"""What is traded, and its market at a moment. Identity of an instrument is its conId."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.money import Price


@dataclass(frozen=True, slots=True)
class Contract:
    """One tradable instrument."""

    con_id: int
    symbol: str
    sec_type: str = "STK"
    exchange: str = "SMART"
    primary_exchange: str = ""
    currency: str = "USD"
    name: str = ""
    min_tick: float = 0.01
    stock_type: str = ""  # IBKR's word, for example COMMON, ADR, REIT or ETF
    price_magnifier: int = 1  # prices are in so many parts of the currency: 100 where in pence
    lot: int | None = None  # shares that trade together, where the contract says so
    multiplier: float = 1.0  # shares that one contract stands for: 100 for most options

    def quoted(self, amount: float) -> Price:
        """Return a price of this contract as its market quotes it, pence for example."""
        return Price(amount, self.currency, self.price_magnifier)


LIVE = "live"
PREVIOUS_CLOSE = "previous close"  # nobody was asked: the newest daily bar


@dataclass(frozen=True, slots=True)
class Quote:
    """A snapshot of one instrument's market."""

    con_id: int
    symbol: str
    as_of: datetime
    bid: float | None
    ask: float | None
    last: float | None
    close: float | None  # the previous session's close
    volume: float | None  # shares traded in this session so far
    source: str  # "live", "frozen", "delayed", "delayed-frozen" or `PREVIOUS_CLOSE`
    halted: bool | None = None

    @property
    def mid(self) -> float | None:
        """Midpoint of bid and ask, where both are known."""
        if self.bid is None or self.ask is None:
            return None
        return (self.bid + self.ask) / 2

    @property
    def reference_price(self) -> float | None:
        """What a share is worth now: midpoint, else last trade, else previous close."""
        for price in (self.mid, self.last, self.close):
            if price is not None:
                return price
        return None
