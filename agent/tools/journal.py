"""Tools about the tamper-evident decision log."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

import journal
from agent.context import ToolContext
from agent.tool import Answer, Scope, tool
from core import clock
from core.errors import NoData
from core.settings import Effect

Newest = Annotated[int, Field(ge=1, le=100, description="how many, counted from the newest")]


@tool(Effect.READ, Scope.JOURNAL)
def journal_entries(
    context: ToolContext, session: date | None = None, newest: Newest = 10
) -> Answer:
    """Return journal entries, oldest first: what was decided and done, and when.

    seq, kind, run_id, session, timestamp, facts, how many artefacts and decisions, and head, the
    hash over the journal up to there. The chain of hashes is checked before anything is returned.
    """
    sealed = [
        each
        for each in journal.entries(context.paths.journal)
        if session in (None, each.entry.session)
    ][-newest:]
    if not sealed:
        raise NoData(f"no entry of {session} in the journal")
    shown = [
        {
            "seq": each.seq,
            "kind": each.entry.kind,
            "run_id": each.entry.run_id,
            "session": each.entry.session,
            "timestamp": each.entry.timestamp,
            "facts": each.entry.facts,
            "artefacts": len(each.entry.artefacts),
            "decisions": len(each.entry.decisions),
            "head": each.head,
        }
        for each in sealed
    ]
    return Answer(as_of=sealed[-1].entry.timestamp, source="journal", data={"entries": shown})


@tool(Effect.READ, Scope.JOURNAL)
def journal_verify(context: ToolContext) -> Answer:
    """Verify that nothing recorded has changed: every segment, artefact and link of the hash chain.

    Returns the counts and ``head``, the latest hash; an error lists every finding. Without a
    hash stored off-site a rollback of the whole journal cannot be detected.
    """
    found = journal.verify(context.paths.journal, context.paths.home)
    return Answer(as_of=clock.now(), source="journal", data=found)
