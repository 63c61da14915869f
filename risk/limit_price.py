"""The limit price of an order: beyond the reference price, at one that its market takes."""

from __future__ import annotations

from decimal import Decimal

from core.types import Increments, Side


def marketable_limit(
    reference: float, *, side: Side, offset: float, increments: Increments
) -> float:
    """Return the limit price at ``offset`` beyond the reference, on an increment, per share.

    A purchase is rounded up and a sale down, so that the order is never less willing to trade
    than was meant; the least is one increment.

    >>> marketable_limit(123.47, side=Side.SELL, offset=0.01, increments=Increments.flat(0.05))
    122.2
    """
    wanted = Decimal(repr(reference)) * (1 + side.sign * Decimal(repr(offset)))
    return increments.rounded(wanted, up=side is Side.BUY)


def kept_within(limit: float, *, side: Side, increments: Increments) -> float:
    """Return somebody's limit on an increment, never beyond what they said.

    A purchase is rounded down and a sale up: whoever names a price pays no more and gets no less.
    """
    return increments.rounded(Decimal(repr(limit)), up=side is Side.SELL)
