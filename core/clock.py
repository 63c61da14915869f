"""The one place that reads the wall clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def stopwatch() -> float:
    """Return seconds that only ever grow, to measure how long something took."""
    return time.monotonic()
