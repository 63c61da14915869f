"""Announcements to everybody who trades here: unusual sessions, listings that end, new symbols."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from core.calendar import is_session, session, unusual_hours
from simulator.clock import NEW_YORK
from simulator.prices.market_view import MarketView

PUBLISHED = time(6, 0)  # in New York
AHEAD = timedelta(days=7)  # how long before it happens
A_DAY = timedelta(days=1)
FRIDAY = 4
LONGEST = timedelta(days=31)  # of them nobody is told more at once


@dataclass(frozen=True, slots=True)
class Bulletin:
    """One announcement."""

    number: int
    at: datetime
    text: str
    exchange: str


def bulletins(view: MarketView, *, after: datetime, until: datetime) -> list[Bulletin]:
    """Return what was announced after a moment and up to another, oldest first."""
    day = max(after, until - LONGEST).astimezone(NEW_YORK).date()
    found: list[Bulletin] = []
    while day <= until.astimezone(NEW_YORK).date():
        at = datetime.combine(day, PUBLISHED, NEW_YORK)
        texts = _of_day(view, day) if after < at <= until else ()
        for number, (exchange, text) in enumerate(texts):
            found.append(Bulletin(int(f"{day:%Y%m%d}{number:02d}"), at, text, exchange))
        day += A_DAY
    return found


def _of_day(view: MarketView, day: date) -> Iterator[tuple[str, str]]:
    """Yield the exchange and the text of each announcement of a day."""
    ahead = day + AHEAD
    if ahead.weekday() <= FRIDAY and not is_session(ahead):
        yield "NYSE", f"The New York exchanges are closed on {ahead:%A, %d %B %Y}."
    elif is_session(ahead) and (said := unusual_hours(session(ahead))):
        yield "NYSE", f"Unusual trading hours on {ahead:%A, %d %B %Y}: {said}."
    for item in view.securities.benchmarks.instruments.values():
        if item.listed_until == ahead:
            yield (
                item.primary_exchange,
                (f"{item.name} ({item.symbol}) trades for the last time on {ahead:%d %B %Y}."),
            )
        if item.renamed is not None and item.renamed[0] == ahead:
            yield (
                item.primary_exchange,
                (
                    f"{item.name} changes its symbol from {item.symbol} to {item.renamed[1]} on "
                    f"{ahead:%d %B %Y}."
                ),
            )
    if day.weekday() == FRIDAY:
        night = f"{day + A_DAY:%d %B %Y}"
        yield (
            "SMART",
            f"The simulator is maintained from 23:45 on {night} for an hour, New York time.",
        )
