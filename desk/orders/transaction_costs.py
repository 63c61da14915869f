"""What trading cost: each fill against the price the decision was made at."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.types import Fill


@dataclass(frozen=True, slots=True)
class FillCost:
    """One fill and its distance from the decision. Positive is a cost, negative a gain."""

    fill: Fill
    decision_price: float | None  # per share; None for an order beside the ticket
    slippage_bps: float | None  # basis points of the decision price
    slippage: float | None  # base currency, commission not included


@dataclass(frozen=True, slots=True)
class Costs:
    """The costs of a session."""

    fills: tuple[FillCost, ...]
    traded: float  # base currency, both sides, over the fills whose unit is known
    slippage: float  # base currency, over the fills with a decision price
    slippage_bps: float | None  # of what those fills would have cost at their decision prices
    commission: float  # money, as far as the broker reported it
    without_commission: int  # fills whose commission is not known


def cost_of(fill: Fill, decision_price: float | None, *, unit: float | None) -> FillCost:
    """Return what a fill cost against the decision.

    ``unit`` is what one unit of its prices, a penny for example, is worth in the base currency.

    slippage = side * (price - decision price) * quantity, side +1 for BUY and -1 for SELL: the
    implementation shortfall of what was filled (Perold, 1988), without its opportunity cost.
    """
    known = decision_price is not None and math.isfinite(decision_price) and decision_price > 0
    if decision_price is None or not known:
        return FillCost(fill, None, None, None)
    distance = fill.side.sign * (fill.price - decision_price)
    spent = None if unit is None else distance * fill.quantity * unit
    return FillCost(fill, decision_price, 1e4 * distance / decision_price, spent)


def costs(
    fills: Iterable[Fill], decision_prices: Mapping[str, float], units: Mapping[int, float]
) -> Costs:
    """Return what the fills cost against the decision prices of their orders, by order_ref.

    ``units`` are what one unit of each name's prices is worth in the base currency, by conId.
    """
    each = tuple(
        cost_of(fill, decision_prices.get(fill.order_ref), unit=units.get(fill.con_id))
        for fill in fills
    )
    slippage = sum(one.slippage or 0.0 for one in each)
    at_decision = sum(
        one.fill.quantity * (one.decision_price or 0.0) * units.get(one.fill.con_id, 0.0)
        for one in each
    )
    return Costs(
        fills=each,
        traded=sum(
            one.fill.quantity * one.fill.price * units.get(one.fill.con_id, 0.0) for one in each
        ),
        slippage=slippage,
        slippage_bps=1e4 * slippage / at_decision if at_decision > 0.0 else None,
        commission=sum(one.fill.commission or 0.0 for one in each),
        without_commission=sum(one.fill.commission is None for one in each),
    )
