"""Single trades and the quotes around them, cut from the seconds of a session.

In a second there are up to three trades: at its two extremes and at its close. Their sizes sum to
its volume, and so those of a session to that of its daily bar. A second without volume has none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from core.calendar import session
from simulator.market.market import DailyBar, Instrument
from simulator.prices.bar_sizes import path_of
from simulator.prices.intraday import MINUTE, SECOND, TimedBar
from simulator.prices.market_view import MarketView, phase
from simulator.prices.quotes import sides_in_session

EACH_SECOND = "1 secs"


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade and the quote around it: prices per share, sizes in shares."""

    at: datetime
    price: float
    size: int
    bid: float
    ask: float
    bid_size: int
    ask_size: int

    @property
    def middle(self) -> float:
        """Half way between bid and ask."""
        return round((self.bid + self.ask) / 2, 6)


def past_trades(
    view: MarketView,
    instrument: Instrument,
    now: datetime,
    *,
    begin: datetime | None = None,
    end: datetime | None = None,
) -> Iterator[Trade]:
    """Yield the trades from ``begin`` on, oldest first, or those before ``end``, newest first.

    Of closed sessions, and of the running one what has passed of it.
    """
    end = now if end is None else min(end, now)
    order = 1 if begin is not None else -1
    for day, daily in _days(view, instrument, now)[::order]:
        hours = session(day)
        if hours.open >= end or (begin is not None and hours.close <= begin):
            continue
        for minute in range((hours.close - hours.open) // MINUTE)[::order]:
            first = hours.open + minute * MINUTE
            last = first + MINUTE
            if first < end and (begin is None or last > begin):
                seconds = _seconds(view, instrument, daily, first, min(last, now))
                trades = [trade for one in seconds for trade in trades_of(view, instrument, one)]
                kept = (t for t in trades[::order] if t.at < end and (not begin or t.at >= begin))
                yield from kept


def _days(
    view: MarketView, instrument: Instrument, now: datetime
) -> list[tuple[date, DailyBar | None]]:
    """Return the sessions with their bars, oldest first; the running one has none yet."""
    running = phase(now).running
    closed: list[tuple[date, DailyBar | None]] = [
        (bar.session, bar) for bar in view.daily(instrument.con_id, now)
    ]
    return closed if running is None else [*closed, (running.day, None)]


def _seconds(
    view: MarketView,
    instrument: Instrument,
    daily: DailyBar | None,
    first: datetime,
    last: datetime,
) -> list[TimedBar]:
    if daily is None:
        return view.running_bars(instrument.con_id, last, EACH_SECOND, since=first)
    return path_of(instrument).bars(daily, EACH_SECOND, since=first, until=last)


def trades_of(view: MarketView, instrument: Instrument, second: TimedBar) -> list[Trade]:
    """Return the trades of one second, in the order of its path."""
    rising = second.close >= second.open
    turns = (second.low, second.high) if rising else (second.high, second.low)
    prices = [price for price in dict.fromkeys(turns) if price != second.close]
    prices = [*prices, second.close][-second.volume :] if second.volume else []
    found = []
    for number, price in enumerate(prices, start=1):
        share = second.volume // len(prices)
        size = share if number < len(prices) else second.volume - share * (len(prices) - 1)
        sides = sides_in_session(view, instrument, price, second.begin)
        found.append(Trade(second.begin, price, size, *sides))
    return found


def bars_between(
    view: MarketView, instrument: Instrument, size: str, *, since: datetime, now: datetime
) -> list[TimedBar]:
    """Return the short bars of the newest session that began at or after a moment, up to now.

    The last one may still be running. None where the bars are real.
    """
    where = phase(now)
    day = where.running.day if where.running else where.last_complete
    start = max(since, session(day).open)
    if view.is_real or start >= min(now, session(day).close):
        return []
    if where.running is not None:
        found = view.running_bars(instrument.con_id, now, size, since=start)
    else:
        newest = view.daily(instrument.con_id, now)[-1:]
        path = path_of(instrument)
        found = [
            bar for daily in newest if daily.session == day
            for bar in path.bars(daily, size, since=start)
        ]  # fmt: skip
    return [bar for bar in found if bar.begin >= start]


def completed(bars: Sequence[TimedBar], seconds: int, now: datetime) -> list[TimedBar]:
    """Return the bars of this length that are over."""
    return [bar for bar in bars if bar.begin + seconds * SECOND <= now]


def histogram(sessions: Sequence[DailyBar], instrument: Instrument) -> list[tuple[float, int]]:
    """Return how much traded at each price, ascending by price."""
    path = path_of(instrument)
    traded: Counter[float] = Counter()
    for daily in sessions:
        for bar in path.bars(daily, "1 min"):
            traded[bar.close] += bar.volume
    return sorted(traded.items())
