"""The numbers of orders: permIds by the broker, order ids by the clients, each used once."""

from __future__ import annotations

from collections.abc import Iterable

from core.errors import RequestRefused
from simulator.exchange.order_log import Placed

FIRST_PERM_ID = 1_000_000_000
DUPLICATE_ID = 103


class OrderNumbers:
    """Which numbers are used. Events of a later date count as well: the clock may come there."""

    def __init__(self, placed: Iterable[Placed]) -> None:
        self.next_perm_id = FIRST_PERM_ID
        self.next_order_id = 1
        self._highest: dict[int, int] = {}  # order id by client
        for event in placed:
            self.accepted(event)

    def accepted(self, event: Placed) -> None:
        """Count the numbers of an accepted order as used."""
        self.next_perm_id = max(self.next_perm_id, event.perm_id + 1)
        self.use(event.client_id, event.order_id)

    def use(self, client_id: int, order_id: int) -> None:
        """Count an order id, and all below it, as used by a client."""
        self._highest[client_id] = max(self._highest.get(client_id, 0), order_id)
        self.reserve(order_id)

    def reserve(self, order_id: int) -> None:
        """Offer no client an order id as its next one, as after a what-if order."""
        self.next_order_id = max(self.next_order_id, order_id + 1)

    def refuse_used(self, client_id: int, order_id: int) -> None:
        """Refuse an order id that is not above all that the client has used (103)."""
        if order_id <= self._highest.get(client_id, 0):
            raise RequestRefused("Duplicate order id", code=DUPLICATE_ID)
