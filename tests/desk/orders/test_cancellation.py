from dataclasses import replace

import pytest

from core.errors import ConfigurationError, RequestRefused
from core.types import OrderStatus
from desk import kill_switch
from desk.kill_switch import KillSwitch, TradingState
from desk.orders import intents
from desk.orders.cancellation import cancel_all
from desk.records import audit
from desk.records.order_events import last_seen
from tests.desk.desk_harness import MONDAY, NOW


def cancel(desk, gateway=None):
    return cancel_all(gateway or desk.gateway(), desk.store, timeout=1.0, now=NOW)


def working(desk):
    states = desk.gateway().trading.order_states().values()
    return [s.order_ref for s in states if s.status is OrderStatus.WORKING]


def test_every_order_of_ours_is_cancelled_and_nobody_elses(desk):
    desk.submit(desk.approved(desk.an_order(0), desk.an_order(1)))
    other = replace(desk.an_order(2), order_ref="robot:1")
    desk.gateway(client_id=3).trading.place_orders([other], timeout=1.0)
    found = cancel(desk)
    assert (len(found.asked), found.flat, found.problems) == (2, True, ())
    assert working(desk) == ["robot:1"]
    session = intents.of_session(desk.store, desk.account, MONDAY.day)
    seen = last_seen(desk.store, [intent.order for intent in session])
    assert {state.status for state in seen.values()} == {OrderStatus.CANCELLED}


def test_flat_is_only_said_after_the_broker_was_asked_again(desk):
    desk.submit(desk.approved(desk.an_order(0)))

    def ignored(order_ref, *, timeout):
        """Take the request and do nothing."""

    found = cancel(desk, desk.faulty_trading(cancel=ignored))
    assert not found.flat
    assert [s.order_ref for s in found.still_working] == desk.at_exchange()


def test_an_order_that_cannot_be_cancelled_does_not_keep_the_others(desk):
    first, second = desk.an_order(0), desk.an_order(1)
    desk.submit(desk.approved(first, second))
    trading = desk.gateway().trading

    def stubborn(order_ref, *, timeout):
        if order_ref == first.order_ref:
            raise RequestRefused("another client's", code=10147)
        return trading.cancel(order_ref, timeout=timeout)

    found = cancel(desk, desk.faulty_trading(cancel=stubborn))
    assert [s.symbol for s in found.still_working] == [first.symbol]
    assert found.problems == (f"{first.symbol}: another client's",)


def test_a_switch_that_was_never_touched_is_active(desk):
    assert kill_switch.read(desk.store) == KillSwitch()
    assert kill_switch.state(desk.store) is TradingState.ACTIVE


def test_the_switch_stays_where_it_was_put_across_restarts(desk):
    kill_switch.stop(desk.store, by="ana", reason="odd", now=NOW)
    assert kill_switch.read(desk.restarted().store) == KillSwitch(
        TradingState.HALTED, "ana", "odd", NOW
    )
    kill_switch.resume(desk.store, by="bob", reason="found it", now=NOW)
    assert kill_switch.state(desk.restarted().store) is TradingState.ACTIVE
    assert [act.action for act in audit.trail(desk.store)] == ["stopped", "resumed"]


def test_resuming_needs_a_name(desk):
    kill_switch.stop(desk.store, by="ana", reason="", now=NOW)
    with pytest.raises(ConfigurationError, match="is not a valid name"):
        kill_switch.resume(desk.store, by="", now=NOW)
    assert kill_switch.state(desk.store) is TradingState.HALTED
