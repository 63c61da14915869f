import asyncio

import pytest
from ib_async import Bag, ComboLeg, Contract, LimitOrder, MarketOrder, Option, Order, StopOrder

from simulator.exchange.orders import Status
from tests.simulator.derivatives import FUTURE, JULY, iron_condor, option, pair
from tests.simulator.gateway_harness import buy, buy_limit, run_scenario, sell, settle, stock
from tests.simulator.tiny_market import CLOSE, OPEN


async def place(ib, order, contract=None):
    trade = ib.placeOrder(contract or stock(), order)
    await settle()
    return trade


def codes_of(harness, trade):
    number = trade.order.orderId
    return [code for found, code, _ in harness.errors if found == number]


def condor_bag():
    """The condor as bought: money comes in when it is sold."""
    legs = [
        ComboLeg(
            conId=con_id,
            ratio=abs(ratio),
            action="BUY" if ratio > 0 else "SELL",
            exchange="SMART",
        )
        for con_id, ratio in iron_condor().items()
    ]
    return Bag(symbol="ACME", exchange="SMART", currency="USD", comboLegs=legs)


def test_a_stop_says_that_it_waits_for_its_trigger_and_then_fills(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, StopOrder("BUY", 100, 103.0, tif="DAY"))
        assert (trade.orderStatus.status, trade.orderStatus.whyHeld) == ("PreSubmitted", "trigger")
        assert 399 not in harness.codes()
        (known,) = await ib.reqAllOpenOrdersAsync()
        assert (known.order.orderType, known.order.auxPrice) == ("STP", 103.0)
        await harness.advance(CLOSE)
        assert trade.orderStatus.avgFillPrice == 103.03

    run_scenario(tmp_path, scenario, at=OPEN)


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({"auxPrice": 5.0}, (5.0, Order().trailingPercent, 95.0)),
        ({"trailingPercent": 4.0}, (0.0, 4.0, 96.0)),
        ({"auxPrice": 5.0, "trailStopPrice": 97.5}, (5.0, Order().trailingPercent, 97.5)),
    ],
)
def test_a_trailing_stop_shows_where_it_stands(tmp_path, asked, shown):
    async def scenario(harness):
        ib = await harness.connect()
        order = Order(action="SELL", totalQuantity=10, orderType="TRAIL", tif="GTC", **asked)
        await place(ib, order)
        other = await harness.connect(8)
        (known,) = await other.reqAllOpenOrdersAsync()
        found = known.order
        assert (found.auxPrice, found.trailingPercent, found.trailStopPrice) == shown

    run_scenario(tmp_path, scenario, at=OPEN)


def test_orders_for_the_close_fill_in_the_closing_auction(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        orders = [
            Order(action="BUY", totalQuantity=10, orderType="MOC", tif="DAY"),
            Order(action="BUY", totalQuantity=10, orderType="LOC", lmtPrice=101.0, tif="DAY"),
        ]
        trades = [await place(ib, order) for order in orders]
        await harness.advance(CLOSE)
        assert [t.orderStatus.status for t in trades] == ["Filled", "Cancelled"]

    run_scenario(tmp_path, scenario, at=OPEN)


def test_a_bracket_leaves_as_one_when_its_last_order_is_transmitted(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        parent, target, stop = ib.bracketOrder("BUY", 100, 98.0, 103.0, 90.0, tif="GTC")
        first = await place(ib, parent)
        second = await place(ib, target)
        assert await ib.reqAllOpenOrdersAsync() == []
        assert [t.orderStatus.status for t in (first, second)] == ["PendingSubmit"] * 2
        third = await place(ib, stop)
        assert [t.orderStatus.status for t in (first, second, third)] == [
            "Submitted", "PreSubmitted", "PreSubmitted",
        ]  # fmt: skip
        assert [t.orderStatus.whyHeld for t in (first, second, third)] == [
            "", "child", "child,trigger",
        ]  # fmt: skip
        assert second.orderStatus.parentId == third.order.parentId == first.order.orderId
        seen = await (await harness.connect(8)).reqAllOpenOrdersAsync()
        group = str(first.order.permId)
        assert [t.order.ocaGroup for t in seen] == ["", group, group]
        await harness.advance(CLOSE)
        assert first.orderStatus.avgFillPrice == 98.0
        assert second.orderStatus.status == "PreSubmitted"
        await harness.advance(CLOSE.replace(day=16))
        assert [t.orderStatus.status for t in (second, third)] == ["Filled", "Cancelled"]
        assert codes_of(harness, third)[-1] == 202

    run_scenario(tmp_path, scenario, at=OPEN)


def test_an_order_not_yet_transmitted_can_be_changed_sent_or_dropped(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        kept = await place(ib, buy_limit(100, 90.0, transmit=False))
        kept.order.lmtPrice, kept.order.transmit = 91.0, True
        ib.placeOrder(stock(), kept.order)
        await settle()
        (working,) = harness.gateway.broker.working
        assert working.terms.limit_price == 91.0
        dropped = await place(ib, buy_limit(100, 90.0, transmit=False))
        ib.cancelOrder(dropped.order)
        await settle()
        assert dropped.orderStatus.status == "Cancelled"
        assert harness.codes() == [202]
        assert len(harness.gateway.broker.working) == 1

    run_scenario(tmp_path, scenario, at=OPEN)


def test_where_a_parent_is_refused_each_child_is_told_under_its_own_number(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        family = ib.bracketOrder("BUY", 90_000, 98.0, 103.0, 90.0, tif="GTC")
        trades = [await place(ib, order) for order in family]
        assert [codes_of(harness, trade) for trade in trades] == [[201], [135], [135]]
        assert harness.gateway.broker.ledger.events == ()

    run_scenario(tmp_path, scenario, at=OPEN)


def test_one_cancels_all(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        orders = ib.oneCancelsAll(
            [buy_limit(100, 97.0), buy_limit(100, 80.0), buy_limit(100, 81.0)], "either", 1
        )
        trades = [await place(ib, order) for order in orders]
        (one, *_) = await ib.reqAllOpenOrdersAsync()
        assert (one.order.ocaGroup, one.order.ocaType) == ("either", 1)
        await harness.advance(CLOSE)
        assert [t.orderStatus.status for t in trades] == ["Filled", "Cancelled", "Cancelled"]

    run_scenario(tmp_path, scenario, at=OPEN)


def test_an_order_without_a_time_in_force_gets_the_preset_one_and_lives_on(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, LimitOrder("BUY", 100, 90.0))
        assert harness.codes() == [10349]
        assert harness.text(10349) == "Order TIF was set to DAY based on order preset."
        # ib_async takes the notice for an end; the order is alive all the same.
        assert "Cancelled" in [entry.status for entry in trade.log]
        (working,) = harness.gateway.broker.working
        assert working.status is Status.SUBMITTED

    run_scenario(tmp_path, scenario, at=OPEN)


def test_an_iron_condor_is_previewed_sold_and_closed_over_the_wire(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        bag = condor_bag()
        order = MarketOrder("SELL", 2, tif="DAY", orderRef="condor")
        state = await asyncio.wait_for(ib.whatIfOrderAsync(bag, order), 1)
        figures = state.numeric(digits=2)
        assert figures.initMarginChange == 1_000.0
        assert figures.commission == pytest.approx(8 * 0.65)
        assert harness.gateway.broker.working == []
        sold = await place(ib, MarketOrder("SELL", 2, tif="DAY", orderRef="condor"), bag)
        assert sold.orderStatus.status == "Filled"
        assert (sold.filled(), sold.remaining()) == (2, 0)
        whole = [fill for fill in sold.fills if fill.contract.secType == "BAG"]
        legs = [fill for fill in sold.fills if fill.contract.secType == "OPT"]
        assert (len(whole), len(legs)) == (1, 4)
        assert whole[0].contract.conId == 28812380
        assert sum(fill.commissionReport.commission for fill in legs) == pytest.approx(5.2)
        assert {p.contract.conId: p.position for p in ib.positions()} == {
            con_id: -2 * ratio for con_id, ratio in iron_condor().items()
        }
        bought = await place(ib, MarketOrder("BUY", 2, tif="DAY"), bag)
        assert bought.orderStatus.status == "Filled"
        assert ib.positions() == []

    run_scenario(tmp_path, scenario, at=OPEN)


def test_a_waiting_combination_is_recovered_with_its_legs_and_can_be_modified(tmp_path):
    async def scenario(harness):
        first = await harness.connect(7)
        await place(first, LimitOrder("BUY", 1, -9.0, tif="GTC", orderRef="waits"), condor_bag())
        first.disconnect()
        await settle()
        again = await harness.connect(7)
        (trade,) = again.openTrades()
        assert (trade.contract.secType, trade.contract.symbol) == ("BAG", "ACME")
        assert {leg.conId: leg.ratio if leg.action == "BUY" else -leg.ratio
                for leg in trade.contract.comboLegs} == iron_condor()  # fmt: skip
        assert trade.order.lmtPrice == -9.0
        trade.order.lmtPrice = -8.0
        again.placeOrder(trade.contract, trade.order)
        await settle()
        (working,) = harness.gateway.broker.working
        assert working.terms.limit_price == -8.0
        again.cancelOrder(trade.order)
        await settle()
        (done,) = await again.reqCompletedOrdersAsync(apiOnly=False)
        assert [leg.conId for leg in done.contract.comboLegs] == list(iron_condor())

    run_scenario(tmp_path, scenario, at=OPEN)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda bag: bag.comboLegs.append(bag.comboLegs[0]), 321),
        (lambda bag: setattr(bag.comboLegs[0], "ratio", 0), 321),
        (lambda bag: setattr(bag.comboLegs[0], "action", "HOLD"), 321),
        (lambda bag: setattr(bag.comboLegs[0], "conId", 999_999_999), 200),
        (lambda bag: setattr(bag.comboLegs[0], "conId", pair("EUR")), 201),
        (lambda bag: bag.comboLegs.clear(), 320),
    ],
)
def test_a_combination_that_is_none_is_refused_and_leaves_no_trace(tmp_path, change, code):
    async def scenario(harness):
        ib = await harness.connect()
        bag = condor_bag()
        change(bag)
        trade = await place(ib, MarketOrder("SELL", 1, tif="DAY"), bag)
        assert codes_of(harness, trade) == [code]
        assert harness.gateway.broker.ledger.events == ()

    run_scenario(tmp_path, scenario, at=OPEN)


def test_an_option_a_future_and_a_currency_are_held_with_their_terms(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        for contract, quantity in (
            (Option("ACME", f"{JULY:%Y%m%d}", 100.0, "C", "SMART", currency="USD"), 3),
            (Contract(conId=FUTURE, exchange="CME"), 1),
            (Contract(conId=pair("EUR"), exchange="IDEALPRO"), 1_000),
        ):
            trade = await place(ib, buy(quantity), contract)
            assert trade.orderStatus.status == "Filled"
        held = {p.contract.secType: p for p in ib.positions()}
        call = held["OPT"].contract
        assert (call.conId, call.strike, call.right) == (option(100), 100.0, "C")
        assert (call.multiplier, call.lastTradeDateOrContractMonth) == ("100", "20260717")
        assert held["FUT"].contract.multiplier == "50"
        assert held["CASH"].contract.localSymbol == "EUR.USD"
        (item,) = [i for i in ib.portfolio() if i.contract.secType == "OPT"]
        assert item.marketValue == pytest.approx(3 * 100 * item.marketPrice)
        assert item.unrealizedPNL == pytest.approx(item.marketValue - 3 * item.averageCost)

    run_scenario(tmp_path, scenario, at=OPEN)


def test_an_index_cannot_be_traded(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, sell(1), Contract(symbol="DBOOK", secType="IND", exchange="CBOE"))
        assert codes_of(harness, trade) == [387]

    run_scenario(tmp_path, scenario, at=OPEN)


def test_the_master_client_is_told_of_the_orders_of_all(tmp_path):
    async def scenario(harness):
        harness.gateway.master_client = 1
        master, owner, other = [await harness.connect(number) for number in (1, 2, 3)]
        await place(owner, buy(100, orderRef="theirs"))
        assert [fill.execution.orderRef for fill in master.fills()] == ["theirs"]
        assert [fill.commissionReport.commission for fill in master.fills()] == [1.0]
        assert [t.order.orderRef for t in master.trades()] == ["theirs"]
        assert other.fills() == []
        later = await harness.connect(4)
        assert [fill.commissionReport.commission for fill in later.fills()] == [0.0]

    run_scenario(tmp_path, scenario, at=OPEN)
