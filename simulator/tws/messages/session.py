"""Frames that open and keep a session: handshake, accounts, ids, errors, the time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from simulator.tws.messages import times
from simulator.tws.messages.numbers import Answer
from simulator.tws.protocol.frames import Field, message
from simulator.tws.protocol.versions import NEWEST, Since

NOT_A_REQUEST = -1

FARMS_OK = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefil"),
)


def handshake(version: int, now: datetime) -> bytes:
    """Answer a client's version range: the version to speak and the connection time."""
    return message(version, times.zoned(now))


def error(request_id: int, code: int, text: str, *, version: int = NEWEST) -> bytes:
    """Report an error, a warning or a notice. ``request_id`` is -1 for none."""
    # Required where it is known: a frame without it hangs ib_async.
    advanced_reject: list[Field] = [""] if version >= Since.ADVANCED_REJECT else []
    return message(Answer.ERROR, 2, request_id, code, text, *advanced_reject)


def managed_accounts(accounts: Sequence[str]) -> bytes:
    """Name the accounts of this login."""
    return message(Answer.MANAGED_ACCOUNTS, 1, ",".join(accounts))


def next_valid_id(order_id: int) -> bytes:
    """Say from which order id on the client may number its orders."""
    return message(Answer.NEXT_VALID_ID, 1, order_id)


def current_time(now: datetime) -> bytes:
    """Say what time it is at the broker, in seconds since 1970."""
    return message(Answer.CURRENT_TIME, 1, int(now.timestamp()))
