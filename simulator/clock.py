"""The simulator's own time. It stands still until somebody moves it, and never goes back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from core.errors import ConfigurationError

NEW_YORK = ZoneInfo("America/New_York")  # the exchange's own time


class VirtualClock:
    """A clock moved by hand. Those who watch it are notified of every move, in order of joining."""

    def __init__(self, start: datetime) -> None:
        self._now = _aware(start)
        self._watchers: list[Callable[[datetime], None]] = []

    def now(self) -> datetime:
        """Return the simulated moment, aware, in UTC."""
        return self._now

    def watch(self, watcher: Callable[[datetime], None]) -> None:
        """Call ``watcher`` with the new time after every move."""
        self._watchers.append(watcher)

    def advance_to(self, moment: datetime) -> None:
        """Move to a later moment. Raises `ConfigurationError` for an earlier one."""
        moment = _aware(moment)
        if moment < self._now:
            raise ConfigurationError(
                f"the simulated clock stands at {self._now.isoformat()} and cannot go back "
                f"to {moment.isoformat()}"
            )
        self._now = moment
        for watcher in self._watchers:
            watcher(moment)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ConfigurationError(f"a simulated time needs a zone: {moment.isoformat()}")
    return moment.astimezone(UTC)
