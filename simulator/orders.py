"""What an order is to the exchange: its terms, its state, its executions. Frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.types import OrderType, Side


class TimeInForce(StrEnum):
    """How long an order works."""

    DAY = "DAY"  # until the close of its session
    GTC = "GTC"  # until it is filled or cancelled
    OPG = "OPG"  # in the next opening auction only


class Status(StrEnum):
    """Where an order stands, in the words of TWS."""

    PRE_SUBMITTED = "PreSubmitted"  # accepted, waiting for the exchange to open
    SUBMITTED = "Submitted"  # working at the exchange
    FILLED = "Filled"
    CANCELLED = "Cancelled"

    @property
    def is_done(self) -> bool:
        """Whether nothing can happen to the order any more."""
        return self in {Status.FILLED, Status.CANCELLED}


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """What an order asks for. Quantities are shares, prices per share."""

    con_id: int
    side: Side
    quantity: int
    order_type: OrderType
    limit_price: float | None
    time_in_force: TimeInForce
    order_ref: str = ""

    @property
    def signed_quantity(self) -> int:
        """Shares the position would change by."""
        return self.side.sign * self.quantity


@dataclass(frozen=True, slots=True)
class Execution:
    """A part of an order that traded."""

    execution_id: str
    perm_id: int
    con_id: int
    side: Side
    quantity: int
    price: float
    time: datetime
    commission: float
    realized: float | None  # gain on what it closed; None when it closed nothing
    cumulative_quantity: int  # of the order, this execution included
    average_price: float  # of the order so far


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An accepted order and what became of it."""

    perm_id: int
    order_id: int
    client_id: int
    terms: OrderTerms
    placed_at: datetime
    status: Status
    filled: int = 0
    notional: float = 0.0  # sum of quantity times price over the executions
    commission: float = 0.0
    executions: int = 0
    last_price: float = 0.0
    done_at: datetime | None = None
    reason: str = ""  # why it was cancelled

    @property
    def remaining(self) -> int:
        """Shares still to trade."""
        return self.terms.quantity - self.filled

    @property
    def average_price(self) -> float:
        """Average price of the executions, 0 before the first."""
        return self.notional / self.filled if self.filled else 0.0
