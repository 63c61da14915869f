"""The limit price that somebody asks for, as their market takes it."""

from __future__ import annotations

from core.types import Contract, Side
from ibkr.gateway import Gateway
from risk.limit_price import kept_within


def limit_as_asked(contract: Contract, side: Side, limit: float, gateway: Gateway) -> float:
    """Return a limit above zero on a price that the market takes, never beyond what was asked.

    Where the broker does not say which prices those are, it stays as it was asked for.
    """
    terms = gateway.market.trading_terms([contract])[contract.con_id]
    return limit if terms.doubt else kept_within(limit, side=side, increments=terms.increments)
