"""Quotes with a fault: empty, not a number, zero, in another unit."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from simulator.faults.request import FaultRequest
from simulator.prices.quotes import NOTHING, Quote


def faulted_quote(known: Quote, fault: FaultRequest | None) -> Quote:
    """Return a quote as the ``quotes`` fault of its symbol has it; unchanged without one."""
    match fault.kind if fault else None:
        case "empty":
            sides = replace(known, bid=NOTHING, ask=NOTHING, bid_size=0, ask_size=0)
            return replace(sides, last=NOTHING, close=None)
        case "nan":
            return _priced(known, lambda _: math.nan)
        case "zero":
            return _priced(known, lambda _: 0.0)
        case "jump":
            ratio = fault.ratio or 1.0 if fault else 1.0
            return _priced(known, lambda price: round(price * ratio, 6))
    return known


def _priced(known: Quote, price: Callable[[float], float]) -> Quote:
    def optional(value: float | None) -> float | None:
        return None if value is None else price(value)

    return replace(
        known,
        bid=price(known.bid),
        ask=price(known.ask),
        last=price(known.last),
        close=optional(known.close),
        open=optional(known.open),
        high=optional(known.high),
        low=optional(known.low),
    )
