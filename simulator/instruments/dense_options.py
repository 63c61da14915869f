"""Numbers for the options that stand close together: every session, strikes a small step apart.

Only the index and its fund have them. On the index they are of a second class, as SPXW is beside
SPX: the first class has the months, the second every day and every week, the months' days too.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from simulator.instruments.expirations import trading_days
from simulator.instruments.strikes import MOST_FINE

FIRST_CON_ID = 1_990_000_000  # behind the last of the usual options
MOST_DAYS = 3_200
SECOND_CLASS = "DBOOKW"


@dataclass(frozen=True, slots=True)
class Series:
    """Options of one class on one underlying."""

    place: int  # of the underlying, see `simulator.instruments.securities`
    is_second: bool  # of the two classes on it
    step: float  # between fine strikes


INDEX_MONTHS, INDEX_DAYS, FUND_ALL = (
    Series(0, is_second=False, step=5.0), Series(0, is_second=True, step=5.0),
    Series(1, is_second=False, step=1.0),
)  # fmt: skip
SERIES = (INDEX_MONTHS, INDEX_DAYS, FUND_ALL)
STEPS: Mapping[int, float] = {series.place: series.step for series in SERIES}
END = FIRST_CON_ID + len(SERIES) * MOST_DAYS * MOST_FINE * 2


def number_of(place: int, expiry: date, strike: float, *, is_put: bool, is_second: bool) -> int:
    """Return the conId of an option of one of the series."""
    at = next(n for n, one in enumerate(SERIES) if (one.place, one.is_second) == (place, is_second))
    day = bisect_left(trading_days(), expiry)
    step = round(strike / SERIES[at].step)
    return FIRST_CON_ID + ((at * MOST_DAYS + day) * MOST_FINE + step) * 2 + is_put


def terms_of(con_id: int) -> tuple[Series, date, float, bool] | None:
    """Return series, expiration, strike and whether it is a put; None of no such option."""
    rest, is_put = divmod(con_id - FIRST_CON_ID, 2)
    rest, step = divmod(rest, MOST_FINE)
    at, day = divmod(rest, MOST_DAYS)
    if not (0 <= at < len(SERIES) and day < len(trading_days()) and step > 0):
        return None
    return SERIES[at], trading_days()[day], step * SERIES[at].step, bool(is_put)
