"""When options and futures expire: Fridays, or the Thursday before a Friday without trading.

On the index and its fund there are options for every session of the coming two weeks as well.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, timedelta
from functools import cache, lru_cache

from core.calendar import is_session, sessions_between

FIRST_FRIDAY = date(2021, 12, 31)
WEEKS = 600  # to mid 2033
WEEKLIES, MONTHLIES, QUARTERLIES, JANUARIES = 6, 6, 4, 2  # listed at a time
FUTURES = 5  # quarterly months listed at a time
DAILIES = 10  # sessions ahead, today's included, for which there are daily options
QUARTER = (3, 6, 9, 12)
_WEEK = timedelta(days=7)


@cache
def expirations() -> tuple[date, ...]:
    """Return every day on which something can expire, one a week."""
    fridays = (FIRST_FRIDAY + week * _WEEK for week in range(WEEKS))
    return tuple(friday if is_session(friday) else friday - timedelta(days=1) for friday in fridays)


@cache
def monthly() -> tuple[date, ...]:
    """Return the expirations of the third Friday of each month."""
    return tuple(
        day for week, day in enumerate(expirations())
        if 15 <= (FIRST_FRIDAY + week * _WEEK).day <= 21
    )  # fmt: skip


@cache
def quarterly() -> tuple[date, ...]:
    """Return the monthly expirations of March, June, September and December."""
    return tuple(day for day in monthly() if day.month in QUARTER)


@cache
def trading_days() -> tuple[date, ...]:
    """Return every session on which a daily option can expire."""
    return tuple(sessions_between(FIRST_FRIDAY, expirations()[-1]))


def dailies_listed(day: date) -> tuple[date, ...]:
    """Return the daily expirations listed on a day, that day's included, ascending."""
    return _from(trading_days(), day)[:DAILIES]


def weeklies_listed(day: date) -> tuple[date, ...]:
    """Return the weekly expirations listed on a day, that day's included, ascending."""
    return _from(expirations(), day)[:WEEKLIES]


@lru_cache(maxsize=64)
def options_listed(day: date) -> tuple[date, ...]:
    """Return the option expirations listed on a day, that day's included, ascending."""
    months = _from(monthly(), day)
    chosen = {
        *weeklies_listed(day),
        *months[:MONTHLIES],
        *[one for one in months if one.month in QUARTER][:QUARTERLIES],
        *[one for one in months if one.month == 1][:JANUARIES],
    }
    return tuple(sorted(chosen))


@lru_cache(maxsize=64)
def futures_listed(day: date) -> tuple[date, ...]:
    """Return the expirations of the futures listed on a day, that day's included, ascending."""
    return _from(quarterly(), day)[:FUTURES]


def first_future_listed(expiry: date) -> date:
    """Return the first day on which a future was among those of `futures_listed`."""
    at = quarterly().index(expiry)
    return quarterly()[max(at - FUTURES, 0)] + timedelta(days=1)


@cache
def first_listed(expiry: date) -> date:
    """Return the first day on which an expiration was among those of `options_listed`.

    Of one that is daily only, of `dailies_listed`.
    """
    at = bisect_left(expirations(), expiry)
    if expirations()[min(at, WEEKS - 1)] != expiry:
        place = bisect_left(trading_days(), expiry)
        return trading_days()[max(place - DAILIES, 0)] + timedelta(days=1)
    day = expirations()[max(at - WEEKLIES, 0)] + timedelta(days=1)
    # Being listed never ends before expiration, so the first day can be walked back to.
    for earlier in range(at - WEEKLIES, -1, -1):
        candidate = expirations()[earlier] + timedelta(days=1)
        if expiry not in options_listed(candidate):
            break
        day = candidate
    return day


def _from(days: tuple[date, ...], day: date) -> tuple[date, ...]:
    return days[bisect_left(days, day) :]
