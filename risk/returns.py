"""Daily returns, as the scenarios that risk is measured on."""

from __future__ import annotations

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
    closes = bars.pivot_table(index="session", columns="con_id", values="close").sort_index()
    return closes.tail(sessions + 1).pct_change(fill_method=None).iloc[1:]


def newest_closes(bars: pd.DataFrame) -> dict[int, float]:
    """Return the close of each name that has a bar of the newest session, by conId.

    ``bars`` are of schema ``bars``; prices are as each market quotes them.
    """
    newest = bars[bars["session"] == bars["session"].max()]
    return numbers(newest.set_index("con_id")["close"])
