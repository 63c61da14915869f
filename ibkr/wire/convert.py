"""Where IBKR's ways to say "unknown" end: 1.797e308, -1 with size 0, NaN and the empty field."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from typing import Any

import ib_async

from core.errors import ConfigurationError, GatewayError
from core.types import Contract, OrderStatus, Side
from core.types.labels import symbol_of

# Both spellings of the largest double are on the wire: "...E308" and "...e+308".
_UNSET = 1.7e308

_STATUSES = {
    "ApiPending": OrderStatus.PENDING,
    "PendingSubmit": OrderStatus.PENDING,
    "PreSubmitted": OrderStatus.WORKING,
    "Submitted": OrderStatus.WORKING,
    "PendingCancel": OrderStatus.WORKING,
    "Filled": OrderStatus.FILLED,
    "Cancelled": OrderStatus.CANCELLED,
    "ApiCancelled": OrderStatus.CANCELLED,
    "Inactive": OrderStatus.REJECTED,
}
_SIDES = {
    "BUY": Side.BUY,
    "BOT": Side.BUY,
    "SELL": Side.SELL,
    "SLD": Side.SELL,
    "SSHORT": Side.SELL,
}


def number(value: Any) -> float | None:
    """Return a finite number, or None for anything that IBKR uses to say "not known"."""
    try:
        result = float(value)
    except (TypeError, ValueError):
        return None
    return result if math.isfinite(result) and abs(result) < _UNSET else None


def price(value: Any) -> float | None:
    """Return a price above zero, or None: -1 and 0 say that there is none."""
    result = number(value)
    return result if result is not None and result > 0 else None


def order_status(text: str) -> OrderStatus:
    """Return our name for a status. One that we do not know is UNCERTAIN, never done."""
    return _STATUSES.get(text, OrderStatus.UNCERTAIN)


def side(text: str) -> Side:
    """Return the side of an order or of an execution. Raises `GatewayError` for anything else."""
    if text not in _SIDES:
        raise GatewayError(f"IBKR reports an order with side {text!r}")
    return _SIDES[text]


def session_date(text: str) -> date:
    """Return the date of a daily bar, ``YYYYMMDD``. Raises `ValueError` for anything else."""
    if len(text) != 8 or not text.isdigit():
        raise ValueError(f"{text!r} is not a date")
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def duration(text: str) -> str:
    """Return a duration after checking that IBKR can read it. Raises `ConfigurationError`."""
    if not re.fullmatch(r"[1-9][0-9]{0,4} [SDWMY]", text):
        raise ConfigurationError(
            f"{text!r} is not a duration: a number, a space and one of S, D, W, M, Y, such as '2 Y'"
        )
    return text


def end_time(moment: datetime | None) -> str:
    """Return the end of a request for history as IBKR wants it: empty means "until now"."""
    if moment is not None and moment.tzinfo is None:
        raise ConfigurationError(f"the end of the history needs a time zone: {moment}")
    return "" if moment is None else f"{moment.astimezone(UTC):%Y%m%d-%H:%M:%S}"


def is_printable(text: str) -> bool:
    """Tell whether a text may go on the wire: printable ASCII, at least one character.

    The wire separates fields by NUL bytes, so a control character shifts all later fields: a
    NUL in an order's reference once turned its account into its time in force.
    """
    return bool(text) and text.isascii() and text.isprintable()


def to_wire(contract: Contract) -> ib_async.Contract:
    """Return ib_async's contract. conId and exchange identify it; the rest must agree."""
    return ib_async.Contract(
        conId=contract.con_id,
        symbol=symbol_of(contract.symbol),
        secType=contract.sec_type,
        exchange=contract.exchange,
        currency=contract.currency,
    )
