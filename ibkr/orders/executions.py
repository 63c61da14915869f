"""The executions of today, each counted once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.types import Fill, Side, oldest_first
from ibkr.orders.fills import fills_by_order
from ibkr.orders.order_lists import ask_executed
from ibkr.wire.order_messages import OrderMessages
from ibkr.wire.requests import Requests


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which executions to return; None means any."""

    symbol: str | None = None
    side: Side | None = None
    since: datetime | None = None  # aware; a fill whose time is not known is returned
    order_ref: str | None = None

    def passes(self, fill: Fill) -> bool:
        """Tell whether an execution is asked for."""
        return (
            self.symbol in {None, fill.symbol}
            and self.side in {None, fill.side}
            and self.order_ref in {None, fill.order_ref}
            and (self.since is None or fill.time is None or fill.time >= self.since)
        )


@dataclass(frozen=True, slots=True)
class Executions:
    """Executions of an account, oldest first, of all its clients and of orders by hand.

    Commissions of other clients' orders are unknown here (None) unless this is the gateway's
    master client.
    """

    as_of: datetime
    fills: tuple[Fill, ...]


async def executions(
    requests: Requests, messages: OrderMessages, account: str, wanted: Wanted, *, within: float
) -> Executions:
    """Ask for today's executions. Raises `GatewayError` when the list does not come whole."""
    executed = await ask_executed(requests, within=within)
    as_of = await requests.current_time(within=within)
    by_order = fills_by_order(executed, messages.commissions, account=account)
    fills = [fill for each in by_order.values() for fill in each if wanted.passes(fill)]
    fills.sort(key=oldest_first)
    return Executions(as_of, tuple(fills))
