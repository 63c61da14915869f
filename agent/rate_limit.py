"""How often a caller may call: a bucket of tokens, refilled steadily."""

from __future__ import annotations

import threading

from core.clock import stopwatch
from core.errors import DaybookError


class TooManyCalls(DaybookError):
    """The caller has used up its calls for now."""


class RateLimit:
    """So many calls a minute for each caller; a minute's worth may come at once."""

    def __init__(self, calls_per_minute: int) -> None:
        self._most = calls_per_minute
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}  # caller: calls left, and when that was

    def take(self, caller: str) -> None:
        """Count one call. Raises `TooManyCalls` when none is left."""
        now = stopwatch()
        with self._lock:
            left, since = self._left.get(caller, (float(self._most), now))
            left = min(self._most, left + (now - since) * self._most / 60.0)
            if left < 1.0:
                self._left[caller] = (left, now)
                wait = (1.0 - left) * 60.0 / self._most
                raise TooManyCalls(
                    f"more than {self._most} calls a minute; call again in {wait:.1f} s"
                )
            self._left[caller] = (left - 1.0, now)
