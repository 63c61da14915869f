"""The orders that the journal says have left: a memory outside the desk's file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import journal
from core.errors import JournalError, StorageError
from core.types import OrderStatus


def sealed_as_sent(log: Path | None, session: date) -> dict[str, str]:
    """Return the orders of a session that the journal says have left, with what it says of them.

    The journal is outside the desk's file: an older copy put back in the file's place does not
    agree with it. One that cannot be read says nothing here: sealing fails over it, and says so.
    """
    found: dict[str, str] = {}
    if log is None:
        return found
    try:
        for each in journal.newest_first(log):
            if each.entry.kind == "decision" and each.entry.session < session:
                break  # a session is decided after those before it
            if (each.entry.kind, each.entry.session) == ("execution", session):
                for row in each.entry.decisions:
                    _note_sent(found, row["payload"], each.number)
    except (JournalError, StorageError):
        return found
    return found


def _note_sent(found: dict[str, str], order: Mapping[str, Any], number: int) -> None:
    if order["status"] != OrderStatus.PENDING.value or order["perm_id"]:
        found.setdefault(order["order_ref"], f"{order['status']}, as recorded in entry {number}")
