"""Options close together: every session, small steps, and a second class on the index."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ib_async import Contract, Option

from core.calendar import session, sessions_between
from simulator.instruments import dense_options
from simulator.instruments.expirations import trading_days
from simulator.instruments.options import OptionKey, key_of
from simulator.market.benchmarks import FUND, INDEX
from tests.simulator.derivatives import TradingDesk, contracts
from tests.simulator.gateway_harness import run_scenario, settle
from tests.simulator.tiny_market import ACME, CLOSE, MONDAY, OPEN

TWO_WEEKS = [f"{day:%Y%m%d}" for day in sessions_between(MONDAY, date(2026, 6, 29))]
TODAY = f"{MONDAY:%Y%m%d}"


async def chains(ib, symbol, con_id, kind):
    rows = await ib.reqSecDefOptParamsAsync(symbol, "", kind, con_id)
    return {row.tradingClass: row for row in rows if row.exchange == "SMART"}


@given(
    series=st.sampled_from(dense_options.SERIES),
    day=st.sampled_from(trading_days()),
    step=st.integers(1, 4095),
    right=st.sampled_from("CP"),
)
def test_a_number_says_everything_about_an_option(series, day, step, right):
    key = OptionKey(series.place, day, step * series.step, right, 0, series.is_second)
    assert key_of(key.con_id) == key


def test_options_that_were_listed_before_keep_their_numbers():
    key = OptionKey(0, date(2026, 7, 17), 1000.0, "C", 0)
    assert key.con_id == 1_000_486_704
    assert key.con_id < dense_options.FIRST_CON_ID


def test_the_index_has_two_classes_and_the_second_one_expires_every_session(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        found = await chains(ib, "DBOOK", INDEX, "IND")
        assert set(found) == {"DBOOK", "DBOOKW"}
        assert found["DBOOK"].expirations[:2] == ["20260618", "20260717"]
        assert found["DBOOKW"].expirations[: len(TWO_WEEKS)] == TWO_WEEKS
        assert len(TWO_WEEKS) == 10
        await harness.advance(CLOSE)
        later = await chains(ib, "DBOOK", INDEX, "IND")
        assert later["DBOOKW"].expirations[0] == TWO_WEEKS[1]

    run_scenario(tmp_path, scenario)


def test_the_fund_expires_every_session_in_one_class_and_a_stock_every_week(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (fund,) = (await chains(ib, "DBETF", FUND, "STK")).values()
        assert set(TWO_WEEKS) < set(fund.expirations)
        (share,) = (await chains(ib, "ACME", ACME, "STK")).values()
        assert TODAY not in share.expirations

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(("symbol", "con_id", "kind", "step"), [
    ("DBOOK", INDEX, "IND", 5.0), ("DBETF", FUND, "STK", 1.0),
])  # fmt: skip
def test_strikes_near_the_money_are_a_small_step_apart(tmp_path, symbol, con_id, kind, step):
    async def scenario(harness):
        ib = await harness.connect()
        level = harness.gateway.view.mark(con_id, harness.gateway.clock.now())
        for row in (await chains(ib, symbol, con_id, kind)).values():
            near = [strike for strike in row.strikes if abs(strike / level - 1) < 0.05]
            assert len(near) >= 0.09 * level / step
            steps = {round(high - low, 6) for low, high in pairwise(near)}
            assert max(steps) == step

    run_scenario(tmp_path, scenario)


def test_on_a_day_of_both_classes_the_class_tells_them_apart(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        rows = await chains(ib, "DBOOK", INDEX, "IND")
        strike = rows["DBOOK"].strikes[len(rows["DBOOK"].strikes) // 2]
        asked = Option("DBOOK", "20260618", strike, "C", "SMART")
        both = [one.contract for one in await ib.reqContractDetailsAsync(asked)]
        assert [one.tradingClass for one in both] == ["DBOOK", "DBOOKW"]
        assert both[0].conId != both[1].conId
        for one in both:
            asked.tradingClass = one.tradingClass
            (named,) = await ib.reqContractDetailsAsync(asked)
            (by_id,) = await ib.reqContractDetailsAsync(Contract(conId=one.conId))
            local = Contract(secType="OPT", localSymbol=one.localSymbol, exchange="SMART")
            (by_local,) = await ib.reqContractDetailsAsync(local)
            assert {named.contract.conId, by_id.contract.conId, by_local.contract.conId} == {
                one.conId
            }
            assert by_id.underConId == INDEX
        assert both[1].localSymbol.startswith("DBOOKW260618C")

    run_scenario(tmp_path, scenario)


def test_an_option_of_today_is_quoted_until_the_close_and_then_known_as_expired(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        await harness.advance(OPEN + timedelta(hours=1))
        level = harness.gateway.view.mark(INDEX, harness.gateway.clock.now())
        strike = 5.0 * round(level / 5.0)
        asked = Option("DBOOK", TODAY, strike, "C", "SMART", tradingClass="DBOOKW")
        (known,) = await ib.qualifyContractsAsync(asked)
        ticker = ib.reqMktData(known, "101")
        await settle()
        assert 0 < ticker.bid < ticker.ask
        assert 0 < ticker.modelGreeks.delta < 1
        await harness.advance(CLOSE)
        assert await ib.reqContractDetailsAsync(asked) == []
        asked.includeExpired = True
        (again,) = await ib.reqContractDetailsAsync(asked)
        assert again.contract.conId == known.conId

    run_scenario(tmp_path, scenario)


def test_an_option_of_today_is_settled_in_the_evening(tmp_path):
    desk = TradingDesk(tmp_path, now=OPEN + timedelta(hours=1))
    view = desk.exchange.view
    strike = 5.0 * round(view.mark(INDEX, OPEN) / 5.0) - 20.0
    call = view.securities.option(INDEX, MONDAY, strike, "C", day=MONDAY, is_second=True)
    desk.trade(contracts(call.con_id, 2))
    assert desk.held() == {call.con_id: 2}
    paid = desk.exchange.cash
    desk.exchange.advance_to(session(MONDAY).close)
    assert desk.held() == {}
    worth = max(view.mark(INDEX, CLOSE) - strike, 0.0)
    assert desk.exchange.cash - paid == pytest.approx(2 * 100 * worth, abs=1.0)


def test_the_same_terms_are_worth_the_same_in_both_classes(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        await harness.advance(OPEN)
        terms = ("DBOOK", "20260618", 775.0, "C", "SMART")
        asked = [Option(*terms, tradingClass=name) for name in ("DBOOK", "DBOOKW")]
        quotes = await ib.reqTickersAsync(*await ib.qualifyContractsAsync(*asked))
        first, second = (ticker.modelGreeks.optPrice for ticker in quotes)
        assert first == second > 0

    run_scenario(tmp_path, scenario)
