"""The close of a session, sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.canonical import plain
from core.storage.runs import StageRecord
from desk.records.store import DeskStore
from desk.tickets import ticket_store
from desk.tickets.closed_sessions import record_close
from desk.tickets.ticket_store import TicketRecord
from tasks.day import Day
from tasks.record.close import CloseResult
from tasks.record.entry import Entered, entered, order_rows, seal
from tasks.stage import Output, stage


@dataclass(frozen=True, slots=True)
class CloseJournalResult(Entered):
    """The entry about a session's close."""


@stage(None, CloseJournalResult)
def close_journal(
    day: Day, sha256: str, settled: StageRecord[CloseResult]
) -> Output[CloseJournalResult]:
    """Seal what the session came to, one row for each order and each unexplained position."""
    with DeskStore.of(day.paths) as store:
        record = ticket_store.fetch(store, sha256)
    result = settled.result
    rows = [
        *order_rows(result.states),
        *(
            {"symbol": each.symbol, "con_id": each.con_id, "payload": plain(each)}
            for each in result.mismatches
        ),
    ]
    facts, artefacts = close_facts(record, result), settled.artefacts.values()
    sealed = seal(day, "close", record, facts, artefacts, rows)
    with DeskStore.of(day.paths) as store:
        record_close(store, day.account, day.session.day, now=day.as_of)
    return entered(CloseJournalResult, sealed, len(rows))


def close_facts(record: TicketRecord, result: CloseResult) -> dict[str, Any]:
    """Return what the journal says of a closed session beside its ticket, as plain JSON values."""
    spent = plain(result.costs)
    return {
        "ticket_state": record.state.value,
        "orders": len(result.states),
        "unfilled": list(result.unfilled),
        "uncertain": list(result.uncertain),
        "unreported": plain(result.unreported),
        "mismatches": [each.symbol for each in result.mismatches],
        "net_asset_value": result.net_asset_value,
        **{name: value for name, value in spent.items() if name != "fills"},
    }
