from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.types import Side
from simulator.exchange import stops
from simulator.exchange.orders import OrderRecord, OrderTerms, OrderType, Status, TimeInForce
from simulator.market.market import DailyBar
from tests.simulator.tiny_market import ACME, MONDAY, OPEN

BAR = DailyBar(MONDAY, 100.0, 104.0, 96.0, 102.0, 1_000_000)


def order(order_type=OrderType.STOP, side=Side.SELL, **terms):
    asked = OrderTerms(ACME, side, 100, order_type, None, TimeInForce.DAY)
    return OrderRecord(1, 1, 1, replace(asked, **terms), OPEN, Status.PRE_SUBMITTED)


@pytest.mark.parametrize(
    ("side", "stop", "price", "wakes"),
    [
        (Side.SELL, 96.0, 96.01, False),
        (Side.SELL, 96.0, 96.0, True),
        (Side.SELL, 96.0, 90.0, True),
        (Side.BUY, 104.0, 103.99, False),
        (Side.BUY, 104.0, 104.0, True),
        (Side.BUY, 104.0, 110.0, True),
    ],
)
def test_a_stop_wakes_when_the_market_is_at_it_or_beyond(side, stop, price, wakes):
    assert stops.seen(order(side=side, stop_price=stop), price).triggered is wakes


@pytest.mark.parametrize(
    ("side", "stop", "meets"),
    [
        (Side.SELL, 97.0, 97.0),
        (Side.SELL, 95.99, None),
        (Side.BUY, 103.0, 103.0),
        (Side.BUY, 104.01, None),
    ],
)
def test_within_a_session_a_stop_meets_the_market_at_the_stop(side, stop, meets):
    woken, reference = stops.through(order(side=side, stop_price=stop), BAR)
    assert reference == meets
    assert woken.triggered is (meets is not None)


def test_a_trailing_stop_follows_in_one_direction_only():
    trailing = order(OrderType.TRAIL, trail_amount=5.0)
    for price, stands in ((100.0, 95.0), (103.0, 98.0), (99.0, 98.0), (110.0, 105.0)):
        trailing = stops.seen(trailing, price)
        assert (trailing.stop, trailing.triggered) == (stands, False)
    assert stops.seen(trailing, 105.0).triggered


def test_a_trailing_stop_to_buy_follows_the_market_down():
    trailing = stops.seen(order(OrderType.TRAIL, Side.BUY, trail_percent=10.0), 100.0)
    assert trailing.stop == 110.0
    assert stops.seen(trailing, 90.0).stop == 99.0


def test_a_trailing_stop_begins_where_it_was_told_to():
    trailing = stops.seen(order(OrderType.TRAIL, trail_amount=5.0, stop_price=97.0), 100.0)
    assert trailing.stop == 97.0


def test_of_a_session_the_side_of_the_stop_is_assumed_first():
    # From 95 it is not reached by the low of 96; the high of 104 lifts it to 101, above nothing
    # that follows but the close of 102.
    trailing = stops.seen(order(OrderType.TRAIL, trail_amount=3.0, stop_price=95.0), 98.0)
    after, reference = stops.through(trailing, BAR)
    assert (after.stop, after.triggered, reference) == (101.0, False, None)
    falling = BAR._replace(close=100.5)
    assert stops.through(trailing, falling)[1] == 101.0


def test_a_limit_the_stop_lay_beyond_is_met_only_by_the_close():
    sleeper = order(OrderType.STOP_LIMIT, Side.BUY, stop_price=103.0, limit_price=102.5)
    assert stops.limit_after_stop(sleeper, BAR) == 102.5
    assert stops.limit_after_stop(sleeper, BAR._replace(close=102.5)) is None


@given(
    st.sampled_from(Side),
    st.lists(st.integers(1_000, 20_000).map(lambda cents: cents / 100), min_size=1, max_size=30),
    st.integers(1, 900).map(lambda cents: cents / 100),
)
def test_a_trailing_stop_never_gives_way(side, prices, distance):
    trailing, stood = order(OrderType.TRAIL, side, trail_amount=distance), None
    for price in prices:
        trailing = stops.seen(trailing, price)
        if stood is not None:
            assert (trailing.stop - stood) * side.sign <= 1e-9
        stood = trailing.stop
        if trailing.triggered:
            break
        assert (trailing.stop - price) * side.sign > 0
