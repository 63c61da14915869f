from dataclasses import replace
from datetime import timedelta

from core.types import Side
from desk import kill_switch
from desk.tickets import approvals
from review.orders import desk_lines, desk_view
from tests.desk.desk_harness import MONDAY, NOW


def shown(desk, **options):
    return "\n".join(desk_lines(desk_view(desk.store, None, **options)))


def test_an_empty_desk_says_what_to_do(desk):
    assert shown(desk) == "no ticket; to make one: daybook run"


def test_a_waiting_ticket_shows_its_orders_and_the_command_to_approve_it(desk):
    order = desk.an_order(0)
    record = desk.register(desk.a_ticket(order))
    text = shown(desk)
    assert f"{record.short}  1 order proposed" in text
    assert f"until 16:15 Bucharest. To send ticket {record.short}: daybook approve 2026" in text
    assert f"BUY          {order.symbol}" in text
    late = MONDAY.finish_line + timedelta(seconds=1)
    assert "Nothing was sent by the order cut-off, 16:15 Bucharest" in shown(desk, now=late)


def test_what_was_sent_what_was_stopped_and_what_stands_beside_are_shown(desk):
    wanted = desk.an_order(1)
    desk.submit(desk.approved(desk.an_order(0), wanted, only=[wanted.symbol]))
    kill_switch.stop(desk.store, by="ana", reason="odd prices", now=NOW)
    text = shown(desk)
    assert text.startswith("HALTED by ana at 2026-06-15 14:00 Bucharest (odd prices)")
    assert "1 order sent: 1 working" in text
    assert f"approved by ana, only {wanted.symbol}." in text
    assert f"Not approved: 1 order ({desk.an_order(0).symbol}), open until 16:15" in text
    bought = {line.split()[1]: line for line in text.splitlines() if "BUY" in line}
    assert " working" in bought[wanted.symbol]
    assert bought[desk.an_order(0).symbol].endswith("  not approved")


def test_a_rejection_is_shown_with_its_reason(desk):
    record = desk.register(desk.a_ticket(desk.an_order(0)))
    approvals.reject(desk.store, record.sha256, by="bob", reason="too much oil", now=NOW)
    assert "rejected by bob: too much oil" in shown(desk)
    assert "proposed" not in shown(desk)


def test_what_sells_short_and_what_only_closes_is_told_by_what_was_held(desk):
    held = desk.an_order(0)
    desk.held(held, 10)
    desk.advance_to(MONDAY.open + timedelta(minutes=1))
    sales = [desk.an_order(index, side=Side.SELL) for index in (0, 1)]
    desk.register(desk.a_ticket(replace(sales[0], quantity=25), sales[1]))
    text = shown(desk)
    assert f"SELL 10, SELL SHORT 15 {held.symbol} " in text
    assert f"SELL SHORT   {sales[1].symbol} " in text
    desk.register(desk.a_ticket(replace(sales[0], quantity=10)))
    assert f"SELL         {held.symbol} " in shown(desk)
