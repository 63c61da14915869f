"""What a person answered to a ticket, sealed: an approval, a rejection, or one taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import journal
from core import clock
from core.canonical import canonical_json, sha256_of
from core.storage.paths import Paths
from desk.tickets.ticket_store import TicketRecord
from tasks.record.entry import ticket_artefact, ticket_facts


def seal_answer(
    paths: Paths,
    record: TicketRecord,
    kind: str,
    *,
    by: str,
    at: datetime,
    only: Sequence[str] = (),
    reason: str = "",
) -> journal.Sealed:
    """Seal one answer; ``kind`` is "approval", "rejection" or "reopening".

    ``only`` are symbols; empty means every order. An answer is named after its own content, so
    sealing it again, after a crash for example, writes nothing.
    """
    facts = {
        **ticket_facts(record),
        "by": by,
        "at": at.isoformat(),
        "only": list(only),
        "reason": reason,
    }
    entry = journal.Entry(
        run_id=f"{record.ticket.run_key}.{sha256_of(canonical_json(facts))[:12]}",
        kind=kind,
        timestamp=clock.now(),
        session=record.ticket.session,
        facts=facts,
        artefacts=(ticket_artefact(record),),
        decisions=(),
    )
    return journal.log(paths.journal, entry)
