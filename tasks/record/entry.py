"""Journal entries that are named after their own content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import journal
from core import clock
from core.canonical import canonical_json, plain, sha256_of
from core.storage.artefacts import Artefact
from desk.tickets.ticket_store import TicketRecord
from review.states import OrderReport
from tasks.day import Day
from tasks.stage import Output, StageResult


@dataclass(frozen=True, slots=True)
class Entered(StageResult):
    """Where an entry is in the journal."""

    seq: int  # of its first row
    head: str  # latest hash


E = TypeVar("E", bound=Entered)


def entered(kind: type[E], sealed: journal.Sealed, rows: int) -> Output[E]:
    """Return the output of a stage that sealed an entry of so many rows."""
    return Output(
        result=kind(sealed.seq, sealed.head),
        rows_out=rows,
        notes=f"entry {sealed.number}, hash {sealed.head[:12]}",
    )


def seal(
    day: Day,
    kind: str,
    record: TicketRecord,
    facts: Mapping[str, Any],
    artefacts: Iterable[Artefact],
    decisions: Iterable[Mapping[str, Any]],
) -> journal.Sealed:
    """Seal an entry about a ticket that is named after its own content.

    The same again is sealed once. ``facts`` and ``artefacts`` are those beside the ticket's own.
    """
    rows, named = list(decisions), (ticket_artefact(record), *artefacts)
    told = {**ticket_facts(record), **facts}
    content = sha256_of(canonical_json([told, named, rows]))
    entry = journal.Entry(
        run_id=f"{record.ticket.run_key}.{content[:12]}",
        kind=kind,
        timestamp=clock.now(),
        session=day.session.day,
        facts=told,
        artefacts=named,
        decisions=rows,
    )
    return journal.log(day.paths.journal, entry)


def ticket_facts(record: TicketRecord) -> dict[str, Any]:
    """Return what every entry about a ticket says of it, as plain JSON values."""
    return {
        "run_key": record.ticket.run_key,
        "mode": record.ticket.mode,
        "account": record.ticket.account,
        "ticket": record.sha256,
    }


def ticket_artefact(record: TicketRecord) -> Artefact:
    """Return the reference to a ticket's file."""
    return Artefact(record.path, record.sha256, schema="json", rows=len(record.ticket.lines))


def order_rows(states: Iterable[OrderReport]) -> list[dict[str, Any]]:
    """Return orders as rows of a journal entry."""
    return [
        {"symbol": state.symbol, "con_id": state.con_id, "payload": plain(state)}
        for state in states
    ]
