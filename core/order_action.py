"""What an order does to a position, in the broker's words: sell short, buy to cover.

On the wire and in the ticket an order is BUY or SELL; the words follow from what is held.
"""

from __future__ import annotations

import math

from core.types import Side

SELL_SHORT, BUY_TO_COVER = "SELL SHORT", "BUY TO COVER"


def opened_short(side: Side, quantity: float, held: float | None) -> float:
    """Return the shares by which an order opens or enlarges a short position.

    ``held`` are signed shares before the order; None or NaN is "not known", and then nothing is
    said to be short.
    """
    if held is None or math.isnan(held) or side is Side.BUY:
        return 0.0
    return min(float(quantity), max(quantity - held, 0.0))


def covered(side: Side, quantity: float, held: float | None) -> float:
    """Return the shares by which an order makes a short position smaller."""
    if held is None or math.isnan(held) or side is Side.SELL:
        return 0.0
    return min(float(quantity), max(-held, 0.0))


def action(side: Side, quantity: float, held: float | None) -> str:
    """Return the words; an order that changes the sign of a position does two things.

    >>> action(Side.SELL, 150, 100.0)
    'SELL 100, SELL SHORT 50'
    """
    part = opened_short(side, quantity, held) or covered(side, quantity, held)
    if not part:
        return side.value
    rest = quantity - part
    words = SELL_SHORT if side is Side.SELL else BUY_TO_COVER
    if not rest:
        return words
    if side is Side.SELL:
        return f"SELL {rest:,g}, {words} {part:,g}"
    return f"{words} {part:,g}, BUY {rest:,g}"
