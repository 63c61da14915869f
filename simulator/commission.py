"""What an order costs: IBKR's fixed schedule for US stocks, exchange fees included.

Source: interactivebrokers.com, "Commissions stocks, fixed": 0.005 USD a share, at least 1.00 USD
and at most 1 % of the trade value an order; where the maximum is below the minimum it applies.
"""

from __future__ import annotations

PER_SHARE = 0.005
MINIMUM = 1.00
MAXIMUM_SHARE = 0.01


def order_commission(quantity: float, value: float) -> float:
    """Return what an order of ``quantity`` shares worth ``value`` costs, both without sign. USD."""
    if not quantity:
        return 0.0
    return round(min(max(MINIMUM, PER_SHARE * quantity), MAXIMUM_SHARE * value), 6)
