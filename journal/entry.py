"""What one append to the journal says, whether it can be sealed, and what is read back of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from core.canonical import canonical_json
from core.decoding import decode
from core.errors import DataError, JournalError
from core.storage.artefacts import Artefact

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_KIND = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was decided or done, with the hash of everything it rests on.

    (``run_id``, ``kind``) is its identity: sealed once, and never with other content.
    ``timestamp`` says when, and is not part of the content, so that a repeated run may seal
    again what it sealed before. ``facts`` and each payload are JSON without NaN.
    """

    run_id: str
    kind: str  # "decision", "execution", …
    timestamp: datetime  # aware
    session: date
    facts: Mapping[str, Any]
    artefacts: tuple[Artefact, ...]
    decisions: Sequence[Mapping[str, Any]]  # each with exactly: symbol, con_id, payload


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


def payloads(entry: Entry) -> list[str]:
    """Return the canonical JSON of the entry's rows: the entry itself, then each decision.

    Raises `JournalError` naming everything that keeps the entry from being sealed.
    """
    problems = list(_problems(entry))
    if problems:
        raise JournalError("this entry cannot be recorded: " + "; ".join(problems))
    head = {
        "session": entry.session,
        "facts": dict(entry.facts),
        "artefacts": entry.artefacts,
        "decisions": len(entry.decisions),
    }
    return [as_json(value) for value in (head, *(d["payload"] for d in entry.decisions))]


def as_json(value: Any) -> str:
    """Return a value as one line of canonical JSON. Raises `JournalError` where it has none."""
    try:
        return canonical_json(value).decode().removesuffix("\n")
    except (DataError, TypeError, UnicodeError) as error:
        raise JournalError(
            f"this entry cannot be recorded: {error}; give plain JSON values, None for unknown"
        ) from error


def _problems(entry: Entry) -> Iterator[str]:
    if not _NAME.fullmatch(entry.run_id):
        yield f"run_id {entry.run_id!r} is not 1 to 128 letters, digits or . _ : -"
    if not _KIND.fullmatch(entry.kind) or entry.kind == "manifest":
        yield f"kind {entry.kind!r} is not a lower-case word of up to 32 letters, or is taken"
    if entry.timestamp.tzinfo is None:
        yield f"timestamp {entry.timestamp.isoformat()} has no zone"
    if isinstance(entry.session, datetime):
        yield f"session {entry.session} is a moment, not a day"
    for artefact in entry.artefacts:
        if not _SHA256.fullmatch(artefact.sha256):
            yield f"artefact {artefact.path}: {artefact.sha256!r} is not a sha256"
        if artefact.path.startswith("/") or ".." in artefact.path.split("/"):
            yield f"artefact {artefact.path} is not below the home folder"
    for number, decision in enumerate(entry.decisions):
        yield from (f"decision {number}: {problem}" for problem in _decision_problems(decision))


def _decision_problems(decision: Mapping[str, Any]) -> Iterator[str]:
    if set(decision) != {"symbol", "con_id", "payload"}:
        yield f"has {sorted(decision)}, needs symbol, con_id and payload"
        return
    symbol, con_id = decision["symbol"], decision["con_id"]
    if symbol is not None and not (isinstance(symbol, str) and symbol):
        yield f"symbol {symbol!r} is neither a name nor None"
    if con_id is not None and (type(con_id) is not int or con_id < 1):
        yield f"con_id {con_id!r} is neither a contract id nor None"
