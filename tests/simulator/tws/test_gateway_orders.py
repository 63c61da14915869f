import asyncio

import pytest
from ib_async import LimitOrder, OrderState

from simulator.faults.request import FaultRequest
from tests.simulator.gateway_harness import buy, buy_limit, place, run_scenario, sell, settle, stock
from tests.simulator.tiny_market import ACME, CLOSE, MONDAY, NEXT_MORNING, OPEN, TinyMarket


def statuses(trade):
    return [entry.status for entry in trade.log]


def test_an_order_before_the_open_waits_and_says_until_when(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, buy(100, orderRef="run1:ACME:BUY"))
        assert trade.orderStatus.status == "PreSubmitted"
        assert trade.order.permId > 0
        assert "until 2026-06-15 09:30:00 US/Eastern" in harness.text(399)
        # The warning comes between two statements that the order is well.
        assert statuses(trade)[-3:] == ["PreSubmitted", "ValidationError", "PreSubmitted"]

    run_scenario(tmp_path, scenario)


def test_a_market_order_fills_in_the_opening_auction_with_half_a_spread(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, buy(100, orderRef="r1"))
        await harness.advance(OPEN)
        assert trade.orderStatus.status == "Filled"
        (fill,) = trade.fills
        execution = fill.execution
        assert (execution.price, execution.shares, execution.side) == (100.02, 100, "BOT")
        assert execution.time == OPEN
        assert (execution.orderRef, execution.permId) == ("r1", trade.order.permId)
        assert fill.commissionReport.execId == execution.execId
        assert fill.commissionReport.commission == 1.0

    run_scenario(tmp_path, scenario)


def test_a_bigger_order_fills_in_two_parts_that_pay_one_commission(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, sell(500))
        await harness.advance(OPEN)
        assert [fill.execution.shares for fill in trade.fills] == [200, 300]
        assert [fill.commissionReport.commission for fill in trade.fills] == [1.0, 1.5]
        assert trade.fills[0].execution.execId != trade.fills[1].execution.execId
        assert trade.orderStatus.avgFillPrice == 99.98
        assert trade.remaining() == 0

    run_scenario(tmp_path, scenario)


def test_a_marketable_limit_order_never_pays_more_than_its_limit(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, buy_limit(100, 100.01))
        await harness.advance(OPEN)
        assert trade.orderStatus.avgFillPrice == 100.01

    run_scenario(tmp_path, scenario)


def test_a_resting_limit_order_is_decided_at_the_close(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        reached = await place(ib, buy_limit(100, 97.0))
        touched = await place(ib, buy_limit(100, 96.0))  # exactly the day's low
        await harness.advance(OPEN)
        assert [t.orderStatus.status for t in (reached, touched)] == ["Submitted"] * 2
        await harness.advance(CLOSE)
        assert reached.orderStatus.status == "Filled"
        assert reached.fills[0].execution.price == 97.0
        assert touched.orderStatus.status == "Cancelled"
        assert harness.codes().count(202) == 1

    run_scenario(tmp_path, scenario)


def test_an_order_in_the_session_meets_the_open_at_once(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        at_once = await place(ib, buy(100))
        resting = await place(ib, buy_limit(100, 99.0))
        assert at_once.orderStatus.status == "Filled"
        assert resting.orderStatus.status == "Submitted"
        assert 399 not in harness.codes()

    run_scenario(tmp_path, scenario, at=OPEN)


def test_an_opening_order_trades_in_the_auction_or_not_at_all(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        filled = await place(ib, LimitOrder("BUY", 100, 101.0, tif="OPG"))
        missed = await place(ib, LimitOrder("BUY", 100, 99.0, tif="OPG"))
        await harness.advance(OPEN)
        assert filled.orderStatus.status == "Filled"
        assert missed.orderStatus.status == "Cancelled"

    run_scenario(tmp_path, scenario)


def test_a_good_till_cancelled_order_survives_the_close(tmp_path):
    lower = {(ACME, MONDAY.replace(day=16)): (95.0, 96.0, 94.0, 95.5, 1_000_000)}

    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, LimitOrder("BUY", 100, 95.5, tif="GTC"))
        await harness.advance(CLOSE)
        assert trade.orderStatus.status == "PreSubmitted"
        await harness.advance(NEXT_MORNING.replace(hour=13, minute=30))
        assert trade.orderStatus.status == "Filled"
        assert trade.orderStatus.avgFillPrice == 95.02

    run_scenario(tmp_path, scenario, market=TinyMarket(lower))


def test_a_halted_stock_does_not_trade_and_the_day_order_expires(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, buy(100))
        await harness.advance(OPEN)
        assert trade.orderStatus.status == "PreSubmitted"
        await harness.advance(CLOSE)
        assert trade.orderStatus.status == "Cancelled"

    run_scenario(tmp_path, scenario, market=TinyMarket(untraded=[(ACME, MONDAY)]))


def test_a_working_order_can_be_modified_and_keeps_its_identity(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, buy_limit(100, 90.0))
        perm_id = trade.order.permId
        trade.order.lmtPrice, trade.order.totalQuantity = 97.5, 50
        ib.placeOrder(stock(), trade.order)
        await settle()
        (open_trade,) = await ib.reqAllOpenOrdersAsync()
        changed = open_trade.order
        assert (changed.lmtPrice, changed.totalQuantity, changed.permId) == (97.5, 50, perm_id)
        await harness.advance(CLOSE)
        assert trade.fills[0].execution.price == 97.5

    run_scenario(tmp_path, scenario)


def test_an_order_recovered_by_another_session_can_be_modified(tmp_path):
    async def scenario(harness):
        first = await harness.connect(7)
        await place(first, buy_limit(100, 90.0, orderRef="kept"))
        first.disconnect()
        await settle()
        again = await harness.connect(7)
        (trade,) = again.openTrades()
        # TWS writes the literal "None" here: the client sends 8 fields more for it.
        assert trade.order.deltaNeutralOrderType == "None"
        assert (trade.order.orderRef, trade.contract.right) == ("kept", "?")
        trade.order.lmtPrice = 91.0
        again.placeOrder(trade.contract, trade.order)
        await settle()
        (changed,) = await again.reqAllOpenOrdersAsync()
        assert changed.order.lmtPrice == 91.0
        assert 320 not in harness.codes()

    run_scenario(tmp_path, scenario)


def test_cancelling_ends_with_202(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, buy_limit(100, 90.0))
        ib.cancelOrder(trade.order)
        await settle()
        assert trade.orderStatus.status == "Cancelled"
        assert harness.text(202).startswith("Order Canceled - reason:")
        await harness.advance(CLOSE)
        assert trade.fills == []

    run_scenario(tmp_path, scenario)


def test_a_global_cancel_reaches_the_orders_of_every_client(tmp_path):
    async def scenario(harness):
        one, two = await harness.connect(1), await harness.connect(2)
        trades = [await place(client, buy_limit(100, 90.0)) for client in (one, two)]
        one.reqGlobalCancel()
        await settle()
        assert [trade.orderStatus.status for trade in trades] == ["Cancelled"] * 2

    run_scenario(tmp_path, scenario)


async def what_if(ib, order, symbol="ACME"):
    return await asyncio.wait_for(ib.whatIfOrderAsync(stock(symbol), order), 1)


def test_a_what_if_order_reports_margin_and_commission_and_leaves_no_order(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        state = await what_if(ib, buy(100))
        assert isinstance(state, OrderState)
        # 100 shares at the previous close of 102.
        numbers = state.numeric(digits=2)
        assert numbers.initMarginChange == 5_100.0
        assert numbers.maintMarginChange == 2_550.0
        assert numbers.equityWithLoanAfter == 999_999.0
        assert numbers.commission == 1.0
        assert await ib.reqAllOpenOrdersAsync() == []
        assert harness.gateway.broker.ledger.events == ()

    run_scenario(tmp_path, scenario)


def test_a_what_if_order_is_answered_twice_and_the_first_answer_is_empty(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        answers = []
        decoder = ib.client.decoder
        known = decoder.handlers[5]
        decoder.handlers[5] = lambda fields: (answers.append(fields), known(fields))
        await what_if(ib, buy(100))
        start = answers[0].index("PreSubmitted") + 1
        assert answers[0][start : start + 9] == ["1.7976931348623157E308"] * 9
        assert answers[1][start : start + 4] == ["0.00", "0.00", "1000000.00", "5100.00"]

    run_scenario(tmp_path, scenario)


def test_a_what_if_order_beyond_the_margin_is_refused_with_both_amounts(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        assert await what_if(ib, buy(30_000)) == []
        text = harness.text(201)
        assert "EQUITY WITH LOAN VALUE [999850.00 USD]" in text
        assert "INITIAL MARGIN [1530000.00 USD]" in text

    run_scenario(tmp_path, scenario)


def test_what_if_orders_can_be_silenced_and_margins_exceeded_on_purpose(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        harness.gateway.faults.switch(FaultRequest(fault="reject_margin", symbol="BOLT"))
        state = await what_if(ib, buy(100), "BOLT")
        assert float(state.maintMarginAfter) > float(state.equityWithLoanAfter)
        harness.gateway.faults.switch(FaultRequest(fault="whatif_silent"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ib.whatIfOrderAsync(stock(), buy(100)), 0.2)

    run_scenario(tmp_path, scenario)


def test_a_split_overnight_multiplies_position_and_waiting_orders(tmp_path):
    from tests.simulator.tiny_market import split

    after = {(ACME, MONDAY.replace(day=16)): (25.0, 26.0, 24.0, 25.5, 20_000_000)}
    market = TinyMarket(after, splits={ACME: [split(4.0)]})

    async def scenario(harness):
        ib = await harness.connect()
        await place(ib, buy(100))
        waiting = await place(ib, LimitOrder("BUY", 10, 80.0, tif="GTC"))
        await harness.advance(NEXT_MORNING)
        (position,) = ib.positions()
        assert (position.position, position.avgCost) == (400, pytest.approx(100.03 / 4))
        (item,) = ib.portfolio()
        assert item.marketPrice == 25.5
        assert (waiting.order.totalQuantity, waiting.order.lmtPrice) == (40, 20.0)

    run_scenario(tmp_path, scenario, market=market)
