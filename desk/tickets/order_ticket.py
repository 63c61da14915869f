"""The order ticket: what a person reviews, and what approval and submission are bound to."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache

from core.canonical import canonical_json, sha256_of
from core.decoding import decode
from core.errors import DataError
from core.types import Order
from core.types.frozen import FrozenHolding
from risk.limits import Check


class TicketStatus(StrEnum):
    """What may be done with a ticket."""

    PROPOSED = "proposed"
    RECOMMENDATION_ONLY = "recommendation_only"


@dataclass(frozen=True, slots=True)
class TicketLine:
    """One order with what a reviewer needs to judge it.

    Weights are fractions of net asset value; margin and commission are in base currency, as the
    what-if returned them.
    """

    order: Order
    reference_price: float
    notional: float
    weight_before: float
    weight_after: float
    alpha_score: float | None
    adv_share: float | None
    maintenance_margin_change: float | None
    commission: float | None
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Removed:
    """An order that did not survive its what-if or its own limits."""

    symbol: str
    con_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """All orders of one session, in send order. The same decision always has the same bytes."""

    account: str
    mode: str
    session: date
    run_key: str
    status: TicketStatus
    decided_at: datetime
    finish_line: datetime
    net_asset_value: float
    lines: tuple[TicketLine, ...]
    removed: tuple[Removed, ...] = ()
    failed_checks: tuple[Check, ...] = ()
    frozen: tuple[FrozenHolding, ...] = ()  # what is held and stays as it is

    @property
    def orders(self) -> tuple[Order, ...]:
        """The orders, in send order."""
        return tuple(line.order for line in self.lines)

    def content(self) -> bytes:
        """Return the ticket as canonical JSON."""
        stated = asdict(self)
        if not self.frozen:  # a ticket of an account without any reads as it always did
            del stated["frozen"]
        return canonical_json(stated, indent=2)

    @property
    def sha256(self) -> str:
        """The hash that a review speaks of."""
        return sha256_of(self.content())


@lru_cache(maxsize=8)  # the same bytes are the same ticket, and are read many times while sending
def read_ticket(content: bytes) -> Ticket:
    """Read a ticket back. Raises `DataError` unless the bytes are exactly what it would write."""
    try:
        ticket = decode(Ticket, json.loads(content))
    except (ValueError, DataError) as error:
        raise DataError(f"this is not an order ticket: {error}; run the day again") from error
    if ticket.content() != content:
        raise DataError("this order ticket was edited by hand; run the day again")
    return ticket
