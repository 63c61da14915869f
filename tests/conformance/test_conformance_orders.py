"""The real ib_async at version 178: the session, the account, and orders from cradle to grave."""

import math

import pytest
from ib_async import (
    IB,
    ComboLeg,
    Contract,
    LimitOrder,
    MarketOrder,
    Option,
    Order,
    OrderState,
    StopLimitOrder,
    StopOrder,
)

from tests.conformance.conformance_harness import (
    MONDAY,
    MORNING,
    conform,
    price_of,
    qualified,
    until,
)
from tests.simulator.gateway_harness import settle

# One order


def test_a_market_order_is_acknowledged_filled_charged_and_booked(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        trade = ib.placeOrder(stock, MarketOrder("BUY", 300, tif="DAY", orderRef="run:1"))
        await until(lambda: trade.isDone() and all(f.commissionReport.execId for f in trade.fills))
        await settle()
        assert trade.orderStatus.status == "Filled"
        assert trade.filled() == sum(f.execution.shares for f in trade.fills) == 300
        assert trade.fills[0].execution.time == harness.gateway.clock.now()
        assert sum(f.commissionReport.commission for f in trade.fills) == pytest.approx(1.5)
        assert trade.fills[-1].execution.orderRef == "run:1"
        (position,) = ib.positions()
        (row,) = ib.portfolio()
        assert position.position == row.position == 300
        assert position.avgCost > 0
        assert row.marketValue == pytest.approx(300 * row.marketPrice)

    conform(tmp_path, scenario)


def test_a_limit_order_rests_is_changed_cancelled_and_cannot_be_cancelled_twice(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        order = LimitOrder("BUY", 5, 1.0, tif="DAY", orderRef="run:2")
        trade = ib.placeOrder(stock, order)
        await settle()
        assert trade.orderStatus.status == "Submitted"
        order.lmtPrice = 1.01
        ib.placeOrder(stock, order)
        await settle()
        (working,) = await ib.reqAllOpenOrdersAsync()
        assert working.order.lmtPrice == 1.01
        ib.cancelOrder(order)
        await settle()
        assert trade.orderStatus.status == "Cancelled"
        ib.cancelOrder(order)
        ib.client.cancelOrder(99_999, "")
        await settle()
        assert {202, 10147, 10148} <= set(harness.codes())

    conform(tmp_path, scenario)


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (LimitOrder("BUY", 5, 100.005, tif="DAY"), 110),
        (LimitOrder("BUY", 5, -3.0, tif="DAY"), 110),
        (MarketOrder("BUY", 9_000_000, tif="DAY"), 201),
        (MarketOrder("BUY", 0, tif="DAY"), 321),
        (Order(action="BUY", totalQuantity=5, orderType="MAGIC", tif="DAY"), 387),
        (LimitOrder("BUY", math.nan, 10.0, tif="DAY"), 320),
        (LimitOrder("BUY", 5, math.inf, tif="DAY"), 320),
    ],
)
def test_an_order_that_cannot_be_is_refused_and_leaves_nothing(tmp_path, order, code):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        ib.placeOrder(stock, order)
        await settle()
        assert harness.codes() == [code]
        assert await ib.reqAllOpenOrdersAsync() == []
        assert await ib.reqCompletedOrdersAsync(apiOnly=False) == []

    conform(tmp_path, scenario)


@pytest.mark.parametrize("text", ["line\nbreak", "tab\there", "nul\0byte", "snow ☃ man"])
def test_odd_characters_in_a_reference_never_shift_a_field_or_change_an_order(tmp_path, text):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        ib.placeOrder(stock, LimitOrder("BUY", 5, 1.0, tif="DAY", orderRef=text))
        await settle()
        for trade in await ib.reqAllOpenOrdersAsync():
            assert (trade.order.totalQuantity, trade.order.lmtPrice) == (5, 1.0)
            assert trade.order.orderRef == text
        assert harness.codes() in ([], [320], [321])

    conform(tmp_path, scenario)


def test_a_what_if_order_gives_margins_and_leaves_no_order(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        state = await ib.whatIfOrderAsync(stock, MarketOrder("BUY", 100, tif="DAY"))
        assert isinstance(state, OrderState)
        figures = state.numeric()
        assert figures.initMarginChange > figures.maintMarginChange > 0
        assert figures.initMarginAfter == pytest.approx(figures.initMarginChange)
        assert figures.commission == pytest.approx(1.0)
        refused = await ib.whatIfOrderAsync(stock, MarketOrder("BUY", 9_000_000, tif="DAY"))
        assert refused == []
        assert 201 in harness.codes()
        assert await ib.reqAllOpenOrdersAsync() == []

    conform(tmp_path, scenario)


# Orders that wait


@pytest.mark.parametrize("kind", ["STP", "STP LMT", "TRAIL", "MOC", "LOC", "MOO"])
def test_every_type_of_order_is_taken_and_shown_as_it_was_sent(tmp_path, kind):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        price = round(await price_of(ib, stock), 2)
        low = round(price * 0.5, 2)
        order = {
            "STP": StopOrder("SELL", 10, low, tif="DAY"),
            "STP LMT": StopLimitOrder("SELL", 10, low - 1, low, tif="DAY"),
            "TRAIL": Order(
                action="SELL", totalQuantity=10, orderType="TRAIL", auxPrice=low, tif="DAY"
            ),
            "MOC": Order(action="BUY", totalQuantity=10, orderType="MOC", tif="DAY"),
            "LOC": Order(action="BUY", totalQuantity=10, orderType="LOC", lmtPrice=low, tif="DAY"),
            "MOO": Order(action="BUY", totalQuantity=10, orderType="MKT", tif="OPG"),
        }[kind]
        ib.placeOrder(stock, order)
        await settle()
        assert set(harness.codes()) <= {399}
        (trade,) = await ib.reqAllOpenOrdersAsync()
        assert trade.order.orderType == order.orderType
        assert trade.order.tif == order.tif
        assert trade.order.totalQuantity == 10

    conform(tmp_path, scenario)


def test_the_children_of_a_bracket_wait_for_their_parent(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        price = round(await price_of(ib, stock), 2)
        bracket = ib.bracketOrder(
            "BUY", 10, limitPrice=round(price * 1.05, 2), takeProfitPrice=round(price * 3, 2),
            stopLossPrice=round(price * 0.3, 2), tif="DAY",
        )  # fmt: skip
        trades = [ib.placeOrder(stock, order) for order in bracket]
        await until(trades[0].isDone)
        await settle()
        assert trades[0].orderStatus.status == "Filled"
        assert len(await ib.reqAllOpenOrdersAsync()) == 2
        ib.cancelOrder(bracket.takeProfit)
        await settle()
        (stop,) = await ib.reqAllOpenOrdersAsync()  # the position stays protected
        assert (stop.order.orderType, stop.order.parentId) == ("STP", bracket.parent.orderId)

    conform(tmp_path, scenario)


def test_when_one_of_an_oca_group_fills_the_others_are_cancelled(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        resting, filling = LimitOrder("BUY", 5, 1.0, tif="DAY"), MarketOrder("BUY", 5, tif="DAY")
        orders = ib.oneCancelsAll([resting, filling], "group", 1)
        trades = [ib.placeOrder(stock, order) for order in orders]
        await until(trades[1].isDone)
        await settle()
        assert [trade.orderStatus.status for trade in trades] == ["Cancelled", "Filled"]

    conform(tmp_path, scenario)


def test_a_combination_is_previewed_filled_as_a_whole_and_books_its_legs(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        chains = await ib.reqSecDefOptParamsAsync(stock.symbol, "", "STK", stock.conId)
        chain = next(chain for chain in chains if chain.exchange == "SMART")
        expiry = chain.expirations[len(chain.expirations) // 2]
        details = await ib.reqContractDetailsAsync(Option(stock.symbol, expiry, 0.0, "C", "SMART"))
        price = await price_of(ib, stock)
        calls = sorted((d.contract for d in details), key=lambda c: abs(c.strike - price))[:2]
        low, high = sorted(calls, key=lambda c: c.strike)
        legs = [
            ComboLeg(conId=low.conId, ratio=1, action="BUY", exchange="SMART"),
            ComboLeg(conId=high.conId, ratio=1, action="SELL", exchange="SMART"),
        ]
        spread = Contract(
            symbol=stock.symbol, secType="BAG", exchange="SMART", currency="USD", comboLegs=legs
        )
        width = high.strike - low.strike
        order = LimitOrder("BUY", 2, round(width, 2), tif="DAY")
        assert isinstance(await ib.whatIfOrderAsync(spread, order), OrderState)
        trade = ib.placeOrder(spread, order)
        await until(trade.isDone)
        await settle()
        held = {p.contract.conId: p.position for p in ib.positions()}
        assert held == {low.conId: 2, high.conId: -2}

    conform(tmp_path, scenario)


# Several clients


def test_other_clients_see_all_orders_and_only_the_owner_or_everybody_cancels(tmp_path):
    async def scenario(harness):
        owner, other = await harness.connect(7), await harness.connect(8)
        (stock,) = await qualified(harness, owner)
        trade = owner.placeOrder(stock, LimitOrder("BUY", 5, 1.0, tif="DAY", orderRef="mine"))
        filled = owner.placeOrder(stock, MarketOrder("BUY", 5, tif="DAY", orderRef="done"))
        await until(filled.isDone)
        (seen,) = await other.reqAllOpenOrdersAsync()
        assert (seen.order.clientId, seen.order.orderRef) == (7, "mine")
        assert await other.reqOpenOrdersAsync() == []
        (fill,) = await other.reqExecutionsAsync()
        assert fill.execution.clientId == 7
        (completed,) = await other.reqCompletedOrdersAsync(apiOnly=False)
        assert (completed.order.orderRef, completed.order.orderId) == ("done", 0)
        other.client.cancelOrder(trade.order.orderId, "")
        await settle()
        assert 10147 in harness.codes()
        assert not trade.isDone()
        other.reqGlobalCancel()
        await settle()
        assert trade.orderStatus.status == "Cancelled"

    conform(tmp_path, scenario)


def test_before_the_open_an_order_waits_with_a_warning_and_fills_at_the_open(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        trade = ib.placeOrder(stock, MarketOrder("BUY", 10, tif="DAY"))
        await settle()
        assert harness.codes() == [399]
        (waiting,) = await ib.reqAllOpenOrdersAsync()
        assert waiting.orderStatus.status == "PreSubmitted"
        await harness.advance(MONDAY.open)
        assert trade.orderStatus.status == "Filled"

    conform(tmp_path, scenario, at=MORNING)


def test_a_line_that_breaks_takes_nothing_with_it(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        ib.placeOrder(stock, LimitOrder("BUY", 5, 1.0, tif="DAY", orderRef="stays"))
        await settle()
        ib.client.conn.transport.abort()
        await settle()
        again = IB()
        harness._clients.append(again)
        await again.connectAsync("127.0.0.1", harness.port, clientId=7, raiseSyncErrors=True)
        (trade,) = again.openTrades()
        assert trade.order.orderRef == "stays"

    conform(tmp_path, scenario)
