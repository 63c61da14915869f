"""The portfolio: what the account holds, and the orders that would change it."""

from __future__ import annotations

from core.types import Snapshot
from ibkr.account.orders_from_targets import diff_to_orders
from ibkr.account.snapshot import take_snapshot
from ibkr.wire.connection import Connection


class Portfolio:
    """The account of one connection."""

    diff_to_orders = staticmethod(diff_to_orders)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def snapshot(self) -> Snapshot:
        """Ask for positions and account figures; return them whole, as of the gateway's time.

        Raises `GatewayError` when any part is missing, and never returns a part.
        """
        return self._connection.run(
            take_snapshot(
                self._connection.line.requests,
                self._connection.account,
                within=self._connection.settings.request_timeout,
            )
        )
