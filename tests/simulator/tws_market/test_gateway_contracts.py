import asyncio

import pytest
from ib_async import Contract, Stock

from tests.simulator.gateway_harness import run_scenario, settle, stock
from tests.simulator.tiny_market import ACME, DUAL, DUAL_LONDON


def test_a_known_symbol_has_one_contract_with_its_details(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (details,) = await ib.reqContractDetailsAsync(stock())
        contract = details.contract
        assert (contract.conId, contract.symbol, contract.secType) == (ACME, "ACME", "STK")
        assert (contract.primaryExchange, contract.currency) == ("NASDAQ", "USD")
        assert (contract.exchange, contract.tradingClass) == ("SMART", "NMS")
        assert (details.minTick, details.stockType, details.sizeIncrement) == (0.01, "COMMON", 1)
        assert (details.industry, details.category) == ("Energy", "Oil")

    run_scenario(tmp_path, scenario)


def test_names_with_accents_and_backslashes_arrive_unharmed(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (details,) = await ib.reqContractDetailsAsync(stock())
        assert details.longName == "Acme Café \\ Söhne"

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ({"primaryExchange": "ISLAND"}, 1),  # as lumibot 4.6 writes NASDAQ
        ({"exchange": "ISLAND"}, 1),  # aklepaker/traderui #30
        ({"primaryExchange": "NYSE"}, 0),
        ({"exchange": "GLOBEX"}, 0),  # a former name that TWS refuses, wboayue/rust-ibapi #544
    ],
)
def test_nasdaq_is_also_known_by_its_former_name(tmp_path, names, found):
    async def scenario(harness):
        ib = await harness.connect()
        details = await ib.reqContractDetailsAsync(
            Stock(**{"symbol": "ACME", "exchange": "SMART", "currency": "USD"} | names)
        )
        assert [one.contract.primaryExchange for one in details] == ["NASDAQ"] * found
        assert harness.codes() == [200] * (1 - found)

    run_scenario(tmp_path, scenario)


def test_trading_hours_are_those_of_the_calendar_from_the_clocks_day_on(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (details,) = await ib.reqContractDetailsAsync(stock())
        first, *_ = details.liquidSessions()
        assert f"{first.start:%Y-%m-%d %H:%M %z}" == "2026-06-15 09:30 -0400"
        # 19 June 2026 is a holiday.
        assert "20260619:CLOSED" in details.liquidHours
        assert details.tradingHours.startswith("20260615:0400-20260615:2000")

    run_scenario(tmp_path, scenario)


def test_an_ambiguous_symbol_gives_every_listing(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        found = await ib.reqContractDetailsAsync(Stock("DUAL", "SMART"))
        assert [details.contract.conId for details in found] == [DUAL, DUAL_LONDON]
        (narrowed,) = await ib.reqContractDetailsAsync(Stock("DUAL", "SMART", "GBP"))
        assert narrowed.contract.conId == DUAL_LONDON

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    "query",
    [
        Stock("NOSUCH", "SMART", "USD"),
        Stock("ACME", "SMART", "EUR"),
        Stock("ACME", "LSE", "USD"),
        Stock("ACME", "SMART", "USD", primaryExchange="NYSE"),
        Contract(conId=999),
        Contract(secType="OPT", symbol="ACME", lastTradeDateOrContractMonth="20260616"),
        Contract(secType="OPT", symbol="NOSUCH"),
        Contract(secType="FUT", symbol="DBF", exchange="SMART"),
    ],
)
def test_a_contract_that_does_not_exist_is_error_200(tmp_path, query):
    async def scenario(harness):
        ib = await harness.connect()
        assert await ib.reqContractDetailsAsync(query) == []
        assert harness.codes() == [200]
        assert harness.text(200) == "No security definition has been found for the request"

    run_scenario(tmp_path, scenario)


def test_a_query_without_a_security_type_is_error_321_and_never_answered(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ib.reqContractDetailsAsync(Contract(symbol="ACME")), 0.2)
        assert "security type" in harness.text(321)

    run_scenario(tmp_path, scenario)


def test_qualifying_fills_in_what_was_left_out(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        known, unknown = await ib.qualifyContractsAsync(stock(), stock("NOSUCH"))
        assert known.conId == ACME
        assert unknown is None

    run_scenario(tmp_path, scenario)


def test_symbols_are_found_by_their_beginning_and_by_name(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        by_symbol = await ib.reqMatchingSymbolsAsync("ac")
        by_name = await ib.reqMatchingSymbolsAsync("holdings")
        assert [found.contract.symbol for found in by_symbol] == ["ACME"]
        assert [found.contract.symbol for found in by_name] == ["CALM"]
        assert await ib.reqMatchingSymbolsAsync("  ") == []

    run_scenario(tmp_path, scenario)


def test_shares_trade_by_the_rule_of_one_cent(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (increment,) = await ib.reqMarketRuleAsync(26)
        assert (increment.lowEdge, increment.increment) == (0.0, 0.01)
        ib.client.reqMarketRule(27)
        await settle()
        assert harness.codes() == [321]

    run_scenario(tmp_path, scenario)
