"""The last moment for orders, as a check among the others."""

from __future__ import annotations

from datetime import datetime

from risk.limits import Check


def check_deadline(now: datetime, finish_line: datetime) -> Check:
    """Hold the time of the decision against the finish line; both aware. Value in minutes late."""
    late = (now - finish_line).total_seconds() / 60.0
    passed = late <= 0.0
    minutes = int(abs(late))
    told = f"{minutes} minute{'' if minutes == 1 else 's'}" if minutes else "less than a minute"
    side = "before" if passed else "after"
    detail = f"decided {told} {side} the finish line, {finish_line:%H:%M} UTC"
    return Check("finish line", max(late, 0.0), 0.0, passed=passed, detail=detail)
