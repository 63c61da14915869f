"""What was said about a ticket, as far as it counts: its approval, what is open, what is closed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.calendar import local_moment, local_time
from core.text.counts import count
from core.types import Order
from desk.errors import (
    AlreadyApproved,
    AlreadyCommitted,
    NotApproved,
    TicketClosed,
    TicketExpired,
)
from desk.records.schema import DECISIONS, INTENTS
from desk.records.store import DeskStore
from desk.tickets.order_ticket import Ticket
from desk.tickets.ticket_store import TicketRecord, TicketState, expire, load


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


def refuse_if_closed(store: DeskStore, record: TicketRecord, *, moment: datetime) -> None:
    """Raise unless a ticket is approved and its order cut-off has not passed.

    ``moment`` is the gateway's time. Raises `NotApproved` for one that waits, else as `approve`.
    """
    if record.state is TicketState.WAITING:
        approval_of(store, record.sha256)
    if record.state is not TicketState.APPROVED:
        with store.transaction() as connection:
            refuse_unless_waiting(connection, record)
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
            f"ticket {ticket_sha256[:12]} has no approval; nothing was sent. "
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
    """Return the error for a ticket whose order cut-off has passed."""
    ticket = record.ticket
    if record.state is TicketState.COMMITTED:
        return TicketExpired(
            f"the order cut-off of ticket {record.short} of {ticket.session} was "
            f"{local_time(ticket.finish_line)}; the gateway's clock says {local_moment(now)}. "
            "What was not approved by then is not sent; orders already sent are unaffected"
        )
    return TicketExpired(
        f"ticket {record.short} of {ticket.session} expired at its order cut-off, "
        f"{local_time(ticket.finish_line)}; the gateway's clock says {local_moment(now)}. "
        "It is a recommendation only; the next run decides again"
    )


def _committed(connection: sa.Connection, record: TicketRecord) -> set[str]:
    refs = [order.order_ref for order in record.ticket.orders]
    chosen = sa.select(INTENTS.c.order_ref).where(INTENTS.c.order_ref.in_(refs))
    return set(connection.scalars(chosen))


def refuse_unless_waiting(connection: sa.Connection, record: TicketRecord) -> None:
    """Raise unless a ticket waits, within a transaction: what was said of it, or it ran out."""
    ticket, name = record.ticket, f"ticket {record.short} of {record.ticket.session}"
    match record.state:
        case TicketState.APPROVED:
            earlier = load_approval(connection, record.sha256)
            raise AlreadyApproved(
                f"{name} was approved by {earlier.by} at {local_moment(earlier.at)}; "
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


def refuse_if_only_unsent(connection: sa.Connection, record: TicketRecord) -> None:
    """Tell an order that was approved and has not left from one that was sent."""
    if record.state is not TicketState.COMMITTED:
        return
    left = [order.symbol for order in uncommitted(connection, record)]
    if left:
        earlier = load_approval(connection, record.sha256)
        raise AlreadyApproved(
            f"ticket {record.short} of {record.ticket.session}: approved by {earlier.by} at "
            f"{local_moment(earlier.at)} and not sent: {', '.join(left)}; "
            f"to send what was approved: daybook execute {record.ticket.session}"
        )


def _why(ticket: Ticket) -> str:
    if ticket.failed_checks:
        failed = count(len(ticket.failed_checks), "check")
        return f"{failed} failed; correct them and run the day again"
    if not ticket.lines:
        return "it has no orders"
    return "another ticket of its session was committed before"
