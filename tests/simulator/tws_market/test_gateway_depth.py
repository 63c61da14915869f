import asyncio

import pytest
from ib_async import Forex, Index

from simulator.prices.quotes import quote
from tests.simulator.gateway_harness import run_scenario, settle, stock
from tests.simulator.tiny_market import ACME, BEFORE_OPEN, BOLT, CALM, DUAL, OPEN


def test_a_book_begins_at_the_quote_and_steps_away_from_it(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        ticker = ib.reqMktDepth(stock(conId=ACME), numRows=5, isSmartDepth=True)
        await settle()
        known = quote(harness.gateway.view, ACME, BEFORE_OPEN)
        bids, asks = ticker.domBids, ticker.domAsks
        assert (bids[0].price, asks[0].price) == (known.bid, known.ask)
        assert (bids[0].size, asks[0].size) == (known.bid_size, known.ask_size)
        assert len(bids) == len(asks) == 5
        assert [row.price for row in bids] == sorted((r.price for r in bids), reverse=True)
        assert [row.price for row in asks] == sorted(row.price for row in asks)
        assert all(row.marketMaker for row in bids + asks)

    run_scenario(tmp_path, scenario)


def test_a_book_moves_with_the_clock_until_it_is_cancelled(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        contract = stock(conId=ACME)
        ticker = ib.reqMktDepth(contract, numRows=3)
        await harness.advance(OPEN)
        assert ticker.domBids[0].price == pytest.approx(100.0, rel=0.01)
        ib.cancelMktDepth(contract)
        await settle()
        assert harness.gateway.clients[7].market_streams.books == {}
        ib.client.cancelMktDepth(999, 0)
        await settle()
        assert harness.codes() == [310]

    run_scenario(tmp_path, scenario)


def test_three_books_at_a_time_and_none_of_an_index(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (index,) = await ib.qualifyContractsAsync(Index("DBOOK", "CBOE"))
        ib.reqMktDepth(index)
        await settle()
        assert harness.codes() == [10092]
        for con_id in (ACME, BOLT, CALM, DUAL):
            ib.reqMktDepth(stock("", conId=con_id))
        await settle()
        assert harness.codes() == [10092, 309]

    run_scenario(tmp_path, scenario)


def test_a_currency_has_a_book_as_well(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (pair,) = await ib.qualifyContractsAsync(Forex("EURUSD"))
        ticker = ib.reqMktDepth(pair, numRows=2)
        await settle()
        assert ticker.domBids[0].price < ticker.domAsks[0].price

    run_scenario(tmp_path, scenario)


def test_the_exchanges_of_books_and_of_smart_quotes_are_named(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        exchanges = await asyncio.wait_for(ib.reqMktDepthExchangesAsync(), 2)
        assert ("NASDAQ", "STK") in {(one.exchange, one.secType) for one in exchanges}
        ticker = ib.reqMktData(stock(conId=ACME))
        await settle()
        components = await asyncio.wait_for(ib.reqSmartComponentsAsync(ticker.bboExchange), 2)
        assert [one.bitNumber for one in components] == list(range(len(components)))
        assert {"NYSE", "NASDAQ"} <= {one.exchange for one in components}
        ib.client.reqSmartComponents(88, "nonsense")
        await settle()
        assert harness.codes() == [321]

    run_scenario(tmp_path, scenario)
