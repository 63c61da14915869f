import asyncio
import json
from datetime import UTC, date, datetime
from xml.etree import ElementTree as ET

import pytest
from ib_async import Forex, Index, WshEventData

from core.calendar import session
from simulator.market.benchmarks import PAYER
from tests.simulator.gateway_harness import run_scenario, settle, stock
from tests.simulator.synthetic_markets import synthetic_market
from tests.simulator.tiny_market import ACME, CLOSE, MONDAY

FRIDAY = datetime(2026, 6, 12, 13, 30, tzinfo=UTC)


async def bars_of(ib, contract=None, *, end="", duration="1 D", size="1 hour", what="TRADES",
                  **more):  # fmt: skip
    return await ib.reqHistoricalDataAsync(
        contract or stock(), end, duration, size, what, useRTH=True, timeout=1, **more
    )


def test_hours_of_a_session_make_up_its_daily_bar(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        hours = await bars_of(ib)
        assert hours[0].date == FRIDAY
        assert (hours[0].open, hours[-1].close) == (100.0, 102.0)
        assert max(bar.high for bar in hours) == 104.0
        assert min(bar.low for bar in hours) == 96.0
        assert sum(bar.volume for bar in hours) == 5_000_000
        epochs = await bars_of(ib, formatDate=2)
        assert [bar.date for bar in epochs] == [bar.date for bar in hours]

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    ("duration", "size", "count"),
    [
        ("1800 S", "1 min", 30),
        ("60 S", "1 secs", 60),
        ("1800 S", "30 secs", 60),
        ("2 D", "30 mins", 26),
        ("1 W", "1 hour", 35),
        ("30000 S", "1 hour", 9),
    ],
)
def test_a_duration_in_seconds_is_trading_time(tmp_path, duration, size, count):
    async def scenario(harness):
        ib = await harness.connect()
        assert len(await bars_of(ib, duration=duration, size=size)) == count

    run_scenario(tmp_path, scenario)


def test_bars_end_where_asked_even_within_a_session(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        bars = await bars_of(ib, end="20260611 12:00:00 US/Eastern", size="5 mins")
        assert f"{bars[-1].date:%Y%m%d %H:%M}" == "20260611 11:55"
        before_open = await bars_of(ib, end="20260611 08:00:00 US/Eastern", size="5 mins")
        assert f"{before_open[-1].date:%Y%m%d %H:%M}" == "20260610 15:55"

    run_scenario(tmp_path, scenario)


def test_sides_of_the_quote_lie_around_the_middle(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        for size in ("1 hour", "1 day"):
            middle, bid, ask, both = [
                (await bars_of(ib, size=size, what=what))[-1]
                for what in ("MIDPOINT", "BID", "ASK", "BID_ASK")
            ]
            assert bid.close < middle.close < ask.close
            assert (both.open, both.close) == (bid.open, ask.close)
            assert both.high == ask.high
            assert both.volume == -1

    run_scenario(tmp_path, scenario)


def test_each_kind_has_the_bars_that_exist_of_it(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (pair,) = await ib.qualifyContractsAsync(Forex("EURUSD"))
        assert (await bars_of(ib, pair, what="MIDPOINT"))[-1].close == pytest.approx(1.1, abs=0.2)
        assert list(await bars_of(ib, pair)) == []
        assert "no data: EUR@IDEALPRO Trades" in harness.text(162)
        (index,) = await ib.qualifyContractsAsync(Index("DBOOK", "CBOE"))
        assert (await bars_of(ib, index, size="1 day"))[-1].volume == 0
        for what in ("HISTORICAL_VOLATILITY", "OPTION_IMPLIED_VOLATILITY"):
            (bar,) = await bars_of(ib, size="1 day", what=what)
            assert 0.05 < bar.close < 2.0

    run_scenario(tmp_path, scenario)


def test_adjusted_bars_show_no_fall_at_a_dividend(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        payer = stock("STDYE", conId=PAYER)
        plain = await bars_of(ib, payer, duration="1 Y", size="1 day")
        adjusted = await bars_of(ib, payer, duration="1 Y", size="1 day", what="ADJUSTED_LAST")
        assert adjusted[-1].close == plain[-1].close
        assert plain[0].close - 0.5 < adjusted[0].close < plain[0].close - 0.4

    run_scenario(tmp_path, scenario)


def test_weeks_and_months_are_dated_by_their_last_session(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        weeks = await bars_of(ib, duration="1 M", size="1 week")
        assert [f"{bar.date:%m%d}" for bar in weeks[-2:]] == ["0605", "0612"]
        months = await bars_of(ib, duration="1 Y", size="1 month")
        assert [f"{bar.date:%m%d}" for bar in months] == ["0331", "0430", "0529", "0612"]

    run_scenario(tmp_path, scenario)


def test_bars_kept_up_to_date_grow_with_the_clock_until_cancelled(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        bars = await bars_of(ib, duration="5 D", size="1 day", keepUpToDate=True)
        assert len(bars) == 5
        await harness.advance(CLOSE)
        assert len(bars) == 6
        assert (bars[-1].close, bars[-1].volume) == (102.0, 5_000_000)
        ib.cancelHistoricalData(bars)
        await settle()
        assert harness.gateway.clients[7].market_streams.bars == {}
        ib.client.reqHistoricalData(
            99, stock(), "20260601 16:00:00", "5 D", "1 day", "TRADES", 1, 1, 1, []
        )
        await settle()
        assert "keepUpToDate" in harness.text(321)

    run_scenario(tmp_path, scenario)


def test_a_schedule_has_the_half_days_and_leaves_out_the_holidays(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        schedule = await ib.reqHistoricalScheduleAsync(stock(), 3)
        assert schedule.timeZone == "US/Eastern"
        assert [one.refDate for one in schedule.sessions] == ["20260611", "20260612", "20260615"]
        assert schedule.sessions[0].startDateTime == "20260611-09:30:00"

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize("what", ["TRADES", "BID_ASK", "MIDPOINT"])
def test_past_ticks_come_in_order_from_either_end(tmp_path, what):
    async def scenario(harness):
        ib = await harness.connect()
        begin = "20260612 10:00:00 US/Eastern"
        later = await ib.reqHistoricalTicksAsync(stock(), begin, "", 30, what, useRth=True)
        assert len(later) == 30
        assert later[0].time == datetime(2026, 6, 12, 14, 0, tzinfo=UTC)
        earlier = await ib.reqHistoricalTicksAsync(stock(), "", begin, 30, what, useRth=True)
        assert earlier[-1].time < later[0].time
        times = [tick.time for tick in [*earlier, *later]]
        assert times == sorted(times)
        if what == "BID_ASK":
            assert all(tick.priceBid < tick.priceAsk for tick in later)

    run_scenario(tmp_path, scenario)


def test_ticks_need_exactly_one_end(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        ib.client.reqHistoricalTicks(5, stock(), "", "", 10, "TRADES", 1, 0, [])
        ib.client.reqHistoricalTicks(6, stock(), "", "20260612 10:00:00", 5000, "TRADES", 1, 0, [])
        await settle()
        assert harness.codes() == [321, 321]

    run_scenario(tmp_path, scenario)


def test_a_histogram_counts_every_share(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        rows = await ib.reqHistogramDataAsync(stock(), useRTH=True, period="3 days")
        assert sum(row.count for row in rows) == 15_000_000
        assert [row.price for row in rows] == sorted(row.price for row in rows)
        assert 96.0 <= rows[0].price <= rows[-1].price <= 104.0
        ib.client.reqHistogramData(9, stock(), 1, "a while")
        await settle()
        assert harness.codes() == [321]

    run_scenario(tmp_path, scenario)


def test_a_snapshot_report_has_the_vendors_market_capitalisation(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        now = harness.gateway.clock.now()
        figures = next(
            f for f in harness.gateway.vendor_facts.figures(now).values() if f.market_cap
        )
        contract = stock(figures.symbol)
        report = ET.fromstring(await ib.reqFundamentalDataAsync(contract, "ReportSnapshot"))
        cap = report.findtext(".//Ratio[@FieldName='MKTCAP']")
        assert float(cap) == pytest.approx(figures.market_cap / 1e6, abs=1e-4)
        assert await ib.reqFundamentalDataAsync(contract, "ReportRatios") == []
        assert harness.codes() == [430]

    run_scenario(tmp_path, scenario, market=synthetic_market(7, 12))


def test_the_calendar_tells_dividends_once_its_meta_data_were_asked_for(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        ib.client.reqWshEventData(55, WshEventData(conId=PAYER))
        await settle()
        assert harness.codes() == [10282]
        meta = json.loads(await asyncio.wait_for(ib.getWshMetaDataAsync(), 2))
        assert meta["meta_data"]["event_types"][0]["tag"] == "wshe_div"
        events = json.loads(
            await asyncio.wait_for(ib.getWshEventDataAsync(WshEventData(conId=PAYER)), 2)
        )
        days = [event["data"]["ex_date"] for event in events]
        assert days == ["20260316", "20260615"]

    run_scenario(tmp_path, scenario)


def test_a_login_carries_no_brand(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        assert not await asyncio.wait_for(ib.reqUserInfoAsync(), 2)
        assert harness.codes() == []

    run_scenario(tmp_path, scenario)


def test_the_head_of_an_option_is_its_listing(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        option = harness.gateway.view.securities.option(
            ACME, date(2026, 7, 10), 100.0, "C", day=MONDAY
        )
        contract = stock("", conId=option.con_id)
        head = await ib.reqHeadTimeStampAsync(contract, "TRADES", useRTH=True, formatDate=2)
        # Six weeklies are listed at a time.
        assert head == session(date(2026, 6, 1)).open

    run_scenario(tmp_path, scenario)
