"""A person's word on a ticket, bound to the hash of its bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.canonical import canonical_json
from core.errors import ConfigurationError
from core.types import Order
from desk.errors import (
    AlreadyApproved,
    AlreadyCommitted,
    NotApproved,
    TicketClosed,
    TicketExpired,
)
from desk.records.audit import DESK, Act, actor, note
from desk.records.schema import DECISIONS, INTENTS, TICKETS
from desk.records.store import DeskStore
from desk.tickets.order_ticket import Ticket
from desk.tickets.ticket_store import SHORT, TicketRecord, TicketState, expire, load, set_state

AUTO = "auto"  # who approves when the settings let orders go without a person


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody's yes to one ticket."""

    ticket_sha256: str
    by: str
    at: datetime
    only: tuple[str, ...] = ()  # symbols; empty means every order

    def orders_of(self, ticket: Ticket) -> tuple[Order, ...]:
        """Return the orders it covers, in send order."""
        return tuple(order for order in ticket.orders if not self.only or order.symbol in self.only)


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


def unapproved(connection: sa.Connection, record: TicketRecord) -> tuple[Order, ...]:
    """Return the orders of a ticket that can still be approved, in send order."""
    if record.state is TicketState.WAITING:
        return record.ticket.orders
    if record.state not in {TicketState.APPROVED, TicketState.COMMITTED}:
        return ()
    approved = load_approval(connection, record.sha256).orders_of(record.ticket)
    taken = _committed(connection, record) | {order.order_ref for order in approved}
    return tuple(order for order in record.ticket.orders if order.order_ref not in taken)


def uncommitted(connection: sa.Connection, record: TicketRecord) -> tuple[Order, ...]:
    """Return the approved orders that the account is not committed to yet, in send order.

    Raises `NotApproved` when nobody approved the ticket.
    """
    approved = load_approval(connection, record.sha256).orders_of(record.ticket)
    taken = _committed(connection, record)
    return tuple(order for order in approved if order.order_ref not in taken)


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
                f"{name} is {record.state}, not rejected: there is no rejection to take back"
            )
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
            _refuse_unless_waiting(connection, record)
        _decide(connection, rejection, approved=False, reason=reason)
        set_state(connection, ticket_sha256, TicketState.REJECTED)


def refuse_if_closed(store: DeskStore, record: TicketRecord, *, moment: datetime) -> None:
    """Raise unless a ticket is approved and its finish line has not passed.

    ``moment`` is the gateway's time. Raises `NotApproved` for one that waits, else as `approve`.
    """
    if record.state is TicketState.WAITING:
        approval_of(store, record.sha256)
    if record.state is not TicketState.APPROVED:
        with store.transaction() as connection:
            _refuse_unless_waiting(connection, record)
    if moment > record.ticket.finish_line:
        expire(store, record.sha256, now=moment)
        raise expired(record, moment)


def approval_of(store: DeskStore, ticket_sha256: str) -> Approval:
    """Return the approval that counts. Raises `NotApproved` when there is none."""
    with store.transaction() as connection:
        return load_approval(connection, ticket_sha256)


def load_approval(connection: sa.Connection, ticket_sha256: str) -> Approval:
    """Return the approval that counts, within a transaction; see `approval_of`."""
    newest = (
        sa.select(DECISIONS)
        .where(DECISIONS.c.ticket_sha256 == ticket_sha256)
        .order_by(DECISIONS.c.id.desc())
        .limit(1)
    )
    row = connection.execute(newest).mappings().first()
    # A ticket that waits anew has to be approved anew, whatever was said before.
    stands = load(connection, ticket_sha256).state in {TicketState.APPROVED, TicketState.COMMITTED}
    if row is None or not (row["approved"] and stands):
        raise NotApproved(
            f"nobody has approved ticket {ticket_sha256[:12]}; nothing was sent. "
            f"To approve it: daybook approve {ticket_sha256[:12]}"
        )
    return Approval(
        ticket_sha256,
        row["by"],
        datetime.fromisoformat(row["at"]),
        tuple(json.loads(row["only"])),
    )


def rejection_of(store: DeskStore, ticket_sha256: str) -> str:
    """Return who rejected a ticket and why, in words; empty when nobody did."""
    newest = (
        sa.select(DECISIONS)
        .where(DECISIONS.c.ticket_sha256 == ticket_sha256, DECISIONS.c.approved.is_(False))
        .order_by(DECISIONS.c.id.desc())
        .limit(1)
    )
    with store.transaction() as connection:
        row = connection.execute(newest).mappings().first()
    return "" if row is None else f"{row['by']}: {row['reason']}"


def expired(record: TicketRecord, now: datetime) -> TicketExpired:
    """Return the error for a ticket whose finish line has passed."""
    ticket = record.ticket
    if record.state is TicketState.COMMITTED:
        return TicketExpired(
            f"the order cut-off of ticket {record.short} of {ticket.session} was "
            f"{ticket.finish_line:%H:%M} UTC; the gateway's clock says {now:%Y-%m-%d %H:%M} UTC. "
            "What was not approved by then is not sent; what was sent stands"
        )
    return TicketExpired(
        f"ticket {record.short} of {ticket.session} expired at its finish line, "
        f"{ticket.finish_line:%H:%M} UTC; the gateway's clock says {now:%Y-%m-%d %H:%M} UTC. "
        "It is a recommendation only; the next run decides anew"
    )


def _widened(connection: sa.Connection, record: TicketRecord, asked: Approval) -> Approval:
    """Return an approval of what is still open, besides what is approved and not committed yet."""
    still_open = unapproved(connection, record)
    chosen = Approval(asked.ticket_sha256, asked.by, asked.at, asked.only).orders_of(record.ticket)
    added = {order.symbol for order in chosen} & {order.symbol for order in still_open}
    if not added:
        _refuse_if_only_unsent(connection, record)
        _refuse_unless_waiting(connection, record)
    before = {order.symbol for order in uncommitted(connection, record)}
    return Approval(asked.ticket_sha256, asked.by, asked.at, tuple(sorted(added | before)))


def _committed(connection: sa.Connection, record: TicketRecord) -> set[str]:
    refs = [order.order_ref for order in record.ticket.orders]
    chosen = sa.select(INTENTS.c.order_ref).where(INTENTS.c.order_ref.in_(refs))
    return set(connection.scalars(chosen))


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
            f"{name} cannot be taken up again: ticket {other.sha256[:SHORT]} of the same session "
            f"is {other.state}. See: daybook orders --date {record.ticket.session}"
        )


def _refuse_unless_waiting(connection: sa.Connection, record: TicketRecord) -> None:
    ticket, name = record.ticket, f"ticket {record.short} of {record.ticket.session}"
    match record.state:
        case TicketState.APPROVED:
            earlier = load_approval(connection, record.sha256)
            raise AlreadyApproved(
                f"{name} was approved by {earlier.by} at {earlier.at:%Y-%m-%d %H:%M} UTC; "
                f"to send what was approved: daybook execute {ticket.session}"
            )
        case TicketState.COMMITTED:
            raise AlreadyCommitted(
                f"{name} was executed: its orders are committed and none is sent twice; "
                f"see: daybook orders --date {ticket.session}"
            )
        case TicketState.EXPIRED:
            raise expired(record, ticket.finish_line)
        case TicketState.RECOMMENDATION:
            raise TicketClosed(f"{name} is a recommendation only: {_why(ticket)}")
        case TicketState.REJECTED:
            raise TicketClosed(
                f"{name} is rejected; nothing was sent. To take the rejection back: "
                f"daybook reopen {record.short}"
            )
        case TicketState.SUPERSEDED:
            raise TicketClosed(
                f"{name} is {record.state}; nothing was sent. See: "
                f"daybook orders --date {ticket.session}"
            )


def _refuse_if_only_unsent(connection: sa.Connection, record: TicketRecord) -> None:
    """Tell an order that was approved and has not left from one that was sent."""
    if record.state is not TicketState.COMMITTED:
        return
    left = [order.symbol for order in uncommitted(connection, record)]
    if left:
        earlier = load_approval(connection, record.sha256)
        raise AlreadyApproved(
            f"ticket {record.short} of {record.ticket.session}: approved by {earlier.by} at "
            f"{earlier.at:%Y-%m-%d %H:%M} UTC and not sent: {', '.join(left)}; "
            f"to send what was approved: daybook execute {record.ticket.session}"
        )


def _why(ticket: Ticket) -> str:
    if ticket.failed_checks:
        return f"{len(ticket.failed_checks)} check(s) failed; correct them and run the day again"
    if not ticket.lines:
        return "it has no orders"
    return "another ticket of its session was committed before"


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
