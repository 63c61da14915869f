"""What the exchange announced of single sessions after every calendar was written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from enum import Enum

from core.calendar import is_session, next_session
from simulator.clock import NEW_YORK
from simulator.untidy.oddities import Untidiness

EARLY_CLOSE = time(13)  # of a session that was shortened, in New York


class Announced(Enum):
    """What became of a session."""

    CLOSED = "closed"  # it does not take place
    SHORTENED = "shortened"  # it ends at `EARLY_CLOSE`
    SILENT = "silent"  # it takes place, but contracts do not say when


def new_york_day(moment: datetime) -> date:
    """Return the day of a moment in New York."""
    return moment.astimezone(NEW_YORK).date()


def nothing(day: date) -> Announced | None:
    """Announce nothing of any session."""
    del day
    return None


class Announcements:
    """What was announced of each day: by an untidy world, or by a fault that is switched on.

    Attributes
    ----------
    faults
        What the faults of the gateway say of a day.
    """

    def __init__(self, untidy: Untidiness) -> None:
        self._untidy = untidy
        self.faults: Callable[[date], Announced | None] = nothing

    def of(self, day: date) -> Announced | None:
        """Return what was announced of a day; None where its calendar holds."""
        found = self.faults(day)
        if found is not None or not self._untidy.names:
            return found
        for kind in Announced:
            if self._untidy.strikes(f"session-{kind.value}", day, one_in=3):
                return kind
        return None

    def take_place(self, day: date) -> bool:
        """Tell whether a session of the calendar takes place."""
        return self.of(day) is not Announced.CLOSED

    def stop(self, now: datetime) -> bool:
        """Tell whether trading that the calendar knows does not take place at this moment."""
        local = now.astimezone(NEW_YORK)
        found = self.of(local.date())
        return found is Announced.CLOSED or (
            found is Announced.SHORTENED and local.time() >= EARLY_CLOSE
        )

    def next_day(self, day: date) -> date:
        """Return this session, or the next one that takes place."""
        while not (is_session(day) and self.take_place(day)):
            day = next_session(day).day
        return day
