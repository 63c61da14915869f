"""What the gateway sends unasked: order states, executions, positions, account values, ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.exchange import Executed, Happening, OrderChanged, PositionSplit
from simulator.handlers.account import send_account, send_multi, send_summary
from simulator.handlers.market_data import send_quote
from simulator.handlers.order_reports import send_commission, send_execution, send_order
from simulator.messages import account as account_frames
from simulator.messages import orders as order_frames
from simulator.messages.session import NOT_A_REQUEST
from simulator.orders import OrderRecord, Status
from simulator.valuation import closed_row, value

if TYPE_CHECKING:
    from simulator.client import Client
    from simulator.gateway import Gateway

ORDER_CANCELLED = 202


class Pushes:
    """Turns what happens at the exchange into frames for those whom it concerns.

    Order frames leave at once and in order. Positions and account values are collected until
    `flush`: a batch of fills ends in one account update, not in one for each fill.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._moved: set[int] = set()  # conIds whose position has changed
        self._revalue = False

    def happened(self, happening: Happening) -> None:
        """Tell the owner of an order what happened to it; note what else has changed."""
        match happening:
            case OrderChanged(order):
                self._order_changed(order)
            case Executed(order, execution):
                owner = self._owner(order)
                if owner is not None:
                    self._executed(owner, happening)
                self._moved.add(execution.con_id)
            case PositionSplit(con_id):
                self._moved.add(con_id)

    def prices_moved(self) -> None:
        """Send fresh ticks to every stream and note that all values have changed."""
        self._revalue = True
        for client in self._gateway.clients.values():
            for request_id, con_id in client.lines.items():
                send_quote(client, request_id, con_id)

    def flush(self) -> None:
        """Send positions and account values that have changed since the last time."""
        if not (self._moved or self._revalue):
            return
        broker = self._gateway.broker
        valuation = value(broker.exchange)
        held = {row.instrument.con_id: row for row in valuation.rows}
        changed = set(held) | self._moved if self._revalue else self._moved
        rows = [held.get(i) or closed_row(broker.exchange, i) for i in sorted(changed)]
        moved = [row for row in rows if row.instrument.con_id in self._moved]
        self._moved, self._revalue = set(), False
        for client in self._gateway.clients.values():
            if client.wants_positions:
                client.send(*(account_frames.position(broker.account, row) for row in moved))
            if client.wants_account:
                client.send(*(account_frames.portfolio_value(broker.account, row) for row in rows))
                send_account(client, valuation)
            for request_id in client.account_multi:
                send_multi(client, request_id, valuation)
            for request_id in client.summaries:
                send_summary(client, request_id, valuation)

    def _owner(self, order: OrderRecord) -> Client | None:
        return self._gateway.clients.get(order.client_id)

    def _order_changed(self, order: OrderRecord) -> None:
        owner = self._owner(order)
        if owner is None:
            return
        if order.status is Status.CANCELLED:
            owner.send(order_frames.order_status(order))
            owner.error(order.order_id, ORDER_CANCELLED, "Order Canceled - reason:")
        else:
            send_order(owner, order)

    def _executed(self, owner: Client, happening: Executed) -> None:
        """Send the execution first and its commission last: ib_async drops an early commission."""
        order, execution = happening.order, happening.execution
        send_execution(owner, NOT_A_REQUEST, order, execution)
        send_order(owner, order)
        send_commission(owner, order, execution)
