"""What trading cost: each fill against the price the decision was made at."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.errors import DataError
from core.money import Money, Rates
from core.types import Fill


@dataclass(frozen=True, slots=True)
class FillCost:
    """One fill and its distance from the decision. Positive is a cost, negative a gain."""

    fill: Fill
    decision_price: float | None  # as its market quotes it; None for an order beside the ticket
    slippage_bps: float | None  # basis points of the decision price
    slippage: Money | None  # base currency, commission not included
    commission: Money | None  # base currency


@dataclass(frozen=True, slots=True)
class Costs:
    """The costs of a session, in the account's base currency."""

    fills: tuple[FillCost, ...]
    traded: Money  # both sides, over the fills whose unit is known
    slippage: Money  # over the fills with a decision price
    slippage_bps: float | None  # of what those fills would have cost at their decision prices
    commission: Money  # as far as the broker reported it, and its currency has a rate
    without_commission: int  # fills whose commission is not known


def commission_of(fill: Fill, rates: Rates) -> Money | None:
    """Return a fill's commission in the base currency; None without it, or without its rate."""
    if fill.commission is None:
        return None
    try:
        return rates.in_base(fill.commission)
    except DataError:
        return None


def cost_of(
    fill: Fill, decision_price: float | None, *, unit: float | None, rates: Rates
) -> FillCost:
    """Return what a fill cost against the decision.

    ``unit`` is what one unit of its prices, a penny for example, is worth in the base currency.

    slippage = side * (price - decision price) * quantity, side +1 for BUY and -1 for SELL: the
    implementation shortfall of what was filled (Perold, 1988), without its opportunity cost.
    """
    paid = commission_of(fill, rates)
    known = decision_price is not None and math.isfinite(decision_price) and decision_price > 0
    if decision_price is None or not known:
        return FillCost(fill, None, None, None, paid)
    distance = fill.side.sign * (fill.price - decision_price)
    spent = None if unit is None else Money(distance * fill.quantity * unit, rates.base)
    return FillCost(fill, decision_price, 1e4 * distance / decision_price, spent, paid)


def costs(
    fills: Iterable[Fill],
    decision_prices: Mapping[str, float],
    units: Mapping[int, float],
    rates: Rates,
) -> Costs:
    """Return what the fills cost against the decision prices of their orders, by order_ref.

    ``units`` are what one unit of each name's prices is worth in the base currency of ``rates``,
    by conId.
    """
    each = tuple(
        cost_of(
            fill,
            decision_prices.get(fill.order_ref),
            unit=units.get(fill.con_id),
            rates=rates,
        )
        for fill in fills
    )
    nothing = Money(0.0, rates.base)
    slippage = sum((one.slippage for one in each if one.slippage is not None), nothing)
    at_decision = sum(
        one.fill.quantity * (one.decision_price or 0.0) * units.get(one.fill.con_id, 0.0)
        for one in each
    )
    traded = sum(
        one.fill.quantity * one.fill.price * units.get(one.fill.con_id, 0.0) for one in each
    )
    return Costs(
        fills=each,
        traded=Money(traded, rates.base),
        slippage=slippage,
        slippage_bps=1e4 * slippage.amount / at_decision if at_decision > 0.0 else None,
        commission=sum((one.commission for one in each if one.commission is not None), nothing),
        without_commission=sum(one.commission is None for one in each),
    )
