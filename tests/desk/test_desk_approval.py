from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from core.errors import ConfigurationError, StorageError
from desk.errors import (
    AlreadyApproved,
    AlreadyCommitted,
    NotApproved,
    TicketChanged,
    TicketClosed,
    TicketExpired,
    UnknownTicket,
)
from desk.orders import intents
from desk.records import audit
from desk.records.schema import DESK_SCHEMA, TICKETS
from desk.records.store import DeskStore
from desk.tickets import approval_state, approvals, closed_sessions, ticket_store
from desk.tickets.order_ticket import TicketStatus
from desk.tickets.ticket_store import TicketState
from risk.limits import Check
from tests.desk.desk_harness import MONDAY, NOW


@pytest.fixture
def waiting(desk):
    return desk.register(desk.a_ticket(desk.an_order(0), desk.an_order(1)))


def approve(desk, record, **changes):
    given = {"by": "ana", "now": NOW} | changes
    return approvals.approve(desk.store, record.sha256, **given)


def state(desk, record):
    return ticket_store.fetch(desk.store, record.sha256).state


def fetch(desk, record):
    return ticket_store.fetch(desk.store, record.sha256)


def unapproved(desk, record):
    record = fetch(desk, record)
    with desk.store.transaction() as connection:
        return list(approval_state.unapproved(connection, record))


def test_a_ticket_waits_and_an_approval_outlives_a_restart(desk, waiting):
    assert waiting.state is TicketState.WAITING
    approve(desk, waiting)
    found = approval_state.approval_of(desk.restarted().store, waiting.sha256)
    assert (found.by, found.at, found.only) == ("ana", NOW, ())
    assert state(desk, waiting) is TicketState.APPROVED


def test_approving_twice_is_refused_and_the_first_approval_stands(desk, waiting):
    approve(desk, waiting)
    with pytest.raises(AlreadyApproved, match="approved by ana at 2026-06-15 14:00"):
        approve(desk, waiting, by="bob", only=[waiting.ticket.orders[0].symbol])
    assert approval_state.approval_of(desk.store, waiting.sha256).by == "ana"


def test_a_closed_session_is_not_approved_though_time_is_turned_back(desk, waiting):
    ticket_store.expire(desk.store, waiting.sha256, now=MONDAY.close)
    closed_sessions.record_close(desk.store, waiting.ticket.account, MONDAY.day, now=MONDAY.close)
    for decided in (waiting.ticket, desk.a_ticket(desk.an_order(2))):
        again = desk.register(decided)
        assert again.state is not TicketState.WAITING
        with pytest.raises(TicketClosed, match="closed at 2026-06-15 23:00 Bucharest"):
            approve(desk, again)


def test_an_approval_after_the_finish_line_expires_the_ticket(desk, waiting):
    late = MONDAY.finish_line + timedelta(seconds=1)
    with pytest.raises(TicketExpired, match="expired at its order cut-off, 16:15 Bucharest"):
        approve(desk, waiting, now=late)
    assert state(desk.restarted(), waiting) is TicketState.EXPIRED
    with pytest.raises(TicketExpired):
        approve(desk, waiting)
    assert TicketExpired.exit_code == 5


def test_an_approval_at_the_finish_line_itself_counts(desk, waiting):
    approve(desk, waiting, now=MONDAY.finish_line)
    assert state(desk, waiting) is TicketState.APPROVED


def test_a_ticket_with_failed_checks_or_no_orders_cannot_be_approved(desk):
    failing = desk.a_ticket(
        desk.an_order(0),
        status=TicketStatus.RECOMMENDATION_ONLY,
        failed_checks=(Check("gross", 1.3, 1.2, passed=False, detail=""),),
    )
    for ticket, why in ((failing, r"1 check failed"), (desk.a_ticket(), "no orders")):
        record = desk.register(ticket)
        with pytest.raises(TicketClosed, match=why):
            approve(desk, record)


def test_a_new_decision_supersedes_the_old_one_even_if_approved(desk, waiting):
    approve(desk, waiting)
    newer = desk.register(desk.a_ticket(desk.an_order(2)))
    assert state(desk, waiting) is TicketState.SUPERSEDED
    with pytest.raises(TicketClosed, match="superseded"):
        approve(desk, waiting)
    with pytest.raises(NotApproved):
        approval_state.approval_of(desk.store, waiting.sha256)
    assert ticket_store.find(desk.store, MONDAY.day).sha256 == newer.sha256


def test_the_same_bytes_again_are_the_same_ticket(desk, waiting):
    approve(desk, waiting)
    again = desk.register(waiting.ticket)
    assert (again.sha256, again.state) == (waiting.sha256, TicketState.APPROVED)


def test_a_superseded_ticket_that_is_decided_again_needs_a_new_approval(desk, waiting):
    approve(desk, waiting)
    desk.register(desk.a_ticket(desk.an_order(2)))
    again = desk.register(waiting.ticket)
    assert again.state is TicketState.WAITING
    with pytest.raises(NotApproved):
        approval_state.approval_of(desk.store, again.sha256)


def test_a_committed_ticket_cannot_be_approved_rejected_or_replaced(desk, waiting):
    approve(desk, waiting)
    intents.commit_ticket(desk.store, waiting, now=NOW)
    with pytest.raises(AlreadyCommitted, match="none is sent twice"):
        approve(desk, waiting)
    with pytest.raises(AlreadyCommitted):
        approvals.reject(desk.store, waiting.sha256, by="ana", reason="changed", now=NOW)
    later = desk.register(desk.a_ticket(desk.an_order(2)))
    assert later.state is TicketState.RECOMMENDATION
    with pytest.raises(TicketClosed, match="committed before"):
        approve(desk, later)
    assert ticket_store.find(desk.store, None).sha256 == waiting.sha256


def test_a_rejection_takes_an_approval_back(desk, waiting):
    approve(desk, waiting)
    approvals.reject(desk.store, waiting.sha256, by="bob", reason="too much oil", now=NOW)
    assert approval_state.rejection_of(desk.store, waiting.sha256) == "bob: too much oil"
    with pytest.raises(TicketClosed, match="rejected"):
        approve(desk, waiting)
    with pytest.raises(NotApproved):
        intents.commit_ticket(desk.store, waiting, now=NOW)


def test_a_rejection_can_be_taken_back_and_the_ticket_waits_for_a_new_approval(desk, waiting):
    approve(desk, waiting, only=[waiting.ticket.orders[0].symbol])
    approvals.reject(desk.store, waiting.sha256, by="bob", reason="a slip", now=NOW)
    with pytest.raises(TicketClosed, match=f"daybook reopen {waiting.short}"):
        approve(desk, waiting)
    approvals.reopen(desk.store, waiting.sha256, by="bob", reason="it was", now=NOW)
    assert state(desk.restarted(), waiting) is TicketState.WAITING
    with pytest.raises(NotApproved):
        approval_state.approval_of(desk.store, waiting.sha256)
    # Nothing of the approval before the rejection is left in the new one.
    wanted = waiting.ticket.orders[1]
    approve(desk, waiting, only=[wanted.symbol])
    made = intents.commit_ticket(desk.store, fetch(desk, waiting), now=NOW)
    assert [intent.order for intent in made] == [wanted]
    acts = [act.action for act in audit.trail(desk.store)]
    assert acts == ["registered", "approved", "rejected", "reopened", "approved", "committed"]


def test_only_a_rejection_that_still_stands_can_be_taken_back(desk, waiting):
    with pytest.raises(TicketClosed, match=r"was not rejected \(its state: waiting\)"):
        approvals.reopen(desk.store, waiting.sha256, by="ana", reason="", now=NOW)
    approvals.reject(desk.store, waiting.sha256, by="bob", reason="oil", now=NOW)
    newer = desk.register(desk.a_ticket(desk.an_order(2)))
    with pytest.raises(TicketClosed, match=f"ticket {newer.short} of the same session is waiting"):
        approvals.reopen(desk.store, waiting.sha256, by="ana", reason="", now=NOW)
    assert state(desk, waiting) is TicketState.REJECTED


def test_the_rest_of_a_partly_approved_ticket_can_be_approved_before_and_after_the_first_was_sent(
    desk, waiting
):
    first, second = waiting.ticket.orders
    approve(desk, waiting, only=[first.symbol])
    assert unapproved(desk, waiting) == [second]
    with pytest.raises(AlreadyApproved):
        approve(desk, waiting, by="bob", only=[first.symbol])
    intents.commit_ticket(desk.store, waiting, now=NOW)
    with pytest.raises(AlreadyCommitted):
        approve(desk, waiting, by="bob", only=[first.symbol])
    assert approve(desk, waiting, by="bob").only == (second.symbol,)
    assert unapproved(desk, waiting) == []
    made = intents.commit_ticket(desk.restarted().store, fetch(desk, waiting), now=NOW)
    assert [intent.order for intent in made] == [first, second]
    with pytest.raises(AlreadyCommitted):
        intents.commit_ticket(desk.store, fetch(desk, waiting), now=NOW)


def test_an_approval_of_the_rest_before_anything_was_sent_covers_both_parts(desk, waiting):
    first, second = waiting.ticket.orders
    approve(desk, waiting, only=[first.symbol])
    approve(desk, waiting, by="bob")
    made = intents.commit_ticket(desk.store, fetch(desk, waiting), now=NOW)
    assert [intent.order for intent in made] == [first, second]


def test_the_rest_is_not_approved_after_the_cut_off_and_what_was_sent_stands(desk, waiting):
    approve(desk, waiting, only=[waiting.ticket.orders[0].symbol])
    intents.commit_ticket(desk.store, waiting, now=NOW)
    with pytest.raises(TicketExpired, match="orders already sent are unaffected"):
        approve(desk, waiting, now=MONDAY.finish_line + timedelta(seconds=1))
    assert state(desk, waiting) is TicketState.COMMITTED
    assert unapproved(desk, waiting) == [waiting.ticket.orders[1]]


def test_a_session_still_to_come_is_not_the_newest_while_there_is_one_of_today(desk, waiting):
    tried = desk.register(desk.a_ticket(desk.an_order(0), session=date(2027, 3, 16)))
    assert ticket_store.find(desk.store, None).sha256 == tried.sha256
    assert ticket_store.find(desk.store, None, today=MONDAY.day).sha256 == waiting.sha256
    assert ticket_store.find(desk.store, None, today=date(2026, 6, 16)).sha256 == waiting.sha256
    assert ticket_store.find(desk.store, None, today=date(2026, 6, 12)).sha256 == waiting.sha256


def test_a_rejection_without_a_reason_is_refused(desk, waiting):
    with pytest.raises(ConfigurationError, match="needs a reason"):
        approvals.reject(desk.store, waiting.sha256, by="ana", reason="  ", now=NOW)
    assert state(desk, waiting) is TicketState.WAITING


def test_only_some_symbols_are_approved_and_an_unknown_one_is_an_error(desk, waiting):
    wanted = waiting.ticket.orders[1]
    with pytest.raises(ConfigurationError, match="not on this ticket: NOPE; nothing was approved"):
        approve(desk, waiting, only=[wanted.symbol, "NOPE"])
    assert state(desk, waiting) is TicketState.WAITING
    approval = approve(desk, waiting, only=[wanted.symbol])
    assert approval.orders_of(waiting.ticket) == (wanted,)


@pytest.mark.parametrize("name", ["", " ", "ana ", "a\nb", "x" * 65])
def test_an_approval_needs_a_printable_name(desk, waiting, name):
    with pytest.raises(ConfigurationError, match="is not a valid name"):
        approve(desk, waiting, by=name)


@pytest.mark.parametrize("kind", [sa.LargeBinary, sa.Text], ids=["bytes", "as an editor stores"])
def test_bytes_changed_inside_the_desk_are_noticed(desk, waiting, kind):
    with desk.store.transaction() as connection:
        content = waiting.ticket.content().replace(b'"quantity"', b'"quantitY"')
        value = content if kind is sa.LargeBinary else sa.literal(content.decode(), sa.Text)
        connection.execute(sa.update(TICKETS).values(content=value))
    with pytest.raises(TicketChanged, match="changed inside the desk"):
        approve(desk, waiting)


def test_tickets_are_found_by_day_by_hash_and_by_age(desk, waiting):
    for which in (MONDAY.day, None, waiting.sha256, waiting.sha256[:6].upper()):
        assert ticket_store.find(desk.store, which).sha256 == waiting.sha256
    for which, why in (("abc", "at least 6"), ("zzzzzz", "names no ticket"), ("f" * 12, "no tick")):
        with pytest.raises(UnknownTicket, match=why):
            ticket_store.find(desk.store, which)
    with pytest.raises(UnknownTicket, match="of 2026-06-16"):
        ticket_store.find(desk.store, ticket_store.named("2026-06-16"))
    with pytest.raises(UnknownTicket, match="is not a date"):
        ticket_store.named("2026-06-31")


def test_the_audit_trail_tells_who_did_what(desk, waiting):
    approve(desk, waiting, only=[waiting.ticket.orders[0].symbol])
    acts = audit.trail(desk.restarted().store)
    assert [(act.actor, act.action) for act in acts] == [
        ("desk", "registered"),
        ("ana", "approved"),
    ]
    assert acts[1].detail["only"] == [waiting.ticket.orders[0].symbol]


def test_a_desk_of_another_version_is_not_touched(tmp_path):
    DeskStore(tmp_path / "d.sqlite").close()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'd.sqlite'}")
    with engine.begin() as connection:
        connection.execute(sa.update(DESK_SCHEMA).values(version=99))
    engine.dispose()
    with pytest.raises(StorageError, match="desk schema 99, this daybook reads 3"):
        DeskStore(tmp_path / "d.sqlite")


def test_a_file_that_is_no_desk_is_not_touched(tmp_path):
    (tmp_path / "d.sqlite").write_bytes(b"not a database, " * 100)
    with pytest.raises(StorageError, match="not a database"):
        DeskStore(tmp_path / "d.sqlite")
