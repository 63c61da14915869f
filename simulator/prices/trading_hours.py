"""When each kind of instrument trades, as contract details say it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache

from core.calendar import is_session, session
from simulator.clock import NEW_YORK
from simulator.prices.announcements import EARLY_CLOSE, Announced, Announcements

DAYS_SHOWN = 6  # as TWS does
EXTENDED = ("0400", "2000")  # of shares
AROUND_THE_CLOCK = {"FUT": ("1800", "1700"), "CASH": ("1715", "1700")}  # since the evening before


def hours(today: date, announced: Announcements, *, sec_type: str, extended: bool) -> str:
    """Return trading hours as TWS writes them: ``20260615:0930-20260615:1600;…:CLOSED``.

    ``extended`` are all hours; without, the liquid ones: the regular session.
    """
    days = [today + timedelta(days=ahead) for ahead in range(DAYS_SHOWN)]
    told = {day: announced.of(day) for day in days}
    if Announced.SILENT in told.values():
        return ""
    return ";".join(
        _hours_of(day, sec_type, extended=extended)
        if told[day] is None
        else _announced_hours(day, told[day])
        for day in days
    )


def extended_session(day: date) -> tuple[datetime, datetime]:
    """Return between which moments of a session's day shares trade at all."""
    begin, end = (datetime.combine(day, time.fromisoformat(at), NEW_YORK) for at in EXTENDED)
    return begin, end


def _announced_hours(day: date, told: Announced | None) -> str:
    if told is Announced.CLOSED or not is_session(day):
        return f"{day:%Y%m%d}:CLOSED"
    begin = session(day).open.astimezone(NEW_YORK)
    return f"{day:%Y%m%d}:{begin:%H%M}-{day:%Y%m%d}:{EARLY_CLOSE:%H%M}"


@lru_cache(maxsize=512)
def _hours_of(day: date, sec_type: str, *, extended: bool) -> str:
    around = AROUND_THE_CLOCK.get(sec_type)
    if around and (extended or sec_type == "CASH"):
        if day.weekday() >= 5:
            return f"{day:%Y%m%d}:CLOSED"
        return f"{day - timedelta(days=1):%Y%m%d}:{around[0]}-{day:%Y%m%d}:{around[1]}"
    if not is_session(day):
        return f"{day:%Y%m%d}:CLOSED"
    begin, end = EXTENDED
    if not extended or sec_type != "STK":
        regular = session(day)
        begin, end = (f"{at.astimezone(NEW_YORK):%H%M}" for at in (regular.open, regular.close))
    return f"{day:%Y%m%d}:{begin}-{day:%Y%m%d}:{end}"
