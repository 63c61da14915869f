"""Earnings dates: the next one of each symbol, as it was known on the day, and never invented."""

import json
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from core import tables
from core.errors import VendorError
from feeds.earnings import AHEAD, Earnings, parse_earnings
from feeds.http import Payload

from .conftest import KEY, Answer

DAY = date(2026, 6, 15)


def row(symbol="ABC", on="2026-06-16", **changes):
    return {"symbol": symbol, "date": on, "epsActual": None, "lastUpdated": "2026-06-14"} | changes


def parsed(*rows, symbols=("ABC", "BRK B"), as_of=DAY):
    content = json.dumps(rows).encode()
    return parse_earnings(Payload("earnings-calendar.json", content), symbols, as_of=as_of)


def dates(found):
    return dict(zip(found.frame["symbol"], found.frame["reports_on"], strict=True))


def test_the_next_date_of_each_symbol_is_kept_in_ibkrs_spelling():
    found = parsed(
        row(on="2026-08-01"), row(on="2026-06-16"), row("BRK-B", "2026-07-30 16:00:00"), row("ZZZ")
    )
    assert dates(found) == {"ABC": date(2026, 6, 16), "BRK B": date(2026, 7, 30)}
    assert set(found.frame["known_on"]) == {DAY}
    assert found.problems == ()
    tables.EARNINGS.build(found.frame)


@pytest.mark.parametrize(
    "odd",
    [
        row("BRK-B", "2026-06-14"),  # over
        row("BRK-B", "2026-06-20", lastUpdated="2026-06-16"),  # not known on the day
        row("BRK-B", "soon"),
        row("BRK-B", None),
        row(None, "2026-06-20"),
        row("BRK-B", "2027-06-20"),
    ],
)
def test_what_is_over_unreadable_or_was_not_known_is_no_date(odd):
    found = parsed(row(), odd)
    assert dates(found) == {"ABC": date(2026, 6, 16)}
    assert found.problems == ("earnings date not known of 1 symbol, such as BRK B",)


def test_today_is_a_date_like_any_other():
    assert dates(parsed(row(on="2026-06-15"))) == {"ABC": DAY}


@pytest.mark.parametrize("rows", [[], [row("ZZZ")], [row(on="2026-06-01")]])
def test_a_calendar_that_knows_nobody_is_a_failure_and_not_a_quarter_without_earnings(rows):
    with pytest.raises(VendorError, match=r"for none of 2 symbols"):
        parsed(*rows)


@given(offsets=st.lists(st.integers(-400, 400), min_size=1, max_size=8), later=st.integers(0, 90))
def test_no_date_is_before_the_day_or_beyond_what_was_asked(offsets, later):
    rows = [row(on=(DAY + timedelta(days=n)).isoformat()) for n in offsets]
    inside = [DAY + timedelta(days=n) for n in offsets if 0 <= n <= AHEAD.days]
    if not inside:
        with pytest.raises(VendorError):
            parsed(*rows)
        return
    assert dates(parsed(*rows))["ABC"] == min(inside)


def test_one_call_asks_for_three_months_from_the_day(serve, fetcher):
    local = serve(lambda asked: Answer(json.dumps([row()]).encode()))
    source = Earnings(fetcher, f"{local.url}/stable", SecretStr(KEY))
    found, (payload,) = source.fetch(["ABC"], as_of=DAY)
    assert dates(found) == {"ABC": date(2026, 6, 16)}
    (asked,) = local.asked
    assert asked.path == "/stable/earnings-calendar"
    assert asked.query == {"from": "2026-06-15", "to": "2026-09-12", "apikey": KEY}
    assert KEY.encode() not in payload.content
    again = parse_earnings(payload, ["ABC"], as_of=DAY)
    pd.testing.assert_frame_equal(again.frame, found.frame)
