"""Orders whose price follows the quote. Pure functions of the order and a price.

REL stands at the best price of its own side, PEG MKT at the best of the other side, PEG MID and
MIDPRICE in the middle. An offset makes REL more eager and the other pegs less so; a limit is a cap.
"""

from __future__ import annotations

from simulator.exchange.matching import against_the_trader
from simulator.exchange.orders import OrderTerms, OrderType


def peg(
    terms: OrderTerms, reference: float, *, min_tick: float, half_spread: float
) -> float | None:
    """Return where a pegged order stands in a market around ``reference``, None below a tick."""
    side = terms.side.sign
    offset = terms.offset or (terms.offset_share or 0.0) * reference
    match terms.order_type:
        case OrderType.RELATIVE:
            eager = offset - half_spread
        case OrderType.PEGGED_TO_MARKET:
            eager = half_spread - offset
        case _:
            eager = -offset
    # No offset makes it pay more than the market asks. What only rests is rounded to its own side.
    rounded = terms.side if eager >= 0 else terms.side.opposite
    price = against_the_trader(reference + side * min(eager, half_spread), min_tick, rounded)
    if terms.limit_price is not None and side * (price - terms.limit_price) > 0:
        price = terms.limit_price
    return price if price >= min_tick else None


def trades_at_once(terms: OrderTerms, price: float, reference: float) -> bool:
    """Return whether a peg has gone as far as the middle of the quote, where it finds a buyer."""
    return terms.side.sign * (price - reference) >= 0
