"""What became of orders that were sent: acknowledged, rejected, or uncertain and said to be."""

import pytest

from core.errors import GatewayError, GatewayTimeout
from core.types import OrderStatus
from tests.ibkr.conftest import WITHOUT_END
from tests.ibkr.fake_gateway import (
    COMPLETED,
    EXECUTIONS,
    OPEN,
    PLACE,
    TIME,
    completed_order,
    error,
    execution,
    open_order,
)
from tests.ibkr.fake_orders import Broker, acknowledge, an_order, lists


@pytest.mark.parametrize("code", [10349, 399, 404, 2109, 2161, 105, 492, 99999])
def test_an_error_about_an_order_that_lives_on_is_no_cancellation(trading, code):
    # ib_async marks the order Cancelled; a pipeline that believes it sends it again.
    def news(gateway, order_id, order_ref):
        gateway.say(error(order_id, code, "Order TIF was set to DAY based on order preset."))
        acknowledge(gateway, order_id, order_ref)

    _, tools = trading(Broker(news).answers)
    (state,) = tools.place_orders([an_order()], timeout=2)
    assert state.status is OrderStatus.WORKING
    assert f"{code}: Order TIF" in state.message


@pytest.mark.parametrize("code", [201, 110, 200, 103, 321])
def test_a_refused_order_is_rejected_with_the_brokers_reason_at_once(trading, code):
    broker = Broker(lambda g, oid, _ref: g.say(error(oid, code, "because")), lists_it=False)
    _, tools = trading(broker.answers)
    (state,) = tools.place_orders([an_order()], timeout=WITHOUT_END)
    assert (state.status, state.message) == (OrderStatus.REJECTED, f"{code}: because")


def test_a_refused_order_among_the_completed_ones_is_rejected_not_cancelled(trading):
    broker = Broker(lambda g, oid, _ref: g.say(error(oid, 201, "margin")))
    over = lists(
        completed=lambda: [
            completed_order(ref, perm_id=100 + oid, status="Cancelled", filled_quantity=0)
            for oid, ref in broker.sent
        ]
    )
    _, tools = trading({PLACE: broker.place, **over})
    (state,) = tools.place_orders([an_order()], timeout=2)
    assert state.status is OrderStatus.REJECTED
    assert "201: margin" in state.message


def test_a_refusal_that_the_lists_contradict_is_not_believed(trading):
    broker = Broker(lambda g, oid, _ref: g.say(error(oid, 201, "margin")))
    _, tools = trading(broker.answers)
    (state,) = tools.place_orders([an_order()], timeout=2)
    assert state.status is OrderStatus.WORKING


def test_an_unknown_error_and_no_trace_is_uncertain_not_rejected(trading):
    broker = Broker(lambda g, oid, _ref: g.say(error(oid, 99999, "odd")), lists_it=False)
    _, tools = trading(broker.answers)
    (state,) = tools.place_orders([an_order()], timeout=0.2)
    assert state.status is OrderStatus.UNCERTAIN
    assert "99999: odd" in state.message


def test_an_order_without_any_callback_is_looked_up(trading):
    # The paper server drops the callbacks of some orders of a burst.
    broker = Broker()
    gateway, tools = trading(broker.answers)
    (state,) = tools.place_orders([an_order()], timeout=0.2)
    assert (state.status, state.perm_id) == (OrderStatus.WORKING, 100 + broker.sent[0][0])
    assert len(gateway.asked(PLACE)) == 1


def test_an_order_that_nobody_knows_is_uncertain_and_not_sent_again(trading):
    gateway, tools = trading(Broker(lists_it=False).answers)
    (state,) = tools.place_orders([an_order()], timeout=0.2)
    assert state.status is OrderStatus.UNCERTAIN
    assert "Look in TWS" in state.message
    assert len(gateway.asked(PLACE)) == 1


def test_a_connection_that_breaks_while_waiting_is_noticed_at_once(trading):
    _, tools = trading(Broker(lambda g, _oid, _ref: g.drop()).answers)
    (state,) = tools.place_orders([an_order()], timeout=WITHOUT_END)
    assert state.status is OrderStatus.UNCERTAIN


def test_an_empty_batch_asks_nothing(trading):
    gateway, tools = trading()
    assert tools.place_orders([], timeout=2) == ()
    assert [fields[0] for fields in gateway.received] == ["71", TIME]


def test_one_silent_order_does_not_blur_the_others(trading):
    def some(gateway, order_id, order_ref):
        if order_ref != "b":
            acknowledge(gateway, order_id, order_ref)

    broker = Broker(some, lists_it=False)
    _, tools = trading(broker.answers)
    states = tools.place_orders([an_order(ref) for ref in "abc"], timeout=0.2)
    assert [s.status for s in states] == ["working", "uncertain", "working"]


def test_a_gateway_that_dies_in_the_batch_leaves_no_order_unaccounted_for(trading):
    # ib_async returns a Trade for each of 60 orders, 45 leave, no exception, and after the
    # disconnect its list of trades is empty.
    def die(gateway, order_id, order_ref):
        if order_ref == "3":
            gateway.drop()
        else:
            acknowledge(gateway, order_id, order_ref)

    broker = Broker(die)
    _, tools = trading(broker.answers)
    states = tools.place_orders([an_order(str(i)) for i in range(12)], timeout=WITHOUT_END)
    left = [state.order_ref for state in states]
    assert left == [str(i) for i in range(len(left))]  # what is not returned has not left
    assert {ref for _, ref in broker.sent} <= set(left) < {str(i) for i in range(12)}
    assert {state.status for state in states[4:]} <= {OrderStatus.UNCERTAIN}


def test_lists_that_fail_after_sending_make_unacknowledged_orders_uncertain(trading):
    broker = Broker(lambda g, oid, ref: ref == "a" and acknowledge(g, oid, ref))

    def opened(gateway, _fields):
        if not broker.sent:
            gateway.say([53, 1])

    _, tools = trading({**broker.answers, OPEN: opened}, impatient=True)
    first, second = tools.place_orders([an_order("a"), an_order("b")], timeout=0.2)
    assert first.status is OrderStatus.WORKING
    assert second.status is OrderStatus.UNCERTAIN
    assert "open orders: no answer" in second.message


def test_no_answer_is_never_no_orders(trading):
    for silent in (OPEN, COMPLETED, EXECUTIONS):
        _, tools = trading({**lists(), silent: None}, impatient=True)
        with pytest.raises(GatewayTimeout):
            tools.order_states()


@pytest.mark.parametrize(
    ("place", "row"),
    [("opened", open_order(1, "a")), ("completed", completed_order("a")),
     ("executed", execution(0, 1, "e", "a"))],
)  # fmt: skip
def test_an_order_that_cannot_be_read_is_never_left_out(trading, place, row):
    # ib_async logs it and goes on: the list would just be shorter.
    _, tools = trading(lists(**{place: [row[:25]]}))
    with pytest.raises(GatewayError, match="cannot be read"):
        tools.order_states()
