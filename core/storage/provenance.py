"""What code ran: a hash over the sources, so that a run's key changes when the code does."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DECIDING = ("core", "desk", "feeds", "ibkr", "optimiser", "risk", "signals", "tasks")


@cache
def code_hash(*others: str) -> str:
    """Return twelve digits that name the code of every room that takes part in a decision.

    ``others`` are further rooms whose code counts as well.
    """
    digest = hashlib.sha256()
    for room in (*DECIDING, *others):
        for path in sorted([*(ROOT / room).rglob("*.py"), *(ROOT / room).rglob("*.toml")]):
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
