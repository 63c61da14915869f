"""Fills and commissions: each counted once, and none taken for certain before it came."""

import pytest

from core.errors import GatewayError
from core.money import Money
from core.types import OrderStatus
from tests.ibkr.fake_gateway import (
    commission,
    completed_order,
    execution,
    open_order,
)
from tests.ibkr.fake_orders import lists


def test_a_market_order_that_fills_without_any_status_is_filled(trading):
    # TWS may send no orderStatus at all: ib_async then shows PendingSubmit for ever.
    _, tools = trading(
        lists(
            opened=[open_order(1, "a", status="PreSubmitted")],
            executed=[execution(0, 1, "e.01.01", "a", shares=4),
                      execution(0, 1, "e.02.01", "a", shares=6)],
            charges=[commission("e.01.01"), commission("e.02.01")],
        )
    )  # fmt: skip
    state = tools.order_states()["a"]
    assert (state.status, state.filled) == (OrderStatus.FILLED, 10.0)
    assert [fill.quantity for fill in state.fills] == [4.0, 6.0]
    assert state.fills[0].time.isoformat() == "2026-06-15T13:30:01+00:00"


def test_a_commission_that_overtakes_its_execution_is_kept(trading):
    # ib_async drops it: the commission would be 0.
    early = [commission("e.01.01", 2.5)]
    _, tools = trading(
        lists(opened=early, completed=[completed_order("a")],
              executed=[execution(0, 1, "e.01.01", "a")])
    )  # fmt: skip
    assert tools.order_states()["a"].fills[0].commission == Money(2.5, "USD")


def test_a_commission_is_still_there_when_it_is_not_sent_a_second_time(trading):
    # ib_async returns new fills with an empty commission from the second request on.
    charges = [[commission("e.01.01", 2.5)]]
    _, tools = trading(
        lists(completed=[completed_order("a")], executed=[execution(0, 1, "e.01.01", "a")],
              charges=lambda: charges.pop() if charges else [])
    )  # fmt: skip
    assert tools.order_states()["a"].fills[0].commission == Money(2.5, "USD")
    assert tools.order_states()["a"].fills[0].commission == Money(2.5, "USD")


def test_a_commission_that_has_not_come_is_unknown_not_zero(trading):
    _, tools = trading(
        lists(completed=[completed_order("a")], executed=[execution(0, 1, "e.01.01", "a")])
    )
    assert tools.order_states()["a"].fills[0].commission is None


def test_a_corrected_execution_counts_once_with_its_last_correction(trading):
    # ib_async counts it twice: filled 20 instead of 9.
    _, tools = trading(
        lists(
            completed=[completed_order("a", status="Cancelled", filled_quantity=0)],
            executed=[execution(0, 1, "e.01.02", "a", shares=9),
                      execution(0, 1, "e.01.01", "a", shares=10)],
            charges=[commission("e.01.01", 2.5)],
        )
    )  # fmt: skip
    state = tools.order_states()["a"]
    assert [(f.execution_id, f.quantity, f.commission) for f in state.fills] == [
        ("e.01.02", 9.0, Money(2.5, "USD"))
    ]
    assert (state.status, state.filled) == (OrderStatus.CANCELLED, 9.0)


def test_partial_fills_with_plain_ids_are_not_taken_for_corrections(trading):
    executed = [execution(0, 1, f"e.{i}", "a", shares=5) for i in (1, 2)]
    _, tools = trading(lists(completed=[completed_order("a")], executed=executed))
    assert len(tools.order_states()["a"].fills) == 2


def test_a_completed_order_of_an_earlier_connection_is_found_by_its_order_ref(trading):
    # It comes back with order id 0, client id 0 and a status that says 0 filled.
    _, tools = trading(lists(completed=[completed_order("a", quantity=0)]))
    state = tools.order_states()["a"]
    assert (state.status, state.quantity, state.filled) == (OrderStatus.FILLED, 10.0, 10.0)


def test_an_order_seen_both_open_and_completed_is_over(trading):
    _, tools = trading(
        lists(opened=[open_order(1, "a")], completed=[completed_order("a")],
              executed=[execution(0, 1, "e.01.01", "a")])
    )  # fmt: skip
    assert tools.order_states()["a"].status is OrderStatus.FILLED


def test_executions_of_an_order_in_no_list_are_uncertain_not_lost(trading):
    _, tools = trading(lists(executed=[execution(0, 1, "e.01.01", "a", shares=3)]))
    state = tools.order_states()["a"]
    assert (state.status, state.filled) == (OrderStatus.UNCERTAIN, 3.0)


def test_one_order_ref_for_two_orders_is_an_incident(trading):
    _, tools = trading(lists(opened=[open_order(1, "a", perm_id=7), open_order(2, "a", perm_id=8)]))
    with pytest.raises(GatewayError, match="names two orders"):
        tools.order_states()


def test_other_accounts_and_orders_placed_by_hand_are_left_out(trading):
    _, tools = trading(
        lists(
            opened=[open_order(1, "a", account="DU2"), open_order(0, "", perm_id=9)],
            completed=[completed_order("b", perm_id=10, account="DU2")],
            executed=[execution(0, 1, "e.01.01", "c", perm_id=11, account="DU2")],
        )
    )
    assert tools.order_states() == {}


def test_a_status_that_is_not_known_is_uncertain_never_done(trading):
    _, tools = trading(lists(opened=[open_order(1, "a", status="Ruminating")]))
    assert tools.order_states()["a"].status is OrderStatus.UNCERTAIN


def test_waiting_for_fills_ends_only_with_the_last_commission(trading):
    asked = []

    def charges():
        asked.append(None)
        return [commission("e.01.01")] if len(asked) > 1 else []

    _, tools = trading(
        lists(completed=[completed_order("a")], executed=[execution(0, 1, "e.01.01", "a")],
              charges=charges)
    )  # fmt: skip
    states = tools.await_fills(["a"], timeout=10)
    assert states["a"].fills[0].commission == Money(1.25, "USD")
    assert len(asked) == 2


@pytest.mark.timeout(30)
def test_waiting_for_fills_ends_with_the_time_and_says_how_things_stand(trading):
    _, tools = trading(lists(opened=[open_order(1, "a")]))
    states = tools.await_fills(["a", "unknown"], timeout=0.3)
    assert states["a"].status is OrderStatus.WORKING
    assert "unknown" not in states
