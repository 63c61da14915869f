"""A person's word on a ticket, bound to the hash of its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from core.canonical import canonical_json
from core.errors import ConfigurationError
from desk.errors import AlreadyCommitted, TicketClosed
from desk.records.audit import DESK, Act, actor, note
from desk.records.schema import DECISIONS, TICKETS
from desk.records.store import DeskStore
from desk.tickets.approval_state import (
    Approval,
    expired,
    refuse_if_only_unsent,
    refuse_unless_waiting,
    unapproved,
    uncommitted,
)
from desk.tickets.closed_sessions import refuse_if_session_closed
from desk.tickets.order_ticket import Ticket
from desk.tickets.ticket_store import SHORT, TicketRecord, TicketState, load, set_state

AUTO = "auto"  # who approves when the settings let orders go without a person


def approve(
    store: DeskStore,
    ticket_sha256: str,
    *,
    by: str,
    only: Sequence[str] = (),
    now: datetime,
) -> Approval:
    """Approve a ticket, whole or ``only`` some of its symbols.

    Of a ticket that is approved in part, sent or not, this approves what is still open: the new
    approval covers it and whatever was approved and is not committed to yet. ``now`` is the
    gateway's time: from the order cut-off on, a ticket that waits expires instead.

    Raises
    ------
    TicketExpired, TicketClosed, AlreadyApproved, AlreadyCommitted, UnknownTicket, TicketChanged
        The ticket cannot be approved (any more).
    ConfigurationError
        A symbol is not on the ticket, or ``by`` is no name.
    """
    approval = Approval(ticket_sha256, actor(by), now, tuple(sorted(set(only))))
    with store.transaction() as connection:
        record = load(connection, ticket_sha256)
        _refuse_unknown_symbols(record.ticket, approval.only)
        if record.state is not TicketState.COMMITTED:
            refuse_if_session_closed(connection, record)
        if record.state is not TicketState.WAITING:
            approval = _widened(connection, record, approval)
        late = now > record.ticket.finish_line
        if not late:
            _decide(connection, approval, approved=True, reason="")
        if record.state is not TicketState.COMMITTED:
            state = TicketState.EXPIRED if late else TicketState.APPROVED
            set_state(connection, ticket_sha256, state)
            if late:
                note(connection, Act(now, DESK, "expired", ticket_sha256, {"asked_by": by}))
    if late:
        raise expired(record, now)
    return approval


def reopen(store: DeskStore, ticket_sha256: str, *, by: str, reason: str, now: datetime) -> None:
    """Take a rejection back: the ticket waits for approval again, until its order cut-off.

    Raises `TicketClosed` for a ticket that is not rejected, or when its session was decided anew
    since, and `AlreadyCommitted` when the account is committed to another ticket of the session.
    """
    with store.transaction() as connection:
        record = load(connection, ticket_sha256)
        name = f"ticket {record.short} of {record.ticket.session}"
        if record.state is not TicketState.REJECTED:
            raise TicketClosed(
                f"{name} was not rejected (its state: {record.state}): nothing to take back"
            )
        refuse_if_session_closed(connection, record)
        _refuse_if_replaced(connection, record, name)
        set_state(connection, ticket_sha256, TicketState.WAITING)
        note(connection, Act(now, actor(by), "reopened", ticket_sha256, {"reason": reason}))


def reject(store: DeskStore, ticket_sha256: str, *, by: str, reason: str, now: datetime) -> None:
    """Say no to a ticket, or take an approval back before anything was committed.

    Raises `ConfigurationError` without a reason, `AlreadyCommitted` when it is too late to say
    no (`daybook stop` cancels what works), and `TicketClosed` when there is nothing to reject.
    """
    if not reason.strip():
        raise ConfigurationError("a rejection needs a reason: daybook reject --reason TEXT")
    rejection = Approval(ticket_sha256, actor(by), now)
    with store.transaction() as connection:
        record = load(connection, ticket_sha256)
        if record.state is not TicketState.APPROVED:
            refuse_unless_waiting(connection, record)
        _decide(connection, rejection, approved=False, reason=reason)
        set_state(connection, ticket_sha256, TicketState.REJECTED)


def _widened(connection: sa.Connection, record: TicketRecord, asked: Approval) -> Approval:
    """Return an approval of what is still open, besides what is approved and not committed yet."""
    still_open = unapproved(connection, record)
    chosen = Approval(asked.ticket_sha256, asked.by, asked.at, asked.only).orders_of(record.ticket)
    added = {order.symbol for order in chosen} & {order.symbol for order in still_open}
    if not added:
        refuse_if_only_unsent(connection, record)
        refuse_unless_waiting(connection, record)
    before = {order.symbol for order in uncommitted(connection, record)}
    return Approval(asked.ticket_sha256, asked.by, asked.at, tuple(sorted(added | before)))


def _refuse_if_replaced(connection: sa.Connection, record: TicketRecord, name: str) -> None:
    standing = (TicketState.WAITING, TicketState.APPROVED, TicketState.COMMITTED)
    other = connection.execute(
        sa.select(TICKETS.c.sha256, TICKETS.c.state).where(
            TICKETS.c.account == record.ticket.account,
            TICKETS.c.session == record.ticket.session,
            TICKETS.c.sha256 != record.sha256,
            TICKETS.c.state.in_([state.value for state in standing]),
        )
    ).first()
    if other is not None:
        error = AlreadyCommitted if other.state == TicketState.COMMITTED else TicketClosed
        raise error(
            f"{name} cannot be reopened: ticket {other.sha256[:SHORT]} of the same session "
            f"is {other.state}. See: daybook orders --date {record.ticket.session}"
        )


def _refuse_unknown_symbols(ticket: Ticket, only: Sequence[str]) -> None:
    symbols = [order.symbol for order in ticket.orders]
    unknown = sorted(set(only) - set(symbols))
    if unknown:
        raise ConfigurationError(
            f"not on this ticket: {', '.join(unknown)}; nothing was approved. "
            f"It has {', '.join(symbols)}"
        )


def _decide(connection: sa.Connection, decision: Approval, *, approved: bool, reason: str) -> None:
    connection.execute(
        sa.insert(DECISIONS).values(
            ticket_sha256=decision.ticket_sha256,
            approved=approved,
            by=decision.by,
            at=decision.at.isoformat(),
            only=canonical_json(list(decision.only)).decode(),
            reason=reason,
        )
    )
    action = "approved" if approved else "rejected"
    detail = {"only": list(decision.only), "reason": reason}
    note(connection, Act(decision.at, decision.by, action, decision.ticket_sha256, detail))
