"""The last checks before an order leaves, the same for every way of sending one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime

from core.calendar import local_time
from core.errors import DataError
from core.money import Money, Price, Rates
from core.settings import LimitSettings
from core.types import Order, OrderType, TradingTerms
from risk.limits import Check, Limits, check, number
from risk.measures import adv_share

SHOWN = 3  # names a line of text repeats


def check_order(
    order: Order,
    *,
    reference: Price | None,
    net_asset_value: float,
    rates: Rates,
    adv: float,
    limits: LimitSettings,
) -> tuple[Check, ...]:
    """Judge one order. Never raises over numbers: it fails them.

    Parameters
    ----------
    reference
        What a share costs now, as its market quotes it; the order's limit price is in the same
        currency and unit. None: not known.
    net_asset_value
        In the base currency of ``rates``.
    rates
        What the order's currency is worth in the base currency; without it the order fails.
    adv
        Average daily volume in shares.
    """
    rules = Limits.of(limits)
    quantity = number(order.quantity)
    quoted = math.nan if reference is None else number(reference.amount)
    cost, told = _cost(order, reference, quantity, rates)
    value = number(net_asset_value)
    worth = cost / Money(value, rates.base) if 0.0 < value < math.inf else math.nan
    whole = math.isfinite(quantity) and quantity > 0.0 and quantity == math.floor(quantity)
    return (
        Check(
            "quantity",
            quantity if math.isfinite(quantity) else None,
            None,
            passed=whole,
            detail="a whole positive number" if whole else "not a whole positive number of shares",
        ),
        check("order value", worth if whole else math.nan, rules.order_value, told),
        check("price collar", _distance(order, quoted), rules.price_collar),
        check(
            "share of volume",
            adv_share(quantity, number(adv)) if whole else math.nan,
            rules.adv_share,
        ),
    )


def check_order_cutoff(now: datetime, cutoff: datetime) -> Check:
    """Hold the time of the decision against the order cut-off; both aware.

    The value is in minutes late.
    """
    late = (now - cutoff).total_seconds() / 60.0
    passed = late <= 0.0
    minutes = int(abs(late))
    told = f"{minutes} minute{'' if minutes == 1 else 's'}" if minutes else "less than a minute"
    side = "before" if passed else "after"
    detail = f"decided {told} {side} the order cut-off, {local_time(cutoff)}"
    return Check("order cut-off", max(late, 0.0), 0.0, passed=passed, detail=detail)


def increment_checks(
    orders: Iterable[Order], terms: Mapping[int, TradingTerms]
) -> tuple[Check, ...]:
    """Name the orders whose price increments the broker did not say; none: it said all.

    Their limits are on increments that the contract's own very likely divide (see `Increments`).
    """
    doubts = sorted(
        {(each.symbol, terms[each.con_id].doubt) for each in orders if terms[each.con_id].doubt}
    )
    if not doubts:
        return ()
    named = "; ".join(f"{symbol}: {doubt}" for symbol, doubt in doubts[:SHOWN])
    more = f"; and {len(doubts) - SHOWN} more" if len(doubts) > SHOWN else ""
    detail = f"limits on coarse increments, those of the exchange are not known ({named}{more})"
    return (Check("price increments", float(len(doubts)), None, passed=True, detail=detail),)


def _cost(
    order: Order, reference: Price | None, quantity: float, rates: Rates
) -> tuple[Money, str]:
    """Return what the whole order may cost in the base currency, and why that is not known."""
    if reference is None:
        return Money(math.nan, rates.base), ""
    dearest = reference.at(_dearest(order, number(reference.amount)))
    try:
        return rates.in_base(dearest * quantity), ""
    except DataError as error:
        return Money(math.nan, rates.base), str(error)


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
