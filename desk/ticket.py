"""The order ticket: what a person reviews, and what approval and submission are bound to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from core.canonical import canonical_json, sha256_of
from core.types import Order


class TicketStatus(StrEnum):
    """What may be done with a ticket."""

    PROPOSED = "proposed"
    RECOMMENDATION_ONLY = "recommendation_only"


@dataclass(frozen=True, slots=True)
class TicketLine:
    """One order with what a reviewer needs to judge it.

    Weights are fractions of net asset value; margin and commission are in base currency, as the
    broker rehearsed them.
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
    """An order that did not survive its rehearsal or its own limits."""

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
    failed_checks: tuple[dict[str, Any], ...] = field(default=())

    @property
    def orders(self) -> tuple[Order, ...]:
        """The orders, in send order."""
        return tuple(line.order for line in self.lines)

    def content(self) -> bytes:
        """Return the ticket as canonical JSON."""
        return canonical_json(self, indent=2)

    @property
    def sha256(self) -> str:
        """The hash that a review speaks of."""
        return sha256_of(self.content())
