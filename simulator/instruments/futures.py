"""Futures on the index: one a quarter, settled in cash at the close of the third Friday."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import exp

from simulator.instruments.expirations import quarterly
from simulator.market.benchmarks import INDEX
from simulator.market.market import DailyBar, Instrument

FIRST_CON_ID = 2_100_000_000
SYMBOL, EXCHANGE = "DBF", "CME"
MULTIPLIER, TICK = 50, 0.25
CARRY = 0.025  # a year: interest less the dividends of the index
USUAL_VOLUME = 150_000  # contracts a day in the nearest month, half of that in each later one


def con_id_of(expiry: date) -> int:
    """Return the conId of the future that expires on a day."""
    return FIRST_CON_ID + quarterly().index(expiry)


def instrument(con_id: int) -> Instrument | None:
    """Return the future of a conId, None when it is no future's."""
    place = con_id - FIRST_CON_ID
    if not 0 <= place < len(quarterly()):
        return None
    expiry = quarterly()[place]
    return Instrument(
        con_id, SYMBOL, "Daybook Thirty Index Future", "FUT", EXCHANGE, min_tick=TICK,
        stock_type="", multiplier=MULTIPLIER, expiry=expiry, trading_class=SYMBOL,
        underlying=INDEX,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class FutureBars:
    """Prices of a future from the level of the index."""

    expiry: date

    def bar(self, index: DailyBar) -> DailyBar:
        """Return the future's bar of a session."""
        days = max((self.expiry - index.session).days, 0)
        factor = exp(CARRY * days / 365)
        open_, high, low, close = (self.price(level * factor) for level in index[1:5])
        volume = USUAL_VOLUME >> min(days // 91, 8)
        return DailyBar(index.session, open_, high, low, close, volume)

    def price(self, level: float) -> float:
        """Return a price on the tick."""
        return round(level / TICK) * TICK
