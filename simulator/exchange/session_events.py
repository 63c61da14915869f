"""Midnight, open and close, and the hours around them: what moves the exchange by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto

from core.calendar import session, sessions_between
from simulator.clock import NEW_YORK
from simulator.prices.announcements import Announcements
from simulator.prices.market_view import midnight
from simulator.prices.trading_hours import extended_session


class Boundary(Enum):
    """What happens at a moment of the day, in this order."""

    MIDNIGHT = auto()  # splits take effect
    EARLY = auto()  # orders that may work outside the regular session begin to
    OPEN = auto()  # the opening auction
    CLOSE = auto()  # limit orders are decided, day orders expire
    LATE = auto()  # day orders that may work outside the regular session expire


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """A boundary of one session."""

    at: datetime
    day: date
    boundary: Boundary


def session_events(
    after: datetime, until: datetime, announced: Announcements
) -> Iterator[SessionEvent]:
    """Yield the boundaries later than ``after`` and not later than ``until``, in order.

    A session that was cancelled has none but its midnight: what is ordered waits for the next.
    """
    first, last = (moment.astimezone(NEW_YORK).date() for moment in (after, until))
    for day in sessions_between(first, last):
        hours = session(day)
        early, late = extended_session(day)
        for at, boundary in (
            (midnight(day), Boundary.MIDNIGHT),
            (early, Boundary.EARLY),
            (hours.open, Boundary.OPEN),
            (hours.close, Boundary.CLOSE),
            (late, Boundary.LATE),
        ):
            takes_place = boundary is Boundary.MIDNIGHT or announced.take_place(day)
            if after < at <= until and takes_place:
                yield SessionEvent(at, day, boundary)
