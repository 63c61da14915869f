"""Orders: asked what-if, sent, followed, cancelled."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from core.errors import ConfigurationError
from core.types import Order, OrderState, WhatIf
from ibkr.orders.open_orders import by_hand, open_orders
from ibkr.orders.order_lists import order_records
from ibkr.orders.order_tracking import await_settled, cancel_order
from ibkr.orders.send import Leaving, send_orders, unasked
from ibkr.orders.what_if import what_if_order
from ibkr.wire.connection import Connection


class TradingTools:
    """The orders of one account, on a connection that was opened for orders.

    These are the broker's verbs and nothing more: permission, limits and the promise that an
    intent is sent at most once belong to the desk.
    """

    def __init__(self, connection: Connection) -> None:
        if not connection.for_orders:
            raise ConfigurationError(
                "this connection is for market data: open one with for_orders=True"
            )
        self._connection = connection

    def what_if(self, order: Order) -> WhatIf:
        """Ask the what-if of one order at the broker; it leaves no order behind.

        A rejection, silence or an order that could not be sent is an answer that is not
        accepted. Raises `GatewayUnreachable` when the connection is lost.
        """
        return self._connection.run(
            what_if_order(
                self._connection.line.requests,
                order,
                self._connection.account,
                within=self._connection.settings.request_timeout,
            )
        )

    def place_orders(
        self, orders: Sequence[Order], *, timeout: float, leaving: Leaving = unasked
    ) -> tuple[OrderState, ...]:
        """Send a batch in the given order; return how each that left stands by the broker's word.

        Waits at most ``timeout`` seconds for acknowledgements. One bad order refuses the batch
        with `DataError`, as does an order_ref that the broker already knows; `GatewayError` means
        that nothing was sent. Each order leaves inside ``leaving``, on the connection's thread;
        what that raises keeps it and all later ones back. After the first byte nothing is raised:
        what is not acknowledged and in none of the broker's lists is UNCERTAIN, and is not sent
        again; an order that is not returned has not left.
        """
        return self._connection.run(
            send_orders(
                self._connection.line.requests,
                self._connection.line.order_messages,
                tuple(orders),
                self._connection.account,
                acknowledged_within=timeout,
                lists_within=self._connection.settings.request_timeout,
                leaving=leaving,
            )
        )

    def order_states(self) -> dict[str, OrderState]:
        """Return every order of this account that the broker knows today, by order_ref.

        From open orders, completed orders and executions, of all clients, each list whole.
        Orders that a person placed by hand have no order_ref and are not among them. Raises
        `GatewayTimeout` when a list does not come, `GatewayError` when one order_ref stands for
        two orders.
        """
        records = self._connection.run(
            order_records(
                self._connection.line.requests,
                self._connection.line.order_messages,
                self._connection.account,
                within=self._connection.settings.request_timeout,
            )
        )
        return {ref: record.state for ref, record in records.items()}

    def orders_by_hand(self) -> tuple[OrderState, ...]:
        """Return the orders for stocks without an order_ref that still work, by permId.

        A person placed them, or another program. Raises `GatewayTimeout` when the list of open
        orders does not come: no answer is never "no orders".
        """
        found = self._connection.run(
            open_orders(
                self._connection.line.requests,
                self._connection.account,
                within=self._connection.settings.request_timeout,
            )
        )
        return by_hand(found.orders)

    def await_fills(self, order_refs: Collection[str], *, timeout: float) -> dict[str, OrderState]:
        """Wait until these orders are over with all commissions, at most ``timeout`` seconds.

        Returns their states then; an order_ref that the broker does not know has no entry.
        """
        return self._connection.run(
            await_settled(
                self._connection.line.requests,
                self._connection.line.order_messages,
                self._connection.account,
                order_refs,
                within=timeout,
                lists_within=self._connection.settings.request_timeout,
            )
        )

    def cancel(self, order_ref: str, *, timeout: float) -> OrderState:
        """Cancel one order and return how it stands, at the latest after ``timeout`` seconds."""
        return self._connection.run(
            cancel_order(
                self._connection.line.requests,
                self._connection.line.order_messages,
                self._connection.account,
                order_ref,
                client_id=self._connection.line.client.clientId,
                within=timeout,
                lists_within=self._connection.settings.request_timeout,
            )
        )
