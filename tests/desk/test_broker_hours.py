"""The broker's hours against the calendar: the stricter of both counts.

Sessions that were closed or shortened after calendars were written: exchange_calendars #439, #464
and #170, BusinessDays.jl #67, pandas_market_calendars #361, R-bizdays #107 (2018-12-05 and
2025-01-09); early closes that a calendar lacked: QuantConnect/Lean #2783, #7217.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from core.calendar import session
from core.types import Contract, Hours, Increments, TradingTerms
from desk.gate.broker_hours import ASKED, agreed, one_of_each, opened

DAY = session(date(2026, 7, 20))
USUAL = Hours(DAY.open, DAY.close)
HOUR = timedelta(hours=1)


def told(*hours, con_id=1, exchange="NYSE", **changes):
    """Return what the broker says of a contract: its hours of the day and of the one after."""
    tomorrow = Hours(DAY.open + 24 * HOUR, DAY.close + 24 * HOUR)
    terms = TradingTerms(
        con_id, f"S{con_id}", exchange, Increments.flat(0.01),
        hours=(*hours, tomorrow), zone="America/New_York",
    )  # fmt: skip
    return replace(terms, **changes)


def judged(*terms, unattended=False):
    return agreed(terms, DAY, exchange="XNYS", unattended=unattended)


def test_where_both_agree_nothing_is_said():
    assert judged(told(USUAL)).checks == ()
    assert judged(told(USUAL)).session == DAY


@pytest.mark.parametrize(
    "closed",
    [
        told(closed=(DAY.day,)),
        told(Hours(DAY.close + HOUR, DAY.close + 2 * HOUR)),  # open, but not while the calendar is
    ],
)
def test_a_session_that_the_broker_calls_closed_fails_by_name(closed):
    (check,) = judged(closed).checks
    assert (check.name, check.passed) == ("hours of NYSE", False)
    assert "NYSE is closed on 2026-07-20" in check.detail
    assert 'calendar.closed = ["2026-07-20"]' in check.detail


@pytest.mark.parametrize(
    ("hours", "opens", "closes"),
    [
        (Hours(DAY.open, DAY.close - 3 * HOUR), DAY.open, DAY.close - 3 * HOUR),
        (Hours(DAY.open - HOUR, DAY.close), DAY.open - HOUR, DAY.close),
        (Hours(DAY.open + HOUR, DAY.close + HOUR), DAY.open, DAY.close),
    ],
)
def test_of_other_hours_the_earlier_opening_and_the_earlier_close_count(hours, opens, closes):
    found = judged(told(hours))
    assert (found.session.open, found.session.close) == (opens, closes)
    assert found.finish_line == opens - timedelta(minutes=15)
    (check,) = found.checks
    assert check.passed
    assert "the broker says" in check.detail


@pytest.mark.parametrize("silent", [told(hours=None), told(), told(hours=())])
def test_hours_that_are_not_known_never_pass_for_the_calendars(silent):
    # Empty hours, hours that cannot be read (cbilson/ib-re-actor #8), hours without the day.
    assert [check.passed for check in judged(silent, unattended=True).checks] == [False]
    (check,) = judged(silent).checks
    assert check.passed
    assert "are not known" in check.detail


def test_one_contract_without_hours_does_not_silence_its_exchange():
    found = judged(told(hours=None), told(USUAL, con_id=2), unattended=True)
    assert found.checks == ()


def test_every_exchange_is_asked_and_one_that_is_closed_is_enough():
    found = judged(told(USUAL), told(con_id=9, exchange="NASDAQ", closed=(DAY.day,)))
    assert [(check.name, check.passed) for check in found.checks] == [("hours of NASDAQ", False)]
    contracts = [
        Contract(n, f"S{n}", primary_exchange="NYSE" if n % 2 else "NASDAQ") for n in range(20)
    ]
    asked = one_of_each(contracts)
    assert [one.con_id for one in asked] == [0, 2, 4, 1, 3, 5]
    assert len(asked) == 2 * ASKED


def test_an_exchange_in_another_zone_has_its_own_session_and_only_has_to_have_one():
    xetra = Hours(datetime(2026, 7, 20, 7, tzinfo=UTC), datetime(2026, 7, 20, 15, 30, tzinfo=UTC))
    german = {"exchange": "IBIS", "zone": "Europe/Berlin"}
    assert judged(told(xetra, **german)).checks == ()
    assert judged(told(xetra, **german)).session == DAY
    (check,) = judged(told(closed=(DAY.day,), **german)).checks
    assert not check.passed


def test_a_day_that_only_the_broker_opens_is_said_and_stays_closed():
    saturday = date(2026, 7, 18)
    open_then = told(Hours(DAY.open - 48 * HOUR, DAY.close - 48 * HOUR))
    assert "hours of NYSE on 2026-07-18, 16:30 to 23:00" in opened(
        [open_then], saturday, exchange="XNYS"
    )
    assert opened([told(USUAL)], saturday, exchange="XNYS") == ""
