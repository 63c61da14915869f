from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from core.errors import WrongAccount
from core.settings import LimitSettings
from core.types import OrderStatus, Position, Side
from desk import kill_switch
from desk.errors import (
    GateRefused,
    NotApproved,
    Stopped,
    TicketChanged,
    TicketClosed,
    TicketExpired,
)
from desk.orders import intents
from desk.tickets import approvals, ticket_store
from desk.tickets.ticket_store import TicketState
from tests.desk.desk_harness import MONDAY, NOW, Faulty, statuses


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
    assert (held.sent, "halted" in held.held_back, len(held.states)) == (0, True, 1)
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
    with pytest.raises(Stopped, match="ana halted trading at 2026-06-15 14:00"):
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
        with pytest.raises(Stopped, match="only orders that reduce positions"):
            desk.submit(desk.approved(increasing, **later))
    assert desk.submit(desk.approved(sale, **later)).sent == 1
    assert desk.at_exchange() == [sale.order_ref]
