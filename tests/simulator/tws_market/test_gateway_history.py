import math
from datetime import UTC, date, datetime

import pytest

from core.calendar import session, sessions_between
from simulator.faults.request import FaultRequest
from tests.simulator.gateway_harness import run_scenario, stock
from tests.simulator.tiny_market import (
    ACME,
    CLOSE,
    FIRST,
    MONDAY,
    NEXT_MORNING,
    OPEN,
    TinyMarket,
    split,
)


async def bars_of(ib, contract=None, *, end="", duration="5 D", size="1 day", what="TRADES"):
    return await ib.reqHistoricalDataAsync(
        contract or stock(), end, duration, size, what, useRTH=True, timeout=0.5
    )


def test_bars_end_with_the_last_closed_session(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        bars = await bars_of(ib)
        days = [8, 9, 10, 11, 12]
        assert [bar.date for bar in bars] == [date(2026, 6, day) for day in days]
        newest = bars[-1]
        prices = (newest.open, newest.high, newest.low, newest.close)
        assert prices == (100.0, 104.0, 96.0, 102.0)
        assert (newest.volume, newest.average, newest.barCount) == (5_000_000, 100.5, 25_000)

    run_scenario(tmp_path, scenario)


def test_todays_bar_is_served_from_the_close_on_and_not_a_moment_earlier(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        await harness.advance(OPEN)
        assert (await bars_of(ib))[-1].date < MONDAY
        await harness.advance(CLOSE)
        assert (await bars_of(ib))[-1].date == MONDAY

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    ("duration", "first"),
    [
        ("3 D", date(2026, 6, 10)),
        ("86400 S", date(2026, 6, 12)),
        ("1 W", date(2026, 6, 8)),
        ("1 M", date(2026, 5, 14)),
        ("1 Y", FIRST),
    ],
)
def test_a_duration_covers_trading_days_or_calendar_spans(tmp_path, duration, first):
    async def scenario(harness):
        ib = await harness.connect()
        bars = await bars_of(ib, duration=duration)
        assert [bar.date for bar in bars] == sessions_between(first, date(2026, 6, 12))

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    ("end", "newest"),
    [
        ("20260601 16:00:00 US/Eastern", date(2026, 6, 1)),
        ("20260601 15:59:59 US/Eastern", date(2026, 5, 29)),
        ("20260601-20:00:00", date(2026, 6, 1)),
        ("20260601 16:00:00", date(2026, 6, 1)),
        ("20991231 16:00:00 US/Eastern", date(2026, 6, 12)),  # never beyond the clock
        (datetime(2026, 6, 1, 20, tzinfo=UTC), date(2026, 6, 1)),
    ],
)
def test_the_end_is_honoured_but_never_beyond_the_clock(tmp_path, end, newest):
    async def scenario(harness):
        ib = await harness.connect()
        assert (await bars_of(ib, end=end))[-1].date == newest

    run_scenario(tmp_path, scenario)


def test_after_a_split_older_bars_come_in_new_shares_already_before_the_open(tmp_path):
    market = TinyMarket(splits={ACME: [split(4.0)]})

    async def before(harness):
        ib = await harness.connect()
        assert (await bars_of(ib))[-1].close == 102.0

    async def after(harness):
        ib = await harness.connect()
        newest = (await bars_of(ib))[-1]
        assert (newest.date, newest.close, newest.volume) == (MONDAY, 25.5, 20_000_000)

    run_scenario(tmp_path / "before", before, market=market)
    run_scenario(tmp_path / "after", after, market=market, at=NEXT_MORNING)


def test_a_midpoint_has_prices_and_no_volume(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        newest = (await bars_of(ib, what="MIDPOINT"))[-1]
        assert (newest.close, newest.volume, newest.barCount) == (102.0, -1, -1)

    run_scenario(tmp_path, scenario)


def test_adjusted_last_equals_trades_where_there_are_no_dividends(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        assert list(await bars_of(ib, what="ADJUSTED_LAST")) == list(await bars_of(ib))

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"size": "7 mins"}, 321, "bar size setting is invalid"),
        ({"duration": "5"}, 321, "duration string is invalid"),
        ({"duration": "0 D"}, 321, "duration string is invalid"),
        ({"duration": "366 D"}, 321, "must be made in years"),
        ({"end": "yesterday"}, 321, "Invalid end date/time"),
        ({"end": "20260230 16:00:00"}, 321, "Invalid end date/time"),
        ({"end": "20260601 16:00:00 Mars/Base"}, 321, "Invalid end date/time"),
        ({"end": "20260601 16:00:00", "what": "ADJUSTED_LAST"}, 321, "End Date not supported"),
        ({"end": "20260101 16:00:00"}, 162, "HMDS query returned no data: ACME@SMART Trades"),
        ({"end": "19000101 16:00:00"}, 321, "outside the exchange calendar"),
        ({"size": "1 secs", "duration": "5 D"}, 162, "Time length exceed max"),
        ({"what": "YIELD_BID"}, 162, "HMDS query returned no data"),
        ({"contract": stock("EMPTY")}, 162, "HMDS query returned no data: EMPTY@SMART Trades"),
        ({"contract": stock("NOSUCH")}, 200, "No security definition"),
    ],
)
def test_a_request_that_cannot_be_served_is_refused_with_the_reason(tmp_path, changes, code, said):
    async def scenario(harness):
        ib = await harness.connect()
        assert list(await bars_of(ib, **changes)) == []
        # ib_async cancels a request it gave up on; that must not be answered with an error.
        assert harness.codes()[0] == code
        assert said in harness.text(code)

    run_scenario(tmp_path, scenario)


def test_the_head_is_the_open_of_the_first_session(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        first = session(FIRST).open
        as_text = await ib.reqHeadTimeStampAsync(stock(), "TRADES", useRTH=True, formatDate=1)
        as_epoch = await ib.reqHeadTimeStampAsync(stock(), "TRADES", useRTH=True, formatDate=2)
        assert as_epoch == first
        assert as_text.replace(tzinfo=UTC) == first

    run_scenario(tmp_path, scenario)


def test_refused_and_nan_history_can_be_switched_on_for_one_symbol(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        harness.gateway.faults.switch(FaultRequest(fault="refuse_history", symbol="BOLT"))
        harness.gateway.faults.switch(FaultRequest(fault="nan_bars", symbol="CALM"))
        assert list(await bars_of(ib, stock("BOLT"))) == []
        assert "permissions" in harness.text(162)
        spoilt = await bars_of(ib, stock("CALM"))
        assert any(math.isnan(bar.close) for bar in spoilt)
        assert any(bar.close == -1 for bar in spoilt)
        assert len(await bars_of(ib)) == 5

    run_scenario(tmp_path, scenario)


def test_the_same_request_gives_the_same_frame(tmp_path):
    async def scenario(harness):
        wire = await harness.started()
        answers = []
        for _ in range(2):
            wire.send(
                20, 4, 0, "ACME", "STK", "", 0.0, "", "", "SMART", "", "USD", "", "", 0, "",
                "1 day", "5 D", 1, "TRADES", 1, 0, "",
            )  # fmt: skip
            answers.append(await wire.receive())
        assert answers[0] == answers[1]
        assert len(answers[0]) == 5 + 8 * 5

    run_scenario(tmp_path, scenario)
