"""The last checks before an order leaves, the same for every way of sending one."""

from __future__ import annotations

import math

from core.settings import LimitSettings
from core.types import Order, OrderType
from risk.limits import Check, Limits, check, number
from risk.measures import adv_share


def check_order(
    order: Order,
    *,
    reference_price: float,
    net_asset_value: float,
    adv: float,
    limits: LimitSettings,
) -> tuple[Check, ...]:
    """Judge one order. Never raises over numbers: it fails them.

    Parameters
    ----------
    reference_price
        What a share is worth now, in the base currency; the limit price is in the same.
    net_asset_value
        In the base currency.
    adv
        Average daily volume in shares.
    """
    rules = Limits.of(limits)
    quantity, reference = number(order.quantity), number(reference_price)
    value = number(net_asset_value)
    worth = quantity * _dearest(order, reference) / value if 0.0 < value < math.inf else math.nan
    whole = math.isfinite(quantity) and quantity > 0.0 and quantity == math.floor(quantity)
    return (
        Check(
            "quantity",
            quantity if math.isfinite(quantity) else None,
            None,
            passed=whole,
            detail="a whole positive number" if whole else "not a whole positive number of shares",
        ),
        check("order value", worth if whole else math.nan, rules.order_value),
        check("price collar", _distance(order, reference), rules.price_collar),
        check(
            "share of volume",
            adv_share(quantity, number(adv)) if whole else math.nan,
            rules.adv_share,
        ),
    )


def _dearest(order: Order, reference: float) -> float:
    """Return the most a share may cost; NaN when the reference or a limit price is not known."""
    if not (math.isfinite(reference) and reference > 0.0):
        return math.nan
    if order.order_type is OrderType.MARKET:
        return reference
    limit = number(order.limit_price)
    return max(limit, reference) if math.isfinite(limit) and limit > 0.0 else math.nan


def _distance(order: Order, reference: float) -> float:
    """Return how far the limit price is from the reference, as a fraction of the reference.

    A market order has no price of its own; it is at the reference, which must still be known.
    """
    if math.isnan(_dearest(order, reference)):
        return math.nan
    if order.order_type is OrderType.MARKET:
        return 0.0
    return abs(number(order.limit_price) / reference - 1.0)
