"""Sessions whose close is on record: nothing more is sent for them, whatever is decided again."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa

from core.calendar import local_moment
from desk.errors import TicketClosed
from desk.records.audit import DESK, Act, note, session_name
from desk.records.schema import AUDIT
from desk.records.store import DeskStore
from desk.tickets.ticket_store import TicketRecord

_CLOSED = "closed"


def record_close(store: DeskStore, account: str, session: date, *, now: datetime) -> None:
    """Write down that a session is closed; ``now`` is the gateway's time. Once is enough."""
    with store.transaction() as connection:
        if closed_at(connection, account, session) is None:
            note(connection, Act(now, DESK, _CLOSED, session_name(account, session), {}))


def closed_at(connection: sa.Connection, account: str, session: date) -> datetime | None:
    """Return when a session was closed, by the gateway's clock; None while it is open."""
    chosen = (
        sa.select(AUDIT.c.at)
        .where(AUDIT.c.subject == session_name(account, session), AUDIT.c.action == _CLOSED)
        .order_by(AUDIT.c.id)
        .limit(1)
    )
    at = connection.scalar(chosen)
    return None if at is None else datetime.fromisoformat(at)


def refuse_if_session_closed(connection: sa.Connection, record: TicketRecord) -> None:
    """Raise `TicketClosed` where the ticket's session has been closed."""
    ticket = record.ticket
    at = closed_at(connection, ticket.account, ticket.session)
    if at is not None:
        raise TicketClosed(
            f"ticket {record.short} of {ticket.session}: the session was closed at "
            f"{local_moment(at)}, and nothing more can be sent for it. The next session's run "
            "decides again: daybook run --date YYYY-MM-DD"
        )
