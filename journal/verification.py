"""Verifying the journal while it is read back: whatever is no longer as it was sealed is found.

The walk goes from the newest segment to the oldest: the checkpoint names the hash of the last
file, each file names the hash of the one before, so no file is decoded before its bytes are known
to be those that were sealed. (After a broken link the walk goes on with what it finds, to report
all there is to report.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.canonical import sha256_of, sha256_of_file
from core.errors import DataError, JournalError, JournalTampered
from journal import checkpoint as checkpoints
from journal.chain import GENESIS
from journal.entry import Entry
from journal.layout import NO_SEGMENT, count_findings, names_by_number, read_bytes, segments_in
from journal.lock import shared
from journal.segment import Segment, from_bytes, number_of


@dataclass(frozen=True, slots=True)
class SealedEntry:
    """One entry as the journal holds it."""

    seq: int  # position of its first row
    segment: str  # the file's name
    sha256: str  # of the file
    head: str  # over all rows up to the end of this entry
    entry: Entry  # facts and payloads as plain JSON values

    @property
    def number(self) -> int:
        """The entry's number, from 1."""
        return number_of(self.segment) or 0


@dataclass(frozen=True, slots=True)
class Verified:
    """What was checked and found to be as it was sealed."""

    entries: int
    rows: int
    artefacts: int  # distinct files
    head: str  # keep it elsewhere: only that detects a journal put back as a whole


@dataclass(frozen=True, slots=True)
class _Link:
    """What the checkpoint or a segment says of the segment before it."""

    said_by: str
    sha256: str
    head: str
    rows: int


def verify(folder: Path, home: Path) -> Verified:
    """Check every segment, the checkpoint, and every artefact (below ``home``) entries name.

    Raises `JournalTampered` with all findings, and `JournalError` where there is no journal: a
    check of nothing is not a pass.
    """
    findings: list[str] = []
    artefacts: dict[tuple[str, str], str] = {}
    entries_read = rows = 0
    head = GENESIS
    with shared(folder):
        for segment, _ in _newest_first(folder, findings):
            head = segment.head if entries_read == 0 else head
            entries_read += 1
            rows += len(segment.rows)
            for artefact in segment.entry.artefacts:
                owner = f"the {segment.entry.kind} of run {segment.entry.run_id}"
                artefacts.setdefault((artefact.path, artefact.sha256), owner)
    for (path, sha256), owner in sorted(artefacts.items()):
        findings.extend(_artefact_findings(home, path, sha256, owner))
    if findings:
        raise JournalTampered(findings)
    return Verified(entries_read, rows, len({path for path, _ in artefacts}), head)


def entries(folder: Path) -> Iterator[SealedEntry]:
    """Read all entries, oldest first, after checking the whole chain (not the artefacts).

    Raises `JournalTampered` and `JournalError` as `verify` does, before the first entry.
    """
    findings: list[str] = []
    with shared(folder):
        checked = [(s.name, sha256) for s, sha256 in _newest_first(folder, findings)]
    if findings:
        raise JournalTampered(findings)
    return (_read(folder, name, sha256) for name, sha256 in reversed(checked))


def newest_first(folder: Path) -> Iterator[SealedEntry]:
    """Read entries from the newest to the oldest, each checked against what names it.

    Reads no further back than it is asked to. Raises `JournalTampered` at the first segment that
    is not as it was sealed, and `JournalError` where there is no journal.
    """
    findings: list[str] = []
    with shared(folder):
        for segment, sha256 in _newest_first(folder, findings):
            if findings:
                break
            seq = segment.rows[0].seq
            yield SealedEntry(seq, segment.name, sha256, segment.head, segment.entry)
    if findings:
        raise JournalTampered(findings)


def _read(folder: Path, name: str, sha256: str) -> SealedEntry:
    content = read_bytes(segments_in(folder) / name)
    if sha256_of(content) != sha256:
        raise JournalTampered([f"segments/{name} was changed while the journal was being read"])
    segment = from_bytes(content)
    return SealedEntry(segment.rows[0].seq, name, sha256, segment.head, segment.entry)


def _newest_first(folder: Path, findings: list[str]) -> Iterator[tuple[Segment, str]]:
    """Yield every intact segment with its hash, adding what is wrong to ``findings``."""
    found = names_by_number(folder)
    expected, link = _start(folder, found, findings)
    findings.extend(count_findings(found, expected))
    for number in sorted((n for n in found if NO_SEGMENT < n <= expected), reverse=True):
        if number != expected:
            link = None  # a gap, which the count has reported
        segment, sha256 = _check(folder, found[number], link, findings)
        expected, link = number - 1, None
        if segment is not None:
            first = segment.rows[0]
            link = _Link(f"segments/{segment.name}", segment.previous, first.prev_root, first.seq)
            yield segment, sha256
    begun = (GENESIS, GENESIS, 0)
    if link is not None and expected == 0 and (link.sha256, link.head, link.rows) != begun:
        findings.append(f"{link.said_by} names something before the first segment")


def _start(
    folder: Path, found: dict[int, list[str]], findings: list[str]
) -> tuple[int, _Link | None]:
    """Return the number of the newest segment and what the checkpoint says of it."""
    path = checkpoints.path_in(folder)
    if not path.exists() and not found:
        raise JournalError(f"no journal at {folder}; run a day first: daybook run, in this mode")
    sealed = checkpoints.parse(read_bytes(path)) if path.exists() else None
    if sealed is None:
        findings.append(f"{path} is missing or not a checkpoint")
        return max(found, default=NO_SEGMENT), None
    if sealed.segments == 0 and not found:
        raise JournalError(
            f"the journal at {folder} is empty; run a day first: daybook run, in this mode"
        )
    return sealed.segments, _Link("the checkpoint", sealed.last, sealed.head, sealed.rows)


def _check(
    folder: Path, names: list[str], link: _Link | None, findings: list[str]
) -> tuple[Segment | None, str]:
    """Read one segment, or say what is wrong with it and return none."""
    if len(names) != 1:
        return None, ""  # the count has reported it
    content = read_bytes(segments_in(folder) / names[0])
    sha256, shown = sha256_of(content), f"segments/{names[0]}"
    if link is not None and sha256 != link.sha256:
        findings.append(
            f"{shown} was changed: sha256 {sha256[:12]}… instead of the {link.sha256[:12]}… "
            f"that {link.said_by} names"
        )
        return None, sha256
    try:
        segment = from_bytes(content)
    except DataError as error:
        findings.append(f"{shown} {error}")
        return None, sha256
    if segment.name != names[0]:
        findings.append(f"{shown} is in the place of segments/{segment.name}")
        return None, sha256
    if link is not None and (segment.head, segment.rows[-1].seq + 1) != (link.head, link.rows):
        findings.append(f"{shown} does not lead to the latest hash that {link.said_by} names")
    return segment, sha256


def _artefact_findings(home: Path, path: str, sha256: str, owner: str) -> Iterator[str]:
    file = home / path
    if not file.is_file():
        yield f"{path} is gone ({owner})"
        return
    found = sha256_of_file(file)
    if found != sha256:
        yield f"{path} was changed: sha256 {found[:12]}… instead of {sha256[:12]}… ({owner})"
