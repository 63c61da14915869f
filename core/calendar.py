"""Sessions, half days and deadlines of one exchange, from `exchange_calendars`."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from core.errors import NoData

FIRST, LAST = date(2015, 1, 1), date(2035, 12, 31)
FINISH_LINE_BEFORE_OPEN = timedelta(minutes=15)
BUCHAREST = ZoneInfo("Europe/Bucharest")
DECISION_TIME = time(14, 0)


@dataclass(frozen=True, slots=True)
class Session:
    """One trading day of an exchange. All times are aware and in UTC."""

    day: date
    open: datetime
    close: datetime

    @property
    def decision_time(self) -> datetime:
        """14:00 in Bucharest on this day: when the pipeline starts."""
        return datetime.combine(self.day, DECISION_TIME, BUCHAREST).astimezone(UTC)

    @property
    def finish_line(self) -> datetime:
        """The last moment at which an order may still leave for this session's open."""
        return self.open - FINISH_LINE_BEFORE_OPEN


@cache
def _calendar(exchange: str) -> Any:
    # Imported late: it costs more than a second, and `daybook --help` does not need it.
    import exchange_calendars  # noqa: PLC0415

    with warnings.catch_warnings():
        # exchange_calendars 4.13 drops time zones in a way that pandas 4 will refuse.
        warnings.simplefilter("ignore", DeprecationWarning)
        # The default horizon is today + 1 year: with bounds no answer depends on the clock.
        return exchange_calendars.get_calendar(exchange, start=FIRST, end=LAST)


def is_session(day: date, *, exchange: str = "XNYS") -> bool:
    """Tell whether the exchange trades on this day. Raises `NoData` outside 2015 to 2035."""
    _within_horizon(day)
    return bool(_calendar(exchange).is_session(day))


def session(day: date, *, exchange: str = "XNYS") -> Session:
    """Return the session of this day. Raises `NoData` when there is none."""
    if not is_session(day, exchange=exchange):
        raise NoData(f"{exchange} has no session on {day:%A %d %B %Y}")
    calendar = _calendar(exchange)
    return Session(
        day=day,
        open=calendar.session_open(day).to_pydatetime().astimezone(UTC),
        close=calendar.session_close(day).to_pydatetime().astimezone(UTC),
    )


def previous_session(day: date, *, exchange: str = "XNYS") -> Session:
    """Return the last session strictly before this day."""
    _within_horizon(day)
    earlier = _calendar(exchange).date_to_session(day - timedelta(days=1), direction="previous")
    return session(earlier.date(), exchange=exchange)


def next_session(day: date, *, exchange: str = "XNYS") -> Session:
    """Return the first session strictly after this day."""
    _within_horizon(day)
    later = _calendar(exchange).date_to_session(day + timedelta(days=1), direction="next")
    return session(later.date(), exchange=exchange)


def sessions_between(first: date, last: date, *, exchange: str = "XNYS") -> list[date]:
    """Return the days of all sessions from first to last, both included."""
    _within_horizon(first)
    _within_horizon(last)
    return [moment.date() for moment in _calendar(exchange).sessions_in_range(first, last)]


def latest_session(moment: datetime, *, exchange: str = "XNYS") -> Session:
    """Return the newest session whose decision time is not after this moment."""
    day = moment.astimezone(BUCHAREST).date()
    if is_session(day, exchange=exchange):
        today = session(day, exchange=exchange)
        if today.decision_time <= moment:
            return today
    return previous_session(day, exchange=exchange)


def last_complete_session(moment: datetime, *, exchange: str = "XNYS") -> Session:
    """Return the newest session that has closed by this moment: the last one with a whole bar."""
    day = moment.astimezone(UTC).date()
    if is_session(day, exchange=exchange):
        today = session(day, exchange=exchange)
        if today.close <= moment:
            return today
    return previous_session(day, exchange=exchange)


def _within_horizon(day: date) -> None:
    if not FIRST < day < LAST:
        raise NoData(f"{day} is outside the exchange calendar, {FIRST} to {LAST}")
