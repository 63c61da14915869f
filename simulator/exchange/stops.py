"""Orders that sleep until the market reaches their stop. Pure functions of the order and a bar.

Of an order "if touched" the stop is where the market is better, not worse, than it was. The path of
a session is not known, so the cautious one is assumed: from the open first against the order, to
the extreme on the side of its stop, then to the other extreme, then to the close.
"""

from __future__ import annotations

from dataclasses import replace

from core.types import Side
from simulator.exchange.orders import OrderRecord, OrderTerms
from simulator.market.market import DailyBar


def seen(order: OrderRecord, price: float) -> OrderRecord:
    """Let a sleeping order see one price: it wakes, or a trailing stop follows."""
    stop = _stop(order)
    if stop is not None and _reached(order.terms, stop, price):
        return replace(order, triggered=True, stop=stop)
    return replace(order, stop=followed(order.terms, stop, price))


def through(order: OrderRecord, bar: DailyBar) -> tuple[OrderRecord, float | None]:
    """Let a sleeping order see a session after its open.

    Returns the order and, where it wakes, the price at which it meets the market: its stop.
    """
    sells = order.terms.side is Side.SELL
    path = (bar.low, bar.high, bar.close) if sells else (bar.high, bar.low, bar.close)
    for price in path:
        stop = _stop(order)
        order = seen(order, price)
        if order.triggered:
            return order, stop
    return order, None


def limit_after_stop(order: OrderRecord, bar: DailyBar) -> float | None:
    """Return the price of a stop-limit order that woke and whose limit the stop lay beyond.

    It gets its limit when the session ended on the right side of it: of what came between the
    stop and the close nothing is known.
    """
    limit = order.terms.limit_price
    if limit is None:
        return None
    inside = bar.close < limit if order.terms.side is Side.BUY else bar.close > limit
    return limit if inside else None


def followed(terms: OrderTerms, stop: float | None, price: float) -> float | None:
    """Return where a stop stands after a price: a trailing one follows it in one direction."""
    if not terms.order_type.is_trailing:
        return stop
    distance = terms.trail_amount or price * (terms.trail_percent or 0.0) / 100
    away = round(price + terms.side.sign * distance, 6)
    if stop is None:
        return away
    return max(stop, away) if terms.side is Side.SELL else min(stop, away)


def _stop(order: OrderRecord) -> float | None:
    return order.terms.stop_price if order.stop is None else order.stop


def _reached(terms: OrderTerms, stop: float, price: float) -> bool:
    falls = (terms.side is Side.SELL) is not terms.order_type.is_touched
    return price <= stop if falls else price >= stop
