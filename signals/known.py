"""Point in time: what was known on a day."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]
Days = np.ndarray[tuple[int], np.dtype[np.datetime64]]


def as_days(days: pd.Series) -> Days:
    """Return dates, datetimes or missing values as numpy days; far faster than `to_datetime`."""
    values: Days = days.to_numpy().astype("datetime64[D]")
    return values


def dated_within(days: pd.Series, first: date, last: date) -> Flags:
    """Tell which days are neither before ``first`` nor after ``last``; a missing day is not.

    >>> days = pd.Series([date(2026, 7, 1), date(2026, 7, 20), None])
    >>> dated_within(days, date(2026, 7, 10), date(2026, 7, 31)).tolist()
    [False, True, False]
    """
    values = as_days(days)
    flags: Flags = (values >= np.datetime64(first)) & (values <= np.datetime64(last))
    return flags
