"""What is held of one instrument, and how trades and splits change it. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from math import copysign, trunc


@dataclass(frozen=True, slots=True)
class Holding:
    """Shares or contracts, negative for short, and what one cost, as IBKR reports it.

    The cost includes the commission and, of a contract, the multiplier.
    """

    quantity: float = 0  # whole but for what an account began with
    average_cost: float = 0.0


def after_trade(
    held: Holding, quantity: float, price: float, commission: float
) -> tuple[Holding, float | None]:
    """Trade ``quantity`` (signed) and return the new holding and the realized gain.

    ``price`` is for one share or contract, its multiplier included; ``commission`` may be any
    further cost, below zero what came in. The gain is net of it, and None when nothing was closed.
    """
    direction = copysign(1, quantity)
    if held.quantity * quantity >= 0:
        total = abs(held.quantity) + abs(quantity)
        # A buyer pays the commission on top, a short seller receives that much less.
        cost = abs(held.quantity) * held.average_cost + abs(quantity) * price
        cost += direction * commission
        return Holding(held.quantity + quantity, cost / total), None
    closed = min(abs(held.quantity), abs(quantity))
    opened = abs(quantity) - closed
    share = commission / abs(quantity)
    gain = -direction * closed * (price - held.average_cost) - closed * share
    left = held.quantity + quantity
    if opened:
        return Holding(left, price + direction * share), gain
    return Holding(left, held.average_cost if left else 0.0), gain


def after_split(held: Holding, ratio: float, price: float) -> tuple[Holding, float]:
    """Split and return the new holding and the cash paid instead of a fraction of a share.

    ``price`` is per new share. A short holding pays that cash instead of receiving it.
    """
    exact = held.quantity * ratio
    # The tolerance keeps 3 * (1/3) a whole share.
    whole = trunc(exact + copysign(1e-9, exact))
    cost = held.average_cost / ratio if whole else 0.0
    return Holding(whole, cost), round((exact - whole) * price, 2)
