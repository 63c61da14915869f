"""A person's no to a ticket, and the no taken back: in the desk, and sealed in the journal."""

from __future__ import annotations

from core import clock
from core.settings import Mode, Settings
from core.storage.paths import Paths
from desk.records.store import DeskStore
from desk.tickets import approval_state, approvals, ticket_store
from desk.tickets.ticket_store import TicketRecord
from flows.run.preflight import bucharest_day
from tasks.record.answer import seal_answer


def reject(settings: Settings, ticket: str | None, *, by: str, reason: str) -> TicketRecord:
    """Reject a ticket and seal it. Raises as `desk.tickets.approvals.reject`."""
    now, paths = clock.now(), Paths.of(settings)
    with DeskStore.of(paths) as store:
        record = ticket_store.find(store, ticket_store.named(ticket), today=bucharest_day(now))
        approvals.reject(store, record.sha256, by=by, reason=reason, now=now)
    seal_answer(paths, record, "rejection", by=by, at=now, reason=reason)
    return record


def reopen(settings: Settings, ticket: str | None, *, by: str, reason: str) -> TicketRecord:
    """Take a rejection back and seal it.

    Raises as `desk.tickets.approvals.reopen`, and `TicketExpired` from the order cut-off on; in the
    embedded simulator, where time is not ours, an approval finds that out.
    """
    now, paths = clock.now(), Paths.of(settings)
    with DeskStore.of(paths) as store:
        record = ticket_store.find(store, ticket_store.named(ticket), today=bucharest_day(now))
        if settings.mode is not Mode.SIM and now > record.ticket.finish_line:
            raise approval_state.expired(record, now)
        approvals.reopen(store, record.sha256, by=by, reason=reason, now=now)
    seal_answer(paths, record, "reopening", by=by, at=now, reason=reason)
    return record
