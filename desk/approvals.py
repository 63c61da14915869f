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
from desk.audit import DESK, Act, actor, note
from desk.errors import (
    AlreadyApproved,
    AlreadyCommitted,
    NotApproved,
    TicketClosed,
    TicketExpired,
)
from desk.schema import DECISIONS
from desk.store import DeskStore
from desk.ticket import Ticket
from desk.tickets import TicketRecord, TicketState, expire, load, set_state

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

    ``now`` is the gateway's time: from the finish line on, the ticket expires instead.

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
        _refuse_unless_waiting(connection, record)
        _refuse_unknown_symbols(record.ticket, approval.only)
        late = now > record.ticket.finish_line
        if late:
            set_state(connection, ticket_sha256, TicketState.EXPIRED)
            note(connection, Act(now, DESK, "expired", ticket_sha256, {"asked_by": by}))
        else:
            _decide(connection, approval, approved=True, reason="")
            set_state(connection, ticket_sha256, TicketState.APPROVED)
    if late:
        raise expired(record, now)
    return approval


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
    return TicketExpired(
        f"ticket {record.short} of {ticket.session} expired at its finish line, "
        f"{ticket.finish_line:%H:%M} UTC; the gateway's clock says {now:%Y-%m-%d %H:%M} UTC. "
        "It is a recommendation only; the next run decides anew"
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
        case TicketState.REJECTED | TicketState.SUPERSEDED:
            raise TicketClosed(
                f"{name} is {record.state}; nothing was sent. See: "
                f"daybook orders --date {ticket.session}"
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
