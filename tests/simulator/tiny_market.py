"""A market small enough to work out by hand, and a few moments of its calendar."""

from datetime import date
from math import prod

from core.calendar import session, sessions_between
from core.types import Side
from simulator.exchange.orders import OrderTerms, OrderType, TimeInForce
from simulator.market.market import DailyBar, Instrument, Split

ACME, BOLT, CALM, DUAL, DUAL_LONDON, EMPTY = 101, 102, 103, 104, 105, 106
FIRST, LAST = date(2026, 3, 2), date(2026, 6, 30)
MONDAY, TUESDAY = date(2026, 6, 15), date(2026, 6, 16)
BEFORE_OPEN = session(MONDAY).decision_time
OPEN, CLOSE = session(MONDAY).open, session(MONDAY).close
NEXT_MORNING = session(TUESDAY).decision_time

INSTRUMENTS = (
    Instrument(ACME, "ACME", "Acme Café \\ Söhne", "STK", "NASDAQ", "USD", "Energy", "Oil"),
    Instrument(BOLT, "BOLT", "Bolt Industries", "STK", "NYSE"),
    Instrument(CALM, "CALM", "Calm Holdings", "STK", "NYSE"),
    Instrument(DUAL, "DUAL", "Dual Corp", "STK", "NYSE"),
    Instrument(DUAL_LONDON, "DUAL", "Dual plc", "STK", "LSE", "GBP"),
    Instrument(EMPTY, "EMPTY", "Empty Inc", "STK", "NYSE"),
)


USUAL = {
    ACME: (100.0, 104.0, 96.0, 102.0, 5_000_000),
    BOLT: (50.0, 51.0, 49.0, 49.5, 2_000_000),
    CALM: (20.0, 20.5, 19.5, 20.0, 30_000),
    DUAL: (10.0, 10.5, 9.5, 10.0, 1_000_000),
    DUAL_LONDON: (8.0, 8.5, 7.5, 8.0, 1_000_000),
}


BARS = {
    con_id: {day: DailyBar(day, *bar) for day in sessions_between(FIRST, LAST)}
    for con_id, bar in USUAL.items()
} | {EMPTY: {}}


class TinyMarket:
    """Every session of every instrument is the same bar, unless the test says otherwise.

    ACME trades around 100, BOLT around 50 on the second bar of the day, CALM rarely and around 20.
    """

    world_id = "00000000a1b2"
    assumed_spread = None
    title = "tiny market for tests"
    first_session = FIRST
    last_session = LAST
    instruments = INSTRUMENTS

    def __init__(self, changes=None, *, splits=None, untraded=()):
        self._splits = {con_id: tuple(found) for con_id, found in (splits or {}).items()}
        self._bars = {con_id: dict(bars) for con_id, bars in BARS.items()}
        for (con_id, day), bar in (changes or {}).items():
            self._bars[con_id][day] = DailyBar(day, *bar)
        for con_id, day in untraded:
            del self._bars[con_id][day]

    def bars(self, con_id, *, until):
        known = self._known(con_id, until)
        return [self._adjusted(con_id, bar, until) for bar in known] if self._splits else known

    def bar(self, con_id, session):
        return self._bars[con_id].get(session)

    def splits(self, con_id):
        return self._splits.get(con_id, ())

    def _known(self, con_id, until):
        return [bar for day, bar in sorted(self._bars[con_id].items()) if day <= until]

    def _adjusted(self, con_id, bar, until):
        ratio = prod(s.ratio for s in self.splits(con_id) if bar.session < s.session <= until)
        prices = (price / ratio for price in bar[1:5])
        return DailyBar(bar.session, *prices, round(bar.volume * ratio))


def split(ratio, day=TUESDAY):
    return Split(day, ratio)


def market_order(con_id=ACME, quantity=100, **changes):
    return _terms(con_id, quantity, OrderType.MARKET, None, **changes)


def limit_order(con_id=ACME, quantity=100, limit=99.0, **changes):
    return _terms(con_id, quantity, OrderType.LIMIT, limit, **changes)


def _terms(con_id, quantity, order_type, limit, side=Side.BUY, tif=TimeInForce.DAY, ref="ref"):
    return OrderTerms(con_id, side, quantity, order_type, limit, tif, ref)
