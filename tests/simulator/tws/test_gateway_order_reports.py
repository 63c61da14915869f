import pytest
from ib_async import ExecutionFilter

from tests.simulator.gateway_harness import buy, buy_limit, place, run_scenario, sell, settle
from tests.simulator.tiny_market import NEXT_MORNING, OPEN


def test_orders_are_seen_by_their_owner_and_by_all_on_request(tmp_path):
    async def scenario(harness):
        owner, other = await harness.connect(1), await harness.connect(2)
        await place(owner, buy_limit(100, 90.0, orderRef="mine"))
        assert len(await owner.reqOpenOrdersAsync()) == 1
        assert await other.reqOpenOrdersAsync() == []
        (seen,) = await other.reqAllOpenOrdersAsync()
        assert (seen.order.orderRef, seen.order.clientId) == ("mine", 1)

    run_scenario(tmp_path, scenario)


def test_completed_orders_carry_no_order_id_but_reference_and_quantity(tmp_path):
    async def scenario(harness):
        ib = await harness.connect(1)
        await place(ib, buy(100, orderRef="done"))
        cancelled = await place(ib, buy_limit(100, 90.0, orderRef="gone"))
        ib.cancelOrder(cancelled.order)
        await harness.advance(OPEN)
        other = await harness.connect(2)
        found = {t.order.orderRef: t for t in await other.reqCompletedOrdersAsync(apiOnly=False)}
        done, gone = found["done"], found["gone"]
        assert (done.orderStatus.status, done.order.filledQuantity) == ("Filled", 100)
        assert (done.order.orderId, done.order.permId > 0) == (0, True)
        assert (gone.orderStatus.status, gone.order.filledQuantity) == ("Cancelled", 0)

    run_scenario(tmp_path, scenario)


def test_completed_orders_and_executions_are_those_of_the_day_only(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        await place(ib, buy(100))
        await harness.advance(OPEN)
        assert len(await ib.reqExecutionsAsync()) == 1
        await harness.advance(NEXT_MORNING)
        fresh = await harness.connect(8)
        assert await fresh.reqExecutionsAsync() == []
        assert await fresh.reqCompletedOrdersAsync(apiOnly=False) == []
        assert len(fresh.positions()) == 1

    run_scenario(tmp_path, scenario)


@pytest.mark.parametrize("zone", ["America", "Mars/Olympus", "../UTC", "x" * 300])
def test_a_time_in_no_zone_is_refused_and_the_line_goes_on(tmp_path, zone):
    async def scenario(harness):
        ib = await harness.connect()
        ib.client.reqExecutions(99, ExecutionFilter(time=f"20260615 09:30:00 {zone}"))
        await settle()
        assert harness.codes() == [321]
        assert await ib.reqExecutionsAsync() == []

    run_scenario(tmp_path, scenario)


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
    async def scenario(harness):
        owner = await harness.connect(1)
        await place(owner, buy(100))
        await place(owner, sell(100), "BOLT")
        await harness.advance(OPEN)
        other = await harness.connect(2)
        assert len(await other.reqExecutionsAsync(wanted)) == found

    run_scenario(tmp_path, scenario)


def test_commissions_are_reported_to_the_owner_only(tmp_path):
    async def scenario(harness):
        owner = await harness.connect(1)
        await place(owner, buy(100))
        await harness.advance(OPEN)
        owner.disconnect()
        await settle()
        owner, other = await harness.connect(1), await harness.connect(2)
        assert [fill.commissionReport.commission for fill in owner.fills()] == [1.0]
        assert [fill.commissionReport.commission for fill in other.fills()] == [0.0]

    run_scenario(tmp_path, scenario)


def test_a_client_away_during_the_fill_finds_everything_on_return(tmp_path):
    async def scenario(harness):
        ib = await harness.connect(7)
        await place(ib, buy(100, orderRef="F1"))
        ib.disconnect()
        await settle()
        await harness.advance(OPEN)
        again = await harness.connect(7)
        assert [fill.execution.orderRef for fill in again.fills()] == ["F1"]
        assert [trade.order.orderRef for trade in again.trades()] == ["F1"]
        assert again.positions()[0].position == 100

    run_scenario(tmp_path, scenario)
