import asyncio

import pytest
from ib_async import ExecutionFilter, LimitOrder, OrderState

from simulator.faults.request import FaultRequest
from tests.simulator.gateway_harness import buy, buy_limit, play, sell, settle, stock
from tests.simulator.tiny_market import ACME, CLOSE, MONDAY, NEXT_MORNING, OPEN, TinyMarket


async def place(ib, order, symbol="ACME"):
    trade = ib.placeOrder(stock(symbol), order)
    await settle()
    return trade


def statuses(trade):
    return [entry.status for entry in trade.log]


def test_an_order_before_the_open_waits_and_says_until_when(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        trade = await place(ib, buy(100, orderRef="run1:ACME:BUY"))
        assert trade.orderStatus.status == "PreSubmitted"
        assert trade.order.permId > 0
        assert "until 2026-06-15 09:30:00 US/Eastern" in stage.text(399)
        # The warning comes between two statements that the order is well.
        assert statuses(trade)[-3:] == ["PreSubmitted", "ValidationError", "PreSubmitted"]

    play(tmp_path, scene)


def test_a_market_order_fills_in_the_opening_auction_with_half_a_spread(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        trade = await place(ib, buy(100, orderRef="r1"))
        await stage.advance(OPEN)
        assert trade.orderStatus.status == "Filled"
        (fill,) = trade.fills
        execution = fill.execution
        assert (execution.price, execution.shares, execution.side) == (100.02, 100, "BOT")
        assert execution.time == OPEN
        assert (execution.orderRef, execution.permId) == ("r1", trade.order.permId)
        assert fill.commissionReport.execId == execution.execId
        assert fill.commissionReport.commission == 1.0

    play(tmp_path, scene)


def test_a_bigger_order_fills_in_two_parts_that_pay_one_commission(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        trade = await place(ib, sell(500))
        await stage.advance(OPEN)
        assert [fill.execution.shares for fill in trade.fills] == [200, 300]
        assert [fill.commissionReport.commission for fill in trade.fills] == [1.0, 1.5]
        assert trade.fills[0].execution.execId != trade.fills[1].execution.execId
        assert trade.orderStatus.avgFillPrice == 99.98
        assert trade.remaining() == 0

    play(tmp_path, scene)


def test_a_marketable_limit_order_never_pays_more_than_its_limit(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        trade = await place(ib, buy_limit(100, 100.01))
        await stage.advance(OPEN)
        assert trade.orderStatus.avgFillPrice == 100.01

    play(tmp_path, scene)


def test_a_resting_limit_order_is_decided_at_the_close(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        reached = await place(ib, buy_limit(100, 97.0))
        touched = await place(ib, buy_limit(100, 96.0))  # exactly the day's low
        await stage.advance(OPEN)
        assert [t.orderStatus.status for t in (reached, touched)] == ["Submitted"] * 2
        await stage.advance(CLOSE)
        assert reached.orderStatus.status == "Filled"
        assert reached.fills[0].execution.price == 97.0
        assert touched.orderStatus.status == "Cancelled"
        assert stage.codes().count(202) == 1

    play(tmp_path, scene)


def test_an_order_in_the_session_meets_the_open_at_once(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        at_once = await place(ib, buy(100))
        resting = await place(ib, buy_limit(100, 99.0))
        assert at_once.orderStatus.status == "Filled"
        assert resting.orderStatus.status == "Submitted"
        assert 399 not in stage.codes()

    play(tmp_path, scene, at=OPEN)


def test_an_opening_order_trades_in_the_auction_or_not_at_all(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        filled = await place(ib, LimitOrder("BUY", 100, 101.0, tif="OPG"))
        missed = await place(ib, LimitOrder("BUY", 100, 99.0, tif="OPG"))
        await stage.advance(OPEN)
        assert filled.orderStatus.status == "Filled"
        assert missed.orderStatus.status == "Cancelled"

    play(tmp_path, scene)


def test_a_good_till_cancelled_order_survives_the_close(tmp_path):
    lower = {(ACME, MONDAY.replace(day=16)): (95.0, 96.0, 94.0, 95.5, 1_000_000)}

    async def scene(stage):
        ib = await stage.connect()
        trade = await place(ib, LimitOrder("BUY", 100, 95.5, tif="GTC"))
        await stage.advance(CLOSE)
        assert trade.orderStatus.status == "PreSubmitted"
        await stage.advance(NEXT_MORNING.replace(hour=13, minute=30))
        assert trade.orderStatus.status == "Filled"
        assert trade.orderStatus.avgFillPrice == 95.02

    play(tmp_path, scene, market=TinyMarket(lower))


def test_a_halted_stock_does_not_trade_and_the_day_order_expires(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        trade = await place(ib, buy(100))
        await stage.advance(OPEN)
        assert trade.orderStatus.status == "PreSubmitted"
        await stage.advance(CLOSE)
        assert trade.orderStatus.status == "Cancelled"

    play(tmp_path, scene, market=TinyMarket(untraded=[(ACME, MONDAY)]))


def test_a_working_order_can_be_modified_and_keeps_its_identity(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        trade = await place(ib, buy_limit(100, 90.0))
        perm_id = trade.order.permId
        trade.order.lmtPrice, trade.order.totalQuantity = 97.5, 50
        ib.placeOrder(stock(), trade.order)
        await settle()
        (open_trade,) = await ib.reqAllOpenOrdersAsync()
        changed = open_trade.order
        assert (changed.lmtPrice, changed.totalQuantity, changed.permId) == (97.5, 50, perm_id)
        await stage.advance(CLOSE)
        assert trade.fills[0].execution.price == 97.5

    play(tmp_path, scene)


def test_an_order_recovered_by_another_session_can_be_modified(tmp_path):
    async def scene(stage):
        first = await stage.connect(7)
        await place(first, buy_limit(100, 90.0, orderRef="kept"))
        first.disconnect()
        await settle()
        again = await stage.connect(7)
        (trade,) = again.openTrades()
        # TWS writes the literal "None" here: the client sends 8 fields more for it.
        assert trade.order.deltaNeutralOrderType == "None"
        assert (trade.order.orderRef, trade.contract.right) == ("kept", "?")
        trade.order.lmtPrice = 91.0
        again.placeOrder(trade.contract, trade.order)
        await settle()
        (changed,) = await again.reqAllOpenOrdersAsync()
        assert changed.order.lmtPrice == 91.0
        assert 320 not in stage.codes()

    play(tmp_path, scene)


def test_cancelling_ends_with_202(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        trade = await place(ib, buy_limit(100, 90.0))
        ib.cancelOrder(trade.order)
        await settle()
        assert trade.orderStatus.status == "Cancelled"
        assert stage.text(202).startswith("Order Canceled - reason:")
        await stage.advance(CLOSE)
        assert trade.fills == []

    play(tmp_path, scene)


def test_a_global_cancel_reaches_the_orders_of_every_client(tmp_path):
    async def scene(stage):
        one, two = await stage.connect(1), await stage.connect(2)
        trades = [await place(client, buy_limit(100, 90.0)) for client in (one, two)]
        one.reqGlobalCancel()
        await settle()
        assert [trade.orderStatus.status for trade in trades] == ["Cancelled"] * 2

    play(tmp_path, scene)


def test_orders_are_seen_by_their_owner_and_by_all_on_request(tmp_path):
    async def scene(stage):
        owner, other = await stage.connect(1), await stage.connect(2)
        await place(owner, buy_limit(100, 90.0, orderRef="mine"))
        assert len(await owner.reqOpenOrdersAsync()) == 1
        assert await other.reqOpenOrdersAsync() == []
        (seen,) = await other.reqAllOpenOrdersAsync()
        assert (seen.order.orderRef, seen.order.clientId) == ("mine", 1)

    play(tmp_path, scene)


def test_completed_orders_carry_no_order_id_but_reference_and_quantity(tmp_path):
    async def scene(stage):
        ib = await stage.connect(1)
        await place(ib, buy(100, orderRef="done"))
        cancelled = await place(ib, buy_limit(100, 90.0, orderRef="gone"))
        ib.cancelOrder(cancelled.order)
        await stage.advance(OPEN)
        other = await stage.connect(2)
        found = {t.order.orderRef: t for t in await other.reqCompletedOrdersAsync(apiOnly=False)}
        done, gone = found["done"], found["gone"]
        assert (done.orderStatus.status, done.order.filledQuantity) == ("Filled", 100)
        assert (done.order.orderId, done.order.permId > 0) == (0, True)
        assert (gone.orderStatus.status, gone.order.filledQuantity) == ("Cancelled", 0)

    play(tmp_path, scene)


def test_completed_orders_and_executions_are_those_of_the_day_only(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        await place(ib, buy(100))
        await stage.advance(OPEN)
        assert len(await ib.reqExecutionsAsync()) == 1
        await stage.advance(NEXT_MORNING)
        fresh = await stage.connect(8)
        assert await fresh.reqExecutionsAsync() == []
        assert await fresh.reqCompletedOrdersAsync(apiOnly=False) == []
        assert len(fresh.positions()) == 1

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (ExecutionFilter(), 2),
        (ExecutionFilter(symbol="ACME"), 1),
        (ExecutionFilter(clientId=1), 2),
        (ExecutionFilter(clientId=5), 0),
        (ExecutionFilter(side="SELL"), 1),
        (ExecutionFilter(acctCode="DU9999999"), 0),
        (ExecutionFilter(time="20260615 09:30:00 US/Eastern"), 2),
        (ExecutionFilter(time="20260615 09:30:01 US/Eastern"), 0),
    ],
)
def test_executions_pass_the_filter_of_the_request(tmp_path, wanted, found):
    async def scene(stage):
        owner = await stage.connect(1)
        await place(owner, buy(100))
        await place(owner, sell(100), "BOLT")
        await stage.advance(OPEN)
        other = await stage.connect(2)
        assert len(await other.reqExecutionsAsync(wanted)) == found

    play(tmp_path, scene)


def test_commissions_are_reported_to_the_owner_only(tmp_path):
    async def scene(stage):
        owner = await stage.connect(1)
        await place(owner, buy(100))
        await stage.advance(OPEN)
        owner.disconnect()
        await settle()
        owner, other = await stage.connect(1), await stage.connect(2)
        assert [fill.commissionReport.commission for fill in owner.fills()] == [1.0]
        assert [fill.commissionReport.commission for fill in other.fills()] == [0.0]

    play(tmp_path, scene)


def test_a_client_away_during_the_fill_finds_everything_on_return(tmp_path):
    async def scene(stage):
        ib = await stage.connect(7)
        await place(ib, buy(100, orderRef="F1"))
        ib.disconnect()
        await settle()
        await stage.advance(OPEN)
        again = await stage.connect(7)
        assert [fill.execution.orderRef for fill in again.fills()] == ["F1"]
        assert [trade.order.orderRef for trade in again.trades()] == ["F1"]
        assert again.positions()[0].position == 100

    play(tmp_path, scene)


async def rehearse(ib, order, symbol="ACME"):
    return await asyncio.wait_for(ib.whatIfOrderAsync(stock(symbol), order), 1)


def test_a_rehearsal_reports_margin_and_commission_and_leaves_no_order(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        state = await rehearse(ib, buy(100))
        assert isinstance(state, OrderState)
        # 100 shares at the previous close of 102.
        numbers = state.numeric(digits=2)
        assert numbers.initMarginChange == 5_100.0
        assert numbers.maintMarginChange == 2_550.0
        assert numbers.equityWithLoanAfter == 999_999.0
        assert numbers.commission == 1.0
        assert await ib.reqAllOpenOrdersAsync() == []
        assert stage.gateway.broker.ledger.events == ()

    play(tmp_path, scene)


def test_a_rehearsal_is_answered_twice_and_the_first_answer_is_empty(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        answers = []
        decoder = ib.client.decoder
        known = decoder.handlers[5]
        decoder.handlers[5] = lambda fields: (answers.append(fields), known(fields))
        await rehearse(ib, buy(100))
        start = answers[0].index("PreSubmitted") + 1
        assert answers[0][start : start + 9] == ["1.7976931348623157E308"] * 9
        assert answers[1][start : start + 4] == ["0.00", "0.00", "1000000.00", "5100.00"]

    play(tmp_path, scene)


def test_a_rehearsal_beyond_the_margin_is_refused_with_both_amounts(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        assert await rehearse(ib, buy(30_000)) == []
        text = stage.text(201)
        assert "EQUITY WITH LOAN VALUE [999850.00 USD]" in text
        assert "INITIAL MARGIN [1530000.00 USD]" in text

    play(tmp_path, scene)


def test_rehearsals_can_be_silenced_and_margins_exceeded_on_purpose(tmp_path):
    async def scene(stage):
        ib = await stage.connect()
        stage.gateway.faults.switch(FaultRequest(fault="reject_margin", symbol="BOLT"))
        state = await rehearse(ib, buy(100), "BOLT")
        assert float(state.maintMarginAfter) > float(state.equityWithLoanAfter)
        stage.gateway.faults.switch(FaultRequest(fault="whatif_silent"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ib.whatIfOrderAsync(stock(), buy(100)), 0.2)

    play(tmp_path, scene)


def test_a_split_overnight_multiplies_position_and_waiting_orders(tmp_path):
    from tests.simulator.tiny_market import split

    after = {(ACME, MONDAY.replace(day=16)): (25.0, 26.0, 24.0, 25.5, 20_000_000)}
    market = TinyMarket(after, splits={ACME: [split(4.0)]})

    async def scene(stage):
        ib = await stage.connect()
        await place(ib, buy(100))
        waiting = await place(ib, LimitOrder("BUY", 10, 80.0, tif="GTC"))
        await stage.advance(NEXT_MORNING)
        (position,) = ib.positions()
        assert (position.position, position.avgCost) == (400, pytest.approx(100.03 / 4))
        (item,) = ib.portfolio()
        assert item.marketPrice == 25.5
        assert (waiting.order.totalQuantity, waiting.order.lmtPrice) == (40, 20.0)

    play(tmp_path, scene, market=market)
