"""Bars of every size TWS knows, from the daily bars of one instrument.

They are cut from the session's daily bar, which tells how it ends: of a running session only what
lies before the moment may be asked for.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import groupby

from core.calendar import session
from simulator.clock import NEW_YORK
from simulator.market.benchmarks import FUND, INDEX
from simulator.market.market import DailyBar, Instrument
from simulator.prices.intraday import MINUTE, SECOND, TimedBar, cut, join

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
    """How the sessions of one instrument are cut up.

    ``leader`` is the conId whose path it follows, its own or its underlying's; ``mirrored`` paths
    rise where that one falls.
    """

    leader: int
    tick: float
    mirrored: bool = False

    def bars(
        self,
        daily: DailyBar,
        size: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[TimedBar]:
        """Return the bars of one session, oldest first, from the one that holds ``since`` on.

        With ``until`` nothing later than that second is in them: the last one is what it was then.
        """
        seconds, hours = SECONDS[size], session(daily.session)
        opened = hours.open.astimezone(NEW_YORK)
        first = opened.hour * 3600 + opened.minute * 60  # of the New York day, whose grid counts
        passed = 0 if since is None else max(int((since - hours.open).total_seconds()), 0)
        start = (first + passed) // seconds * seconds  # where the first bar wanted begins
        unit = MINUTE if seconds >= 60 else SECOND
        step, skipped = unit // SECOND, max(start - first, 0) // 60
        parts: Sequence[TimedBar] = self._minutes(daily, until)
        if unit is SECOND:
            parts = self._seconds(daily, skipped, until)
            first += 60 * skipped
        grouped = groupby(enumerate(parts), key=lambda part: (first + part[0] * step) // seconds)
        return [
            join([bar for _, bar in group])
            for number, group in grouped
            if number * seconds >= start
        ]

    def so_far(self, daily: DailyBar, now: datetime) -> DailyBar:
        """Return a session's bar up to a second of it; at the open only the opening price."""
        return self._until(daily, now.replace(microsecond=0))

    def between(self, daily: DailyBar, since: datetime, until: datetime) -> DailyBar:
        """Return a session's bar from one of its seconds to another; in no time the last price."""
        minutes = _minutes_of(self, daily)
        (first, passed), (last, left) = _passed(daily, since), _passed(daily, until)
        if first >= last:
            found = list(self._cut(minutes[first])[passed:left]) if first < len(minutes) else []
        else:
            begun = self._cut(minutes[first])[passed:]
            ended = self._cut(minutes[last])[:left] if left and last < len(minutes) else []
            found = [*begun, *minutes[first + 1 : last], *ended]
        if found:
            return DailyBar(daily.session, *join(found)[1:])
        price = self.so_far(daily, until).close
        return DailyBar(daily.session, price, price, price, price, 0)

    @lru_cache(maxsize=2048)  # noqa: B019 - a path is a value: equal ones share what is kept
    def _until(self, daily: DailyBar, second: datetime) -> DailyBar:
        # Quotes, marks, margins and gains of one moment all ask for it.
        minutes = self._minutes(daily, second)
        if not minutes:
            return DailyBar(daily.session, daily.open, daily.open, daily.open, daily.open, 0)
        return DailyBar(daily.session, *join(minutes)[1:])

    def rest(self, daily: DailyBar, since: datetime) -> DailyBar:
        """Return a session's bar from a second of it on; at the close only the closing price."""
        minutes = _minutes_of(self, daily)
        whole, passed = _passed(daily, since)
        if whole >= len(minutes):
            return DailyBar(daily.session, daily.close, daily.close, daily.close, daily.close, 0)
        begun = self._cut(minutes[whole])[passed:]
        return DailyBar(daily.session, *join([*begun, *minutes[whole + 1 :]])[1:])

    def _minutes(self, daily: DailyBar, until: datetime | None) -> Sequence[TimedBar]:
        """Return the minutes of a session, the last one of what has passed of it by a moment."""
        minutes = _minutes_of(self, daily)
        if until is None:
            return minutes
        whole, left = _passed(daily, until)
        if whole >= len(minutes) or not left:
            return minutes[:whole]
        return [*minutes[:whole], join(self._cut(minutes[whole])[:left])]

    def _seconds(self, daily: DailyBar, skipped: int, until: datetime | None) -> list[TimedBar]:
        """Return the seconds of a session from one of its minutes on, up to a moment."""
        minutes = _minutes_of(self, daily)
        passed = 60 * len(minutes) if until is None else 60 * _passed(daily, until)[0]
        left = 0 if until is None else _passed(daily, until)[1]
        wanted = minutes[skipped : passed // 60 + bool(left)]
        found = [second for minute in wanted for second in self._cut(minute)]
        return found[: passed + left - 60 * skipped] if until is not None else found

    def _cut(self, minute: TimedBar) -> list[TimedBar]:
        key = f"{self.leader}/{minute.begin.isoformat()}"
        return cut(minute, 60, SECOND, tick=self.tick, key=key, mirrored=self.mirrored)


@lru_cache(maxsize=128)
def _minutes_of(paths: Paths, daily: DailyBar) -> tuple[TimedBar, ...]:
    hours = session(daily.session)
    whole = TimedBar(hours.open, *daily[1:])
    count = (hours.close - hours.open) // MINUTE
    key = f"{paths.leader}/{daily.session}"
    return tuple(cut(whole, count, MINUTE, tick=paths.tick, key=key, mirrored=paths.mirrored))


def _passed(daily: DailyBar, until: datetime) -> tuple[int, int]:
    """Return the whole minutes of a session that lie before a moment, and the seconds beyond."""
    return divmod(max((until - session(daily.session).open) // SECOND, 0), 60)


def path_of(instrument: Instrument) -> Paths:
    """Return the path of an instrument: options and futures go with their underlying.

    A put goes against it, and the fund goes with its index.
    """
    leader = instrument.underlying or (INDEX if instrument.con_id == FUND else instrument.con_id)
    return Paths(leader, instrument.min_tick, mirrored=instrument.right == "P")


def longer_bars(bars: Iterable[DailyBar], size: str) -> list[DailyBar]:
    """Put daily bars together to weeks or months, each dated by its last session."""
    key: Callable[[date], object] = _week if size == WEEK else _month
    found = []
    for _, group in groupby(bars, key=lambda bar: key(bar.session)):
        days = list(group)
        timed = join([TimedBar(session(day.session).open, *day[1:]) for day in days])
        found.append(DailyBar(days[-1].session, *timed[1:]))
    return found


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
