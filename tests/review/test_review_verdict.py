"""Every state of the desk as a row, and every exit of each row."""

import dataclasses
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.canonical import plain
from core.decoding import decode
from core.types import OrderState, OrderStatus, Side
from desk import kill_switch
from desk.errors import AlreadyApproved
from desk.orders import intents
from desk.tickets import approvals, closed_sessions, ticket_store
from desk.tickets.order_ticket import TicketStatus
from desk.tickets.ticket_store import TicketState
from review.orders import desk_lines, desk_view
from review.page import render_day
from review.slack import ticket_message
from review.standing import Standing, standing
from review.terminal import summary_text
from review.verdict import TABLE, DeskFacts, Verdict, verdict_of
from risk.limits import Check
from tests.desk.desk_harness import MONDAY, NOW, Stage
from tests.review.standings import a_standing

W, F, C, R, U, P = (
    OrderStatus.WORKING, OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED,
    OrderStatus.UNCERTAIN, OrderStatus.PENDING,
)  # fmt: skip
FAILED = {"failed_checks": 1}

ROWS = [
    # ticket, what else the desk knows, states of its orders → what the day is
    ("waiting", {}, (), "proposed"),
    ("waiting", {"halted": True}, (), "halted"),
    ("expired", {"closed": True}, (), "closed"),
    ("rejected", {"closed": True}, (), "rejected"),
    ("committed", {"closed": True}, (F, F), "filled"),
    ("waiting", {"late": True}, (), "expired"),
    ("waiting", {"late": True, "halted": True}, (), "expired"),
    ("approved", {}, (), "approved"),
    ("approved", {"refused": True}, (), "refused"),
    ("approved", {"refused": True, "halted": True}, (), "halted"),
    ("approved", {"late": True}, (), "expired"),
    ("rejected", {}, (), "rejected"),
    ("rejected", {"halted": True, "late": True}, (), "rejected"),
    ("expired", {}, (), "expired"),
    ("superseded", {}, (), "superseded"),
    ("recommendation", FAILED, (), "recommendation only"),
    ("recommendation", FAILED | {"halted": True}, (), "halted"),
    ("recommendation", FAILED | {"late": True}, (), "recommendation only"),
    ("recommendation", FAILED | {"late": True, "expired_before": True}, (), "expired"),
    ("recommendation", FAILED | {"orders": 0}, (), "recommendation only"),
    ("recommendation", {"orders": 0}, (), "no orders"),
    ("recommendation", {"orders": 0, "halted": True}, (), "no orders"),
    ("recommendation", {}, (), "recommendation only"),
    ("committed", {}, (W, W), "sent"),
    ("committed", {}, (W, R), "sent"),
    ("committed", {"late": True, "halted": True}, (W, W), "sent"),
    ("committed", {}, (F, W), "partly filled"),
    ("committed", {}, (F, C), "partly filled"),
    ("committed", {}, (F, F), "filled"),
    ("committed", {}, (C, C), "not filled"),
    ("committed", {}, (C, R), "not filled"),
    ("committed", {}, (R, R), "rejected by the broker"),
    ("committed", {}, (P, P), "held back"),
    ("committed", {"halted": True}, (F, P), "held back"),
    ("committed", {"unsent": 1}, (C,), "held back"),
    ("committed", {"unsent": 1}, (F,), "held back"),
    ("committed", {}, (F, P, U), "uncertain"),
]


def a_state(status, filled=None):
    done = filled if filled is not None else 100.0 * (status is F)
    return OrderState("ref", 1, "XOM", Side.BUY, 100.0, status, done, 7)


def facts(ticket, more, states):
    given_states = tuple(a_state(status) for status in states)
    return DeskFacts(**{"ticket": TicketState(ticket), "orders": 2, "states": given_states} | more)


@pytest.mark.parametrize(("ticket", "more", "states", "day"), ROWS)
def test_a_day_is_what_the_desk_says(ticket, more, states, day):
    assert verdict_of(facts(ticket, more, states)) == day


def test_the_rows_leave_out_no_state_of_a_ticket_or_an_order_and_no_verdict():
    assert {ticket for ticket, *_ in ROWS} == {state.value for state in TicketState}
    assert {status for *_, states, _ in ROWS for status in states} == set(OrderStatus)
    assert {day for *_, day in ROWS} == {verdict.value for verdict in Verdict} == set(TABLE)


def test_an_order_filled_in_part_and_then_cancelled_counts_as_filled_in_part():
    cut = (a_state(C, filled=40.0), a_state(C))
    assert verdict_of(DeskFacts(ticket=TicketState.COMMITTED, orders=2, states=cut)) == (
        "partly filled"
    )


@given(
    ticket=st.sampled_from(TicketState),
    states=st.lists(st.sampled_from(OrderStatus), max_size=3),
    orders=st.integers(0, 3),
    failed_checks=st.integers(0, 1),
    flags=st.fixed_dictionaries(dict.fromkeys(("halted", "refused", "late", "expired_before"),
                                              st.booleans())),
)  # fmt: skip
def test_only_a_ticket_that_waits_before_the_cut_off_ever_asks_for_an_approval(
    ticket, states, orders, failed_checks, flags
):
    more = flags | {"orders": orders, "failed_checks": failed_checks}
    verdict = verdict_of(facts(ticket, more, states))
    asks = "daybook approve" in TABLE[verdict].next_step
    waits = ticket is TicketState.WAITING and not (states or flags["late"] or flags["halted"])
    assert asks == waits


@pytest.mark.parametrize("verdict", list(Verdict))
def test_page_message_screen_and_json_say_the_same_of_a_day(a_day, verdict):
    states = () if TABLE[verdict].headline.startswith("{orders}") else ("filled", "working")
    day = dataclasses.replace(
        a_day(), standing=a_standing(verdict, states, orders=12, why="odd", uncertain=("MSFT",))
    )
    said = day.standing
    page = render_day(day).decode()
    message = ticket_message(day, report="r.html", head="ab")
    screen = summary_text(day, places={})
    blocks = " ".join(b["text"]["text"] for b in message.blocks if "text" in b)
    for told in (said.headline, said.meaning, said.next_step):
        assert told in screen
        assert told in blocks
        assert told.replace("'", "&#39;") in page
    others = {other.value for other in Verdict} - {verdict.value}
    assert decode(Standing, plain(said)) == said
    assert plain(said)["verdict"] not in others
    for text in dataclasses.astuple(said.said)[:3]:
        names = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        assert names <= {"orders", "count", "tally", "by", "why", "uncertain", "short", "session",
                         "until"}  # fmt: skip


def test_what_waits_asks_and_nothing_else_says_that_it_was_proposed():
    for verdict, said in TABLE.items():
        assert ("proposed" in said.headline) == (verdict is Verdict.PROPOSED)
        assert said.exit_code in {0, 1, 3, 4, 5}


# The same from a real desk


@pytest.fixture
def desk(tmp_path):
    stage = Stage(tmp_path)
    yield stage
    stage.close()


def read(desk, record, *, now=NOW):
    return standing(desk.store, ticket_store.fetch(desk.store, record.sha256), now=now)


def approved_in_part(desk):
    """Register a ticket of two orders of which the first is approved."""
    first, second = desk.an_order(0), desk.an_order(1)
    record = desk.register(desk.a_ticket(first, second))
    approvals.approve(desk.store, record.sha256, by="ana", only=[first.symbol], now=NOW)
    return record, first.symbol, second.symbol


def test_a_ticket_is_read_from_proposed_to_rejected_and_back(desk):
    record = desk.register(desk.a_ticket(desk.an_order(0)))
    assert read(desk, record).verdict is Verdict.PROPOSED
    approvals.reject(desk.store, record.sha256, by="bob", reason="too much oil", now=NOW)
    found = read(desk, record)
    assert (found.verdict, found.exit_code) == (Verdict.REJECTED, 0)
    assert "rejected by bob: too much oil" in found.meaning
    assert f"daybook reopen {record.short}" in found.next_step
    assert "reopen" not in read(desk, record, now=MONDAY.open).next_step
    approvals.reopen(desk.store, record.sha256, by="bob", reason="", now=NOW)
    assert read(desk, record).verdict is Verdict.PROPOSED


def test_a_desk_that_sent_what_was_approved_in_part_says_so_even_when_decided_anew(desk):
    record, first, second = approved_in_part(desk)
    found = read(desk, record)
    assert found.verdict is Verdict.APPROVED
    assert f"1 order ({second}), open until 16:15 Bucharest" in found.next_step
    desk.submit(record.sha256)
    found = read(desk, record)
    assert (found.verdict, found.headline) == (Verdict.SENT, "1 order sent: 1 working")
    assert f"approved by ana, only {first}" in found.meaning
    assert found.unapproved == (second,)
    # Decided anew: the orders that were sent are still what the day is.
    later = desk.register(desk.a_ticket(desk.an_order(2)))
    anew = read(desk, later)
    assert (anew.verdict, anew.headline, anew.anew) == (Verdict.SENT, found.headline, True)
    assert "none of it will be sent" in anew.meaning


def test_what_is_approved_while_nothing_may_leave_is_neither_lost_nor_called_sent(desk):
    record, _, second = approved_in_part(desk)
    desk.submit(record.sha256)
    kill_switch.stop(desk.store, by="ana", reason="", now=NOW)
    assert "daybook resume --by NAME; then: daybook approve" in read(desk, record).next_step
    approvals.approve(desk.store, record.sha256, by="bob", now=NOW)
    assert "halted trading" in desk.submit(record.sha256).held_back
    found = read(desk, record)
    assert (found.verdict, found.unsent, found.unapproved) == (
        Verdict.HELD_BACK, (second,), (),
    )  # fmt: skip
    assert found.headline == "2 orders approved, not all sent: 1 pending, 1 working"
    assert decode(Standing, plain(found)) == found
    assert "daybook resume --by NAME. To continue until 16:15" in found.next_step
    paper = dataclasses.replace(found, mode="paper").next_step
    assert "daybook resume --mode paper --by NAME" in paper
    assert "daybook execute --mode paper 2026-06-15" in paper
    with pytest.raises(AlreadyApproved, match=rf"not sent: {second}; to send .* execute"):
        approvals.approve(desk.store, record.sha256, by="bob", now=NOW)
    kill_switch.resume(desk.store, by="ana", reason="", now=NOW)
    desk.submit(record.sha256)
    assert read(desk, record).headline == "2 orders sent: 2 working"
    assert "approved by ana, only" in read(desk, record).meaning
    assert f"; bob, only {second}" in read(desk, record).meaning
    desk.advance_to(MONDAY.close)
    desk.submit(record.sha256)
    assert read(desk, record, now=MONDAY.close).headline == "2 orders sent: 2 filled"
    lines = desk_lines(desk_view(desk.store, MONDAY.day, now=MONDAY.close))
    assert any("2 orders sent: 2 filled" in line for line in lines)


def test_a_refusal_a_stop_and_the_cut_off_are_read_with_their_reasons(desk):
    sha256 = desk.approved(desk.an_order(0))
    record = ticket_store.fetch(desk.store, sha256)
    with pytest.raises(Exception, match="settings, code or account have changed"):
        desk.submit(sha256, run_key="other")
    found = read(desk, record)
    assert (found.verdict, found.exit_code) == (Verdict.REFUSED, 3)
    assert "settings, code or account have changed" in found.meaning
    kill_switch.stop(desk.store, by="ana", reason="odd prices", now=NOW)
    found = read(desk, record)
    assert (found.verdict, found.exit_code) == (Verdict.HALTED, 4)
    assert "ana halted trading (odd prices)" in found.meaning
    found = read(desk, record, now=MONDAY.open)
    assert (found.verdict, found.exit_code) == (Verdict.EXPIRED, 5)


def test_a_ticket_nobody_answered_expires_when_the_day_is_decided_again_too_late(desk):
    waiting = desk.register(desk.a_ticket(desk.an_order(0)))
    late = desk.a_ticket(
        desk.an_order(0),
        status=TicketStatus.RECOMMENDATION_ONLY,
        failed_checks=(Check("order cut-off", None, None, passed=False, detail=""),),
    )
    record = desk.register(late, now=MONDAY.open)
    assert ticket_store.fetch(desk.store, waiting.sha256).state is TicketState.EXPIRED
    assert read(desk, record, now=MONDAY.open).verdict is Verdict.EXPIRED
    found = dataclasses.replace(
        read(desk, record, now=MONDAY.open), verdict=Verdict.RECOMMENDATION_ONLY
    )
    assert "run the day again" not in found.next_step  # it would be too late once more


def test_a_closed_day_is_not_told_to_close_whatever_is_decided_again(desk):
    sha256 = desk.approved(desk.an_order(0))
    desk.submit(sha256)
    desk.advance_to(MONDAY.close)
    desk.submit(sha256)
    record = ticket_store.fetch(desk.store, sha256)
    assert "daybook close" in read(desk, record).next_step
    closed_sessions.record_close(desk.store, record.ticket.account, MONDAY.day, now=MONDAY.close)
    found = read(desk, record)
    assert (found.verdict, found.next_step) == (
        Verdict.FILLED,
        "The next session's run decides again: daybook run --date YYYY-MM-DD",
    )


def test_a_batch_that_was_interrupted_is_held_back_not_sent(desk):
    sha256 = desk.approved(desk.an_order(0))
    record = ticket_store.fetch(desk.store, sha256)
    intents.commit_ticket(desk.store, record, now=NOW)
    found = read(desk, record)
    assert (found.verdict, found.exit_code) == (Verdict.HELD_BACK, 1)
    assert "daybook execute 2026-06-15" in found.next_step
    assert "no more orders will be sent" in read(desk, record, now=MONDAY.open).next_step
