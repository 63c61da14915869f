"""Orders that a client has described but not yet sent: ``transmit`` is off, as in a bracket."""

from __future__ import annotations

from simulator.exchange.orders import OrderTerms


class Untransmitted:
    """Terms by client and order id. They live in TWS only, so a restart forgets them."""

    def __init__(self) -> None:
        self._terms: dict[tuple[int, int], OrderTerms] = {}

    def __contains__(self, key: tuple[int, int]) -> bool:
        return key in self._terms

    def hold(self, client_id: int, order_id: int, terms: OrderTerms) -> None:
        """Keep an order, or change one that is kept."""
        self._terms[client_id, order_id] = terms

    def take(self, client_id: int, order_id: int) -> OrderTerms | None:
        """Return an order and forget it; None when there is none of this number."""
        return self._terms.pop((client_id, order_id), None)

    def family(self, client_id: int, order_id: int) -> list[int]:
        """Return the order ids that leave together with one of them, the parent first.

        These are an order's parent, its children and its siblings, as far as they are kept.
        """
        terms = self._terms.get((client_id, order_id))
        head = (terms.parent_id if terms else 0) or order_id
        kept = [
            number
            for (owner, number), one in sorted(self._terms.items())
            if owner == client_id and head in {number, one.parent_id}
        ]
        return sorted(kept, key=lambda number: number != head)
