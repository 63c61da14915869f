"""A segment: the rows of one append, as one parquet file.

Its rows are the entry (``kind`` as given), one ``<kind>.item`` per decision, and a ``manifest``
that names the hash of the segment before. A file is called ``<number>-<tag>.parquet``; the tag is
made from (run_id, kind), so an append finds what is already there without reading the history.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.canonical import sha256_of
from core.errors import DataError
from core.storage.artefacts import Artefact
from core.tables import MOMENT, TEXT, WHOLE, Column, Schema
from journal.chain import Row, head_after
from journal.entry import Entry, as_json, payloads

ROWS = Schema(
    "journal",
    ("seq",),
    (
        Column("seq", WHOLE, "position, from 0", low=0),
        Column("run_id", TEXT, "ours"),
        Column("ts_utc", MOMENT, "UTC"),
        Column("kind", TEXT, "decision, decision.item, execution, …, manifest"),
        Column("symbol", TEXT, "IBKR symbol", nullable=True),
        Column("con_id", WHOLE, "IBKR contract id", nullable=True, low=1),
        Column("payload", TEXT, "canonical JSON"),
        Column("payload_sha256", TEXT, "of the payload"),
        Column("prev_root", TEXT, "head over all earlier rows"),
    ),
)
MANIFEST = "manifest"
_NAME = re.compile(r"([0-9]{6})-([0-9a-f]{12})\.parquet")


@dataclass(frozen=True, slots=True)
class Segment:
    """The checked content of one segment."""

    number: int  # from 1
    entry: Entry  # from a file: facts and payloads as plain JSON values
    rows: tuple[Row, ...]
    previous: str  # sha256 of the segment before
    content: str  # the hash by which two entries are the same

    @property
    def name(self) -> str:
        """The file's name, which follows from the content."""
        return f"{self.number:06d}-{tag_of(self.entry)}.parquet"

    @property
    def head(self) -> str:
        """Head over all rows up to the end of this segment."""
        return head_after(self.rows[-1])


def tag_of(entry: Entry) -> str:
    """Return the part of a segment's name that stands for the entry's identity."""
    return sha256_of(f"{entry.run_id}\n{entry.kind}".encode())[:12]


def number_of(name: str) -> int | None:
    """Return a segment file's number, or None when the name is not that of a segment."""
    match = _NAME.fullmatch(name)
    return int(match[1]) if match else None


def content_of(entry: Entry) -> str:
    """Return the hash of everything an entry says, its time apart.

    Raises `JournalError` when the entry cannot be sealed.
    """
    texts = payloads(entry)  # first: it checks what the next line relies on
    labels = [[d["symbol"], d["con_id"]] for d in entry.decisions]
    return sha256_of(as_json([texts, labels]).encode())


def build(entry: Entry, *, number: int, seq: int, head: str, previous: str) -> Segment:
    """Lay an entry out as rows from position ``seq`` on, following on ``head``."""
    texts, content = payloads(entry), content_of(entry)
    manifest = {"content": content, "number": number, "previous": previous}
    labels = [
        (entry.kind, None, None),
        *((f"{entry.kind}.item", d["symbol"], d["con_id"]) for d in entry.decisions),
        (MANIFEST, None, None),
    ]
    rows: list[Row] = []
    for (kind, symbol, con_id), text in zip(labels, [*texts, as_json(manifest)], strict=True):
        row = Row(
            seq=seq + len(rows),
            run_id=entry.run_id,
            ts_utc=entry.timestamp.astimezone(UTC),
            kind=kind,
            symbol=symbol,
            con_id=con_id,
            payload=text,
            payload_sha256=sha256_of(text.encode()),
            prev_root=head_after(rows[-1]) if rows else head,
        )
        rows.append(row)
    return Segment(number, entry, tuple(rows), previous, content)


def to_bytes(segment: Segment) -> bytes:
    """Encode a segment as parquet."""
    table = pa.Table.from_pylist([asdict(row) for row in segment.rows], schema=ROWS.arrow())
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", store_schema=False)
    return buffer.getvalue()


def from_bytes(content: bytes) -> Segment:
    """Decode and check a segment by itself. Raises `DataError` with everything wrong in it."""
    try:
        table = pq.read_table(pa.BufferReader(content), use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"is not a parquet file: {error}") from error
    problems = list(ROWS.problems(table))
    if problems or table.num_rows < 2:
        raise DataError("; ".join(problems) or f"has {table.num_rows} rows, needs 2 or more")
    rows = tuple(_row(cells) for cells in table.to_pylist())
    problems = list(_problems(rows))
    if problems:
        raise DataError("; ".join(problems))
    try:
        manifest = json.loads(rows[-1].payload)
        number, previous = manifest["number"], manifest["previous"]
        return Segment(number, _entry(rows), rows, previous, manifest["content"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"holds no entry: {error!r}") from error


def previous_of(content: bytes) -> str | None:
    """Return the hash of the segment before that a segment names; None where it names none.

    Reads nothing but the last row: what the rest says is `from_bytes`' matter.
    """
    try:
        payloads = pq.read_table(pa.BufferReader(content), columns=["payload"], use_threads=False)
        previous: str = json.loads(payloads["payload"][-1].as_py())["previous"]
    except (pa.ArrowException, OSError, ValueError, KeyError, IndexError, TypeError):
        return None
    return previous


def _entry(rows: tuple[Row, ...]) -> Entry:
    first, *items, _ = rows
    head = json.loads(first.payload)
    return Entry(
        run_id=first.run_id,
        kind=first.kind,
        timestamp=first.ts_utc,
        session=date.fromisoformat(head["session"]),
        facts=head["facts"],
        artefacts=tuple(Artefact(**artefact) for artefact in head["artefacts"]),
        decisions=tuple(
            {"symbol": row.symbol, "con_id": row.con_id, "payload": json.loads(row.payload)}
            for row in items
        ),
    )


def _row(cells: dict[str, Any]) -> Row:
    return Row(**{**cells, "ts_utc": cells["ts_utc"].astimezone(UTC)})


def _problems(rows: tuple[Row, ...]) -> Iterator[str]:
    kinds = [row.kind for row in rows]
    if kinds != [kinds[0], *[f"{kinds[0]}.item"] * (len(rows) - 2), MANIFEST]:
        yield f"holds rows of kinds {sorted(set(kinds))} in a wrong order"
    yield from _chain_problems(rows)


def _chain_problems(rows: Iterable[Row]) -> Iterator[str]:
    before: Row | None = None
    for row in rows:
        if sha256_of(row.payload.encode()) != row.payload_sha256:
            yield f"row {row.seq}: payload does not match its hash"
        if before is not None and row.seq != before.seq + 1:
            yield f"row {row.seq} follows row {before.seq}"
        if before is not None and row.prev_root != head_after(before):
            yield f"row {row.seq} does not follow from the row before"
        before = row
