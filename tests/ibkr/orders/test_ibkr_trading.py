"""Orders: never two, never a silent one, against a gateway that misleads on purpose."""

import math

import pytest

from core.errors import DataError, GatewayTimeout, GatewayUnreachable, RequestRefused
from core.types import OrderStatus, OrderType
from tests.ibkr.fake_gateway import (
    CANCEL,
    PLACE,
    TIME,
    completed_order,
    error,
    execution,
    open_order,
    order_status,
)
from tests.ibkr.fake_orders import Broker, acknowledge, an_order, lists

# What is sent


def test_an_order_goes_out_once_with_account_and_time_in_force(trading):
    broker = Broker(acknowledge)
    gateway, tools = trading(broker.answers)
    (state,) = tools.place_orders([an_order()], timeout=2)
    assert (state.status, state.perm_id) == (OrderStatus.WORKING, 100 + broker.sent[0][0])
    (sent,) = gateway.asked(PLACE)
    assert len(sent) == 114
    assert (sent[2], sent[3], sent[9]) == ("265598", "AAPL", "SMART")
    assert sent[16:22] == ["BUY", "10", "LMT", "100.0", "", "DAY"]
    assert (sent[23], sent[26]) == ("DU1", "one")


def test_orders_are_sent_in_the_given_order_after_a_round_trip(trading):
    broker = Broker(acknowledge)
    gateway, tools = trading(broker.answers)
    states = tools.place_orders([an_order(ref) for ref in "cab"], timeout=2)
    assert [state.order_ref for state in states] == ["c", "a", "b"]
    assert [ref for _, ref in broker.sent] == ["c", "a", "b"]
    kinds = [fields[0] for fields in gateway.received]
    assert kinds[kinds.index(PLACE) - 1] == TIME


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"quantity": math.nan}, "quantity nan"),
        ({"quantity": math.inf}, "quantity inf"),
        ({"quantity": 0}, "quantity 0"),
        ({"quantity": -5}, "quantity -5"),
        ({"quantity": 1.5}, "quantity 1.5"),
        ({"quantity": 10**9}, "quantity 1000000000"),
        ({"limit_price": math.nan}, "limit price nan"),
        ({"limit_price": -3.0}, "limit price -3"),
        ({"limit_price": None}, "limit price None"),
        ({"order_type": OrderType.MARKET}, "market order with the limit price"),
        ({"time_in_force": ""}, "time in force ''"),
        ({"con_id": 0}, "conId 0"),
        ({"symbol": "A\0PL"}, "symbol"),
        ({"order_ref": "a\0b"}, "order_ref"),
        ({"order_ref": "größe"}, "order_ref"),
        ({"order_ref": "a\nb"}, "order_ref"),
        ({"order_ref": ""}, "order_ref"),
        ({"order_ref": "x" * 41}, "order_ref"),
    ],
)
def test_one_bad_order_refuses_the_whole_batch(trading, changes, said):
    # ib_async checks nothing: NaN is sent as "nan", and a NUL shifts all later fields.
    broker = Broker(acknowledge)
    gateway, tools = trading(broker.answers)
    with pytest.raises(DataError, match="nothing was sent") as raised:
        tools.place_orders([an_order(), an_order(**{"order_ref": "two"} | changes)], timeout=2)
    assert said in str(raised.value)
    assert not gateway.asked(PLACE)


def test_one_order_ref_twice_in_a_batch_is_refused(trading):
    gateway, tools = trading(Broker(acknowledge).answers)
    with pytest.raises(DataError, match="'one' 2 times"):
        tools.place_orders([an_order(), an_order()], timeout=2)
    assert not gateway.asked(PLACE)


def test_an_order_ref_that_the_broker_knows_is_never_sent_again(trading):
    broker = Broker(acknowledge)
    gateway, tools = trading(broker.answers)
    tools.place_orders([an_order()], timeout=2)
    with pytest.raises(DataError, match=r"already knows one \(working\)"):
        tools.place_orders([an_order(), an_order("two")], timeout=2)
    assert len(gateway.asked(PLACE)) == 1


def test_an_order_id_in_use_is_never_given_to_a_new_order(trading):
    # After a restart the gateway offers old ids again; an id of a live order would change it.
    broker = Broker(acknowledge)
    live = [open_order(41, "yesterday", perm_id=9), open_order(57, "", client_id=3, perm_id=8)]
    done = [
        execution(0, 63, "e.01.01", "earlier", perm_id=5),
        execution(0, 2147483647, "e.02.01", ""),
    ]
    _, tools = trading({**broker.answers, **lists(lambda: live + broker.opened(), (), done)})
    tools.place_orders([an_order()], timeout=2)
    assert 63 < broker.sent[0][0] < 100


def test_nothing_is_sent_when_the_lists_do_not_come(trading):
    gateway, tools = trading({PLACE: Broker(acknowledge).place}, impatient=True)
    with pytest.raises(GatewayTimeout, match="open orders"):
        tools.place_orders([an_order()], timeout=2)
    assert not gateway.asked(PLACE)


def test_nothing_is_sent_into_a_gateway_that_has_gone_mute(trading):
    asked = []

    def once(gateway, _fields):
        asked.append(None)
        if len(asked) == 1:
            gateway.say([49, 1, 1781521200])

    gateway, tools = trading({**Broker(acknowledge).answers, TIME: once}, impatient=True)
    with pytest.raises(GatewayTimeout, match="time"):
        tools.place_orders([an_order()], timeout=2)
    assert not gateway.asked(PLACE)


def test_nothing_is_sent_while_the_gateway_has_lost_ibkr(trading):
    broker = Broker(acknowledge)
    said = [error(-1, 1100, "Connectivity between IBKR and TWS has been lost.")]
    gateway, tools = trading({**broker.answers, **lists(opened=lambda: said + broker.opened())})
    tools.order_states()
    with pytest.raises(GatewayUnreachable, match="1100"):
        tools.place_orders([an_order()], timeout=2)
    assert not gateway.asked(PLACE)
    said[:] = [error(-1, 1102, "restored - data maintained.")]
    tools.order_states()
    (state,) = tools.place_orders([an_order()], timeout=2)
    assert state.status is OrderStatus.WORKING
    assert not gateway.asked("62")  # ib_async opens an account summary at 1102, TWS allows two


# Cancelling


def test_cancelling_is_confirmed_by_the_brokers_lists(trading):
    open_ones = [open_order(5, "a")]

    def cancel(gateway, _fields):
        open_ones.clear()
        gateway.say(order_status(5, "Cancelled"), error(5, 202, "Order Canceled - reason:"))

    over = [completed_order("a", status="Cancelled", filled_quantity=0)]
    gateway, tools = trading(
        {CANCEL: cancel, **lists(lambda: open_ones, lambda: [] if open_ones else over)}
    )
    state = tools.cancel("a", timeout=5)
    assert state.status is OrderStatus.CANCELLED
    assert gateway.asked(CANCEL)[0][2] == "5"


def test_cancelling_without_confirmation_is_not_cancelled(trading):
    # ib_async marks an order Cancelled when cancelling it fails.
    _, tools = trading(
        {
            CANCEL: lambda g, f: g.say(error(f[2], 161, "Cancel attempted in a wrong state")),
            **lists(opened=[open_order(5, "a")]),
        }
    )
    state = tools.cancel("a", timeout=0.3)
    assert state.status is OrderStatus.WORKING
    assert "161: Cancel attempted" in state.message
    assert "not confirmed within 0.3 s" in state.message


def test_an_order_of_another_client_is_not_cancelled_in_vain(trading):
    # The gateway answers 10147 and ib_async shows PendingCancel for ever.
    gateway, tools = trading(lists(opened=[open_order(5, "a", client_id=3)]))
    with pytest.raises(RequestRefused, match="sent by client id 3"):
        tools.cancel("a", timeout=5)
    assert not gateway.asked(CANCEL)


def test_cancelling_what_is_over_or_unknown_sends_nothing(trading):
    gateway, tools = trading(lists(completed=[completed_order("a", status="Cancelled",
                                                              filled_quantity=0)]))  # fmt: skip
    assert tools.cancel("a", timeout=5).status is OrderStatus.CANCELLED
    with pytest.raises(DataError, match="knows no order b"):
        tools.cancel("b", timeout=5)
    assert not gateway.asked(CANCEL)
