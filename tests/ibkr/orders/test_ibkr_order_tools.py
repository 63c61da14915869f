"""Orders, question by question."""

import pytest

from core.errors import (
    GatewayTimeout,
    NoData,
)
from core.money import Money, Rates
from core.types import OrderStatus, Side
from ibkr.orders.executions import Wanted
from tests.ibkr.account_messages import GLOBAL_CANCEL
from tests.ibkr.fake_gateway import (
    OPEN,
    PLACE,
    commission,
    completed_order,
    error,
    execution,
    open_order,
    order_status,
)
from tests.ibkr.fake_orders import MARGIN, SENTINELS, an_order, lists

# Lists


def test_open_orders_include_those_of_other_clients_and_those_placed_by_hand(orders):
    by_hand = open_order(0, "", perm_id=9, client_id=0, type="STP", aux=90.5, limit="")
    other = open_order(5, "theirs", perm_id=8, client_id=3, limit=101.5, tif="GTC")
    partly = order_status(5, "Submitted", filled=4, perm_id=8, client_id=3)
    _, tools = orders(lists(opened=[by_hand, other, partly]))
    found = tools.open_orders()
    theirs, manual = found.orders
    assert (theirs.order_ref, theirs.client_id, theirs.limit_price) == ("theirs", 3, 101.5)
    assert (theirs.time_in_force, theirs.filled, theirs.remaining) == ("GTC", 4.0, 6.0)
    assert (manual.order_type, manual.stop_price, manual.limit_price) == ("STP", 90.5, None)
    assert (manual.order_ref, manual.status) == ("", OrderStatus.WORKING)
    assert found.as_of.isoformat() == "2026-06-15T11:00:00+00:00"


def test_orders_of_another_account_are_not_ours(orders):
    strangers = {"opened": [open_order(1, "a", account="DU2")],
                 "completed": [completed_order("b", account="DU2")]}  # fmt: skip
    _, tools = orders(lists(**strangers))
    assert tools.open_orders().orders == ()
    assert tools.completed_orders().orders == ()


def test_completed_orders_say_how_they_ended(orders):
    over = completed_order("a", status="Cancelled", filled_quantity=0, completed_status="by Trader",
                           completed_time="20260615 09:31:00")  # fmt: skip
    _, tools = orders(lists(completed=[over]))
    (one,) = tools.completed_orders().orders
    assert (one.status, one.filled) == (OrderStatus.CANCELLED, 0.0)
    assert one.message == "by Trader 20260615 09:31:00"


def test_silence_is_never_an_empty_list(orders):
    _, tools = orders({}, impatient=True)
    for ask in (tools.open_orders, tools.completed_orders, tools.executions):
        with pytest.raises(GatewayTimeout):
            ask()


def test_executions_can_be_chosen_and_come_oldest_first(orders):
    sold = execution(0, 2, "e.02.01", "b", perm_id=8)
    sold[18] = "SLD"
    _, tools = orders(
        lists(executed=[sold, execution(0, 1, "e.01.01", "a")], charges=[commission("e.01.01")])
    )
    assert [fill.order_ref for fill in tools.executions().fills] == ["a", "b"]
    (one,) = tools.executions(Wanted(side=Side.SELL)).fills
    assert (one.order_ref, one.commission) == ("b", None)
    assert tools.executions(Wanted(symbol="MSFT")).fills == ()
    assert tools.executions(Wanted(order_ref="a")).fills[0].commission == Money(1.25, "USD")
    later = tools.executions().fills[0].time.replace(hour=23)
    assert tools.executions(Wanted(since=later)).fills == ()


def test_one_order_is_told_by_its_name_and_an_unknown_one_is_no_data(orders):
    _, tools = orders(lists(opened=[open_order(5, "a", client_id=3)]))
    assert tools.status("a").status is OrderStatus.WORKING
    with pytest.raises(NoData, match="knows no order b"):
        tools.status("b")


# Watching


def test_watching_tells_each_state_once_and_ends_with_the_last_commission(orders):
    story = [
        lists(opened=[open_order(5, "a", status="PreSubmitted")]),
        lists(opened=[open_order(5, "a", status="PreSubmitted")]),
        lists(
            opened=[open_order(5, "a"), order_status(5, "Submitted", filled=4)],
            executed=[execution(0, 5, "e.01.01", "a", shares=4)],
            charges=[commission("e.01.01")],
        ),
        lists(
            completed=[completed_order("a")],
            executed=[execution(0, 5, "e.01.01", "a", shares=4),
                      execution(0, 5, "e.02.01", "a", shares=6)],
            charges=[commission("e.02.01")],
        ),
    ]  # fmt: skip

    def now(kind):
        def answer(gateway, fields):
            story[0][kind](gateway, fields)
            if kind == "7" and len(story) > 1:  # the last of the three lists
                del story[0]
                gateway.say(order_status(99, "Submitted"))  # word of something: look again

        return answer

    _, tools = orders({kind: now(kind) for kind in ("16", "99", "7")})
    seen = [(s.state.status, s.state.filled) for s in tools.watch(["a"], timeout=20)]
    assert seen == [("working", 0.0), ("working", 4.0), ("filled", 10.0)]


@pytest.mark.timeout(30)
def test_watching_nothing_that_happens_ends_with_the_time(orders):
    _, tools = orders(lists())
    assert list(tools.watch(timeout=0.3)) == []


def test_watching_a_broker_that_falls_silent_is_an_error(orders):
    answers = lists(opened=[open_order(5, "a")])
    gateway, tools = orders(answers, impatient=True)
    watching = tools.watch(timeout=30)
    assert next(watching).state.order_ref == "a"
    gateway._answers.pop(OPEN)
    with pytest.raises(GatewayTimeout, match="open orders"):
        next(watching)


# Cancelling everything


def test_a_global_cancel_is_over_when_the_broker_shows_nothing_that_works(orders):
    working = [open_order(1, "a"), open_order(0, "", perm_id=9, client_id=0)]
    gateway, tools = orders(
        {GLOBAL_CANCEL: lambda _g, _f: working.clear(), **lists(opened=lambda: working)}
    )
    found = tools.cancel_everything(timeout=5)
    assert found.flat
    assert [order.perm_id for order in found.asked] == [7, 9]
    assert len(gateway.asked(GLOBAL_CANCEL)) == 1


def test_what_still_works_after_a_global_cancel_is_named(orders):
    _, tools = orders(lists(opened=[open_order(1, "a")]))
    found = tools.cancel_everything(timeout=0.2)
    assert not found.flat
    assert [order.order_ref for order in found.still_working] == ["a"]


# Rehearsing a basket


def basket(figures):
    """Answer each rehearsal by the quantity of its order: None is a refusal."""

    def answer(gateway, fields):
        told = figures[int(fields[17])]
        if told is None:
            gateway.say(error(fields[1], 201, "margin"))
        else:
            gateway.say(*[open_order(int(fields[1]), "x", what_if=1, status="PreSubmitted",
                                     **state) for state in (SENTINELS, MARGIN | told)])  # fmt: skip

    return {PLACE: answer}


def test_a_basket_adds_up_what_each_order_changes_in_the_order_of_sending(orders):
    told = {
        1: {"init_change": "400", "init_after": "1400", "maint_change": "300",
            "maint_after": "1300", "equity_after": "2000", "commission": "5"},
        2: {"init_change": "500", "init_after": "1500", "maint_change": "100",
            "maint_after": "1100", "equity_after": "2000", "commission": "5"},
        3: {"init_change": "200", "init_after": "1200", "maint_change": "50",
            "maint_after": "1050", "equity_after": "2000", "commission": "5"},
    }  # fmt: skip
    _, tools = orders(basket(told))
    steps = tools.what_if_basket(
        [an_order(str(n), quantity=n) for n in (1, 2, 3)], rates=Rates("USD")
    )
    assert [step.initial_margin_after for step in steps] == [1400.0, 1900.0, 2100.0]
    assert [step.maintenance_margin_after for step in steps] == [1300.0, 1400.0, 1450.0]
    assert [step.equity_with_loan_after for step in steps] == [2000.0, 1995.0, 1990.0]
    # Each alone is covered; together the third is not.
    assert [step.answer.margin_exceeded for step in steps] == [False, False, False]
    assert [step.covered for step in steps] == [True, True, False]


def test_nothing_after_a_refused_order_counts_as_covered(orders):
    _, tools = orders(basket({1: {}, 2: None, 3: {}}))
    steps = tools.what_if_basket(
        [an_order(str(n), quantity=n) for n in (1, 2, 3)], rates=Rates("USD")
    )
    assert [step.covered for step in steps] == [True, False, False]
    assert [step.answer.accepted for step in steps] == [True, False, True]
