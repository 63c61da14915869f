"""Orders that wait for a condition, over the socket.

ACME opens at 100, trades 5,000,000 shares between 96 and 104, closes at 102; BOLT opens at 50 and
trades between 49 and 51. Both do so every day, so the close before is 102, and 49.5.
"""

import pytest
from ib_async import (
    ExecutionCondition,
    LimitOrder,
    MarginCondition,
    MarketOrder,
    OrderState,
    PercentChangeCondition,
    PriceCondition,
    TimeCondition,
    VolumeCondition,
)

from core.calendar import session
from tests.simulator.gateway_harness import place, run_scenario, settle, stock
from tests.simulator.tiny_market import ACME, BEFORE_OPEN, BOLT, CLOSE, OPEN, TUESDAY

TUESDAY_OPEN = session(TUESDAY).open
NOON = OPEN.replace(hour=16, minute=0)


def price(value, *, above=True, con_id=BOLT, **more):
    return PriceCondition(isMore=above, price=value, conId=con_id, exch="SMART", **more)


def change(percent, *, above=True, con_id=ACME):
    return PercentChangeCondition(isMore=above, changePercent=percent, conId=con_id, exch="SMART")


def volume(shares, *, above=True, con_id=BOLT):
    return VolumeCondition(isMore=above, volume=shares, conId=con_id, exch="SMART")


def at(text, *, after=True):
    return TimeCondition(isMore=after, time=text)


def when(*conditions, order=None, **changes):
    order = order or MarketOrder("BUY", 100, tif="DAY")
    order.conditions = list(conditions)
    for name, value in changes.items():
        setattr(order, name, value)
    return order


def stands(trade):
    return trade.orderStatus.status, trade.orderStatus.avgFillPrice


MET = [
    MarginCondition(isMore=True, percent=99),  # nothing is held yet
    price(49.0),
    price(50.0, above=False),
    change(-2.5),  # the open is 1.96 % below the close before
    change(-1.9, above=False),
    volume(1_000, above=False),
    at("20260615 09:00:00 US/Eastern"),
    at("20260615-20:00:00", after=False),
]


def test_a_condition_that_holds_already_keeps_no_order_back(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trades = [await place(ib, when(condition)) for condition in MET]
        assert [stands(trade) for trade in trades] == [("Filled", 100.02)] * len(MET)

    run_scenario(tmp_path, scenario, at=OPEN)


IN_THE_SESSION = [
    (price(51.0), True),
    (price(51.01), False),
    (price(49.0, above=False), True),
    (change(1.96), True),  # 104 against 102
    (change(1.97), False),
    (change(-5.88, above=False), True),  # 96 against 102
    (volume(2_000_000), True),
    (volume(2_000_001), False),
    (MarginCondition(isMore=False, percent=50), False),
]


def test_what_a_sessions_range_met_is_released_at_its_closing_price(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trades = [await place(ib, when(condition)) for condition, _ in IN_THE_SESSION]
        for trade in trades:
            held = trade.orderStatus.status, trade.orderStatus.whyHeld
            assert held == ("PreSubmitted", "trigger")
        await harness.advance(CLOSE)
        assert [stands(trade) for trade in trades] == [
            ("Filled", 102.03) if met else ("Cancelled", 0.0) for _, met in IN_THE_SESSION
        ]

    run_scenario(tmp_path, scenario, at=OPEN)


def test_a_time_wakes_an_order_at_its_moment(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, when(at("20260615 12:00:00 US/Eastern")))
        zoneless = await place(ib, when(at("20260616 12:00:00")))
        assert harness.codes() == [2174]
        await harness.advance(CLOSE)
        assert trade.fills[0].execution.time == NOON
        assert zoneless.orderStatus.status == "Cancelled"  # its day was over before

    run_scenario(tmp_path, scenario, at=OPEN)


def test_a_trade_in_another_symbol_releases_an_order_and_that_one_the_next(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        await place(ib, MarketOrder("BUY", 1, tif="DAY"), "BOLT")  # before: it does not count
        after_bolt, after_acme = [
            ExecutionCondition(secType="STK", exch="SMART", symbol=symbol)
            for symbol in ("BOLT", "ACME")
        ]
        last = await place(ib, when(after_acme), "CALM")
        first = await place(ib, when(after_bolt))
        assert [stands(first)[0], stands(last)[0]] == ["PreSubmitted"] * 2
        await place(ib, MarketOrder("BUY", 1, tif="DAY"), "BOLT")
        assert [stands(first)[0], stands(last)[0]] == ["Filled"] * 2

    run_scenario(tmp_path, scenario, at=OPEN)


def test_a_cushion_that_falls_releases_an_order(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trade = await place(ib, when(MarginCondition(isMore=False, percent=60)))
        assert trade.orderStatus.status == "PreSubmitted"
        await place(ib, MarketOrder("BUY", 18_000, tif="DAY"))  # 45 % are bound by it
        assert trade.orderStatus.status == "Filled"

    run_scenario(tmp_path, scenario, at=OPEN)


JOINED = [
    ((price(51.0).And(), price(60.0)), False),
    ((price(51.0).Or(), price(60.0)), True),
    ((price(60.0).And(), price(60.0).Or(), price(51.0)), True),  # (a and b) or c
    ((price(51.0).Or(), price(60.0).And(), price(60.0)), True),  # a or (b and c)
    ((price(60.0).Or(), price(51.0).And(), price(60.0)), False),
]


def test_and_binds_closer_than_or(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        trades = [await place(ib, when(*conditions)) for conditions, _ in JOINED]
        await harness.advance(CLOSE)
        filled = [trade.orderStatus.status == "Filled" for trade in trades]
        assert filled == [met for _, met in JOINED]

    run_scenario(tmp_path, scenario, at=OPEN)


@pytest.mark.parametrize("ignored", [False, True])
def test_before_the_open_a_price_counts_only_when_hours_are_ignored(tmp_path, ignored):
    async def scenario(harness):
        ib = await harness.connect()
        outside = LimitOrder("BUY", 100, 103.0, tif="DAY", outsideRth=True)
        trade = await place(ib, when(price(49.4), order=outside, conditionsIgnoreRth=ignored))
        assert trade.orderStatus.status == ("Filled" if ignored else "PreSubmitted")
        await harness.advance(OPEN)
        assert trade.orderStatus.status == "Filled"

    run_scenario(tmp_path, scenario, at=BEFORE_OPEN)


def test_a_condition_that_cancels_lets_the_order_work_until_it_is_met(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        kept, gone = [
            await place(
                ib,
                when(
                    at(text), order=LimitOrder("BUY", 100, 97.0, tif="GTC"),
                    conditionsCancelOrder=True,
                ),
            )
            for text in ("20260616 12:00:00 US/Eastern", "20260615 12:00:00 US/Eastern")
        ]  # fmt: skip
        assert [stands(kept)[0], stands(gone)[0]] == ["Submitted"] * 2
        await harness.advance(CLOSE)
        assert [stands(kept), stands(gone)] == [("Filled", 97.0), ("Cancelled", 0.0)]
        assert harness.codes() == [202]

    run_scenario(tmp_path, scenario, at=OPEN)


def test_all_conditions_are_previewed_shown_recovered_and_decided_alike_after_a_restart(tmp_path):
    sent = [
        price(60.0, triggerMethod=2), at("20260616 12:00:00 US/Eastern").Or(),
        MarginCondition(isMore=False, percent=3), volume(7).Or(), change(2.5),
        ExecutionCondition(secType="STK", exch="SMART", symbol="CALM"),
    ]  # fmt: skip

    async def before(harness):
        ib = await harness.connect()
        order = LimitOrder("BUY", 100, 101.0, tif="GTC")
        state = await ib.whatIfOrderAsync(stock(), when(*sent, order=order))
        assert isinstance(state, OrderState)
        order = LimitOrder("BUY", 100, 101.0, tif="GTC")
        await place(ib, when(*sent, order=order, conditionsIgnoreRth=True))
        await place(ib, when(price(51.0), order=LimitOrder("BUY", 100, 103.0, tif="GTC")))
        await harness.advance(CLOSE)
        assert [one.price for one in harness.gateway.broker.exchange.executions] == [102.03]

    async def after(harness):
        await harness.advance(CLOSE)
        (filled,) = harness.gateway.broker.exchange.executions
        assert filled.price == 102.03
        ib = await harness.connect()
        (trade,) = ib.openTrades()
        assert trade.order.conditions == sent
        assert (trade.order.conditionsIgnoreRth, trade.order.conditionsCancelOrder) == (True, False)
        trade.order.conditions = [price(51.0)]
        ib.placeOrder(trade.contract, trade.order)
        await settle()
        assert trade.orderStatus.status == "PreSubmitted"
        await harness.advance(TUESDAY_OPEN)
        await harness.advance(session(TUESDAY).close)
        assert trade.orderStatus.status == "PreSubmitted"  # released; its limit is below the close
        assert trade.orderStatus.whyHeld == ""

    run_scenario(tmp_path, before, at=OPEN)
    run_scenario(tmp_path, after, at=OPEN)


REFUSED = [
    (price(51.0, con_id=999_999), 200),
    (at("at noon"), 343),
    (at("20260615 12:00:00 Mars/Olympus"), 343),
    (PriceCondition(condType=2), 320),  # there is no such kind
    (price(float("nan")), 320),
]


def test_a_condition_that_is_none_is_refused_and_leaves_no_trace(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        for condition, _ in REFUSED:
            await place(ib, when(condition))
        assert harness.codes() == [code for _, code in REFUSED]
        assert harness.gateway.broker.ledger.events == ()

    run_scenario(tmp_path, scenario, at=OPEN)


def test_the_children_of_a_conditional_parent_wait_for_its_fill(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        family = ib.bracketOrder("BUY", 100, 103.0, 150.0, 50.0, tif="GTC")
        family.parent.conditions = [price(51.0)]
        parent, *children = [await place(ib, order) for order in family]
        assert [child.orderStatus.whyHeld for child in children] == ["child", "child,trigger"]
        await harness.advance(CLOSE)
        assert stands(parent) == ("Filled", 102.03)
        assert [child.orderStatus.whyHeld for child in children] == ["", "trigger"]

    run_scenario(tmp_path, scenario, at=OPEN)


def test_what_was_reached_within_the_session_counts_when_it_is_looked_at_again(tmp_path):
    """ACME goes up to 104 and comes back to 99.70 by noon."""

    async def scenario(harness):
        ib = await harness.connect()
        early = await place(ib, when(price(103.9, con_id=ACME)))
        await harness.advance(NOON)
        late = await place(ib, when(price(103.9, con_id=ACME)))
        assert stands(early) == ("Filled", 99.72)
        assert stands(late) == ("PreSubmitted", 0.0)

    run_scenario(tmp_path, scenario, at=OPEN)
