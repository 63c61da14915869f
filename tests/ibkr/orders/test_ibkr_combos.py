"""Combinations on the wire: sent whole, told of leg by leg, counted once."""

import math
from dataclasses import replace

import pytest

from core.errors import DataError
from core.types import ComboOrder, Leg, OrderStatus, OrderType, Side
from ibkr.orders.trading import TradingTools
from tests.ibkr.fake_gateway import (
    COMPLETED,
    COMPLETED_ORDER_FIELDS,
    EXECUTIONS,
    OPEN,
    OPEN_ORDER_FIELDS,
    PLACE,
    commission,
    completed_order,
    execution,
    open_order,
    order_status,
)

LEGS = (Leg(501, Side.BUY, 1), Leg(502, Side.SELL, 1))
BAG = (28812380, "AAPL", "BAG", "", 0, "", "", "SMART", "USD", "AAPL", "AAPL")


def a_combo(order_ref="spread", **changes):
    plain = ComboOrder(
        con_id=265598,
        symbol="AAPL",
        side=Side.BUY,
        quantity=10,
        order_type=OrderType.LIMIT,
        limit_price=1.85,
        time_in_force="DAY",
        order_ref=order_ref,
        legs=LEGS,
    )
    return replace(plain, **changes)


def with_wire_legs(names, message, legs=LEGS):
    """Turn an order message about a stock into one about a combination."""
    found = list(message)
    start = names.index("con_id")
    found[start : start + len(BAG)] = BAG
    place = names.index("legs")
    rows = [
        field
        for leg in legs
        for field in (leg.con_id, leg.ratio, leg.side.value, "SMART", 0, 0, "", -1)
    ]
    return [*found[:place], len(legs), *rows, *found[place + 1 :]]


def an_open_combo(order_id, order_ref, **changes):
    return with_wire_legs(OPEN_ORDER_FIELDS, open_order(order_id, order_ref, **changes))


def a_completed_combo(order_ref, **changes):
    return with_wire_legs(COMPLETED_ORDER_FIELDS, completed_order(order_ref, **changes))


def an_execution(
    order_id, execution_id, order_ref, *, contract=BAG, side="BOT", cumulative=0, **changes
):
    row = execution(0, order_id, execution_id, order_ref, **changes)
    row[3:14] = contract
    row[row.index("BOT")] = side
    row[24] = cumulative or row[19]
    return row


def an_option(con_id):
    return (con_id, "AAPL", "OPT", "20260717", 100, "C", 100, "SMART", "USD", "AAPL C", "AAPL")


def lists(opened=(), completed=(), executed=(), charges=()):
    def executions(gateway, fields):
        answers = [[row[0], fields[2], *row[2:]] for row in executed]
        gateway.say(*answers, *charges, [55, 1, fields[2]])

    return {
        OPEN: lambda g, _f: g.say(*opened, [53, 1]),
        COMPLETED: lambda g, _f: g.say(*completed, [102]),
        EXECUTIONS: executions,
    }


@pytest.fixture
def trading(connected):
    def connect(answers=None, **kinds):
        gateway, connection = connected(answers, for_orders=True, **kinds)
        return gateway, TradingTools(connection)

    return connect


def test_a_combination_leaves_as_one_order_with_all_its_legs(trading):
    def place(gateway, fields):
        gateway.say(an_open_combo(int(fields[1]), "spread", perm_id=7))

    gateway, tools = trading({PLACE: place, **lists()})
    (state,) = tools.place_orders([a_combo()], timeout=2)
    assert state.perm_id == 7
    (sent,) = gateway.asked(PLACE)
    assert sent[2:15] == ["0", "AAPL", "BAG", "", "0.0", "", "", "SMART", "", "USD", "", "", ""]
    assert sent[16:22] == ["BUY", "10", "LMT", "1.85", "", "DAY"]
    legs = sent.index("501")
    assert sent[legs - 1] == "2"
    assert sent[legs : legs + 8] == ["501", "1", "BUY", "SMART", "0", "0", "", "-1"]
    assert sent[legs + 8 : legs + 16] == ["502", "1", "SELL", "SMART", "0", "0", "", "-1"]
    assert len(sent) == 114 + 1 + 2 * 8 + 2  # the legs, and no price of one, no routing


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"legs": LEGS[:1]}, "1 leg"),
        ({"legs": ()}, "0 leg"),
        ({"legs": tuple(Leg(n, Side.BUY, 1) for n in range(1, 6))}, "5 leg"),
        ({"legs": (LEGS[0], LEGS[0])}, "conId 501 is 2 of its legs"),
        ({"legs": (Leg(0, Side.BUY, 1), LEGS[1])}, "a leg with conId 0"),
        ({"legs": (Leg(501, Side.BUY, 0), LEGS[1])}, "leg 501: ratio 0"),
        ({"legs": (Leg(501, Side.BUY, -1), LEGS[1])}, "leg 501: ratio -1"),
        ({"legs": (Leg(501, Side.BUY, math.nan), LEGS[1])}, "leg 501: ratio nan"),
        ({"legs": (Leg(501, Side.BUY, 1.5), LEGS[1])}, "leg 501: ratio 1.5"),
        ({"limit_price": 0.0}, "limit price 0"),
        ({"limit_price": -1.85}, "limit price -1.85"),
        ({"limit_price": math.nan}, "limit price nan"),
        ({"quantity": 0}, "quantity 0"),
        ({"symbol": "A\0PL"}, "symbol"),
    ],
)
def test_nothing_of_a_bad_combination_leaves(trading, changes, said):
    gateway, tools = trading(lists())
    with pytest.raises(DataError, match=said):
        tools.place_orders([a_combo(**changes)], timeout=1)
    assert gateway.asked(PLACE) == []
    assert said.split()[0] in tools.what_if(a_combo(**changes)).reason


def filled(*, correction="01"):
    """Ten combinations in two parts: told of as a whole, and leg by leg."""
    done = {"perm_id": 7}
    return [
        an_execution(3, "x.1.01", "spread", shares=4, **done),
        an_execution(3, "x.2.01", "spread", contract=an_option(501), shares=4, **done),
        an_execution(3, "x.3.01", "spread", contract=an_option(502), side="SLD", shares=4, **done),
        an_execution(3, "y.1.01", "spread", shares=6, cumulative=10, **done),
        an_execution(3, f"y.2.{correction}", "spread", contract=an_option(501), shares=6, **done),
        an_execution(3, "y.3.01", "spread", contract=an_option(502), side="SLD", shares=6, **done),
    ]


CHARGES = [commission(name) for name in ("x.2.01", "x.3.01", "y.2.01", "y.3.01")]


def test_a_filled_combination_counts_combinations_and_its_fills_are_those_of_its_legs(trading):
    _, tools = trading(
        lists(completed=[a_completed_combo("spread")], executed=filled(), charges=CHARGES)
    )
    state = tools.order_states()["spread"]
    assert (state.status, state.quantity, state.filled) == (OrderStatus.FILLED, 10.0, 10.0)
    assert state.legs == LEGS
    traded = dict.fromkeys((501, 502), 0.0)
    for fill in state.fills:
        traded[fill.con_id] += fill.side.sign * fill.quantity
    assert traded == {501: 10.0, 502: -10.0}
    # The line about the whole is no trade of its own and has no commission to wait for.
    settled = tools.await_fills(["spread"], timeout=5)["spread"]
    assert sum(fill.commission.amount for fill in settled.fills) == pytest.approx(5.0)


def test_a_combination_is_filled_no_further_than_its_slowest_leg(trading):
    opened = [an_open_combo(3, "spread"), order_status(3, "Submitted", filled=0)]
    _, tools = trading(lists(opened=opened, executed=filled()[:-1]))
    state = tools.order_states()["spread"]
    assert (state.status, state.filled) == (OrderStatus.WORKING, 4.0)


def test_a_leg_of_a_hundred_shares_is_one_combination(trading):
    legs = (Leg(265598, Side.BUY, 100), Leg(502, Side.SELL, 1))
    opened = with_wire_legs(OPEN_ORDER_FIELDS, open_order(3, "spread", quantity=2), legs=legs)
    stock = (265598, "AAPL", "STK", "", 0, "", "", "SMART", "USD", "AAPL", "NMS")
    executed = [
        an_execution(3, "x.2.01", "spread", contract=stock, shares=100),
        an_execution(3, "x.3.01", "spread", contract=an_option(502), side="SLD", shares=1),
    ]
    _, tools = trading(lists(opened=[opened], executed=executed))
    state = tools.order_states()["spread"]
    assert (state.status, state.quantity, state.filled) == (OrderStatus.WORKING, 2.0, 1.0)


def test_executions_alone_leave_a_combination_uncertain_and_counted_as_a_whole(trading):
    _, tools = trading(lists(executed=filled()[1:] + filled()[:1]))
    state = tools.order_states()["spread"]
    assert state.status is OrderStatus.UNCERTAIN
    assert state.filled == 10.0


def test_a_what_if_of_a_combination_is_answered_like_any_other(trading):
    margin = {
        "init_before": "0", "maint_before": "0", "equity_before": "100000",
        "init_change": "315.0", "maint_change": "315.0", "equity_change": "185",
        "init_after": "315.0", "maint_after": "315.0", "equity_after": "100185",
        "commission": "2.6",
    }  # fmt: skip

    def place(gateway, fields):
        gateway.say(
            with_wire_legs(
                OPEN_ORDER_FIELDS,
                open_order(int(fields[1]), "spread", what_if=1, perm_id=0, **margin),
            )
        )

    _, tools = trading({PLACE: place})
    answer = tools.what_if(a_combo(side=Side.SELL))
    assert (answer.accepted, answer.initial_margin_change) == (True, 315.0)
