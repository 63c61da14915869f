"""How rows are chained: every row commits to all rows before it.

    leaf(row)  = sha256(0x00 + canonical JSON of the row)
    head(0)    = sha256(nothing)
    head(i+1)  = sha256(0x01 + head(i) + leaf(row i))

The prefixes keep a leaf from ever passing as an inner value; they, the leaf and the empty head
are those of RFC 6962, section 2.1.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from core.canonical import canonical_json, sha256_of

GENESIS = sha256_of(b"")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a segment."""

    seq: int  # position in the journal, from 0, without gaps
    run_id: str
    ts_utc: datetime
    kind: str
    symbol: str | None
    con_id: int | None
    payload: str  # canonical JSON
    payload_sha256: str
    prev_root: str  # head over all rows before this one


def head_after(row: Row) -> str:
    """Return the head once this row has been added to ``row.prev_root``."""
    leaf = hashlib.sha256(b"\x00" + canonical_json(row)).digest()
    return sha256_of(b"\x01" + bytes.fromhex(row.prev_root) + leaf)
