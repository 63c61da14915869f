from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest

from core.errors import GatewayError, GatewayTimeout, WrongAccount
from core.settings import LimitSettings
from core.types import OrderState, OrderStatus, Position, Side
from desk import kill_switch
from desk.errors import (
    DeskBusy,
    GateRefused,
    NotApproved,
    Stopped,
    TicketChanged,
    TicketClosed,
    TicketExpired,
    UnknownOrders,
)
from desk.orders import intents
from desk.orders.sending import CHUNK
from desk.records.order_ref import order_ref
from desk.records.store import DeskStore
from desk.tickets import approvals, ticket_store
from desk.tickets.ticket_store import TicketState
from tests.desk.desk_harness import MONDAY, NOW, Faulty


def statuses(outcome):
    return {state.status for state in outcome.states}


def quoted(desk, factors):
    """Return a gateway whose quotes of some contracts have moved by a factor; None: no quote."""
    market = desk.gateway().market

    def bulk_quote(contracts, **options):
        found = market.bulk_quote(contracts, **options)
        moved = []
        for quote in found.quotes:
            factor = factors.get(quote.con_id, 1.0)
            if factor is not None:
                sides = {side: getattr(quote, side) * factor for side in ("bid", "ask", "last")}
                moved.append(replace(quote, **sides))
        return replace(found, quotes=tuple(moved))

    return desk.gateway(market=Faulty(market, bulk_quote=bulk_quote))


def test_an_approved_ticket_is_sent_and_submitting_again_sends_nothing(desk):
    sha256 = desk.approved(desk.an_order(0), desk.an_order(1))
    first = desk.submit(sha256)
    second = desk.restarted().submit(sha256)
    assert (first.sent, second.sent, len(desk.at_exchange())) == (2, 0, 2)
    assert statuses(first) == statuses(second) == {OrderStatus.WORKING}
    assert first.held_back == second.held_back == ""


def test_sales_leave_first(desk):
    sale = desk.an_order(3, side=Side.SELL)
    desk.submit(desk.approved(desk.an_order(0), sale, desk.an_order(1)))
    assert desk.at_exchange()[0] == sale.order_ref


def test_only_what_was_approved_is_sent(desk):
    wanted = desk.an_order(1)
    outcome = desk.submit(desk.approved(desk.an_order(0), wanted, only=[wanted.symbol]))
    assert desk.at_exchange() == [wanted.order_ref]
    assert [state.symbol for state in outcome.states] == [wanted.symbol]


def test_the_rest_of_a_ticket_approved_later_is_checked_and_sent_once_and_nothing_else_again(desk):
    first, second, third = (desk.an_order(index) for index in range(3))
    sha256 = desk.approved(first, second, third, only=[first.symbol])
    assert desk.submit(sha256).sent == 1
    approve = partial(approvals.approve, desk.store, sha256, by="bob", now=NOW)
    approve(only=[second.symbol])
    # What is added is checked like anything else: here by the kill switch.
    kill_switch.stop(desk.store, by="ana", reason="", now=NOW)
    held = desk.submit(sha256)
    assert (held.sent, "stopped" in held.held_back, len(held.states)) == (0, True, 1)
    kill_switch.resume(desk.store, by="ana", now=NOW)
    approve(only=[third.symbol])  # covers what is approved and not sent as well
    assert desk.submit(sha256).sent == 2
    again = desk.restarted().submit(sha256)
    assert (again.sent, len(again.states), again.held_back) == (0, 3, "")
    assert desk.at_exchange() == [order.order_ref for order in (first, second, third)]


def test_an_order_approved_after_the_check_waits_for_a_check_of_its_own(desk):
    first, second = desk.an_order(0), desk.an_order(1)
    sha256 = desk.approved(first, second, only=[first.symbol])
    record = ticket_store.fetch(desk.store, sha256)
    approvals.approve(desk.store, sha256, by="bob", now=NOW)
    made = intents.commit_ticket(desk.store, record, now=NOW, only={first.order_ref})
    assert [intent.order for intent in made] == [first]
    assert desk.submit(sha256).sent == 2


def test_what_nobody_approved_is_not_sent(desk):
    record = desk.register(desk.a_ticket(desk.an_order(0)))
    with pytest.raises(NotApproved, match="daybook approve"):
        desk.submit(record.sha256)
    approvals.reject(desk.store, record.sha256, by="ana", reason="no", now=NOW)
    with pytest.raises(TicketClosed, match="rejected"):
        desk.submit(record.sha256)
    assert desk.at_exchange() == []


def test_past_the_finish_line_by_the_gateways_clock_an_approval_expires(desk):
    sha256 = desk.approved(desk.an_order(0))
    desk.advance_to(MONDAY.finish_line + timedelta(seconds=1))
    with pytest.raises(TicketExpired):
        desk.submit(sha256)
    assert desk.at_exchange() == []
    assert ticket_store.fetch(desk.store, sha256).state is TicketState.EXPIRED


@pytest.mark.parametrize("edit", ["changed", "gone"])
def test_a_ticket_whose_file_is_not_what_was_approved_is_not_sent(desk, edit):
    sha256 = desk.approved(desk.an_order(0))
    path = desk.home / ticket_store.fetch(desk.store, sha256).path
    if edit == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes().replace(b"BUY", b"SEL"))
    with pytest.raises(TicketChanged, match=edit):
        desk.submit(sha256)
    assert desk.at_exchange() == []


def test_a_ticket_decided_with_other_settings_is_not_sent(desk):
    sha256 = desk.approved(desk.an_order(0))
    with pytest.raises(TicketChanged, match="decided as key, this would send it as other"):
        desk.submit(sha256, run_key="other")
    assert desk.at_exchange() == []


def test_a_ticket_of_another_account_is_not_sent(desk):
    sha256 = desk.approved(desk.an_order(0))
    with pytest.raises(WrongAccount, match="this gateway has DU9999999; nothing was sent"):
        desk.submit(sha256, desk.gateway(account="DU9999999"))
    assert desk.at_exchange() == []


@pytest.mark.parametrize("factor", [0.85, 1.15, None])
def test_a_quote_beyond_the_collar_since_the_ticket_refuses_it_and_names_the_symbol(desk, factor):
    moved, calm = desk.an_order(0), desk.an_order(1)
    sha256 = desk.approved(moved, calm)
    with pytest.raises(GateRefused) as refused:
        desk.submit(sha256, quoted(desk, {moved.con_id: factor}))
    assert f"{moved.symbol} price since the decision" in str(refused.value)
    assert f"{calm.symbol} price" not in str(refused.value)
    assert desk.at_exchange() == []
    assert intents.of_source(desk.store, sha256) == ()
    assert desk.submit(sha256).sent == 2  # the price came back, the approval still stands


def test_a_quote_within_the_collar_does_not_refuse(desk):
    order = desk.an_order(0)
    assert desk.submit(desk.approved(order), quoted(desk, {order.con_id: 1.05})).sent == 1


def test_a_position_changed_by_hand_since_the_decision_refuses_and_names_it(desk):
    order = desk.an_order(0)
    sha256 = desk.approved(order)
    price = order.limit_price
    bought = Position(order.con_id, order.symbol, 7.0, price, price, 7.0 * price)
    by_hand = replace(desk.gateway().portfolio.snapshot(), positions=(bought,))
    gateway = desk.gateway(portfolio=Faulty(None, snapshot=lambda: by_hand))
    said = f"{order.symbol} position since the decision: 0 expected, 7 held"
    with pytest.raises(GateRefused, match=said):
        desk.submit(sha256, gateway)
    assert desk.at_exchange() == []


def test_a_loss_of_capital_since_the_decision_refuses(desk):
    sha256 = desk.approved(desk.an_order(0), net_asset_value=1.2e6)
    with pytest.raises(GateRefused, match="net asset value since the decision"):
        desk.submit(sha256)


def test_the_gate_counts_what_other_programs_still_have_working(desk):
    order = desk.an_order(1, weight=0.08)
    sha256 = desk.approved(order)
    other = replace(order, order_ref="robot:1")
    desk.gateway(client_id=3).trading.place_orders([other], timeout=1.0)
    with pytest.raises(GateRefused, match=f"largest single: {order.symbol}: 0.16"):
        desk.submit(sha256)


def test_limits_hold_for_a_subset_too(desk):
    tight = desk.settings.model_copy(update={"limits": LimitSettings(max_single=0.02)})
    with pytest.raises(GateRefused, match="largest single"):
        desk.submit(desk.approved(desk.an_order(0)), settings=tight)


def test_halted_sends_nothing_and_resumed_sends_what_was_approved(desk):
    sha256 = desk.approved(desk.an_order(0))
    kill_switch.stop(desk.store, by="ana", reason="odd prices", now=NOW)
    with pytest.raises(Stopped, match="ana stopped all orders at 2026-06-15 11:00"):
        desk.restarted().submit(sha256)
    assert desk.at_exchange() == []
    kill_switch.resume(desk.store, by="bob", now=NOW)
    assert desk.submit(sha256).sent == 1


def test_reducing_lets_a_sale_of_what_is_held_pass_and_nothing_else(desk):
    order = desk.an_order(0)
    desk.held(order, order.quantity)
    desk.advance_to(MONDAY.close + timedelta(minutes=1))
    later = {"finish_line": MONDAY.close + timedelta(hours=1), "decided_at": MONDAY.close}
    sale = replace(desk.an_order(0, side=Side.SELL), quantity=order.quantity)
    kill_switch.stop(desk.store, by="ana", reason="", now=NOW, reducing=True)
    for increasing in (desk.an_order(1), replace(sale, quantity=order.quantity + 1)):
        with pytest.raises(Stopped, match="all orders but those that reduce positions"):
            desk.submit(desk.approved(increasing, **later))
    assert desk.submit(desk.approved(sale, **later)).sent == 1
    assert desk.at_exchange() == [sale.order_ref]


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
    assert "ana stopped all orders" in first.held_back
    assert [s.status for s in first.states].count(OrderStatus.PENDING) == CHUNK + 4 - left
    again = desk.restarted().submit(sha256)
    assert (again.sent, "ana stopped" in again.held_back) == (0, True)
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
    assert "orders may leave until 2026-06-15 13:15" in late.held_back
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
    with pytest.raises(UnknownOrders, match="its memory was lost, or another desk"):
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
