"""The limit price of an order: beyond the reference price, on the tick."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from core.types import Side


def marketable_limit(reference: float, *, side: Side, offset: float, tick: float) -> float:
    """Return the limit price at ``offset`` beyond the reference, on the tick, per share.

    A purchase is rounded up and a sale down, so that the order is never less willing to trade
    than was meant; the least is one tick. In decimals, because in binary 100 * 1.005 is not 100.5.
    """
    step = Decimal(repr(tick))
    wanted = Decimal(repr(reference)) * (1 + side.sign * Decimal(repr(offset)))
    rounding = ROUND_CEILING if side is Side.BUY else ROUND_FLOOR
    steps = (wanted / step).to_integral_value(rounding)
    return float(max(steps, Decimal(1)) * step)
