"""Stored bars and newer ones: joined where they agree, asked for again where they do not."""

from datetime import date, timedelta

import pandas as pd

from core.calendar import sessions_between
from core.tables import BARS
from ibkr.market.bar_store import joined

COLUMNS = [column.name for column in BARS.columns]


def a_series(closes, *, first=date(2026, 6, 1)):
    days = sessions_between(first, first + timedelta(days=60))[: len(closes)]
    rows = [(1, "ONE", d, c, c, c, c, 1.0) for d, c in zip(days, closes, strict=True)]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_series_that_do_not_touch_are_not_joined():
    assert joined(a_series([1.0, 2.0]), a_series([3.0], first=date(2026, 6, 10))) is None


def test_a_revised_volume_counts_and_a_revised_price_is_no_join():
    held, newer = a_series([1.0, 2.0]), a_series([1.0, 2.0, 3.0])
    newer["volume"] = 9.0
    assert list(joined(held, newer)["volume"]) == [9.0] * 3
    newer.loc[1, "low"] = 1.9
    assert joined(held, newer) is None


def test_a_session_that_has_gone_is_no_join():
    newer = a_series([1.0, 2.0, 3.0]).drop(index=1).reset_index(drop=True)
    assert joined(a_series([1.0, 2.0]), newer) is None
