import asyncio
from datetime import date

import pytest
from ib_async import ComboLeg, Contract, Forex, Future, Index, Option, Stock
from ib_async.util import isNan

from simulator.market.benchmarks import INDEX
from tests.simulator.gateway_harness import run_scenario, settle
from tests.simulator.tiny_market import ACME, BEFORE_OPEN, CLOSE, OPEN

EXPIRY = "20260717"


async def chain(ib, symbol="ACME", con_id=ACME, kind="STK", **changes):
    terms = {"underlyingSymbol": symbol, "futFopExchange": "", "underlyingSecType": kind}
    return await asyncio.wait_for(
        ib.reqSecDefOptParamsAsync(**terms | changes, underlyingConId=con_id), 2
    )


async def option(ib, strike=100.0, right="C", expiry=EXPIRY, symbol="ACME", **changes):
    asked = Option(symbol, expiry, strike, right, "SMART", **changes)
    (found,) = await ib.qualifyContractsAsync(asked)
    return found


async def snapshot(ib, contract):
    (ticker,) = await asyncio.wait_for(ib.reqTickersAsync(contract), 2)
    return ticker


def test_a_chain_names_expirations_and_strikes_once_for_each_exchange(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        rows = await chain(ib)
        assert [row.exchange for row in rows] == ["SMART", "CBOE"]
        smart = rows[0]
        assert (smart.tradingClass, smart.multiplier) == ("ACME", "100")
        assert EXPIRY in smart.expirations
        assert smart.expirations == sorted(smart.expirations)
        assert {95.0, 100.0, 105.0} <= set(smart.strikes)
        assert smart.strikes == sorted(smart.strikes)

    run_scenario(tmp_path, scenario)


def test_every_row_of_a_chain_is_a_contract(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        smart = (await chain(ib))[0]
        details = await ib.reqContractDetailsAsync(Option("ACME", EXPIRY, 0.0, "", "SMART"))
        found = {(d.contract.strike, d.contract.right) for d in details}
        assert found == {(strike, right) for strike in smart.strikes for right in "CP"}
        one = details[0]
        assert (one.contract.multiplier, one.underConId, one.underSymbol) == ("100", ACME, "ACME")
        assert (one.contractMonth, one.realExpirationDate) == ("202607", EXPIRY)
        assert one.contract.localSymbol.startswith("ACME  260717")
        assert len({d.contract.conId for d in details}) == len(details)

    run_scenario(tmp_path, scenario)


def test_a_month_fits_every_expiration_in_it_and_a_wrong_strike_none(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        found = await ib.reqContractDetailsAsync(Option("ACME", "202607", 100.0, "C", "SMART"))
        days = [d.contract.lastTradeDateOrContractMonth for d in found]
        assert days == ["20260702", "20260710", "20260717", "20260724"]
        assert await ib.reqContractDetailsAsync(Option("ACME", EXPIRY, 101.0, "C", "SMART")) == []
        assert harness.codes() == [200]

    run_scenario(tmp_path, scenario)


def test_what_has_no_options_has_an_empty_chain_and_a_wrong_underlying_is_refused(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (pair,) = await ib.qualifyContractsAsync(Forex("EURUSD"))
        assert await chain(ib, "EUR", pair.conId, "CASH") == []
        ib.RaiseRequestErrors = True
        with pytest.raises(TimeoutError):  # 321 is a warning to ib_async
            await asyncio.wait_for(chain(ib, "BOLT"), 0.3)
        assert "Invalid underlying" in harness.text(321)

    run_scenario(tmp_path, scenario)


def test_index_options_are_listed_as_well(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        rows = await chain(ib, "DBOOK", INDEX, "IND")
        level = harness.gateway.view.mark(INDEX, BEFORE_OPEN)
        assert min(rows[0].strikes) < level < max(rows[0].strikes)
        found = await option(ib, rows[0].strikes[3], "P", rows[0].expirations[1], "DBOOK",
                             tradingClass="DBOOK")  # fmt: skip
        assert found.secType == "OPT"

    run_scenario(tmp_path, scenario)


def test_a_snapshot_of_an_option_has_four_computations_that_agree_with_its_prices(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        contract = await option(ib)
        for moment in (BEFORE_OPEN, OPEN, CLOSE):
            await harness.advance(moment)
            ticker = await snapshot(ib, contract)
            assert 0 < ticker.bid < ticker.ask
            model = ticker.modelGreeks
            assert ticker.bidGreeks.impliedVol < model.impliedVol < ticker.askGreeks.impliedVol
            assert ticker.lastGreeks.optPrice == ticker.last
            assert 0 < model.delta < 1
            assert model.gamma > 0 > model.theta
            assert model.vega > 0
            assert model.undPrice == harness.gateway.view.mark(ACME, moment)
            assert model.optPrice == pytest.approx(ticker.last, abs=0.006)

    run_scenario(tmp_path, scenario)


def test_what_cannot_be_computed_is_said_with_minus_one_and_minus_two(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        contract = await option(ib, 140.0)
        wire = await harness.started()
        wire.send(
            1, 11, 5, contract.conId, "", "", "", 0.0, "", "", "SMART", "", "", "", "",
            0, "", 1, 0, "",
        )  # fmt: skip
        computations = {}
        while True:
            answer = await wire.receive()
            if answer[0] == "57":
                break
            if answer[0] == "21":
                computations[answer[2]] = answer
        assert set(computations) == {"10", "11", "12", "13"}
        assert {len(answer) for answer in computations.values()} == {12}
        # Nobody bids for it.
        assert computations["10"][4:11] == ["-1", "-2", "-1", "-1", "-2", "-2", "-2"]

    run_scenario(tmp_path, scenario)


def test_price_and_volatility_of_an_option_are_inverse_questions(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        contract = await option(ib)
        priced = await ib.calculateOptionPriceAsync(contract, 0.25, 101.0)
        assert priced.impliedVol == 0.25
        answer = await ib.calculateImpliedVolatilityAsync(contract, priced.optPrice, 101.0)
        assert answer.impliedVol == pytest.approx(0.25, abs=1e-4)
        assert answer.delta == pytest.approx(priced.delta, abs=1e-4)

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(("price", "under"), [(-1.0, 100.0), (5000.0, 100.0), (5.0, 0.0)])
def test_a_price_that_no_volatility_explains_is_refused(tmp_path, price, under):
    async def scenario(harness):
        ib = await harness.connect()
        contract = await option(ib)
        ib.client.calculateImpliedVolatility(77, contract, price, under, [])
        await settle()
        assert harness.codes() == [321]

    run_scenario(tmp_path, scenario)


def test_a_combination_is_quoted_by_the_net_of_its_legs(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        low, high = await option(ib, 100.0), await option(ib, 105.0)
        quotes = [await snapshot(ib, leg) for leg in (low, high)]
        spread = Contract(
            symbol="ACME", secType="BAG", exchange="SMART", currency="USD",
            comboLegs=[ComboLeg(low.conId, 1, "BUY", "SMART"),
                       ComboLeg(high.conId, 1, "SELL", "SMART")],
        )  # fmt: skip
        ticker = ib.reqMktData(spread)
        await settle()
        assert ticker.bid == pytest.approx(quotes[0].bid - quotes[1].ask)
        assert ticker.ask == pytest.approx(quotes[0].ask - quotes[1].bid)
        bars = await ib.reqHistoricalDataAsync(spread, "", "5 D", "1 day", "TRADES", useRTH=True)
        assert len(bars) == 5
        assert bars[-1].close == pytest.approx(quotes[0].last - quotes[1].last)

    run_scenario(tmp_path, scenario)


def test_a_combination_with_an_unknown_leg_is_error_200(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        legs = [ComboLeg(ACME, 1, "BUY", "SMART"), ComboLeg(999, 1, "SELL", "SMART")]
        ib.reqMktData(Contract(symbol="ACME", secType="BAG", exchange="SMART", comboLegs=legs))
        await settle()
        assert harness.codes() == [200]

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    ("contract", "count", "tick"),
    [
        (Forex("EURUSD"), 1, 0.00005),
        (Forex("USDJPY"), 1, 0.005),
        (Index("DBOOK", "CBOE"), 1, 0.01),
        (Future("DBF", "202609", "CME"), 1, 0.25),
        (Future("DBF", exchange="CME"), 5, 0.25),
        (Stock("DBETF", "SMART", "USD"), 1, 0.01),
    ],
)
def test_every_kind_is_described_with_its_hours_and_its_rule(tmp_path, contract, count, tick):
    async def scenario(harness):
        ib = await harness.connect()
        found = await ib.reqContractDetailsAsync(contract)
        assert len(found) == count
        details = found[0]
        assert details.minTick == tick
        assert details.tradingSessions()
        assert details.liquidSessions()
        (rule,) = await ib.reqMarketRuleAsync(int(details.marketRuleIds.split(",")[0]))
        assert rule.increment == tick

    run_scenario(tmp_path, scenario)


def test_an_expired_future_is_found_when_expired_ones_are_asked_for(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        past = Future("DBF", "202603", "CME")
        assert await ib.reqContractDetailsAsync(past) == []
        past.includeExpired = True
        (details,) = await ib.reqContractDetailsAsync(past)
        assert details.realExpirationDate == "20260320"
        option_past = Option("ACME", "202605", 100.0, "C", "SMART", includeExpired=True)
        assert len(await ib.reqContractDetailsAsync(option_past)) == 5

    run_scenario(tmp_path, scenario)


def test_options_have_bars_from_their_listing_on(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        contract = await option(ib)
        bars = await ib.reqHistoricalDataAsync(contract, "", "1 Y", "1 day", "TRADES", useRTH=True)
        assert bars[-1].date == date(2026, 6, 12)
        assert all(bar.low <= min(bar.open, bar.close) for bar in bars)
        assert all(bar.high >= max(bar.open, bar.close) for bar in bars)
        assert bars[-1].close == (await snapshot(ib, contract)).last
        assert isNan((await snapshot(ib, contract)).open)

    run_scenario(tmp_path, scenario)


def test_samples_say_what_is_derived_from_them(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (acme,) = await ib.reqMatchingSymbolsAsync("ACME")
        assert acme.derivativeSecTypes == ["OPT"]
        (index,) = await ib.reqMatchingSymbolsAsync("DBOOK")
        assert index.derivativeSecTypes == ["FUT", "OPT"]

    run_scenario(tmp_path, scenario)
