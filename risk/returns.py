"""Daily returns, as the scenarios that risk is measured on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.tables.columns import numbers


def daily_returns(bars: pd.DataFrame, *, sessions: int) -> pd.DataFrame:
    """Return close-to-close returns, shape (T, n), as fractions, newest last.

    Parameters
    ----------
    bars
        Columns con_id, session and close of `core.tables.BARS`, in any order.
    sessions
        T is at most this many.

    One row per session on which anything traded, one column per conId, sorted. NaN where a name
    has no bar on that session or on the one before: a gap is not a return of zero, and a price
    is not carried over it.

    >>> bars = pd.DataFrame({"con_id": [1, 1], "session": [1, 2], "close": [50.0, 51.0]})
    >>> daily_returns(bars, sessions=1).round(6).to_dict()
    {1: {2: 0.02}}
    """
    close = bars["close"].to_numpy(dtype=float, na_value=np.nan)
    known = ~np.isnan(close)
    # By hand: a pivot table of pandas takes three times as long, at every look at an account.
    rows, days = pd.factorize(bars["session"][known], sort=True)
    columns, con_ids = pd.factorize(bars["con_id"][known], sort=True)
    closes = np.full((len(days), len(con_ids)), np.nan)
    closes[rows, columns] = close[known]
    closes = closes[-sessions - 1 :]
    with np.errstate(divide="ignore", invalid="ignore"):
        returns = closes[1:] / closes[:-1] - 1
    return pd.DataFrame(
        returns,
        index=pd.Index(days[len(days) - len(returns) :], name="session"),
        columns=pd.Index(con_ids, name="con_id"),
    )


def newest_closes(bars: pd.DataFrame) -> dict[int, float]:
    """Return the close of each name that has a bar of the newest session, by conId.

    ``bars`` are of schema ``bars``; prices are as each market quotes them.
    """
    newest = bars[bars["session"] == bars["session"].max()]
    return numbers(newest.set_index("con_id")["close"])
