"""Bars of every size TWS knows, from the daily bars of one instrument.

Bars exist of sessions that have closed. Those of a running session would tell how it ends: they
are cut from its daily bar.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from core.calendar import session
from simulator.market.market import DailyBar
from simulator.prices.intraday import MINUTE, SECOND, TimedBar, cut, join
from simulator.prices.market_view import NEW_YORK

DAY, WEEK, MONTH = "1 day", "1 week", "1 month"
SECONDS = {
    "1 secs": 1, "5 secs": 5, "10 secs": 10, "15 secs": 15, "30 secs": 30, "1 min": 60,
    "2 mins": 120, "3 mins": 180, "5 mins": 300, "10 mins": 600, "15 mins": 900,
    "20 mins": 1200, "30 mins": 1800, "1 hour": 3600, "2 hours": 7200, "3 hours": 10_800,
    "4 hours": 14_400, "8 hours": 28_800,
}  # fmt: skip
BAR_SIZES = (*SECONDS, DAY, WEEK, MONTH)


@dataclass(frozen=True, slots=True)
class Paths:
    """How the sessions of one instrument are cut up."""

    con_id: int
    tick: float

    def bars(self, daily: DailyBar, size: str, *, since: datetime | None = None) -> list[TimedBar]:
        """Return the bars of one session, oldest first, from the one that holds ``since`` on."""
        seconds, hours = SECONDS[size], session(daily.session)
        opened = hours.open.astimezone(NEW_YORK)
        first = opened.hour * 3600 + opened.minute * 60  # of the New York day, whose grid counts
        passed = 0 if since is None else max(int((since - hours.open).total_seconds()), 0)
        start = (first + passed) // seconds * seconds  # where the first bar wanted begins
        unit = MINUTE if seconds >= 60 else SECOND
        step = unit // SECOND
        parts: Sequence[TimedBar] = self._minutes(daily)
        skipped = max(start - first, 0) // 60
        if unit is SECOND:
            parts = [second for minute in parts[skipped:] for second in self._seconds(minute)]
            first += 60 * skipped
        grouped = groupby(enumerate(parts), key=lambda part: (first + part[0] * step) // seconds)
        return [
            join([bar for _, bar in group])
            for number, group in grouped
            if number * seconds >= start
        ]

    def _minutes(self, daily: DailyBar) -> list[TimedBar]:
        hours = session(daily.session)
        whole = TimedBar(hours.open, *daily[1:])
        count = (hours.close - hours.open) // MINUTE
        return cut(whole, count, MINUTE, tick=self.tick, key=f"{self.con_id}/{daily.session}")

    def _seconds(self, minute: TimedBar) -> list[TimedBar]:
        key = f"{self.con_id}/{minute.begin.isoformat()}"
        return cut(minute, 60, SECOND, tick=self.tick, key=key)


def longer_bars(bars: Iterable[DailyBar], size: str) -> list[DailyBar]:
    """Put daily bars together to weeks or months, each dated by its last session."""
    key: Callable[[date], object] = _week if size == WEEK else _month
    found = []
    for _, group in groupby(bars, key=lambda bar: key(bar.session)):
        days = list(group)
        timed = join([TimedBar(session(day.session).open, *day[1:]) for day in days])
        found.append(DailyBar(days[-1].session, *timed[1:]))
    return found


def timed_bars(
    bars: Sequence[DailyBar], paths: Paths, size: str, *, begin: datetime | None, end: datetime
) -> Iterator[TimedBar]:
    """Yield the bars of several sessions that begin before ``end``.

    ``begin`` is where the first session is entered; None: at its open.
    """
    for number, daily in enumerate(bars):
        since = begin if number == 0 else None
        yield from (bar for bar in paths.bars(daily, size, since=since) if bar.begin < end)


def trading_time_before(
    bars: Sequence[DailyBar], end: datetime, span: timedelta
) -> tuple[Sequence[DailyBar], datetime | None]:
    """Return the sessions that ``span`` of trading before ``end`` touches, and where it begins."""
    left = span
    for at in range(len(bars) - 1, -1, -1):
        hours = session(bars[at].session)
        length = min(hours.close, end) - hours.open
        if length <= timedelta(0):
            continue
        if length >= left:
            return bars[at:], min(hours.close, end) - left
        left -= length
    return bars, None


def closed_by(bars: Sequence[DailyBar], day: date) -> int:
    """Return how many bars are of sessions up to a day."""
    return bisect_right(bars, day, key=lambda bar: bar.session)


def _week(day: date) -> tuple[int, int]:
    year, week, _ = day.isocalendar()
    return year, week


def _month(day: date) -> tuple[int, int]:
    return day.year, day.month
