"""What the gateway sends unasked: order states, executions, positions, account values, ticks."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from simulator.broker.order_checks import CANCELLED, WAS_CANCELLED
from simulator.broker.profit_and_loss import gains
from simulator.broker.valuation import PortfolioRow, Valuation, closed_row, value
from simulator.exchange.events import ExchangeEvent, Executed, OrderChanged, PositionChanged
from simulator.exchange.orders import OrderRecord, Status
from simulator.tws.handler_context import ClientSession, SharedState
from simulator.tws.handlers.account import send_account, send_multi, send_summary
from simulator.tws.handlers.gains import send_gains
from simulator.tws.handlers.history import send_new_bars
from simulator.tws.handlers.market_data import send_quote
from simulator.tws.handlers.market_depth import send_book
from simulator.tws.handlers.news import send_bulletins
from simulator.tws.handlers.order_reports import send_commission, send_execution, send_order
from simulator.tws.handlers.real_time_bars import send_live_bars
from simulator.tws.handlers.tick_by_tick import send_ticks_by_tick
from simulator.tws.messages import account as account_frames
from simulator.tws.messages import executions as execution_frames
from simulator.tws.messages.session import NOT_A_REQUEST


class Notifications:
    """Turns events of the exchange into frames for the clients concerned.

    Order frames leave at once and in order. Positions and account values are collected until
    `flush`: a batch of fills ends in one account update, not in one for each fill.
    """

    def __init__(self, gateway: SharedState) -> None:
        self._gateway = gateway
        self._moved: dict[str, set[int]] = {}  # conIds whose position changed, by account
        self._revalue = False

    def on_event(self, event: ExchangeEvent) -> None:
        """Send an order's event to its audience; note what else has changed."""
        match event:
            case OrderChanged(order):
                self._order_changed(order)
            case Executed(order, execution):
                for client in self._audience(order):
                    self._executed(client, event)
                account = order.terms.account or self._gateway.broker.account
                self._moved.setdefault(account, set()).add(execution.con_id)
            case PositionChanged(account, con_id):
                self._moved.setdefault(account, set()).add(con_id)

    def prices_moved(self) -> None:
        """Send fresh ticks to every stream and note that all values have changed."""
        self._revalue = True
        for client in self._gateway.clients.values():
            for request_id, subscription in client.market_streams.quotes.items():
                send_quote(client, request_id, subscription)
            for request_id, book in client.market_streams.books.items():
                send_book(client, request_id, book)
            send_new_bars(client)
            send_live_bars(client)
            send_ticks_by_tick(client)
            send_bulletins(client)

    def flush(self) -> None:
        """Send positions and account values that have changed since the last time."""
        moved, revalue = self._moved, self._revalue
        self._moved, self._revalue = {}, False
        for account in self._gateway.broker.accounts if moved or revalue else ():
            if revalue or account in moved:
                self._flush_account(account, moved.get(account, set()), revalue=revalue)

    def _flush_account(self, account: str, moved: set[int], *, revalue: bool) -> None:
        exchange = self._gateway.broker.exchanges[account]
        valuation = value(exchange)
        held = {row.instrument.con_id: row for row in valuation.rows}
        changed = set(held) | moved if revalue else moved
        rows = [held.get(i) or closed_row(exchange, i) for i in sorted(changed)]
        followers = [c for c in self._gateway.clients.values() if _follows_gains(c, account)]
        of_positions = gains(exchange, valuation) if followers else {}
        for client in self._gateway.clients.values():
            self._state(client, account, valuation, rows, moved)
            if client in followers:
                send_gains(client, account, of_positions)

    def _state(
        self,
        client: ClientSession,
        account: str,
        valuation: Valuation,
        rows: Sequence[PortfolioRow],
        moved: Container[int],
    ) -> None:
        streams = client.account_streams
        if streams.positions:
            positions = [row for row in rows if row.instrument.con_id in moved]
            client.send(*(account_frames.position(account, row) for row in positions))
        if streams.account == account:
            client.send(*(account_frames.portfolio_value(account, row) for row in rows))
            send_account(client, account, valuation)
        for request_id, request in sorted(streams.multi.items()):
            if request.account == account:
                send_multi(client, request_id, valuation)
        for request_id in sorted(streams.summaries):
            send_summary(client, request_id, account, valuation)

    def _audience(self, order: OrderRecord) -> Iterator[ClientSession]:
        """Yield the connected clients that are notified of an order: its owner and the master."""
        clients = self._gateway.clients
        for client_id in dict.fromkeys((order.client_id, self._gateway.master_client)):
            if client_id is not None and client_id in clients:
                yield clients[client_id]

    def _order_changed(self, order: OrderRecord) -> None:
        for client in self._audience(order):
            if order.status is not Status.CANCELLED:
                send_order(client, order)
                continue
            client.send(execution_frames.order_status(order))
            if client.client_id == order.client_id:  # to others the number means nothing
                client.error(order.order_id, CANCELLED, WAS_CANCELLED)

    def _executed(self, client: ClientSession, event: Executed) -> None:
        """Send the execution first and its commission last: ib_async drops an early commission."""
        order, execution = event.order, event.execution
        send_execution(client, NOT_A_REQUEST, order, execution)
        send_order(client, order)
        send_commission(client, order, execution)


def _follows_gains(client: ClientSession, account: str) -> bool:
    streams = client.account_streams
    single = (followed for followed, _ in streams.gains_of_one.values())
    return account in {*streams.gains.values(), *single}
