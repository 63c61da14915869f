"""What a strategy takes from the available funds: Regulation T, as IBKR publishes it.

An estimate, to be held against the broker's what-if, which decides. Premium paid is counted,
premium received is taken off: for a spread that leaves just what it can lose. Sources: IBKR's
page "Options margin requirements" (Reg T) and its article on iron condors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.types import Side
from risk.strategies.legs import Strategy, StrategyKind, StrategyLeg

STOCK_INITIAL = 0.50  # of the value, Reg T
NAKED = 0.20  # of the underlying, less what the option is out of the money
NAKED_LEAST = 0.10  # of the underlying for a call, of the strike for a put


def funds_required(
    strategy: Strategy,
    side: Side,
    *,
    price: float,
    underlying: float,
    leg_prices: Sequence[float],
) -> float:
    """Return the funds that one share of the combination ties up; NaN where that is not known.

    ``price`` is net, ``leg_prices`` are in the order of the legs; all are per share.

    >>> from datetime import date
    >>> from risk.strategies.legs import StrategyTerms, build
    >>> terms = StrategyTerms(StrategyKind.VERTICAL, "SPY", date(2026, 8, 21), (500.0, 510.0), "C")
    >>> funds_required(build(terms), Side.SELL, price=4.0, underlying=505.0, leg_prices=(8.0, 4.0))
    6.0
    """
    if strategy.kind is StrategyKind.COVERED_CALL:
        return _covered_call(strategy, price=price, underlying=underlying)
    if side is Side.BUY:
        return price  # long options have no margin: their price is paid
    if strategy.kind is StrategyKind.CALENDAR:
        # The near option that is bought does not cover the far one that is sold.
        return _naked(strategy.legs[-1], underlying) + leg_prices[-1] - price
    if strategy.widths:
        return _spreads(strategy.widths) - price
    return _both_naked(strategy, underlying, leg_prices) - price


def _spreads(widths: Sequence[float]) -> float:
    # The underlying cannot be beyond both spreads: where they are alike, one of them is margined.
    alike = math.isclose(min(widths), max(widths))
    return max(widths) if alike else sum(widths)


def _covered_call(strategy: Strategy, *, price: float, underlying: float) -> float:
    (call,) = strategy.options
    inside = max(underlying - (call.strike or 0.0), 0.0)
    # The shares' margin and the call's amount in the money; the loan on the rest is theirs.
    return price - underlying * (1.0 - STOCK_INITIAL) + inside


def _both_naked(strategy: Strategy, underlying: float, leg_prices: Sequence[float]) -> float:
    """Return the larger of both naked margins, and the other option's price."""
    needs = [_naked(leg, underlying) for leg in strategy.legs]
    if not all(math.isfinite(each) for each in (*needs, *leg_prices)):
        return math.nan
    return max(needs) + sum(leg_prices)


def _naked(leg: StrategyLeg, underlying: float) -> float:
    strike = leg.strike or math.nan
    outside = strike - underlying if leg.right == "C" else underlying - strike
    least = NAKED_LEAST * (underlying if leg.right == "C" else strike)
    return max(NAKED * underlying - max(outside, 0.0), least)
