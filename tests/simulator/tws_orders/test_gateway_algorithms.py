"""IBKR's algorithms over the socket, and what is refused of them."""

import pytest
from ib_async import LimitOrder, MarketOrder, OrderComboLeg, OrderState, TagValue

from tests.simulator.gateway_harness import place, run_scenario, settle, stock
from tests.simulator.tiny_market import BEFORE_OPEN, CLOSE, OPEN
from tests.simulator.tws.test_gateway_order_types import condor_bag

MEAN = 100.5  # of ACME's session: 100, 104, 96, 102


def worked(name, order=None, **parameters):
    order = order or MarketOrder("BUY", 100, tif="DAY")
    order.algoStrategy = name
    order.algoParams = [TagValue(tag, str(value)) for tag, value in parameters.items()]
    return order


@pytest.mark.parametrize("name", ["Vwap", "Twap"])
@pytest.mark.parametrize("moment", [BEFORE_OPEN, OPEN])
def test_an_averaging_algorithm_trades_at_the_sessions_mean_at_its_close(tmp_path, name, moment):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, worked(name))
        within = await place(ib, worked(name, LimitOrder("BUY", 100, 101.0, tif="DAY")))
        beyond = await place(ib, worked(name, LimitOrder("BUY", 100, 100.0, tif="DAY")))
        await harness.advance(OPEN)
        assert trade.orderStatus.status == "Submitted"
        await harness.advance(CLOSE)
        assert [t.orderStatus.avgFillPrice for t in (trade, within, beyond)] == [MEAN, MEAN, 0.0]
        assert beyond.orderStatus.status == "Cancelled"

    run_scenario(tmp_path, scenario, at=moment)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("Adaptive", {"adaptivePriority": "Normal"}),  # thetagang's default
        ("Adaptive", {}),
        ("ArrivalPx", {"maxPctVol": 0.1, "riskAversion": "Neutral", "forceCompletion": "1"}),
        ("PctVol", {"pctVol": 10, "noTakeLiq": "0"}),
    ],
)
def test_the_other_algorithms_leave_the_order_as_it_is(tmp_path, name, parameters):
    async def scenario(harness):
        ib = await harness.connect()
        at_once = await place(ib, worked(name, **parameters))
        resting = await place(
            ib, worked(name, LimitOrder("BUY", 100, 97.0, tif="DAY"), **parameters)
        )
        assert at_once.orderStatus.avgFillPrice == 100.02
        assert resting.orderStatus.status == "Submitted"
        await harness.advance(CLOSE)
        assert resting.orderStatus.avgFillPrice == 97.0

    run_scenario(tmp_path, scenario, at=OPEN)


def test_an_algorithm_is_previewed_shown_recovered_and_kept_over_a_restart(tmp_path):
    parameters = {"maxPctVol": "0.2", "startTime": "10:00:00 US/Eastern", "allowPastEndTime": "1"}

    async def before(harness):
        ib = await harness.connect()
        state = await ib.whatIfOrderAsync(stock(), worked("Vwap", **parameters))
        assert isinstance(state, OrderState)
        await place(ib, worked("Vwap", LimitOrder("BUY", 100, 90.0, tif="GTC"), **parameters))
        assert harness.codes() == []

    async def after(harness):
        ib = await harness.connect()
        (trade,) = ib.openTrades()
        assert trade.order.algoStrategy == "Vwap"
        assert {one.tag: one.value for one in trade.order.algoParams} == parameters
        trade.order.lmtPrice = 101.0
        ib.placeOrder(trade.contract, trade.order)
        await settle()
        await harness.advance(CLOSE)
        (done,) = await ib.reqCompletedOrdersAsync(apiOnly=False)
        assert (done.order.algoStrategy, done.orderStatus.status) == ("Vwap", "Filled")
        assert trade.orderStatus.avgFillPrice == MEAN

    run_scenario(tmp_path, before, at=OPEN)
    run_scenario(tmp_path, after, at=OPEN)


REFUSED = [
    ("Foo", {}, 439, "Algorithm definition not found"),
    ("Vwap", {"pace": "fast"}, 443, "Unknown algo attribute:pace"),
    ("Adaptive", {"adaptivePriority": "Bogus"}, 145, "validating entry fields -Bogus"),
    ("ArrivalPx", {"riskAversion": "neutral"}, 145, "-neutral"),
    ("Vwap", {"maxPctVol": "abc"}, 441, "failed:maxPctVol=abc"),
    ("Vwap", {"maxPctVol": "99"}, 441, "greater than maximum value 50.0"),
    ("Vwap", {"maxPctVol": "nan"}, 441, "greater than maximum value 50.0"),
    ("Vwap", {"maxPctVol": "-0.1"}, 441, "less than minimum value 0.01"),
    ("PctVol", {}, 441, "'Target Percentage' is invalid: value is required"),
    ("PctVol", {"pctVol": " "}, 441, "value is required"),
    ("Twap", {"startTime": "9am"}, 10314, "startTime: The date, time"),
]


def test_a_wrong_algorithm_or_parameter_is_refused_as_a_gateway_does(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        for name, parameters, code, said in REFUSED:
            await place(ib, worked(name, **parameters))
            assert harness.codes()[-1] == code, (name, parameters)
            assert said in harness.text(code)
        assert harness.gateway.broker.ledger.events == ()

    run_scenario(tmp_path, scenario, at=OPEN)


@pytest.mark.parametrize(
    ("order", "contract", "code"),
    [
        (worked("Vwap"), condor_bag(), 442),
        (worked("Vwap", MarketOrder("BUY", 100, tif="IOC")), stock(), 111),
        (worked("Adaptive", MarketOrder("BUY", 100, tif="OPG")), stock(), 111),
    ],
)
def test_an_order_that_no_algorithm_works_is_refused(tmp_path, order, contract, code):
    async def scenario(harness):
        ib = await harness.connect()
        ib.placeOrder(contract, order)
        await settle()
        assert harness.codes() == [code]

    run_scenario(tmp_path, scenario, at=OPEN)


def test_a_start_without_a_zone_is_taken_with_a_warning(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, worked("Twap", startTime="20260615 10:00:00"))
        assert harness.codes() == [2174]
        assert trade.orderStatus.status == "Submitted"

    run_scenario(tmp_path, scenario, at=OPEN)


def test_a_combination_is_worked_without_its_adaptive_algorithm(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        order = worked("Adaptive", MarketOrder("SELL", 1, tif="DAY"), adaptivePriority="Normal")
        trade = ib.placeOrder(condor_bag(), order)
        await settle()
        assert (trade.orderStatus.status, harness.codes()) == ("Filled", [])
        (done,) = await (await harness.connect(8)).reqCompletedOrdersAsync(apiOnly=False)
        assert done.order.algoStrategy == ""  # erdewit/ib_insync 594: a regular order in TWS

    run_scenario(tmp_path, scenario, at=OPEN)


def test_prices_of_legs_are_refused(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        order = LimitOrder("SELL", 1, 1.0, tif="DAY")
        order.orderComboLegs = [OrderComboLeg(price) for price in (1.0, 2.0, 2.0, 1.0)]
        ib.placeOrder(condor_bag(), order)
        await settle()
        assert harness.codes() == [10058]
        assert harness.gateway.broker.ledger.events == ()

    run_scenario(tmp_path, scenario, at=OPEN)
