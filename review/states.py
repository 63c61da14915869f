"""How orders stand, as people and the journal are told; whatever is not known comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.order_action import action
from core.types import OrderState, OrderStatus, Side


@dataclass(frozen=True, slots=True)
class OrderReport:
    """How one order stands. What it filled is in shares, at a price in its market's own units."""

    order_ref: str
    con_id: int
    symbol: str
    side: Side
    action: str  # what it does to the position, in words: ``SELL SHORT``
    quantity: float
    status: OrderStatus
    filled: float
    average_price: float | None  # None without a fill
    perm_id: int
    message: str  # the broker's own words


def order_reports(
    states: Iterable[OrderState], held: Mapping[str, float]
) -> tuple[OrderReport, ...]:
    """Return how orders stand; ``held`` as `desk.tickets.ticket_store.TicketRecord.held`."""
    return tuple(
        OrderReport(
            order_ref=state.order_ref,
            con_id=state.con_id,
            symbol=state.symbol,
            side=state.side,
            action=action(state.side, state.quantity, held.get(state.order_ref)),
            quantity=state.quantity,
            status=state.status,
            filled=state.filled,
            average_price=average_price(state),
            perm_id=state.perm_id,
            message=state.message,
        )
        for state in states
    )


def average_price(state: OrderState) -> float | None:
    """Return the mean price of an order's fills, weighted by quantity; None without a fill.

    None too of an order with legs: each trades at a price of its own, some bought and some sold.
    """
    quantity = sum(fill.quantity for fill in state.fills)
    if state.legs or not quantity > 0.0:
        return None
    return sum(fill.quantity * fill.price for fill in state.fills) / quantity


def some_of(names: Sequence[str], most: int = 5) -> str:
    """Name the first of some symbols, and count the others: ``AAPL, IBM and 36 more``."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def counted(states: Iterable[OrderState], *, pending: int = 0) -> str:
    """Return how many orders are in which state: ``3 filled, 1 working``.

    ``pending`` orders more have not left.
    """
    found = Counter(state.status.value for state in states)
    found += Counter({OrderStatus.PENDING.value: pending})
    return ", ".join(f"{number} {status}" for status, number in sorted(found.items())) or "none"


def uncertain_names(states: Iterable[OrderState]) -> str:
    """Return a warning with the orders whose fate is not known; empty when there are none."""
    names = [state.symbol for state in states if state.status is OrderStatus.UNCERTAIN]
    return f"UNCERTAIN {', '.join(names)}: look at the broker; " if names else ""
