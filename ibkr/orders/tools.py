"""Orders, question by question: what works, what is over, what was executed, what changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from core.errors import ConfigurationError, NoData
from core.money import Rates
from core.types import Order, OrderState
from ibkr.orders.cancel_all import GlobalCancel, cancel_everything
from ibkr.orders.executions import Executions, Wanted, executions
from ibkr.orders.modify import Change, modify_order
from ibkr.orders.open_orders import BrokerOrders, completed_orders, open_orders
from ibkr.orders.order_lists import order_records
from ibkr.orders.status_updates import Sighting, watch
from ibkr.orders.what_if import BasketStep, what_if_basket
from ibkr.wire.connection import Connection


class OrderTools:
    """Questions about the orders of one account, and the verbs that change them.

    The verbs need a connection that was opened for orders. They are the broker's and nothing
    more: permission, limits and the trail belong to the desk.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open_orders(self) -> BrokerOrders:
        """Return what works, of every client and by hand."""
        line = self._connection.line
        return self._connection.run(
            open_orders(line.requests, self._connection.account, within=self._patience)
        )

    def completed_orders(self) -> BrokerOrders:
        """Return what was filled or cancelled today, of every client and by hand."""
        line = self._connection.line
        return self._connection.run(
            completed_orders(line.requests, self._connection.account, within=self._patience)
        )

    def executions(self, wanted: Wanted | None = None) -> Executions:
        """Return what was executed today, each execution once."""
        line = self._connection.line
        return self._connection.run(
            executions(
                line.requests,
                line.order_messages,
                self._connection.account,
                wanted or Wanted(),
                within=self._patience,
            )
        )

    def status(self, order_ref: str) -> OrderState:
        """Return how one order stands. Raises `NoData` when the broker does not know it today."""
        line = self._connection.line
        records = self._connection.run(
            order_records(
                line.requests, line.order_messages, self._connection.account, within=self._patience
            )
        )
        if order_ref not in records:
            raise NoData(
                f"the broker knows no order {order_ref} today; what it knows: order_states"
            )
        return records[order_ref].state

    def watch(
        self, order_refs: Collection[str] | None = None, *, timeout: float
    ) -> Iterator[Sighting]:
        """Yield how these orders stand, or all that carry a name, and every change of it.

        Ends when all of them are over, or after ``timeout`` seconds; raises `GatewayError` when
        the broker falls silent.
        """
        return watch(self._connection, order_refs, timeout=timeout)

    def what_if_basket(self, orders: Sequence[Order], *, rates: Rates) -> tuple[BasketStep, ...]:
        """Ask the what-if of orders one after the other; what they change adds up.

        ``rates`` turn commissions into the base currency.

        A rejection or silence is that order's fate, and nothing after it counts as covered.
        Raises `GatewayUnreachable` when the connection is lost.
        """
        self._refuse_market_data_line()
        return self._connection.run(
            what_if_basket(
                self._connection.line.requests,
                tuple(orders),
                self._connection.account,
                rates=rates,
                within=self._patience,
            )
        )

    def modify(self, order: Order, *, timeout: float) -> Change:
        """Give the working order of this order_ref these terms; see `ibkr.orders.modify`."""
        self._refuse_market_data_line()
        line = self._connection.line
        return self._connection.run(
            modify_order(
                line.requests,
                line.order_messages,
                self._connection.account,
                order,
                client_id=line.client.clientId,
                within=timeout,
                lists_within=self._patience,
            )
        )

    def cancel_everything(self, *, timeout: float) -> GlobalCancel:
        """Cancel every order of every client and by hand, and say what still works then."""
        self._refuse_market_data_line()
        line = self._connection.line
        return self._connection.run(
            cancel_everything(
                line.requests,
                line.order_messages,
                self._connection.account,
                within=timeout,
                lists_within=self._patience,
            )
        )

    def _refuse_market_data_line(self) -> None:
        if not self._connection.for_orders:
            raise ConfigurationError(
                "this connection is for market data: open one with for_orders=True"
            )

    @property
    def _patience(self) -> float:
        return self._connection.settings.request_timeout
