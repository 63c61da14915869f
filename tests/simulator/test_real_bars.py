"""Every line of the table "Real bars" in docs/simulator.md, asked over the socket and over HTTP."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pandas as pd
import pytest
from ib_async import Forex, Future, Index, Option, ScannerSubscription, TagValue
from ib_async.util import isNan

from core.errors import DataError
from simulator.broker.broker import Broker
from simulator.vendors import build_vendors
from tests.simulator.gateway_harness import buy, run_scenario, sell, settle, stock
from tests.simulator.tiny_market import ACME, BEFORE_OPEN, DUAL, FIRST, OPEN, TinyMarket

pytestmark = pytest.mark.world

DOCS = Path(__file__).resolve().parents[2] / "docs" / "simulator.md"
SPREAD = 0.002
GENERIC = "100,101,104,105,106,165,221,225,232,233,236,258,292,293,294,295,318,375,411,456,595"
FIGURES = ["market_cap", "price_earnings", "price_book", "price_sales", "dividend_yield",
           "earnings_share", "ebitda"]  # fmt: skip


class RealMarket(TinyMarket):
    """The same bars as if they were of real companies, whose quotes are assumed."""

    assumed_spread = SPREAD
    instruments = tuple(replace(each, member_since=FIRST) for each in TinyMarket.instruments)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Files of fundamentals and gauges, to stand beside the bars."""
    folder = tmp_path_factory.mktemp("files")
    stamp = (BEFORE_OPEN - timedelta(days=1)).isoformat()
    figures = dict.fromkeys(FIGURES, 2e9)
    pd.DataFrame([{"symbol": "ACME", "as_of": stamp, **figures}]).to_parquet(
        folder / "fundamentals.parquet"
    )
    gauges = dict.fromkeys(("vix", "wti", "brent", "eurusd", "us2y", "us10y"), 17.5)
    days = pd.to_datetime([BEFORE_OPEN.date() - timedelta(days=3)])
    pd.DataFrame({"date": days, **gauges}).to_parquet(folder / "macro.parquet")
    return {name: folder / f"{name}.parquet" for name in ("fundamentals", "macro")}


class Asked:
    """One harness with the real client, and the vendors beside it."""

    def __init__(self, harness, ib, files):
        self.harness, self.ib, self._files = harness, ib, files

    async def refused(self, code, asking):
        """Tell that a request is refused with a code instead of being answered with nothing."""
        before = len(self.harness.errors)
        self.ib.RaiseRequestErrors = False
        await asyncio.wait_for(asking, 3)
        codes = [found for _, found, _ in self.harness.errors[before:]]
        assert code in codes, codes
        return True

    async def bars(self, what, size="1 day", con_id=ACME):
        contract = stock(conId=con_id)
        return await self.ib.reqHistoricalDataAsync(contract, "", "5 D", size, what, useRTH=True)

    async def get(self, path, *, recorded=False, **query):
        clock, market = self.harness.gateway.clock, self.harness.gateway.view.market
        vendors = build_vendors(market, clock, seed=7, **(self._files if recorded else {}))
        transport = httpx.ASGITransport(app=vendors)
        async with httpx.AsyncClient(transport=transport, base_url="http://vendors") as client:
            return await client.get(path, params={"apikey": "any", **query})

    async def unknown(self, path, **query):
        answer = await self.get(path, **query)
        assert answer.status_code == 404
        assert "not mixed with synthetic data" in answer.text

    async def quote(self, ticks="", con_id=ACME):
        ticker = self.ib.reqMktData(stock(conId=con_id), ticks)
        await settle()
        return ticker

    async def scan(self, code, *options, **changes):
        plain = {"instrument": "STK", "locationCode": "STK.US.MAJOR", "scanCode": code}
        subscription = ScannerSubscription(**plain | changes)
        return await self.ib.reqScannerDataAsync(subscription, [], list(options))


async def daily_bars(asked):
    assert len(await asked.bars("TRADES")) == 5


async def names(asked):
    (found,) = await asked.ib.reqContractDetailsAsync(stock())
    listed = asked.harness.gateway.view.market.instruments[0]
    assert (found.longName, found.industry) == (listed.name, listed.sector or "")


async def con_id(asked):
    (found,) = await asked.ib.reqContractDetailsAsync(stock())
    assert found.contract.conId == ACME


async def security_ids(asked):
    (found,) = await asked.ib.reqContractDetailsAsync(stock())
    assert not found.secIdList
    number = {"secIdType": "ISIN", "secId": "US0378331005"}
    assert await asked.refused(200, asked.ib.reqContractDetailsAsync(stock("", **number)))


async def derived(asked):
    ticker = await asked.quote("104,165,411")
    assert ticker.histVolatility == 0  # every session of this market is the same
    assert ticker.low52week <= ticker.high52week
    assert await asked.scan("TOP_PERC_GAIN")


async def membership(asked):
    rows = (await asked.get("/stable/sp500-constituent")).json()
    assert rows
    assert {row["dateFirstAdded"] for row in rows} == {None}


async def exchange(asked):
    (found,) = await asked.ib.reqContractDetailsAsync(stock())
    assert found.contract.primaryExchange in {"NYSE", "NASDAQ", "ARCA"}


async def assumed_quotes(asked):
    for each in (ACME, DUAL):  # of much and of little turnover
        ticker = await asked.quote(con_id=each)
        assert (ticker.ask - ticker.bid) / ticker.close == pytest.approx(SPREAD, abs=3e-4)
        assert (ticker.ask + ticker.bid) / 2 == pytest.approx(ticker.close, abs=0.011)
        assert ticker.bidSize == ticker.askSize == 100


async def assumed_bars(asked):
    bid, ask, trades = [await asked.bars(what) for what in ("BID", "ASK", "TRADES")]
    width = (ask[-1].close - bid[-1].close) / trades[-1].close
    assert width == pytest.approx(SPREAD, rel=0.01)


async def short_sales(asked):
    trade = asked.ib.placeOrder(stock(conId=ACME), sell(100))
    await asked.harness.advance(OPEN)
    assert trade.orderStatus.status == "Filled"
    opened = asked.harness.gateway.view.so_far(ACME, OPEN).open
    assert trade.fills[0].execution.price == pytest.approx(opened * (1 - SPREAD / 2), abs=0.011)


async def splits(asked):
    await asked.refused(10279, asked.ib.getWshMetaDataAsync())


async def fundamentals(asked):
    assert "ACME" in (await asked.get("/stable/ratios-ttm-bulk", recorded=True)).text
    for path in ("ratios-ttm-bulk", "key-metrics-ttm-bulk", "scores-bulk"):
        await asked.unknown(f"/stable/{path}")
    await asked.unknown("/stable/income-statement-growth-bulk", year="2025", period="FY")
    (row,) = (await asked.get("/stable/batch-quote", symbols="ACME")).json()
    assert row["marketCap"] is None
    for report in ("ReportSnapshot", "ReportsFinStatements", "RESC"):
        await asked.refused(430, asked.ib.reqFundamentalDataAsync(stock(conId=ACME), report))
    await asked.refused(162, asked.scan("MOST_ACTIVE", TagValue("marketCapAbove1e6", "1")))


async def gauges(asked):
    assert (await asked.get("/stable/treasury-rates", recorded=True)).json()
    await asked.unknown("/stable/treasury-rates")
    await asked.unknown("/stable/historical-price-eod/light", symbol="^VIX")


async def enterprise_value(asked):
    told = (await asked.get("/stable/key-metrics-ttm-bulk", recorded=True)).text.splitlines()
    row = dict(zip(told[0].split(","), told[1].split(","), strict=True))
    assert row["enterpriseValueTTM"] == row["marketCap"] == "2000000000"


async def news(asked):
    for feed in ("markets", "companies"):
        await asked.unknown(f"/rss/{feed}.xml")
    assert await asked.ib.reqNewsProvidersAsync() == []
    await asked.refused(10276, asked.ib.reqHistoricalNewsAsync(ACME, "SIMC", "", "", 10))


async def earnings(asked):
    await asked.unknown("/stable/earnings-calendar")


async def dividends(asked):
    assert (await asked.quote("456")).dividends is None


async def halts(asked):
    ticker = await asked.quote("236")
    assert isNan(ticker.halted)
    assert isNan(ticker.shortableShares)


async def options(asked):
    assert await asked.ib.reqSecDefOptParamsAsync("ACME", "", "STK", ACME) == []
    option = Option("ACME", "20260717", 100.0, "C", "SMART", currency="USD")
    await asked.refused(200, asked.ib.reqContractDetailsAsync(option))
    await asked.refused(162, asked.bars("OPTION_IMPLIED_VOLATILITY"))
    await asked.refused(162, asked.scan("HIGH_OPT_IMP_VOLAT"))
    ticker = await asked.quote("100,101,105,106")
    told = (ticker.callVolume, ticker.putOpenInterest, ticker.avOptionVolume)
    assert all(isNan(value) for value in (*told, ticker.impliedVolatility))


async def within_the_day(asked):
    await asked.refused(162, asked.bars("TRADES", "1 min"))
    ticks = asked.ib.reqHistoricalTicksAsync(
        stock(conId=ACME), "", BEFORE_OPEN, 10, "TRADES", useRth=True
    )
    await asked.refused(162, ticks)
    await asked.refused(162, asked.ib.reqHistogramDataAsync(stock(conId=ACME), True, "3 days"))  # noqa: FBT003
    ticker = await asked.quote("233,293,294,375,595")
    assert ticker.rtVolume != ticker.rtVolume
    assert isNan(ticker.tradeCount)


async def books(asked):
    before = len(asked.harness.errors)
    asked.ib.reqMktDepth(stock(conId=ACME))
    await settle()
    assert 10092 in [code for _, code, _ in asked.harness.errors[before:]]


async def no_benchmarks(asked):
    for contract in (
        Forex("EURUSD"),
        Index("DBOOK", "CBOE"),
        Future("DBF", exchange="CME"),
        stock("STDYE"),
    ):
        await asked.refused(200, asked.ib.reqContractDetailsAsync(contract))


CHECKS = {
    "daily and longer bars, opening and closing prices, volume": daily_bars,
    "name, sector, industry, category": names,
    "conId": con_id,
    "ISIN, CUSIP": security_ids,
    "market averages, price ranges, historical volatility, scans by price and volume, "
    "top movers": derived,
    "index membership": membership,
    "primary exchange": exchange,
    "bid, ask and their sizes": assumed_quotes,
    "bars of BID, ASK, MIDPOINT, BID_ASK": assumed_bars,
    "commissions, margin, short sales": short_sales,
    "splits": splits,
    "fundamentals, fundamental ratios, market capitalisation": fundamentals,
    "macro gauges": gauges,
    "enterprise value": enterprise_value,
    "headlines: RSS, providers, articles, news ticks": news,
    "earnings dates": earnings,
    "dividends, calendar of corporate events": dividends,
    "halts, shares to borrow": halts,
    "option chains and prices, implied volatility, option volume, scans by them": options,
    "intraday bars, single trades, histograms, trade counts and rates": within_the_day,
    "order books": books,
    "futures, currencies, the synthetic index, fund and companies": no_benchmarks,
}


def test_every_line_of_the_table_is_asked_here():
    part = DOCS.read_text().partition("## Real bars")[2].partition("\n## ")[0]
    lines = re.findall(r"^\| (.+?) \| (real|derived|assumed|unknown) \|", part, re.MULTILINE)
    assert [what for what, _ in lines] == list(CHECKS)


@pytest.mark.parametrize("what", CHECKS)
def test_what_the_table_says_of_real_bars_is_so(tmp_path, files, what):
    async def scenario(harness):
        await CHECKS[what](Asked(harness, await harness.connect(), files))

    run_scenario(tmp_path, scenario, market=RealMarket())


def test_an_account_that_traded_what_a_file_does_not_list_is_refused(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        ib.placeOrder(stock(conId=ACME), buy(100))
        await settle()

    class Without(RealMarket):
        instruments = tuple(i for i in RealMarket.instruments if i.con_id != ACME)

    run_scenario(tmp_path, scenario, market=RealMarket())
    with pytest.raises(DataError, match=rf"1 instrument that are not in .*conId {ACME}"):
        Broker(Without(), state=tmp_path, now=OPEN, cash=1e6)
