import pytest

from core.calendar import session
from core.errors import RequestRefused
from core.types import Side
from simulator.broker.broker import Broker
from simulator.exchange.orders import OcaType, OrderTerms, OrderType, Status, TimeInForce
from tests.simulator.tiny_market import (
    ACME,
    BEFORE_OPEN,
    BOLT,
    CLOSE,
    OPEN,
    TUESDAY,
    TinyMarket,
    limit_order,
    market_order,
)

TUESDAY_CLOSE = session(TUESDAY).close


def a_broker(folder, **changes):
    return Broker(TinyMarket(), state=folder, **{"now": BEFORE_OPEN, "cash": 100_000.0} | changes)


def child(order_type, price, parent=1, quantity=100, tif=TimeInForce.GTC, **more):
    limit = price if order_type is OrderType.LIMIT else None
    stop = price if order_type is OrderType.STOP else None
    return OrderTerms(
        ACME, Side.SELL, quantity, order_type, limit, tif, stop_price=stop, parent_id=parent, **more
    )


def bracket(broker, parent, *, target=103.0, stop=90.0):
    broker.place(parent, order_id=1, client_id=7)
    broker.place(child(OrderType.LIMIT, target), order_id=2, client_id=7)
    broker.place(child(OrderType.STOP, stop), order_id=3, client_id=7)
    return broker


def statuses(broker, *numbers):
    return [broker.find(7, number).status for number in numbers]


def test_children_wait_for_their_parent(tmp_path):
    broker = bracket(a_broker(tmp_path), limit_order(ACME, 100, 90.0, tif=TimeInForce.GTC))
    broker.advance_to(CLOSE)  # the range reached both children, but not the parent
    assert statuses(broker, 1, 2, 3) == [Status.PRE_SUBMITTED] * 3
    assert [broker.find(7, n).why_held for n in (1, 2, 3)] == ["", "child", "child,trigger"]
    assert broker.exchange.executions == []
    broker.close()


def test_a_filled_parent_frees_its_children_and_one_fill_cancels_the_other(tmp_path):
    broker = bracket(a_broker(tmp_path), market_order(ACME, 100))
    broker.advance_to(OPEN)
    assert statuses(broker, 1, 2, 3) == [Status.FILLED, Status.SUBMITTED, Status.PRE_SUBMITTED]
    broker.advance_to(CLOSE)
    assert statuses(broker, 2, 3) == [Status.FILLED, Status.CANCELLED]
    assert broker.find(7, 2).average_price == 103.0
    assert broker.exchange.holdings == {}
    broker.close()


def test_where_a_session_reaches_both_children_the_stop_is_taken(tmp_path):
    broker = bracket(a_broker(tmp_path), market_order(ACME, 100), target=103.0, stop=97.0)
    broker.advance_to(CLOSE)
    assert statuses(broker, 2, 3) == [Status.CANCELLED, Status.FILLED]
    broker.close()


def test_a_parent_filled_at_the_close_frees_its_children_for_the_next_session(tmp_path):
    broker = bracket(a_broker(tmp_path), limit_order(ACME, 100, 97.0))
    broker.advance_to(CLOSE)
    assert statuses(broker, 1, 2, 3) == [Status.FILLED] + [Status.PRE_SUBMITTED] * 2
    broker.advance_to(TUESDAY_CLOSE)
    assert statuses(broker, 2, 3) == [Status.FILLED, Status.CANCELLED]
    broker.close()


def test_a_cancelled_parent_takes_its_waiting_children_along(tmp_path):
    broker = bracket(a_broker(tmp_path), limit_order(ACME, 100, 90.0, tif=TimeInForce.GTC))
    broker.cancel(7, 1)
    assert statuses(broker, 1, 2, 3) == [Status.CANCELLED] * 3
    broker.close()


def test_children_that_work_outlive_nothing_but_their_own_end(tmp_path):
    broker = bracket(a_broker(tmp_path), market_order(ACME, 100))
    broker.advance_to(OPEN)
    broker.cancel(7, 2)
    assert statuses(broker, 2, 3) == [Status.CANCELLED, Status.PRE_SUBMITTED]
    broker.close()


def test_children_of_one_parent_are_one_group_named_after_it(tmp_path):
    broker = bracket(a_broker(tmp_path), market_order(ACME, 100))
    group = str(broker.find(7, 1).perm_id)
    assert [broker.find(7, n).terms.oca_group for n in (1, 2, 3)] == ["", group, group]
    broker.close()


def test_a_child_needs_no_margin_of_its_own_while_it_waits(tmp_path):
    # 1,900 shares at 102 need 96,900 of 100,000; sold short they would need as much again.
    broker = a_broker(tmp_path)
    broker.place(limit_order(ACME, 1_900, 90.0, tif=TimeInForce.GTC), order_id=1, client_id=7)
    broker.place(child(OrderType.STOP, 80.0, quantity=1_900), order_id=2, client_id=7)
    broker.place(child(OrderType.LIMIT, 120.0, quantity=1_900), order_id=3, client_id=7)
    assert len(broker.working) == 3
    broker.close()


def test_a_child_of_nothing_or_of_a_cancelled_order_is_refused(tmp_path):
    broker = a_broker(tmp_path)
    with pytest.raises(RequestRefused, match="Can't find order with id = 1"):
        broker.place(child(OrderType.STOP, 90.0), order_id=2, client_id=7)
    broker.place(limit_order(ACME, 100, 90.0), order_id=2, client_id=7)
    broker.cancel(7, 2)
    with pytest.raises(RequestRefused, match="Can't find order with id = 2"):
        broker.place(child(OrderType.STOP, 90.0, parent=2), order_id=3, client_id=7)
    broker.close()


def group_of_three(broker, oca_type, quantities=(100, 200, 50)):
    for number, quantity in enumerate(quantities, start=1):
        price = 97.0 if number == 1 else 80.0
        terms = OrderTerms(
            ACME, Side.BUY, quantity, OrderType.LIMIT, price, TimeInForce.GTC,
            oca_group="one", oca_type=oca_type,
        )  # fmt: skip
        broker.place(terms, order_id=number, client_id=7)
    return broker


@pytest.mark.parametrize("oca_type", OcaType)
def test_a_whole_fill_cancels_the_rest_of_its_group(tmp_path, oca_type):
    broker = group_of_three(a_broker(tmp_path), oca_type)
    broker.advance_to(CLOSE)
    assert statuses(broker, 1, 2, 3) == [Status.FILLED, Status.CANCELLED, Status.CANCELLED]
    broker.close()


def test_a_partial_fill_cancels_or_reduces_in_proportion(tmp_path):
    from simulator.exchange.matching import MatchingRules

    rules = MatchingRules(most_of_volume=0.0001)  # 500 of the day's 5,000,000
    left = {}
    for oca_type in OcaType:
        broker = a_broker(tmp_path / oca_type.name, cash=1e6, rules=rules)
        group_of_three(broker, oca_type, quantities=(1_000, 2_000, 3))
        broker.advance_to(CLOSE)
        orders = [broker.find(7, number) for number in (1, 2, 3)]
        left[oca_type] = [0 if o.status.is_done else o.remaining for o in orders]
        broker.close()
    assert left[OcaType.CANCEL] == [500, 0, 0]
    assert left[OcaType.REDUCE] == left[OcaType.REDUCE_ALL_WORKING] == [500, 1_000, 1]


def test_a_group_can_span_contracts_and_only_its_largest_order_needs_margin(tmp_path):
    broker = a_broker(tmp_path)
    for number, con_id, price in ((1, ACME, 97.0), (2, BOLT, 40.0)):
        terms = OrderTerms(
            con_id, Side.BUY, 1_900, OrderType.LIMIT, price, TimeInForce.DAY, oca_group="either"
        )
        broker.place(terms, order_id=number, client_id=7)
    broker.advance_to(CLOSE)
    assert statuses(broker, 1, 2) == [Status.FILLED, Status.CANCELLED]
    broker.close()


def test_a_family_that_is_not_transmitted_is_unknown_to_the_exchange(tmp_path):
    broker = a_broker(tmp_path)
    broker.hold(market_order(ACME, 100), order_id=1, client_id=7)
    broker.hold(child(OrderType.STOP, 90.0), order_id=2, client_id=7)
    assert broker.working == []
    assert broker.untransmitted.family(7, 2) == [1, 2]
    assert broker.untransmitted.family(8, 2) == []
    for number in broker.untransmitted.family(7, 2):
        broker.transmit(7, number)
    assert [order.order_id for order in broker.working] == [1, 2]
    broker.close()


def test_a_restart_in_the_middle_of_a_bracket_goes_on_with_it(tmp_path):
    broker = bracket(a_broker(tmp_path), market_order(ACME, 100))
    broker.advance_to(OPEN)
    before = broker.working
    broker.close()
    again = a_broker(tmp_path, now=OPEN)
    assert again.working == before
    again.advance_to(CLOSE)
    assert statuses(again, 2, 3) == [Status.FILLED, Status.CANCELLED]
    again.close()
