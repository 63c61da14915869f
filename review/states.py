"""How a batch of orders stands, in words; whatever is not known comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from core.types import OrderState, OrderStatus


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
