"""Taking back everything at once: IBKR's global cancel, and proof that nothing is left."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from ibkr.orders.open_orders import BrokerOrder, opened
from ibkr.orders.order_lists import OVER, ask_opened
from ibkr.wire.order_messages import OrderMessages
from ibkr.wire.requests import Requests

_ASK_AGAIN_AFTER = 1.0


@dataclass(frozen=True, slots=True)
class GlobalCancel:
    """What worked before, and what the broker still shows as working afterwards."""

    as_of: datetime
    asked: tuple[BrokerOrder, ...]
    still_working: tuple[BrokerOrder, ...]

    @property
    def flat(self) -> bool:
        """Whether the broker, asked again, shows no working order."""
        return not self.still_working


async def cancel_everything(
    requests: Requests, messages: OrderMessages, account: str, *, within: float, lists_within: float
) -> GlobalCancel:
    """Cancel every order of every client, also those placed by hand, and ask until none works.

    It concerns all accounts of the login: IBKR knows no narrower global cancel. Raises
    `GatewayError` when the broker does not say what works, before or afterwards.
    """
    asked = await _working(requests, account, within=lists_within)
    await requests.turn()
    requests.client.reqGlobalCancel()
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while left_over := await _working(requests, account, within=lists_within):
        left = deadline - loop.time()
        if left <= 0:
            break
        await messages.changed(within=min(left, _ASK_AGAIN_AFTER))
    as_of = await requests.current_time(within=lists_within)
    return GlobalCancel(as_of, asked, left_over)


async def _working(requests: Requests, account: str, *, within: float) -> tuple[BrokerOrder, ...]:
    rows = await ask_opened(requests, within=within)
    found = (order for order in opened(rows, account) if order.status not in OVER)
    return tuple(sorted(found, key=lambda order: order.perm_id))
