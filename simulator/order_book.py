"""All orders of the account, and quick ways to the ones that matter."""

from __future__ import annotations

from datetime import datetime

from simulator.orders import OrderRecord


class OrderBook:
    """Orders by permId. Only the newest state of each is kept."""

    def __init__(self) -> None:
        self._orders: dict[int, OrderRecord] = {}
        self._working: dict[int, None] = {}  # permIds in order of acceptance
        self._done: list[int] = []  # permIds in order of completion
        self._by_client: dict[tuple[int, int], int] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def __getitem__(self, perm_id: int) -> OrderRecord:
        return self._orders[perm_id]

    def get(self, perm_id: int) -> OrderRecord | None:
        """Return an order, None when there is none of this permId."""
        return self._orders.get(perm_id)

    def put(self, order: OrderRecord) -> None:
        """Keep an order's new state."""
        perm_id = order.perm_id
        self._orders[perm_id] = order
        self._by_client[order.client_id, order.order_id] = perm_id
        if not order.status.is_done:
            self._working[perm_id] = None
        elif perm_id in self._working:
            del self._working[perm_id]
            self._done.append(perm_id)

    def find(self, client_id: int, order_id: int) -> OrderRecord | None:
        """Return a client's order by the client's own number."""
        perm_id = self._by_client.get((client_id, order_id))
        return None if perm_id is None else self._orders[perm_id]

    @property
    def working(self) -> list[OrderRecord]:
        """Orders that may still trade, in order of acceptance."""
        return [self._orders[perm_id] for perm_id in self._working]

    def done_since(self, moment: datetime) -> list[OrderRecord]:
        """Return the orders filled or cancelled at or after a moment, in order of completion."""
        found = []
        for perm_id in reversed(self._done):
            order = self._orders[perm_id]
            if order.done_at is None or order.done_at < moment:
                break
            found.append(order)
        return found[::-1]
