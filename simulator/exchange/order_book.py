"""All orders of the account, and quick ways to the ones that matter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from simulator.exchange.orders import OrderRecord


class OrderBook:
    """Orders by permId. Only the newest state of each is kept."""

    def __init__(self) -> None:
        self._orders: dict[int, OrderRecord] = {}
        self._working: dict[int, None] = {}  # permIds in order of acceptance
        self._timed: dict[int, None] = {}  # those of them that a moment or a condition changes
        self._done: list[int] = []  # permIds in order of completion
        self._by_client: dict[tuple[int, int], int] = {}
        self._children: dict[tuple[int, int], list[int]] = {}  # by client and parent's order id
        self._groups: dict[str, list[int]] = {}  # "one cancels all", by name

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
        if perm_id not in self._orders:
            self._link(order)
        self._orders[perm_id] = order
        self._by_client[order.client_id, order.order_id] = perm_id
        terms = order.terms
        if order.status.is_done or not (terms.waits or terms.conditions or terms.good_till):
            self._timed.pop(perm_id, None)
        else:
            self._timed[perm_id] = None
        if not order.status.is_done:
            self._working[perm_id] = None
        elif perm_id in self._working:
            del self._working[perm_id]
            self._done.append(perm_id)

    def find(self, client_id: int, order_id: int) -> OrderRecord | None:
        """Return a client's order by the client's own number."""
        perm_id = self._by_client.get((client_id, order_id))
        return None if perm_id is None else self._orders[perm_id]

    def children_of(self, parent: OrderRecord) -> list[OrderRecord]:
        """Return the orders attached to another one, in order of acceptance."""
        perm_ids = self._children.get((parent.client_id, parent.order_id), ())
        return [self._orders[perm_id] for perm_id in perm_ids]

    def group_of(self, order: OrderRecord) -> list[OrderRecord]:
        """Return the other orders of an order's group, in order of acceptance."""
        perm_ids = self._groups.get(order.terms.oca_group, ())
        return [self._orders[perm_id] for perm_id in perm_ids if perm_id != order.perm_id]

    @property
    def working(self) -> list[OrderRecord]:
        """Orders that may still trade, in order of acceptance."""
        return [self._orders[perm_id] for perm_id in self._working]

    @property
    def timed(self) -> list[OrderRecord]:
        """Working orders that sleep, expire at a moment, or end with their conditions."""
        return [self._orders[perm_id] for perm_id in self._timed]

    def done_since(self, moment: datetime) -> list[OrderRecord]:
        """Return the orders filled or cancelled at or after a moment, in order of completion."""
        found = []
        for perm_id in reversed(self._done):
            order = self._orders[perm_id]
            if order.done_at is None or order.done_at < moment:
                break
            found.append(order)
        return found[::-1]

    def still_working(self, orders: Iterable[OrderRecord]) -> Iterator[OrderRecord]:
        """Yield the present state of those orders that still work when their turn comes."""
        for listed in orders:
            order = self[listed.perm_id]
            if not order.status.is_done:
                yield order

    def _link(self, order: OrderRecord) -> None:
        terms, perm_id = order.terms, order.perm_id
        if terms.parent_id:
            key = order.client_id, terms.parent_id
            self._children.setdefault(key, []).append(perm_id)
        if terms.oca_group:
            self._groups.setdefault(terms.oca_group, []).append(perm_id)
