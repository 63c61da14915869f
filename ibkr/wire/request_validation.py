"""What may leave: printable ASCII and finite numbers, whichever request carries them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ib_async.client import Client
from ib_async.contract import Contract

from core.errors import DataError

_CONTRACT_FIELDS = (
    "conId", "symbol", "secType", "lastTradeDateOrContractMonth", "strike", "right", "multiplier",
    "exchange", "primaryExchange", "currency", "localSymbol", "tradingClass",
)  # fmt: skip


class CarefulClient(Client):
    """ib_async's client, except that it refuses what would be read as something else.

    ib_async checks nothing: a NUL inside a text shifts every later field of its message, NaN
    leaves as "nan" and infinity as "Infinite". This is the last gate, behind the checks that each
    tool makes of its own arguments.
    """

    def send(self, *fields: Any, makeEmpty: bool = True) -> None:  # noqa: N803 - ib_async's name
        """Send one message. Raises `DataError`, with nothing sent, when a field is unfit."""
        unfit = [problem for field in fields for problem in _problems(field)]
        if unfit:
            raise DataError(f"message {fields[0]} was not sent: {'; '.join(unfit)}")
        super().send(*fields, makeEmpty=makeEmpty)  # type: ignore[no-untyped-call]


def is_sendable(text: str) -> bool:
    """Tell whether a text may be a field: printable ASCII, or empty, which means "not set"."""
    return not text or (text.isascii() and text.isprintable())


def _problems(field: Any) -> Iterator[str]:
    if isinstance(field, str):
        if not is_sendable(field):
            yield f"{field!r} is not printable ASCII"
    elif isinstance(field, float):
        if not math.isfinite(field):
            yield f"{field} is no finite number"
    elif isinstance(field, Contract):
        for name in _CONTRACT_FIELDS:
            yield from _problems(getattr(field, name))
    elif isinstance(field, list):
        for pair in field:
            yield from _problems(pair.tag)
            yield from _problems(pair.value)
