"""What comes second by second: bars of five seconds, single ticks; and bulletins."""

import asyncio
from datetime import date, timedelta
from itertools import pairwise

import pytest
from ib_async import Forex, Index, Option

from core.calendar import session
from simulator.tws.permissions import Access, Permissions
from simulator.tws.rate_limits import Limits
from tests.simulator.gateway_harness import run_scenario, settle, stock
from tests.simulator.tiny_market import ACME, BOLT, CALM, CLOSE, DUAL, OPEN

NOON = OPEN + timedelta(hours=2, minutes=30, seconds=2)


def share(con_id=ACME):
    return stock(conId=con_id)


async def history(ib, *, size="5 secs", duration="120 S", what="TRADES"):
    return await ib.reqHistoricalDataAsync(
        stock(), "", duration, size, what, useRTH=True, timeout=1
    )


@pytest.mark.parametrize("what", ["TRADES", "MIDPOINT", "BID", "ASK"])
def test_real_time_bars_are_those_of_history_sent_when_they_are_over(tmp_path, what):
    async def scenario(harness):
        ib = await harness.connect()
        await harness.advance(NOON)
        bars = ib.reqRealTimeBars(share(), 5, what, useRTH=True)
        await settle()
        assert list(bars) == []
        for seconds in (4, 9, 33):
            await harness.advance(NOON + timedelta(seconds=seconds))
        # 12:00:00 was under way; the one of 12:00:35 is not over at 12:00:35.
        begins = [(bar.time - NOON).total_seconds() for bar in bars]
        assert begins == [-2, 3, 8, 13, 18, 23, 28]
        known = {bar.date: bar for bar in await history(ib, what=what)}
        for bar in bars:
            past = known[bar.time]
            assert (bar.open_, bar.high, bar.low, bar.close) == (
                past.open, past.high, past.low, past.close,
            )  # fmt: skip
            assert (bar.volume, bar.count) == (past.volume, past.barCount)
        ib.cancelRealTimeBars(bars)
        await settle()
        await harness.advance(NOON + timedelta(minutes=1))
        assert len(bars) == 7
        assert harness.codes() == []

    run_scenario(tmp_path, scenario)


def test_real_time_bars_wait_for_the_open_and_end_with_the_close(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        bars = ib.reqRealTimeBars(share(), 5, "TRADES", useRTH=True)
        await harness.advance(OPEN)
        assert list(bars) == []
        await harness.advance(CLOSE + timedelta(hours=1))
        for _ in range(20):
            await settle()
        assert len(bars) == 390 * 12
        assert (bars[0].time, bars[-1].close) == (OPEN, 102.0)
        assert sum(bar.volume for bar in bars) == 5_000_000
        # A longer jump sends the newest session, not all that were missed.
        await harness.advance(session(date(2026, 6, 23)).open + timedelta(minutes=1))
        assert len(bars) == 390 * 12 + 12

    run_scenario(tmp_path, scenario)


def refusal(harness, client_call, *arguments):
    client_call(70, *arguments)
    return settle()


@pytest.mark.parametrize(
    ("contract", "what", "code"),
    [
        (stock(), "HISTORICAL_VOLATILITY", 321),
        (stock("NOSUCH"), "TRADES", 200),
        (Forex("EURUSD"), "TRADES", 420),
        (stock("BOLT"), "TRADES", 420),
    ],
)
def test_real_time_bars_that_tws_does_not_serve_are_refused(tmp_path, contract, what, code):
    async def scenario(harness):
        ib = await harness.connect()
        harness.gateway.permissions = Permissions(symbols={"BOLT": Access.DELAYED})
        await refusal(harness, ib.client.reqRealTimeBars, contract, 5, what, 1, [])
        assert harness.codes() == [code]
        ib.client.cancelRealTimeBars(70)
        await settle()
        assert harness.codes() == [code, 300]

    run_scenario(tmp_path, scenario)


def test_real_time_bars_take_lines_of_market_data(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        harness.gateway.limits = Limits(market_data_lines=2)
        ib.reqRealTimeBars(share(), 5, "TRADES", useRTH=True)
        ib.reqMktData(share(BOLT))
        ib.reqRealTimeBars(share(CALM), 5, "TRADES", useRTH=True)
        await settle()
        assert harness.codes() == [101]

    run_scenario(tmp_path, scenario)


async def ticks_of(harness, kind, *, seconds, past=0, con_id=ACME):
    ib = await harness.connect()
    await harness.advance(NOON)
    seen = []
    ib.pendingTickersEvent += lambda tickers: seen.extend(
        tick for ticker in tickers for tick in ticker.tickByTicks
    )
    ib.reqTickByTickData(share(con_id), kind, past, ignoreSize=False)
    await settle()
    for second in range(1, seconds + 1):
        await harness.advance(NOON + timedelta(seconds=second))
        await settle()
    return ib, seen


@pytest.mark.parametrize("kind", ["Last", "AllLast"])
def test_ticks_of_trades_make_up_the_bars_of_their_seconds(tmp_path, kind):
    async def scenario(harness):
        ib, ticks = await ticks_of(harness, kind, seconds=10)
        bars = [bar for bar in await history(ib, size="1 secs", duration="60 S")
                if bar.date >= NOON]  # fmt: skip
        assert len(bars) == 10
        for bar in bars:  # ib_async gives ticks its own time: their sizes tell the seconds apart
            inside = []
            while sum(tick.size for tick in inside) < bar.volume:
                inside.append(ticks.pop(0))
            prices = [tick.price for tick in inside]
            assert (max(prices), min(prices), prices[-1]) == (bar.high, bar.low, bar.close)
            assert sum(tick.size for tick in inside) == bar.volume
        assert ticks == []
        assert harness.codes() == []

    run_scenario(tmp_path, scenario)


def test_ticks_of_quotes_come_when_the_quote_changes_and_hold_the_trades(tmp_path):
    async def scenario(harness):
        _, ticks = await ticks_of(harness, "BidAsk", seconds=20)
        quotes = [(tick.bidPrice, tick.askPrice) for tick in ticks]
        assert len(quotes) > 5
        assert all(bid < ask for bid, ask in quotes)
        assert all(one != other for one, other in pairwise(quotes))

    run_scenario(tmp_path, scenario)


def test_the_middle_of_the_quote_is_a_stream_as_well(tmp_path):
    async def scenario(harness):
        _, ticks = await ticks_of(harness, "MidPoint", seconds=20)
        middles = [tick.midPoint for tick in ticks]
        assert len(middles) > 5
        assert all(one != other for one, other in pairwise(middles))

    run_scenario(tmp_path, scenario)


def test_past_ticks_come_before_the_stream_and_meet_it(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        await harness.advance(NOON)
        heard = await asyncio.wait_for(
            ib.reqHistoricalTicksAsync(stock(), "", NOON, 20, "TRADES", useRth=True), 2
        )
        assert len(heard) == 20
        assert NOON - timedelta(seconds=20) < heard[0].time <= heard[-1].time < NOON
        wire = await harness.started()
        wire.send(97, 5, *contract(ACME), "Last", 20, 0)
        first = await wire.receive()
        assert first[:3] == ["98", "5", "20"]
        assert first[5] == str(heard[0].price).removesuffix(".0")
        await harness.advance(NOON + timedelta(seconds=1))
        live = await wire.receive()
        assert live[:4] == ["99", "5", "1", str(int(NOON.timestamp()))]

    run_scenario(tmp_path, scenario)


def contract(con_id):
    return (con_id, "", "", "", 0.0, "", "", "SMART", "", "", "", "")


@pytest.mark.parametrize(
    ("asked", "kind", "code"),
    [
        (Option("ACME", "20260717", 100.0, "C", "SMART"), "Last", 10189),
        (Forex("EURUSD"), "Last", 10189),
        (Index("DBOOK", "CBOE", "USD"), "BidAsk", 10189),
        (stock("BOLT"), "Last", 10189),
        (stock(), "Trades", 321),
    ],
)
def test_ticks_that_tws_does_not_stream_are_refused(tmp_path, asked, kind, code):
    async def scenario(harness):
        ib = await harness.connect()
        harness.gateway.permissions = Permissions(symbols={"BOLT": Access.NONE})
        await refusal(harness, ib.client.reqTickByTickData, asked, kind, 0, 0)
        assert harness.codes() == [code]

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize("kind", ["BidAsk", "MidPoint"])
def test_currencies_have_ticks_of_quotes(tmp_path, kind):
    async def scenario(harness):
        ib = await harness.connect()
        await refusal(harness, ib.client.reqTickByTickData, Forex("EURUSD"), kind, 0, 0)
        assert harness.codes() == []

    run_scenario(tmp_path, scenario)


def test_the_fourth_stream_of_ticks_is_refused_until_one_is_cancelled(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        for con_id in (ACME, BOLT, CALM, DUAL):
            ib.reqTickByTickData(share(con_id), "Last")
        await settle()
        assert harness.codes() == [10190]
        ib.cancelTickByTickData(share(ACME), "Last")
        ib.reqTickByTickData(share(ACME), "BidAsk")
        await settle()
        assert harness.codes() == [10190]

    run_scenario(tmp_path, scenario)


def test_bulletins_tell_a_closed_day_ahead_once_and_on_request_todays_again(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        ib.reqNewsBulletins(allMessages=False)
        await settle()
        assert ib.newsBulletins() == []
        await harness.advance(session(date(2026, 6, 26)).decision_time)
        texts = [bulletin.message for bulletin in ib.newsBulletins()]
        assert any("closed on Friday, 03 July 2026" in text for text in texts)
        assert len(texts) == len(set(texts))
        other = await harness.connect(client_id=8)
        other.reqNewsBulletins(allMessages=True)
        await settle()
        today = {bulletin.msgId for bulletin in other.newsBulletins()}
        assert today
        assert today < {bulletin.msgId for bulletin in ib.newsBulletins()}
        ib.cancelNewsBulletins()
        await settle()
        await harness.advance(session(date(2026, 6, 30)).decision_time)
        assert harness.codes() == []

    run_scenario(tmp_path, scenario)
