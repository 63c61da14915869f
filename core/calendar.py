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
QUARTER = timedelta(days=91)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The calendar of an exchange, with what is known of single days beyond it.

    An exchange may close or shorten a session on a few days' notice (a day of mourning, a storm);
    until a newer `exchange_calendars` knows, a person says so in the settings.
    """

    exchange: str
    closed: frozenset[date] = frozenset()  # sessions that do not take place
    early_closes: tuple[tuple[date, time], ...] = ()  # in the exchange's own time

    def __str__(self) -> str:
        """Name the exchange."""
        return self.exchange

    def problems(self) -> list[str]:
        """Say of each single day what cannot be meant; nothing where all can."""
        closed = [
            f"closed: {day} is no session of {self.exchange} as it is; leave it out"
            for day in sorted(self.closed)
            if not self._has(day)
        ]
        return closed + [each for day, at in self.early_closes for each in self._not_early(day, at)]

    def _has(self, day: date) -> bool:
        first, last = _sessions_recorded(self.exchange)
        return first <= day <= last and is_session(day, exchange=self.exchange)

    def _not_early(self, day: date, at: time) -> list[str]:
        if not self._has(day) or day in self.closed:
            return [f"early_closes: {day} is no session of {self.exchange}; leave it out"]
        found, zone = session(day, exchange=self.exchange), _calendar(self.exchange).tz
        if found.open < datetime.combine(day, at, zone) < found.close:
            return []
        hours = (f"{moment.astimezone(zone):%H:%M}" for moment in (found.open, found.close))
        within = f"the session of {self.exchange}, {' to '.join(hours)} in its own time"
        return [f"early_closes: {at:%H:%M} on {day} is not within {within}"]


Exchange = str | Calendar  # by its name alone: the calendar as it is published


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


def exchange_names() -> list[str]:
    """Return every name an exchange can be given by: MIC codes and a few usual aliases."""
    import exchange_calendars  # noqa: PLC0415 - as in `_calendar`

    return list(exchange_calendars.get_calendar_names())


def _calendar(exchange: Exchange) -> Any:
    return _published(str(exchange))


def _closed(exchange: Exchange) -> frozenset[date]:
    return frozenset() if isinstance(exchange, str) else exchange.closed


def _early(exchange: Exchange) -> dict[date, time]:
    return {} if isinstance(exchange, str) else dict(exchange.early_closes)


def zone_of(exchange: Exchange) -> ZoneInfo:
    """Return the zone that the exchange keeps its time in."""
    zone: ZoneInfo = _calendar(exchange).tz
    return zone


@cache
def _published(exchange: str) -> Any:
    # Imported late: it costs more than a second, and `daybook --help` does not need it.
    import exchange_calendars  # noqa: PLC0415

    with warnings.catch_warnings():
        # exchange_calendars 4.13 drops time zones in a way that pandas 4 will refuse.
        warnings.simplefilter("ignore", DeprecationWarning)
        # The default horizon is today + 1 year: with bounds no answer depends on the clock.
        first, last = _recorded(exchange)
        return exchange_calendars.get_calendar(exchange, start=first, end=last)


def _recorded(exchange: str) -> tuple[date, date]:
    """Return the days a calendar can be built for, at most ``FIRST`` to ``LAST``.

    Some exchanges publish their holidays a year ahead only, or began later: asked for more,
    exchange_calendars builds nothing at all (4.13.2: AIXK, XBOM, XSAU, XSES, XSHG).
    """
    from exchange_calendars import calendar_utils  # noqa: PLC0415 - as in `_calendar`

    name = calendar_utils.resolve_alias(exchange)
    kind = calendar_utils._default_calendar_factories[name]  # noqa: SLF001 - there is no public way
    earliest, newest = kind.bound_min(), kind.bound_max()
    first = FIRST if earliest is None else max(FIRST, earliest.date())
    return first, LAST if newest is None else min(LAST, newest.date())


@cache
def _sessions_recorded(exchange: Exchange) -> tuple[date, date]:
    calendar = _calendar(exchange)
    return calendar.first_session.date(), calendar.last_session.date()


def is_session(day: date, *, exchange: Exchange = "XNYS") -> bool:
    """Tell whether the exchange trades on this day. Raises `NoData` where nobody knows yet.

    Known are 2015 to 2035, less where the exchange publishes its holidays a year ahead only.
    """
    _within_horizon(day, exchange)
    return day not in _closed(exchange) and bool(_calendar(exchange).is_session(day))


@cache
def session(day: date, *, exchange: Exchange = "XNYS") -> Session:
    """Return the session of this day. Raises `NoData` when there is none."""
    if not is_session(day, exchange=exchange):
        why = " (calendar.closed in the settings)" if day in _closed(exchange) else ""
        raise NoData(f"{exchange} has no session on {day:%A %d %B %Y}{why}")
    calendar = _calendar(exchange)
    close = calendar.session_close(day).to_pydatetime().astimezone(UTC)
    early = _early(exchange).get(day)
    if early is not None:
        close = min(close, datetime.combine(day, early, calendar.tz).astimezone(UTC))
    return Session(
        day=day,
        open=calendar.session_open(day).to_pydatetime().astimezone(UTC),
        close=close,
    )


def unusual_hours(found: Session, *, exchange: Exchange = "XNYS") -> str:
    """Say in one sentence what is unusual about a session's hours; empty where nothing is.

    An early close or a late open by the exchange's calendar, or, as seen from Bucharest, another
    opening time than on most sessions of the quarter before: clocks do not change on one day
    everywhere.
    """
    calendar = _calendar(exchange)
    day = found.day.isoformat()
    told = []
    if day in calendar.late_opens:
        told.append(f"opens late today, {_both(found.open)}")
    else:
        usual, now = _usual_open(found, exchange), found.open.astimezone(BUCHAREST)
        if (now.hour, now.minute) != (usual.hour, usual.minute):
            told.append(f"opens at {now:%H:%M} Bucharest today rather than at {usual:%H:%M}")
    if day in calendar.early_closes or found.day in _early(exchange):
        told.append(f"closes early today, {_both(found.close)}")
    return f"{exchange} {' and '.join(told)}" if told else ""


def local_time(moment: datetime, *, seconds: bool = False) -> str:
    """Write an aware moment's time of day in Bucharest, with the zone.

    >>> from datetime import UTC
    >>> local_time(datetime(2026, 7, 20, 13, 15, tzinfo=UTC))
    '16:15 Bucharest'
    """
    shown = moment.astimezone(BUCHAREST)
    return f"{shown:%H:%M:%S} Bucharest" if seconds else f"{shown:%H:%M} Bucharest"


def local_moment(moment: datetime, *, seconds: bool = False) -> str:
    """Write an aware moment's day and time of day in Bucharest, with the zone.

    >>> from datetime import UTC
    >>> local_moment(datetime(2026, 1, 20, 22, 30, tzinfo=UTC))
    '2026-01-21 00:30 Bucharest'
    """
    return f"{moment.astimezone(BUCHAREST):%Y-%m-%d} {local_time(moment, seconds=seconds)}"


def _both(moment: datetime) -> str:
    return f"{local_time(moment)} / {moment.astimezone(UTC):%H:%M} UTC"


def _usual_open(found: Session, exchange: Exchange) -> time:
    """Return the Bucharest time at which most sessions of the quarter before opened."""
    first = max(found.day - QUARTER, FIRST)
    opens = _calendar(exchange).opens.loc[first.isoformat() : found.day.isoformat()]
    clocks: list[time] = [moment.time() for moment in opens.dt.tz_convert(BUCHAREST)]
    return max(reversed(clocks), key=clocks.count)


def previous_session(day: date, *, exchange: Exchange = "XNYS") -> Session:
    """Return the last session strictly before this day."""
    return _nearest(day, -1, exchange)


def next_session(day: date, *, exchange: Exchange = "XNYS") -> Session:
    """Return the first session strictly after this day."""
    return _nearest(day, 1, exchange)


def _nearest(day: date, step: int, exchange: Exchange) -> Session:
    direction = "next" if step > 0 else "previous"
    while True:
        _within_horizon(day + timedelta(days=step), exchange)
        calendar = _calendar(exchange)
        day = calendar.date_to_session(day + timedelta(days=step), direction=direction).date()
        if day not in _closed(exchange):
            return session(day, exchange=exchange)


def sessions_between(first: date, last: date, *, exchange: Exchange = "XNYS") -> list[date]:
    """Return the days of all sessions from first to last, both included."""
    _within_horizon(first, exchange)
    _within_horizon(last, exchange)
    found = (moment.date() for moment in _calendar(exchange).sessions_in_range(first, last))
    closed = _closed(exchange)
    return [day for day in found if day not in closed]


def latest_session(moment: datetime, *, exchange: Exchange = "XNYS") -> Session:
    """Return the newest session whose decision time is not after this moment."""
    day = moment.astimezone(BUCHAREST).date()
    if is_session(day, exchange=exchange):
        today = session(day, exchange=exchange)
        if today.decision_time <= moment:
            return today
    return previous_session(day, exchange=exchange)


def last_complete_session(moment: datetime, *, exchange: Exchange = "XNYS") -> Session:
    """Return the newest session that has closed by this moment: the last one with a whole bar."""
    day = moment.astimezone(UTC).date()
    if is_session(day, exchange=exchange):
        today = session(day, exchange=exchange)
        if today.close <= moment:
            return today
    return previous_session(day, exchange=exchange)


def _within_horizon(day: date, exchange: Exchange) -> None:
    first, last = _sessions_recorded(exchange)
    if not first <= day <= last:
        raise NoData(
            f"{day} is outside the exchange calendar of {exchange}, {first} to {last}; "
            "a newer exchange_calendars may know more"
        )
