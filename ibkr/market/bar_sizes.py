"""The sizes of bars, and over which durations IBKR serves them."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, get_args

from core.errors import ConfigurationError
from ibkr.wire.convert import duration as checked_duration

BarSize = Literal[
    "1 secs", "5 secs", "10 secs", "15 secs", "30 secs", "1 min", "2 mins", "3 mins", "5 mins",
    "10 mins", "15 mins", "20 mins", "30 mins", "1 hour", "2 hours", "3 hours", "4 hours",
    "8 hours", "1 day", "1 week", "1 month",
]  # fmt: skip

SESSION_BARS: tuple[BarSize, ...] = ("1 day", "1 week", "1 month")  # their time is a date

_UNITS = {
    "secs": timedelta(seconds=1), "min": timedelta(minutes=1), "mins": timedelta(minutes=1),
    "hour": timedelta(hours=1), "hours": timedelta(hours=1), "day": timedelta(days=1),
    "week": timedelta(weeks=1), "month": timedelta(days=30),
    "S": timedelta(seconds=1), "D": timedelta(days=1), "W": timedelta(weeks=1),
    "M": timedelta(days=30), "Y": timedelta(days=365),
}  # fmt: skip
# Up to each length of time, the smallest and the largest bars that IBKR serves.
# Source: IBKR, "Historical data limitations", valid duration and bar size settings.
_STEPS: tuple[tuple[str, BarSize, BarSize], ...] = (
    ("60 S", "1 secs", "1 min"),
    ("120 S", "1 secs", "2 mins"),
    ("1800 S", "1 secs", "30 mins"),
    ("3600 S", "5 secs", "1 hour"),
    ("14400 S", "10 secs", "3 hours"),
    ("28800 S", "30 secs", "8 hours"),
    ("1 D", "1 min", "1 day"),
    ("2 D", "2 mins", "1 day"),
    ("1 W", "3 mins", "1 week"),
    ("1 M", "30 mins", "1 month"),
    ("9999 Y", "1 day", "1 month"),
)
_MOST = {"S": 86_400, "D": 365, "W": 52, "M": 12}


def check_step(duration: str, bar_size: str) -> None:
    """Refuse what IBKR refuses, and name what it serves instead. Raises `ConfigurationError`."""
    if bar_size not in get_args(BarSize):
        raise ConfigurationError(f"{bar_size!r} is none of the bar sizes {_listed()}")
    length = _length(checked_duration(duration))
    count, unit = duration.split()
    if int(count) > _MOST.get(unit, int(count)):
        raise ConfigurationError(
            f"IBKR refuses a duration of {duration}: at most {_MOST[unit]} {unit}, beyond that a "
            "larger unit; durations longer than a year must be made in years"
        )
    smallest, largest = next((low, high) for top, low, high in _STEPS if length <= _length(top))
    if not _length(smallest) <= _length(bar_size) <= _length(largest):
        longest = _longest_for(bar_size)
        raise ConfigurationError(
            f"IBKR serves no bars of {bar_size} over {duration}: over {duration} take {smallest} "
            f"to {largest}" + (f", or {bar_size} over at most {longest}" if longest else "")
        )


def _length(text: str) -> timedelta:
    count, unit = text.split()
    return int(count) * _UNITS[unit]


def _longest_for(bar_size: str) -> str | None:
    served = [
        top for top, low, high in _STEPS if _length(low) <= _length(bar_size) <= _length(high)
    ]
    return served[-1] if served and served[-1] != _STEPS[-1][0] else None


def _listed() -> str:
    return ", ".join(get_args(BarSize))
