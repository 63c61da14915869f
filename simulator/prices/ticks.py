"""Single trades and quotes of closed sessions, cut from the minutes of their bars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from simulator.market.market import DailyBar, Instrument
from simulator.prices.bar_sizes import path_of
from simulator.prices.intraday import TimedBar
from simulator.prices.market_view import Summary
from simulator.prices.quotes import half_spread

SIZE = "1 min"


@dataclass(frozen=True, slots=True)
class PastTick:
    """A trade, or the quote around it: prices per share, sizes in shares."""

    at: datetime
    price: float
    size: int
    bid: float
    ask: float


def ticks(
    sessions: Sequence[DailyBar],
    instrument: Instrument,
    summary: Summary,
    *,
    newest_first: bool,
) -> Iterator[PastTick]:
    """Yield four ticks a minute: its open, extremes and close, each with a quarter of its volume.

    They are in the order of time, or with ``newest_first`` against it.
    """
    paths = path_of(instrument)
    order = -1 if newest_first else 1
    for daily in sessions[::order]:
        for bar in paths.bars(daily, SIZE)[::order]:
            yield from _of_minute(bar, instrument, summary)[::order]


def _of_minute(bar: TimedBar, instrument: Instrument, summary: Summary) -> list[PastTick]:
    # A rising minute has its low first.
    rising = bar.close >= bar.open
    prices = [bar.open, *((bar.low, bar.high) if rising else (bar.high, bar.low)), bar.close]
    half = half_spread(instrument, bar.close, summary)
    size = max(bar.volume // 4, 1)
    return [
        PastTick(
            at=bar.begin.replace(second=15 * quarter),
            price=price,
            size=size,
            bid=max(round(price - half, 6), instrument.min_tick),
            ask=round(price + half, 6),
        )
        for quarter, price in enumerate(prices)
    ]


def histogram(sessions: Sequence[DailyBar], instrument: Instrument) -> list[tuple[float, int]]:
    """Return how much traded at each price, ascending by price."""
    paths = path_of(instrument)
    traded: Counter[float] = Counter()
    for daily in sessions:
        for bar in paths.bars(daily, SIZE):
            traded[bar.close] += bar.volume
    return sorted(traded.items())
