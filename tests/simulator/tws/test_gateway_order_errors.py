import pytest
from ib_async import LimitOrder, MarketOrder, Order, Stock, StopLimitOrder, StopOrder

from tests.simulator.gateway_harness import buy, buy_limit, run_scenario, sell, settle, stock
from tests.simulator.tiny_market import OPEN


async def refused(harness, ib, order, contract=None):
    trade = ib.placeOrder(contract or stock(), order)
    await settle()
    assert len(harness.gateway.broker.exchange.orders) == 0
    assert harness.gateway.broker.ledger.events == ()
    return trade


def trail(**changes):
    return Order(action="SELL", totalQuantity=100, orderType="TRAIL", tif="DAY", **changes)


@pytest.mark.parametrize(
    ("order", "code", "said"),
    [
        (buy(0), 321, "Invalid quantity 0"),
        (buy(-5), 321, "Invalid quantity -5"),
        (buy(1.5), 10243, "Fractional-sized order"),
        (buy(1e9), 321, "Invalid quantity"),
        (buy(float("nan")), 320, "not a finite number, for totalQuantity"),
        (buy_limit(100, 99.005), 110, "minimum price variation"),
        (buy_limit(100, 0.0), 110, "minimum price variation"),
        (buy_limit(100, -1.0), 110, "minimum price variation"),
        (buy_limit(100, float("nan")), 320, "not a finite number, for lmtPrice"),
        (LimitOrder("HOLD", 100, 99.0, tif="DAY"), 321, "Invalid side"),
        (MarketOrder("BUY", 100, tif="GTX"), 321, "Invalid time in force 'GTX'"),
        (
            Order(action="BUY", totalQuantity=1, orderType="VOL", tif="DAY"),
            387,
            "Unsupported order",
        ),
        (StopOrder("SELL", 100, 90.005, tif="DAY"), 110, "minimum price variation"),
        (StopOrder("SELL", 100, 0.0, tif="DAY"), 110, "minimum price variation"),
        (StopLimitOrder("SELL", 100, 89.005, 90.0, tif="DAY"), 110, "minimum price variation"),
        (trail(auxPrice=0.005), 110, "minimum price variation"),
        (trail(), 321, "either an amount or a percentage"),
        (trail(auxPrice=1.0, trailingPercent=2.0), 321, "either an amount or a percentage"),
        (trail(auxPrice=-1.0), 321, "by more than nothing"),
        (trail(trailingPercent=100.0), 321, "less than 100 %"),
        (buy(100, account="U1234567"), 321, "Invalid account code"),
        (buy(100, parentId=99), 135, "Can't find order with id = 99"),
        (buy(100, ocaGroup="x", ocaType=4), 321, "Invalid OCA type 4"),
        (buy(100, allOrNone=True, hidden=True), 201, "simulator: allOrNone, hidden"),
        (buy(100, adjustedOrderType="STP"), 201, "adjustedOrderType"),
        (buy(30_000), 201, "YOUR EQUITY WITH LOAN VALUE [999850.00 USD]"),
        (sell(30_000), 201, "MUST EXCEED THE INITIAL MARGIN [1530000.00 USD]"),
    ],
)
def test_a_bad_order_is_refused_with_its_reason_and_leaves_no_trace(tmp_path, order, code, said):
    async def scenario(harness):
        ib = await harness.connect()
        await refused(harness, ib, order)
        assert harness.codes() == [code]
        assert said in harness.text(code)

    # ib_async writes into the order it sends; every run gets its own.
    order = Order(**{**order.__dict__, "orderId": 0})
    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize(
    ("contract", "code"),
    [
        (stock("NOSUCH"), 200),
        (Stock("DUAL", "SMART"), 200),  # ambiguous
        (Stock("DUAL", "SMART", "GBP"), 201),  # no permission for pounds
    ],
)
def test_an_order_needs_one_contract_in_dollars(tmp_path, contract, code):
    async def scenario(harness):
        ib = await harness.connect()
        await refused(harness, ib, buy(), contract)
        assert harness.codes() == [code]

    run_scenario(tmp_path, scenario)


def test_a_nul_in_a_text_shifts_the_fields_and_is_refused(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        await refused(harness, ib, buy(orderRef="a\0b"))
        assert harness.codes() == [320]

    run_scenario(tmp_path, scenario)


def test_an_order_of_an_untraded_name_is_refused_for_want_of_a_price(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        await refused(harness, ib, buy(), stock("EMPTY"))
        assert "EMPTY has not traded yet" in harness.text(201)

    run_scenario(tmp_path, scenario)


def test_working_orders_use_up_the_margin_of_the_next(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        first = ib.placeOrder(stock(), buy(15_000))  # 765,000 of 1,000,000 initial margin
        await settle()
        second = ib.placeOrder(stock("BOLT"), buy(15_000))  # 371,250 more
        await settle()
        assert (first.orderStatus.status, second.orderStatus.status) == (
            "PreSubmitted",
            "Cancelled",
        )
        assert "1136250.00" in harness.text(201)

    run_scenario(tmp_path, scenario)


def test_an_order_that_reduces_risk_is_taken_even_beyond_the_margin(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        ib.placeOrder(stock(), buy(19_000))
        await settle()
        await harness.advance(OPEN)
        trade = ib.placeOrder(stock(), sell(1_000))
        await settle()
        assert trade.orderStatus.status == "Filled"

    run_scenario(tmp_path, scenario)


def test_a_number_used_before_is_a_duplicate(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        first = ib.placeOrder(stock(), buy_limit(100, 90.0, orderId=50))
        await settle()
        ib.cancelOrder(first.order)
        await settle()
        for number in (50, 49):  # its own, cancelled; and a lower one never used
            ib.client.placeOrder(number, stock(), buy(100))
            await settle()
        assert harness.codes()[-2:] == [103, 103]

    run_scenario(tmp_path, scenario)


def test_a_filled_order_cannot_be_modified(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = ib.placeOrder(stock(), buy())
        await settle()
        assert trade.orderStatus.status == "Filled"
        ib.client.placeOrder(trade.order.orderId, stock(), buy(200))
        await settle()
        assert harness.codes() == [104]
        assert harness.text(104) == "Cannot modify a filled order."

    run_scenario(tmp_path, scenario, at=OPEN)


def test_a_modification_off_the_price_grid_leaves_the_order_alive(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = ib.placeOrder(stock(), buy_limit(100, 90.0))
        await settle()
        trade.order.lmtPrice = 90.005
        ib.placeOrder(stock(), trade.order)
        await settle()
        assert harness.codes()[-1] == 110
        (alive,) = await ib.reqAllOpenOrdersAsync()
        assert alive.orderStatus.status == "PreSubmitted"
        (working,) = harness.gateway.broker.exchange.orders.working
        assert working.terms.limit_price == 90.0

    run_scenario(tmp_path, scenario)


def test_a_modification_cannot_turn_the_order_around(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = ib.placeOrder(stock(), buy_limit(100, 90.0))
        await settle()
        trade.order.action = "SELL"
        ib.placeOrder(stock(), trade.order)
        await settle()
        assert harness.codes()[-1] == 105

    run_scenario(tmp_path, scenario)


def test_a_modification_cannot_change_the_kind_of_an_order(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = ib.placeOrder(stock(), buy_limit(100, 90.0))
        await settle()
        for name, value in (("orderType", "MIDPRICE"), ("algoStrategy", "Adaptive")):
            changed = buy_limit(100, 91.0)
            setattr(changed, name, value)
            ib.client.placeOrder(trade.order.orderId, stock(), changed)
            await settle()
        assert harness.codes()[-2:] == [329, 440]
        assert harness.text(329).endswith("to the new order type.MIDPRICE")
        (working,) = harness.gateway.broker.exchange.orders.working
        assert (working.terms.order_type, working.terms.limit_price) == ("LMT", 90.0)

    run_scenario(tmp_path, scenario)


def test_cancelling_what_is_unknown_foreign_or_done_is_refused(tmp_path):
    async def scenario(harness):
        owner, other = await harness.connect(1), await harness.connect(2)
        trade = owner.placeOrder(stock(), buy_limit(100, 90.0))
        await settle()
        number = trade.order.orderId
        other.client.cancelOrder(number)
        await settle()
        assert harness.codes()[-1] == 10147
        assert trade.orderStatus.status == "PreSubmitted"
        owner.client.cancelOrder(number)
        await settle()
        owner.client.cancelOrder(number)
        await settle()
        assert harness.codes()[-1] == 10148
        assert "state: Cancelled" in harness.text(10148)

    run_scenario(tmp_path, scenario)


def test_an_order_the_disk_refuses_is_rejected_and_not_accepted(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        harness.gateway.broker.ledger.append = FullDisk().append
        trade = ib.placeOrder(stock(), buy())
        await settle()
        assert trade.orderStatus.status == "Cancelled"
        assert "the disk is full" in harness.text(201)
        assert len(harness.gateway.broker.exchange.orders) == 0

    run_scenario(tmp_path, scenario)


class FullDisk:
    def append(self, event):
        from core.errors import StorageError

        raise StorageError("the disk is full")
