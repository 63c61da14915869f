"""The deterministic name of an order: what makes sending it twice visible."""

from __future__ import annotations

import base64
import hashlib
from datetime import date

from core.types import Side

PREFIX = "DB1"


def is_ours(ref: str) -> bool:
    """Tell whether an orderRef is a name that daybook gives; orders by hand have none at all."""
    return ref.startswith(f"{PREFIX}:")


def order_ref(account: str, session: date, con_id: int, side: Side, *, revision: int = 0) -> str:
    """Return the orderRef of an order: 20 printable ASCII characters.

    One per (account, session, conId, side, revision) and independent of quantity and price: a
    second run of a session that wants another quantity still has the same name, so it cannot add
    a second order beside the first.
    """
    key = f"{account}|{session.isoformat()}|{con_id}|{side.value}|{revision}"
    digest = base64.b32encode(hashlib.sha256(key.encode()).digest()).decode()
    return f"{PREFIX}:{digest[:16]}"
