"""Generic ticks of what is no share: TWS takes the whole list and sends what the contract has."""

import pytest
from ib_async import Forex, Future, Index, Option
from ib_async.util import isNan

from tests.simulator.gateway_harness import run_scenario, settle, stock
from tests.simulator.tiny_market import OPEN

CALL, PUT = (Option("ACME", "20260717", 100.0, right, "SMART") for right in "CP")
# What the issues of real programs show them asking of an option.
OF_OPTIONS = "100,101,105,106,165,221,225,232,233,236,258,292,293,294,295,318,375,411,456,588,595"


async def follow(harness, contract, ticks):
    ib = await harness.connect()
    (known,) = await ib.qualifyContractsAsync(contract)
    ticker = ib.reqMktData(known, ticks)
    await settle()
    return ticker


@pytest.mark.parametrize(("contract", "own", "other"), [
    (CALL, "call", "put"), (PUT, "put", "call"),
])  # fmt: skip
def test_open_interest_and_volume_of_an_option_are_its_own(tmp_path, contract, own, other):
    async def scenario(harness):
        ticker = await follow(harness, contract, "100,101")
        assert harness.codes() == []
        assert getattr(ticker, f"{own}OpenInterest") >= 10
        assert getattr(ticker, f"{other}OpenInterest") == 0
        assert getattr(ticker, f"{own}Volume") == 100  # of the session before: 0.00002 of ACME's
        assert getattr(ticker, f"{other}Volume") == 0

    run_scenario(tmp_path, scenario, at=OPEN)


def test_an_options_implied_volatility_is_that_of_its_own_model(tmp_path):
    async def scenario(harness):
        ticker = await follow(harness, CALL, "106")
        assert ticker.impliedVolatility == pytest.approx(ticker.modelGreeks.impliedVol, abs=1e-6)

    run_scenario(tmp_path, scenario, at=OPEN)


def test_an_option_takes_the_whole_list_and_sends_nothing_that_only_shares_have(tmp_path):
    async def scenario(harness):
        ticker = await follow(harness, CALL, OF_OPTIONS)
        assert harness.codes() == []
        assert isNan(ticker.low52week)
        assert isNan(ticker.shortableShares)
        assert ticker.dividends is None
        assert ticker.markPrice > 0

    run_scenario(tmp_path, scenario, at=OPEN)


@pytest.mark.parametrize("contract", [
    Future("DBF", "202606", "CME"), Index("DBOOK", "CBOE", "USD"), Forex("EURUSD"),
])  # fmt: skip
def test_futures_indices_and_currencies_take_the_list_as_well(tmp_path, contract):
    async def scenario(harness):
        ticker = await follow(harness, contract, OF_OPTIONS)
        assert harness.codes() == []
        assert ticker.markPrice > 0

    run_scenario(tmp_path, scenario, at=OPEN)


def test_the_number_of_the_tick_itself_is_taken_for_that_of_the_list(tmp_path):
    async def scenario(harness):
        ticker = await follow(harness, stock("ACME"), "220")
        assert harness.codes() == []
        assert ticker.markPrice == 100.0

    run_scenario(tmp_path, scenario, at=OPEN)


def test_a_number_that_is_no_generic_tick_is_still_error_321(tmp_path):
    async def scenario(harness):
        await follow(harness, CALL, "101,999")
        assert harness.codes() == [321]
        assert "101(Option Open Interest)" in harness.text(321)

    run_scenario(tmp_path, scenario, at=OPEN)
