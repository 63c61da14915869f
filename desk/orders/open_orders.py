"""What still works at the broker, whoever placed it."""

from __future__ import annotations

from dataclasses import replace

from core.types import OrderState
from desk.records.order_events import OVER
from ibkr.gateway import TradingToolsProtocol


def working_orders(trading: TradingToolsProtocol) -> tuple[OrderState, ...]:
    """Return every order for stocks that may still trade at the broker, whoever placed it.

    Raises `GatewayError` when a list does not come whole: no answer is never "no orders".
    """
    named = [state for state in trading.order_states().values() if state.status not in OVER]
    return tuple(replace(state, fills=()) for state in (*named, *trading.orders_by_hand()))
