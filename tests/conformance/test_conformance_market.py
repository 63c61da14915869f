"""The real ib_async at version 178: contracts, bars, quotes, options, scans, news."""

import asyncio
import math
from datetime import date

import pytest
from ib_async import Contract, Forex, Future, Index, Option, ScannerSubscription, Stock, TagValue

from tests.conformance.conformance_harness import DURING, EVENING, MORNING, conform, most_traded
from tests.simulator.gateway_harness import settle


async def qualified(harness, ib, count=1):
    """Return the most traded stocks as ib_async knows them."""
    found = [Stock(i.symbol, "SMART", "USD") for i in most_traded(harness.gateway, count)]
    contracts = await ib.qualifyContractsAsync(*found)
    assert all(contract.conId for contract in contracts)
    return contracts


def test_contracts_are_qualified_described_and_found_by_name(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        unknown, ambiguous = await ib.qualifyContractsAsync(
            Stock("ZZZZZZ", "SMART", "USD"), Option(stock.symbol, "", 0.0, "C", "SMART")
        )
        assert unknown is None
        assert ambiguous is None
        assert 200 in harness.codes()
        (details,) = await ib.reqContractDetailsAsync(stock)
        assert details.longName
        assert details.stockType in {"COMMON", "ETF", "ADR", "REIT"}
        assert (details.minTick, details.sizeIncrement) == (0.01, 1)
        assert details.tradingSessions()[0].start.tzinfo is not None
        assert details.timeZoneId == "US/Eastern"
        found = await ib.reqMatchingSymbolsAsync(stock.symbol)
        assert stock.conId in {description.contract.conId for description in found}
        rule = await ib.reqMarketRuleAsync(int(details.marketRuleIds.split(",")[0]))
        assert rule[0].increment == 0.01
        assert {exchange.exchange for exchange in await ib.reqMktDepthExchangesAsync()}
        assert await ib.reqSmartComponentsAsync("9c0001")

    conform(tmp_path, scenario)


@pytest.mark.parametrize(
    ("size", "duration", "least"),
    [("1 day", "6 M", 100), ("1 day", "20 D", 20), ("1 hour", "5 D", 28), ("5 mins", "1 D", 12),
     ("1 week", "1 Y", 40), ("1 month", "1 Y", 10), ("1 min", "3600 S", 30)],
)  # fmt: skip
def test_bars_of_every_size_are_in_order_and_whole(tmp_path, size, duration, least):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        bars = await ib.reqHistoricalDataAsync(stock, "", duration, size, "TRADES", useRTH=True)
        assert len(bars) >= least
        assert [bar.date for bar in bars] == sorted({bar.date for bar in bars})
        for bar in bars:
            assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert harness.codes() == []

    conform(tmp_path, scenario)


def test_bars_end_where_asked_come_in_either_date_format_and_say_why_when_there_are_none(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        end = "20260601 16:00:00 US/Eastern"
        bars = await ib.reqHistoricalDataAsync(stock, end, "5 D", "1 day", "TRADES", useRTH=True)
        assert bars[-1].date == date(2026, 6, 1)
        epoch = await ib.reqHistoricalDataAsync(
            stock, end, "2 D", "1 hour", "TRADES", useRTH=True, formatDate=2
        )
        assert epoch[0].date.tzinfo is not None
        none = await ib.reqHistoricalDataAsync(
            stock, end, "5 D", "7 mins", "TRADES", useRTH=True, timeout=1
        )
        assert list(none) == []
        assert 321 in harness.codes()
        for as_epoch in (1, 2):
            head = await ib.reqHeadTimeStampAsync(stock, "TRADES", useRTH=True, formatDate=as_epoch)
            assert head.year <= 2025
        schedule = await ib.reqHistoricalScheduleAsync(stock, 10)
        assert schedule.timeZone == "US/Eastern"
        assert schedule.sessions
        assert (await ib.reqFundamentalDataAsync(stock, "ReportSnapshot")).startswith("<?xml")
        assert await ib.reqHistogramDataAsync(stock, useRTH=True, period="3 days")
        for what in ("TRADES", "BID_ASK", "MIDPOINT"):
            ticks = await ib.reqHistoricalTicksAsync(stock, "", end, 10, what, useRth=True)
            assert len(ticks) >= 10

    conform(tmp_path, scenario)


def test_quotes_come_as_snapshots_and_streams_with_what_was_asked_for(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        one, two = await qualified(harness, ib, 2)
        ib.reqMarketDataType(1)
        snapshot, _ = await ib.reqTickersAsync(one, two)
        assert 0 < snapshot.bid < snapshot.ask
        assert snapshot.close > 0
        assert snapshot.marketDataType == 1
        stream = ib.reqMktData(one, "100,101,104,106,165,233,236,258,456")
        await settle()
        assert stream.bid == snapshot.bid
        assert 0 < stream.low52week <= stream.high52week
        assert stream.histVolatility > 0
        assert stream.impliedVolatility > 0
        assert stream.avVolume > 0
        assert stream.shortableShares > 0
        assert stream.rtTime is not None
        assert stream.fundamentalRatios is not None
        assert stream.dividends is not None
        ib.cancelMktData(one)
        book = ib.reqMktDepth(two, 5, isSmartDepth=True)
        await settle()
        assert len(book.domBids) == len(book.domAsks) == 5
        assert book.domBids[0].price < book.domAsks[0].price
        ib.cancelMktDepth(two, isSmartDepth=True)
        assert harness.codes() == []

    conform(tmp_path, scenario)


def test_an_empty_book_before_the_open_is_minus_one_with_size_zero(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        listed = [i for i in harness.gateway.view.market.instruments if i.sec_type == "STK"]
        contracts = [Contract(conId=item.con_id, exchange="SMART") for item in listed]
        tickers = await ib.reqTickersAsync(*await ib.qualifyContractsAsync(*contracts))
        empty = [t for t in tickers if t.bid == -1]
        assert all(t.bidSize == 0 for t in empty)
        assert any(t.bid > 0 for t in tickers)

    conform(tmp_path, scenario, at=MORNING)


def test_delayed_data_has_ticks_of_its_own(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        ib.reqMarketDataType(3)
        (delayed,) = await ib.reqTickersAsync(stock)
        assert delayed.marketDataType == 3
        assert delayed.bid > 0

    conform(tmp_path, scenario)


def test_option_chains_greeks_and_custom_computations(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        chains = await ib.reqSecDefOptParamsAsync(stock.symbol, "", "STK", stock.conId)
        chain = next(chain for chain in chains if chain.exchange == "SMART")
        expiry = chain.expirations[len(chain.expirations) // 2]
        details = await ib.reqContractDetailsAsync(Option(stock.symbol, expiry, 0.0, "", "SMART"))
        assert len(details) == 2 * len({d.contract.strike for d in details})
        (ticker,) = await ib.reqTickersAsync(stock)
        near = sorted(details, key=lambda d: abs(d.contract.strike - ticker.marketPrice()))[:6]
        tickers = await ib.reqTickersAsync(*(d.contract for d in near))
        for option in tickers:
            greeks = option.modelGreeks
            right = option.contract.right
            assert (0 < greeks.delta < 1) if right == "C" else (-1 < greeks.delta < 0)
            assert greeks.gamma > 0
            assert greeks.vega > 0
            assert greeks.theta < 0
            assert 0.01 < greeks.impliedVol < 3
        call = next(t for t in tickers if t.contract.right == "C")
        implied = await ib.calculateImpliedVolatilityAsync(
            call.contract, call.modelGreeks.optPrice, call.modelGreeks.undPrice
        )
        assert implied.impliedVol == pytest.approx(call.modelGreeks.impliedVol, abs=0.02)
        priced = await ib.calculateOptionPriceAsync(
            call.contract, implied.impliedVol, call.modelGreeks.undPrice
        )
        assert priced.optPrice == pytest.approx(call.modelGreeks.optPrice, abs=0.05)

    conform(tmp_path, scenario)


@pytest.mark.parametrize("kind", ["IND", "CASH", "FUT"])
def test_indices_currencies_and_futures_are_described_quoted_and_have_bars(tmp_path, kind):
    async def scenario(harness):
        ib = await harness.connect()
        query = await a_contract(ib, harness, kind)
        (contract,) = await ib.qualifyContractsAsync(query)
        (ticker,) = await ib.reqTickersAsync(contract)
        assert ticker.marketPrice() > 0
        what = "MIDPOINT" if kind == "CASH" else "TRADES"
        bars = await ib.reqHistoricalDataAsync(contract, "", "1 M", "1 day", what, useRTH=True)
        assert len(bars) > 15
        assert not math.isnan(bars[-1].close)

    conform(tmp_path, scenario)


async def a_contract(ib, harness, kind):
    """Return a contract of a kind, as a client would write it."""
    listed = harness.gateway.view.instruments.values()
    if kind == "CASH":
        return Forex("EURUSD")
    if kind == "IND":
        item = next(item for item in listed if item.sec_type == "IND")
        return Index(item.symbol, item.primary_exchange, item.currency)
    index = next(item for item in listed if item.sec_type == "IND")
    for symbol, exchange in (("ES", "CME"), (index.symbol, "CME"), ("DBF", "CME")):
        found = await ib.reqContractDetailsAsync(Future(symbol, exchange=exchange))
        if found:
            return found[0].contract
    raise AssertionError("no future was found")


def test_scans_have_codes_filters_and_a_refusal_for_what_there_is_not(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        parameters = await ib.reqScannerParametersAsync()
        assert "TOP_PERC_GAIN" in parameters
        assert "STK.US.MAJOR" in parameters
        scan = ScannerSubscription(
            instrument="STK", locationCode="STK.US.MAJOR", scanCode="TOP_PERC_GAIN", numberOfRows=20
        )
        rows = await ib.reqScannerDataAsync(scan, [], [TagValue("priceAbove", "5")])
        assert 0 < len(rows) <= 20
        assert [row.rank for row in rows] == list(range(len(rows)))
        wrong = ScannerSubscription(
            instrument="STK", locationCode="STK.US.MAJOR", scanCode="NOPE", numberOfRows=5
        )
        none = await asyncio.wait_for(ib.reqScannerDataAsync(wrong), 2)
        assert list(none) == []
        assert {162, 165, 321} & set(harness.codes())

    conform(tmp_path, scenario)


def test_news_has_providers_headlines_and_articles(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        codes = [provider.code for provider in await ib.reqNewsProvidersAsync()]
        news = await ib.reqHistoricalNewsAsync(stock.conId, "+".join(codes), "", "", 10)
        assert news
        headline = news[0] if isinstance(news, list) else news
        assert headline.headline
        article = await ib.reqNewsArticleAsync(headline.providerCode, headline.articleId)
        assert article.articleText

    conform(tmp_path, scenario, at=EVENING)


def test_a_scenario_is_the_same_when_it_is_played_again(tmp_path):
    seen = []

    async def scenario(harness):
        ib = await harness.connect()
        contracts = await qualified(harness, ib, 3)
        tickers = await ib.reqTickersAsync(*contracts)
        seen.append([(t.contract.conId, t.bid, t.ask, t.last) for t in tickers])
        bars = await ib.reqHistoricalDataAsync(
            contracts[0], "", "5 D", "1 hour", "TRADES", useRTH=True
        )
        seen.append([(bar.date, bar.open, bar.close, bar.volume) for bar in bars])

    for number in range(2):
        conform(tmp_path / str(number), scenario, at=DURING)
    assert seen[:2] == seen[2:]
