"""Reading what past days sealed: the decision and its artefacts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import journal
from core.errors import NoData
from core.storage.artefacts import Artefact, Store
from core.storage.paths import Paths


@dataclass(frozen=True, slots=True)
class SealedDay:
    """The newest sealed decision of a session."""

    entry: journal.SealedEntry
    store: Store

    @property
    def session(self) -> date:
        """The session that was decided."""
        return self.entry.entry.session

    @property
    def decision(self) -> journal.Decision:
        """What the entry says of the run. Raises `JournalError` where it cannot be read."""
        return journal.Decision.of(self.entry.entry)

    @property
    def source(self) -> str:
        """The name of the entry as the source of an answer."""
        return f"journal {self.entry.entry.run_id}"

    def artefact(self, prefix: str) -> Artefact:
        """Return the artefact whose path begins so, under any revision."""
        found = [a for a in self.entry.entry.artefacts if a.path.startswith(prefix)]
        if not found:
            raise NoData(f"the decision of {self.session} recorded no {prefix}…")
        return found[-1]


def decided_day(paths: Paths, session: date | None) -> SealedDay:
    """Return the newest sealed decision, of that session if one is named.

    Raises `NoData` when there is none.
    """
    found = None
    for sealed in journal.entries(paths.journal):
        if sealed.entry.kind == "decision" and session in (None, sealed.entry.session):
            found = sealed
    if found is None:
        asked = f" --date {session}" if session else ""
        raise NoData(
            f"no decision of {session or 'any day'} in the journal; run: daybook run{asked}"
        )
    return SealedDay(found, Store(paths.home))
