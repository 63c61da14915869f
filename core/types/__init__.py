"""The broker's vocabulary, as frozen values. Identity of an instrument is its conId.

Money is in the account's base currency unless a field says otherwise; prices are per share in
the contract's currency; quantities are shares, positive for long and negative for short.
`None` means "not known", never zero.
"""

from core.types.account import Mode, Position, Snapshot, whole_shares
from core.types.instruments import LIVE, PREVIOUS_CLOSE, Contract, Quote
from core.types.orders import (
    BrokerWhatIf,
    ComboOrder,
    Fill,
    Leg,
    Order,
    OrderState,
    OrderStatus,
    OrderType,
    Side,
    WhatIf,
    oldest_first,
)
from core.types.trading_terms import Hours, Increment, Increments, TradingTerms

__all__ = [
    "LIVE",
    "PREVIOUS_CLOSE",
    "BrokerWhatIf",
    "ComboOrder",
    "Contract",
    "Fill",
    "Hours",
    "Increment",
    "Increments",
    "Leg",
    "Mode",
    "Order",
    "OrderState",
    "OrderStatus",
    "OrderType",
    "Position",
    "Quote",
    "Side",
    "Snapshot",
    "TradingTerms",
    "WhatIf",
    "oldest_first",
    "whole_shares",
]
