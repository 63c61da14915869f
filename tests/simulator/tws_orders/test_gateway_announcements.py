"""Sessions closed or shortened against the calendar, and increments that depend on the price."""

from dataclasses import replace
from datetime import timedelta

import pytest
from ib_async import LimitOrder, MarketOrder, Stock

from ibkr.contracts.details import details_of
from simulator.faults.request import FaultRequest
from simulator.instruments.market_rules import LOT, WIDER_RULE
from tests.simulator.gateway_harness import run_scenario, settle
from tests.simulator.tiny_market import CLOSE, INSTRUMENTS, NEXT_MORNING, OPEN, TinyMarket

HOUR = timedelta(hours=1)
ACME = Stock("ACME", "SMART", "USD")


class OddMarket(TinyMarket):
    """The tiny market, with wider increments and lots of ten."""

    instruments = tuple(replace(one, market_rule=WIDER_RULE, lot=LOT) for one in INSTRUMENTS)


async def placed(ib, order):
    trade = ib.placeOrder(ACME, order)
    await settle()
    return trade


def announce(harness, kind):
    harness.gateway.faults.switch(FaultRequest(fault="session", kind=kind, at=OPEN))


async def described(ib):
    (found,) = await ib.reqContractDetailsAsync(ACME)
    return details_of(found)


def test_a_session_that_is_closed_holds_what_is_ordered_until_the_next(tmp_path):
    async def scenario(harness):
        announce(harness, "closed")
        ib = await harness.connect()
        found = await described(ib)
        assert OPEN.date() in found.closed_days
        assert not found.trades_at(OPEN + HOUR)
        trade = await placed(ib, MarketOrder("BUY", 100))
        assert "until 2026-06-16 09:30:00" in harness.text(399)
        await harness.advance(CLOSE + HOUR)
        assert trade.orderStatus.status == "PreSubmitted"
        await harness.advance(NEXT_MORNING + 6 * HOUR)
        assert trade.orderStatus.status == "Filled"
        assert trade.fills[0].execution.time.date() == NEXT_MORNING.date()

    run_scenario(tmp_path, scenario)


def test_a_session_that_is_shortened_trades_until_then(tmp_path):
    async def scenario(harness):
        announce(harness, "shortened")
        ib = await harness.connect()
        found = await described(ib)
        assert found.trades_at(OPEN + 3 * HOUR)
        assert not found.trades_at(OPEN + 4 * HOUR)
        early = await placed(ib, MarketOrder("BUY", 100))
        await harness.advance(OPEN + 4 * HOUR)
        late = await placed(ib, MarketOrder("BUY", 100))
        assert [one.orderStatus.status for one in (early, late)] == ["Filled", "PreSubmitted"]

    run_scenario(tmp_path, scenario)


def test_contracts_can_be_silent_about_their_hours(tmp_path):
    async def scenario(harness):
        announce(harness, "silent")
        found = await described(await harness.connect())
        assert (found.liquid_hours, found.closed_days) == ((), ())
        harness.gateway.faults.switch(FaultRequest(fault="session", on=False))
        assert (await described(await harness.connect(8))).trades_at(OPEN)

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    ("quantity", "limit", "code"),
    [(10, 100.1, None), (10, 99.95, None), (10, 100.05, 110), (10, 99.96, 110), (5, 99.95, 355)],
)
def test_an_order_off_its_increments_of_price_or_size_is_refused(tmp_path, quantity, limit, code):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await placed(ib, LimitOrder("BUY", quantity, limit))
        assert [found for found in harness.codes() if found in {110, 355}] == [code] * bool(code)
        assert (trade.orderStatus.status == "PreSubmitted") == (code is None)
        found = await described(ib)
        assert (found.market_rule, found.contract.lot) == (WIDER_RULE, LOT)

    run_scenario(tmp_path, scenario, market=OddMarket())
