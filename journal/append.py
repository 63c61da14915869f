"""Sealing one entry: whole, once, and only behind intact segments.

The order of the steps is what makes a crash harmless: lock, check the tail, write the segment
(temporary file, fsync, rename, fsync of the folder), then the checkpoint likewise. Until the
checkpoint's rename the entry does not count; after it, it can no longer be lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.canonical import sha256_of, sha256_of_file
from core.errors import DataError, JournalError, JournalTampered, StorageError
from core.storage.artefacts import write_atomically
from journal import checkpoint as checkpoints
from journal.checkpoint import Checkpoint
from journal.entry import Entry, as_json
from journal.layout import count_findings, names_by_number, quarantine_in, read_bytes, segments_in
from journal.lock import exclusive
from journal.segment import (
    Segment,
    build,
    content_of,
    from_bytes,
    number_of,
    previous_of,
    tag_of,
    to_bytes,
)


@dataclass(frozen=True, slots=True)
class Sealed:
    """Where an entry is in the journal."""

    seq: int  # position of its first row
    segment: Path
    head: str  # over all rows up to the end of this entry
    already_there: bool  # the same content had been sealed before; nothing was written
    set_aside: tuple[Path, ...]  # segments of interrupted appends, moved out of the way

    @property
    def number(self) -> int:
        """The entry's number, from 1."""
        return number_of(self.segment.name) or 0


def log(folder: Path, entry: Entry) -> Sealed:
    """Seal an entry in the journal in this folder, creating the journal if need be.

    Sealing the same content under the same (run_id, kind) again writes nothing. Raises
    `JournalError` for an entry that cannot be sealed or whose name is taken by other content,
    `JournalTampered` when a segment is not as it was sealed, and `StorageError` when the disk
    refuses; in each case the journal is as it was.
    """
    content = content_of(entry)
    with exclusive(folder):
        sealed = _open(folder)
        set_aside = _set_aside(folder, beyond=sealed.segments)
        earlier = _find(folder, entry)
        if earlier is not None:
            _require_same(earlier, entry, content)
            return Sealed(
                seq=earlier.rows[0].seq,
                segment=segments_in(folder) / earlier.name,
                head=earlier.head,
                already_there=True,
                set_aside=set_aside,
            )
        return _append(folder, entry, sealed, set_aside)


def _append(folder: Path, entry: Entry, sealed: Checkpoint, set_aside: tuple[Path, ...]) -> Sealed:
    segment = build(
        entry,
        number=sealed.segments + 1,
        seq=sealed.rows,
        head=sealed.head,
        previous=sealed.last,
    )
    path, written = segments_in(folder) / segment.name, to_bytes(segment)
    write_atomically(path, written)
    grown = Checkpoint(
        segments=segment.number,
        rows=sealed.rows + len(segment.rows),
        head=segment.head,
        last=sha256_of(written),
    )
    checkpoints.write(folder, grown)
    return Sealed(sealed.rows, path, segment.head, already_there=False, set_aside=set_aside)


def _open(folder: Path) -> Checkpoint:
    """Return the checkpoint after checking that every segment is there as it was sealed."""
    path, found = checkpoints.path_in(folder), names_by_number(folder)
    if not path.exists() and not found:
        # The first segment must find a checkpoint: with none, a journal whose checkpoint was
        # removed would look like one that was never begun.
        checkpoints.write(folder, Checkpoint())
    sealed = checkpoints.parse(read_bytes(path)) if path.exists() else None
    if sealed is None:
        raise JournalTampered([f"{path} is missing or not a checkpoint"])
    orphan = sealed.segments + 1
    findings = list(
        count_findings({n: names for n, names in found.items() if n != orphan}, sealed.segments)
    )
    if not findings:
        findings += _changed(folder, [found[n][0] for n in range(sealed.segments, 0, -1)], sealed)
    if findings:
        raise JournalTampered(findings)
    return sealed


def _changed(folder: Path, newest_first: list[str], sealed: Checkpoint) -> Iterator[str]:
    """Say of each segment that is not the one that the next, or the checkpoint, names.

    Behind a changed one nothing may be appended: the new entry would vouch for it.
    """
    expected: str | None = sealed.last
    for name in newest_first:
        content = read_bytes(segments_in(folder) / name)
        if sha256_of(content) != expected:
            yield f"segments/{name} was changed after it was recorded"
        expected = previous_of(content)


def _set_aside(folder: Path, *, beyond: int) -> tuple[Path, ...]:
    moved = []
    try:
        for name in names_by_number(folder).get(beyond + 1, ()):
            source = segments_in(folder) / name
            target = quarantine_in(folder) / f"{sha256_of_file(source)[:12]}-{name}"
            target.parent.mkdir(exist_ok=True)
            source.replace(target)
            moved.append(target)
    except OSError as error:
        raise StorageError(
            f"cannot set aside an interrupted append of {folder}: {error.strerror}; "
            "permit the folder to be written, then run the same command again"
        ) from error
    return tuple(moved)


def _find(folder: Path, entry: Entry) -> Segment | None:
    """Return the segment that already holds this run's entry of this kind, if there is one."""
    for path in sorted(segments_in(folder).glob(f"*-{tag_of(entry)}.parquet")):
        try:
            segment = from_bytes(read_bytes(path))
        except DataError as error:
            raise JournalTampered([f"segments/{path.name} {error}"]) from error
        if (segment.entry.run_id, segment.entry.kind) == (entry.run_id, entry.kind):
            return segment
    return None


def _require_same(earlier: Segment, entry: Entry, content: str) -> None:
    if earlier.content == content:
        return
    before, after = earlier.entry, entry
    was, now = ({(name, as_json(v)) for name, v in one.facts.items()} for one in (before, after))
    differs = sorted({f"facts.{name}" for name, _ in was ^ now})
    differs += [
        name
        for name in ("session", "artefacts", "decisions")
        if as_json(getattr(before, name)) != as_json(getattr(after, name))
    ]
    raise JournalError(
        f"run {entry.run_id} already recorded a {entry.kind!r} entry with other content "
        f"(segments/{earlier.name}; differs in {', '.join(differs)}); "
        "recorded entries are final, so another decision needs another run id"
    )
