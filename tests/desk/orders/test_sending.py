"""How orders leave: in chunks, each marked before it leaves, and never twice."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from core.errors import GatewayError, GatewayTimeout
from core.types import OrderState, OrderStatus, Side
from desk import kill_switch
from desk.errors import (
    DeskBusy,
    UnknownOrders,
)
from desk.orders import intents
from desk.orders.sending import CHUNK
from desk.records.order_ref import order_ref
from desk.records.store import DeskStore
from tests.desk.desk_harness import MONDAY, NOW, Faulty, statuses


class Watched(Faulty):
    """Trading tools that run something before each batch leaves, or before each order does."""

    def __init__(self, real, before=lambda *_: None, *, before_each=lambda _: None):
        self.batches = []

        def place_orders(orders, *, timeout, leaving):
            def watched(order):
                before_each(order)
                return leaving(order)

            before(self.batches, orders)
            self.batches.append([order.order_ref for order in orders])
            return real.place_orders(orders, timeout=timeout, leaving=watched)

        super().__init__(real, place_orders=place_orders)


def many(desk, number=CHUNK + 4):
    return [desk.an_order(n, weight=0.02) for n in range(number)]


def test_orders_leave_in_chunks_each_marked_as_sent_right_before_it_leaves(desk):
    seen = []

    def note(_batches, orders):
        sent = {
            intent.order.order_ref
            for intent in intents.of_session(desk.store, desk.account, MONDAY.day)
            if intent.state.value == "sent"
        }
        seen.append(sent == {order.order_ref for order in orders})

    watched = Watched(desk.gateway().trading, note)
    outcome = desk.submit(desk.approved(*many(desk)), desk.gateway(trading=watched))
    assert [len(batch) for batch in watched.batches] == [CHUNK, 4]
    assert seen == [True, True]
    assert outcome.sent == CHUNK + 4


@pytest.mark.parametrize("left", [0, 1, 7, CHUNK, CHUNK + 2])
def test_halting_in_the_middle_of_a_batch_lets_no_later_order_out_until_resumed(desk, left):
    asked = []

    def halt(order):
        if len(asked) == left:
            kill_switch.stop(desk.store, by="ana", reason="", now=NOW)
        asked.append(order)

    sha256 = desk.approved(*many(desk))
    watched = Watched(desk.gateway().trading, before_each=halt)
    first = desk.submit(sha256, desk.gateway(trading=watched))
    assert (first.sent, len(desk.at_exchange())) == (left, left)
    assert "ana halted trading" in first.held_back
    assert [s.status for s in first.states].count(OrderStatus.PENDING) == CHUNK + 4 - left
    again = desk.restarted().submit(sha256)
    assert (again.sent, "ana halted" in again.held_back) == (0, True)
    kill_switch.resume(desk.store, by="bob", now=NOW)
    assert desk.submit(sha256).sent == CHUNK + 4 - left
    assert len(set(desk.at_exchange())) == len(desk.at_exchange()) == CHUNK + 4


def test_a_committed_batch_is_not_sent_late_and_says_so(desk):
    def lost(orders, *, timeout, leaving):
        raise GatewayTimeout("the line is dead")

    sha256 = desk.approved(desk.an_order(0))
    first = desk.submit(sha256, desk.faulty_trading(place_orders=lost))
    assert (first.sent, first.held_back) == (0, "the line is dead")
    assert desk.intent_states(sha256) == ["intended"]
    desk.advance_to(MONDAY.finish_line + timedelta(seconds=1))
    late = desk.submit(sha256)
    assert (late.sent, statuses(late)) == (0, {OrderStatus.PENDING})
    assert "orders can be sent until 2026-06-15 16:15" in late.held_back
    assert desk.at_exchange() == []


def test_what_certainly_did_not_leave_is_sent_the_next_time(desk):
    def lost(orders, *, timeout, leaving):
        raise GatewayTimeout("the line is dead")

    sha256 = desk.approved(desk.an_order(0))
    desk.submit(sha256, desk.faulty_trading(place_orders=lost))
    assert desk.restarted().submit(sha256).sent == 1
    assert len(desk.at_exchange()) == 1


def test_silence_about_open_orders_stops_everything_before_the_first_byte(desk):
    def silent():
        raise GatewayTimeout("open orders: no answer")

    sha256 = desk.approved(desk.an_order(0))
    with pytest.raises(GatewayTimeout):
        desk.submit(sha256, desk.faulty_trading(order_states=silent))
    assert intents.of_source(desk.store, sha256) == ()
    assert desk.submit(sha256).sent == 1


def test_one_name_for_two_orders_at_the_broker_stops_everything(desk):
    def doubled():
        raise GatewayError("order_ref DB1:X stands for two orders")

    with pytest.raises(GatewayError, match="two orders"):
        desk.submit(desk.approved(desk.an_order(0)), desk.faulty_trading(order_states=doubled))
    assert desk.at_exchange() == []


def test_a_second_desk_process_is_refused_at_once(desk):
    sha256 = desk.approved(desk.an_order(0))
    other = DeskStore(desk.home / "desk.sqlite")
    with other.alone(desk.account), pytest.raises(DeskBusy, match="another process is sending"):
        desk.submit(sha256)
    other.close()
    assert desk.submit(sha256).sent == 1


def test_a_desk_that_lost_its_memory_sends_nothing(desk):
    desk.submit(desk.approved(desk.an_order(0)))
    desk.store.close()
    (desk.home / "desk.sqlite").unlink()
    desk.store = DeskStore(desk.home / "desk.sqlite")
    with pytest.raises(UnknownOrders, match="its records were lost, or another desk"):
        desk.submit(desk.approved(desk.an_order(0), desk.an_order(1)))
    assert len(desk.at_exchange()) == 1


def test_an_order_the_broker_refused_stays_refused(desk):
    order = replace(desk.an_order(0), limit_price=desk.an_order(0).limit_price + 0.001)
    sha256 = desk.approved(order)
    assert statuses(desk.submit(sha256)) == {OrderStatus.REJECTED}
    again = desk.restarted().submit(sha256)
    assert (again.sent, statuses(again)) == (0, {OrderStatus.REJECTED})


def test_an_uncertain_order_is_reported_and_never_sent_again(desk):
    order = desk.an_order(0)

    def vanishes(orders, *, timeout, leaving):
        return tuple(
            OrderState(o.order_ref, o.con_id, o.symbol, o.side, float(o.quantity),
                       OrderStatus.UNCERTAIN, 0.0, 0, "sent, not acknowledged")
            for o in orders
        )  # fmt: skip

    sha256 = desk.approved(order)
    first = desk.submit(sha256, desk.faulty_trading(place_orders=vanishes))
    again = desk.restarted().submit(sha256)
    for outcome in (first, again):
        assert [state.symbol for state in outcome.uncertain] == [order.symbol]
    assert (again.sent, desk.at_exchange()) == (0, [])


def test_order_names_differ_by_everything_that_makes_another_order():
    day = MONDAY.day
    names = {
        order_ref("DU1", day, 1, Side.BUY),
        order_ref("DU2", day, 1, Side.BUY),
        order_ref("DU1", date(2026, 6, 16), 1, Side.BUY),
        order_ref("DU1", day, 2, Side.BUY),
        order_ref("DU1", day, 1, Side.SELL),
        order_ref("DU1", day, 1, Side.BUY, revision=1),
    }
    assert len(names) == 6
    assert all(len(name) == 20 and name.isascii() and name.isprintable() for name in names)


def test_the_same_ticket_has_the_same_bytes(desk):
    order = desk.an_order(0)
    assert desk.a_ticket(order).sha256 == desk.a_ticket(order).sha256
    assert desk.a_ticket(order).sha256 != desk.a_ticket(replace(order, quantity=1)).sha256
