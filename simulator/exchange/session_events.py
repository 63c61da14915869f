"""Midnight, open and close: what moves the exchange without an order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto

from core.calendar import session, sessions_between
from simulator.prices.market_view import NEW_YORK, midnight


class Boundary(Enum):
    """What happens at a moment of the day, in this order."""

    MIDNIGHT = auto()  # splits take effect
    OPEN = auto()  # the opening auction
    CLOSE = auto()  # limit orders are decided, day orders expire


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """A boundary of one session."""

    at: datetime
    day: date
    boundary: Boundary


def session_events(after: datetime, until: datetime) -> Iterator[SessionEvent]:
    """Yield the boundaries later than ``after`` and not later than ``until``, in order."""
    first, last = (moment.astimezone(NEW_YORK).date() for moment in (after, until))
    for day in sessions_between(first, last):
        hours = session(day)
        for at, boundary in (
            (midnight(day), Boundary.MIDNIGHT),
            (hours.open, Boundary.OPEN),
            (hours.close, Boundary.CLOSE),
        ):
            if after < at <= until:
                yield SessionEvent(at, day, boundary)
