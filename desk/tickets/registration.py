"""How a ticket becomes known to the desk, and what that makes of the tickets before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.canonical import canonical_json, sha256_of
from desk.records.audit import DESK, Act, note
from desk.records.schema import TICKETS
from desk.records.store import DeskStore
from desk.tickets.closed_sessions import closed_at
from desk.tickets.order_ticket import Ticket, TicketStatus
from desk.tickets.ticket_store import (
    OPEN,
    Holding,
    TicketRecord,
    TicketState,
    fetch,
    listed,
    set_state,
)


def register(
    store: DeskStore,
    ticket: Ticket,
    *,
    path: str,
    holdings: Iterable[Holding],
    world: Mapping[str, Any],
    now: datetime,
) -> TicketRecord:
    """Make a ticket known. Where it may be sent, it waits for approval and replaces any earlier.

    The same bytes again are the same ticket: what was decided about it stands, unless it had
    expired or been superseded; then it waits anew. Once the account is committed to a ticket of
    the session, or the session is closed, a later one is a recommendation.
    """
    sha256, content = ticket.sha256, ticket.content()
    held = canonical_json([asdict(each) for each in holdings]).decode()
    with store.transaction() as connection:
        known = connection.scalar(sa.select(TICKETS.c.state).where(TICKETS.c.sha256 == sha256))
        state = _state_of(connection, ticket, known)
        if known is None:
            connection.execute(
                sa.insert(TICKETS).values(
                    sha256=sha256,
                    account=ticket.account,
                    session=ticket.session,
                    state=state.value,
                    content=content,
                    path=path,
                    holdings=held,
                    world=canonical_json(dict(world)).decode(),
                    registered_at=now.isoformat(),
                )
            )
        elif state != known:
            set_state(connection, sha256, state)
        if state != known:
            superseded = _supersede_others(connection, ticket, sha256, now)
            detail: dict[str, Any] = {"state": state.value, "superseded": superseded}
            if known is None:
                detail["holdings"] = sha256_of(held.encode())
            note(connection, Act(now, DESK, "registered", sha256, detail))
    return fetch(store, sha256)


def _state_of(connection: sa.Connection, ticket: Ticket, known: str | None) -> TicketState:
    closed = closed_at(connection, ticket.account, ticket.session) is not None
    over = {TicketState.EXPIRED, TicketState.SUPERSEDED}
    if known is not None and (closed or known not in over):
        return TicketState(known)
    committed = connection.scalar(
        sa.select(sa.func.count())
        .select_from(TICKETS)
        .where(
            TICKETS.c.account == ticket.account,
            TICKETS.c.session == ticket.session,
            TICKETS.c.state == TicketState.COMMITTED.value,
        )
    )
    settled = closed or committed
    may_be_sent = ticket.status is TicketStatus.PROPOSED and ticket.lines and not settled
    return TicketState.WAITING if may_be_sent else TicketState.RECOMMENDATION


def decided_before(store: DeskStore, ticket: Ticket) -> Ticket:
    """Return the ticket of the same decision that the desk holds already, else this one.

    The same orders at the same limits decided again, some minutes later, are no new ticket: what
    was answered to it, an approval or a rejection, stands.
    """
    for record in reversed(listed(store, ticket.session)):
        if record.state in {TicketState.EXPIRED, TicketState.SUPERSEDED}:
            continue
        if replace(record.ticket, decided_at=ticket.decided_at) == ticket:
            return record.ticket
    return ticket


def _supersede_others(
    connection: sa.Connection, ticket: Ticket, sha256: str, now: datetime
) -> list[str]:
    """Let the tickets that were open before be superseded, or expire where it is too late."""
    late = now > ticket.finish_line
    others = sa.select(TICKETS.c.sha256).where(
        TICKETS.c.account == ticket.account,
        TICKETS.c.session == ticket.session,
        TICKETS.c.sha256 != sha256,
        TICKETS.c.state.in_([state.value for state in OPEN]),
    )
    names = list(connection.scalars(others))
    for name in names:
        set_state(connection, name, TicketState.EXPIRED if late else TicketState.SUPERSEDED)
        action = "expired" if late else "superseded"
        note(connection, Act(now, DESK, action, name, {"by": sha256}))
    return names
