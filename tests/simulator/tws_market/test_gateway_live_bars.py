"""Bars of the session that runs: history, what is kept up to date, and ticks of the past."""

from datetime import UTC, datetime, timedelta

import pytest
from ib_async import Forex, Future, Index, Option

from tests.simulator.gateway_harness import run_scenario, settle, stock
from tests.simulator.tiny_market import ACME, CLOSE, OPEN

NOON = OPEN + timedelta(hours=2, minutes=30, seconds=20)


async def bars_of(ib, *, duration="1 D", size="1 min", what="TRADES", **more):
    return await ib.reqHistoricalDataAsync(
        stock(), more.pop("end", ""), duration, size, what, useRTH=True, timeout=1, **more
    )


def figures(bar):
    return bar.date, bar.open, bar.high, bar.low, bar.close, bar.volume


def test_today_has_minutes_up_to_now_and_they_are_the_same_after_the_close(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        await harness.advance(NOON)
        running = await bars_of(ib)
        assert running[0].date == OPEN
        assert len(running) == 151  # the last one since twenty seconds
        assert running[-1].date == NOON.replace(second=0)
        await harness.advance(CLOSE)
        closed = await bars_of(ib)
        assert len(closed) == 390
        assert list(map(figures, running[:-1])) == list(map(figures, closed[:150]))
        assert running[-1].volume < closed[150].volume

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    ("duration", "size", "count"),
    [("300 S", "5 secs", 60), ("2 D", "1 hour", 7 + 4), ("1800 S", "1 min", 31)],
)
def test_a_duration_reaches_into_today(tmp_path, duration, size, count):
    async def scenario(harness):
        ib = await harness.connect()
        await harness.advance(NOON)
        assert len(await bars_of(ib, duration=duration, size=size)) == count

    run_scenario(tmp_path, scenario)


def test_the_newest_daily_bar_is_todays_as_far_as_it_has_come(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        await harness.advance(NOON)
        daily, minutes = await bars_of(ib, duration="2 D", size="1 day"), await bars_of(ib)
        assert [f"{bar.date:%m%d}" for bar in daily] == ["0612", "0615"]
        assert daily[-1].close == minutes[-1].close
        assert daily[-1].high == max(bar.high for bar in minutes)
        assert daily[-1].volume == sum(bar.volume for bar in minutes)
        await harness.advance(NOON + timedelta(minutes=5))
        later = await bars_of(ib, duration="2 D", size="1 day")
        assert later[-1].volume > daily[-1].volume

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize("what", ["TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK"])
def test_bars_kept_up_to_date_move_and_new_ones_begin(tmp_path, what):
    async def scenario(harness):
        ib = await harness.connect()
        await harness.advance(NOON)
        bars = await bars_of(ib, what=what, keepUpToDate=True)
        began = []
        bars.updateEvent += lambda _, has_new: began.append(has_new)
        await harness.advance(NOON + timedelta(seconds=15))
        assert (began, len(bars)) == ([False], 151)
        await harness.advance(NOON + timedelta(seconds=45))
        assert (began[1:], len(bars)) == ([False, True], 152)
        asked = await bars_of(ib, what=what)
        assert list(map(figures, bars)) == list(map(figures, asked))
        ib.cancelHistoricalData(bars)
        await settle()
        await harness.advance(NOON + timedelta(minutes=3))
        assert len(bars) == 152

    run_scenario(tmp_path, scenario)


def test_bars_kept_up_to_date_go_on_over_the_night(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        bars = await bars_of(ib, keepUpToDate=True)
        assert bars[-1].date < OPEN
        for moment in (OPEN + timedelta(seconds=30), OPEN + timedelta(minutes=2), CLOSE):
            await harness.advance(moment)
        assert len(bars) == 2 * 390
        assert [bar.date for bar in bars] == sorted({bar.date for bar in bars})
        assert sum(bar.volume for bar in bars[390:]) == 5_000_000
        assert bars[-1].close == 102.0

    run_scenario(tmp_path, scenario)


def test_quotes_move_within_the_session(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        ticker = ib.reqMktData(stock(conId=ACME))
        await settle()
        seen = set()
        for minutes in range(5):
            await harness.advance(OPEN + timedelta(minutes=20 * minutes))
            seen.add(ticker.last)
            assert ticker.low <= ticker.last <= ticker.high
            assert ticker.bid < ticker.last < ticker.ask
        assert len(seen) > 3

    run_scenario(tmp_path, scenario)


def test_an_end_before_now_tells_what_was_known_then(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        await harness.advance(NOON)
        earlier = await bars_of(ib)
        await harness.advance(NOON + timedelta(hours=1))
        end = NOON.astimezone(UTC)
        again = await bars_of(ib, end=datetime(*end.timetuple()[:6], tzinfo=UTC))
        assert list(map(figures, again)) == list(map(figures, earlier))

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    ("contract", "duration", "size", "what"),
    [
        (Forex("EURUSD"), "5 D", "1 hour", "MIDPOINT"),  # erdewit/ib_insync #344
        (stock(), "1 D", "5 secs", "TRADES"),  # erdewit/ib_insync #653
        (Future("DBF", "202606", "CME"), "50 S", "5 secs", "MIDPOINT"),  # erdewit/ib_insync #391
        (stock(), "1 D", "1 min", "MIDPOINT"),  # ib-api-reloaded/ib_async #29
        (Option("ACME", "20260717", 100.0, "P", "SMART"), "1 D", "1 min", "TRADES"),
        (Index("DBOOK", "CBOE", "USD"), "1 D", "5 mins", "TRADES"),
    ],
)
def test_bars_of_every_kind_are_kept_up_to_date(tmp_path, contract, duration, size, what):
    async def scenario(harness):
        ib = await harness.connect()
        await harness.advance(NOON)
        bars = await ib.reqHistoricalDataAsync(
            contract, "", duration, size, what, useRTH=False, keepUpToDate=True, timeout=1
        )
        before = figures(bars[-1])
        await harness.advance(NOON + timedelta(seconds=17))
        assert figures(bars[-1]) != before
        assert [bar.date for bar in bars] == sorted({bar.date for bar in bars})
        await harness.advance(NOON + timedelta(hours=1))
        assert NOON + timedelta(minutes=59) - bars[-1].date < timedelta(hours=1)
        assert harness.codes() == []

    run_scenario(tmp_path, scenario)


def test_bars_of_an_option_that_expires_end_with_the_reason_and_the_clock_goes_on(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        await harness.advance(NOON)
        today = Option("DBOOK", f"{NOON:%Y%m%d}", 775.0, "C", "SMART", tradingClass="DBOOKW")
        bars = await ib.reqHistoricalDataAsync(
            today, "", "1 D", "1 min", "TRADES", useRTH=True, keepUpToDate=True, timeout=1
        )
        await harness.advance(CLOSE + timedelta(hours=1))
        assert harness.codes() == [200]
        assert harness.gateway.clients[7].market_streams.bars == {}
        await harness.advance(CLOSE + timedelta(hours=2))
        assert harness.codes() == [200]
        assert len(bars) == 151

    run_scenario(tmp_path, scenario)
