"""At what price an order trades, if it does. Pure functions of the order and a bar.

Daily bars do not tell the path of a session, so the rules are the cautious ones: a market order
pays half a spread on top of the open; a limit order that is not marketable trades only when the
session's range went strictly beyond its limit, and then at its limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

from core.types import Side
from simulator.exchange.orders import OrderTerms
from simulator.market.market import DailyBar


@dataclass(frozen=True, slots=True)
class MatchingRules:
    """What trading costs beyond the commission, and how orders are split up."""

    half_spread_bps: float = 2.0  # basis points of the price; where no quote tells it
    two_parts_from: int = 200  # shares; smaller orders trade in one piece
    most_of_volume: float | None = None  # of a session's volume, for one resting order


def immediate_price(
    terms: OrderTerms, reference: float, *, min_tick: float, half_spread: float
) -> float | None:
    """Return the price against a market at ``reference``, None when there is none.

    Half a spread is added. A limit can forbid it; one that is better than the market asks never
    costs more for that: the price is improved. What is worth less than the spread finds no buyer,
    unless it is a combination, whose price may be below zero.
    """
    side = terms.side.sign
    price = against_the_trader(reference + side * half_spread, min_tick, terms.side)
    if price < min_tick and not terms.legs:
        return None
    if not terms.order_type.has_limit:
        return price
    assert terms.limit_price is not None
    if terms.side is Side.BUY:
        return min(price, terms.limit_price) if reference <= terms.limit_price else None
    return max(price, terms.limit_price) if reference >= terms.limit_price else None


def resting_price(terms: OrderTerms, bar: DailyBar, *, peg: float | None = None) -> float | None:
    """Return the price of an order that rested through a session, None when it was not reached.

    A pegged order rests at its ``peg``.
    """
    limit = peg if terms.order_type.is_pegged else terms.limit_price
    if limit is None:
        return None
    reached = bar.low < limit if terms.side is Side.BUY else bar.high > limit
    return limit if reached else None


def average_price(terms: OrderTerms, bar: DailyBar, *, min_tick: float) -> float | None:
    """Return the price of an order that is worked through a session, None beyond its limit.

    It is the average that the session's bar is reported with: the mean of its four prices.
    """
    mean = (bar.open + bar.high + bar.low + bar.close) / 4
    price = against_the_trader(mean, min_tick, terms.side)
    if not terms.order_type.has_limit or terms.limit_price is None:
        return price
    beyond = terms.side.sign * (price - terms.limit_price) > 0
    return None if beyond else price


def parts(quantity: int, *, rules: MatchingRules) -> tuple[int, ...]:
    """Split a quantity into what trades at once: one part, or two for bigger orders."""
    if quantity < rules.two_parts_from:
        return (quantity,)
    first = quantity // 200 * 100  # about half, in round lots
    return (first, quantity - first)


def most_of(remaining: int, volume: int, *, rules: MatchingRules) -> int:
    """Return how much of a resting order can trade in a session of this volume."""
    if rules.most_of_volume is None:
        return remaining
    return min(remaining, floor(rules.most_of_volume * volume))


def scaled_limit(limit: float | None, ratio: float, *, min_tick: float) -> float | None:
    """Return a price of an order after a split, on the grid."""
    return None if limit is None else round(max(round(limit / ratio / min_tick), 1) * min_tick, 6)


def on_tick(price: float, min_tick: float) -> bool:
    """Return whether a price is a multiple of the minimum price variation."""
    steps = price / min_tick
    return abs(steps - round(steps)) < 1e-6


def against_the_trader(price: float, min_tick: float, side: Side) -> float:
    """Return the nearest price on the grid that is not better for the trader."""
    # The tolerance keeps a price that already lies on the grid there.
    steps = price / min_tick
    whole = ceil(steps - 1e-9) if side is Side.BUY else floor(steps + 1e-9)
    return round(whole * min_tick, 6)
