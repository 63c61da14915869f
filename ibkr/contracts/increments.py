"""Market rules: which increment of price counts from which price on."""

from __future__ import annotations

from core.errors import DataError
from core.types import Increment
from ibkr.wire.convert import number, price
from ibkr.wire.request_types import market_rule
from ibkr.wire.requests import Requests


async def price_increments(
    requests: Requests, rule: int, *, within: float
) -> tuple[Increment, ...]:
    """Ask for the increments of a market rule, lowest prices first."""
    (found,) = await requests.by_kind(
        market_rule(rule),
        lambda: requests.client.reqMarketRule(rule),
        what=f"market rule {rule}",
        within=within,
    )
    edges = [(number(one.lowEdge), price(one.increment)) for one in found]
    known = [
        Increment(low, step)
        for low, step in edges
        if low is not None and low >= 0 and step is not None
    ]
    if not known or len(known) < len(edges):
        raise DataError(f"market rule {rule}: increments {edges} cannot be used")
    return tuple(sorted(known, key=lambda one: one.low_edge))
