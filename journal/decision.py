"""What later readers need of the entry of a decided day, by name and type."""

from __future__ import annotations

from dataclasses import dataclass, fields

from core.decoding import decode
from core.errors import DataError, JournalError
from journal.entry import Entry


@dataclass(frozen=True, slots=True)
class Decision:
    """The facts of a decision that are read back; whoever seals one states them from here."""

    run_key: str  # names the run book of the day
    verdict: str  # how the day stood when it was sealed

    @classmethod
    def of(cls, entry: Entry) -> Decision:
        """Read the entry of a decision.

        What else it says is left alone: entries of any version say more. Raises `JournalError`
        for an entry of another kind, and for one in which a fact is missing or no text.
        """
        named = f"the {entry.kind} of {entry.session} (run {entry.run_id})"
        if entry.kind != "decision":
            raise JournalError(f"{named} is not a decision")
        names = {field.name for field in fields(cls)}
        said = {name: value for name, value in entry.facts.items() if name in names}
        try:
            return decode(cls, said)
        except DataError as error:
            raise JournalError(f"{named} cannot be read: {error}") from error
