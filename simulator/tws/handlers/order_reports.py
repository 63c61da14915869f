"""What became of orders: open ones, completed ones, executions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.errors import RequestRefused
from core.types import Side
from simulator.exchange.orders import Execution, OrderRecord
from simulator.market.market import SMART, Instrument
from simulator.prices.exchange_rates import rate
from simulator.prices.market_view import midnight, phase
from simulator.tws.handler_context import ClientSession
from simulator.tws.messages import executions as execution_frames
from simulator.tws.messages import orders as frames
from simulator.tws.messages import times
from simulator.tws.messages.numbers import Request
from simulator.tws.messages.session import NOT_A_REQUEST
from simulator.tws.protocol.frames import Fields
from simulator.tws.protocol.refusals import VALIDATION_FAILED
from simulator.untidy.times import odd_time

NOT_CLIENT_ZERO = 327


def open_orders(client: ClientSession, fields: Fields) -> None:
    """Describe the client's own working orders."""
    fields.skip("version")
    fields.end()
    for order in client.gateway.broker.working:
        if order.client_id == client.client_id:
            send_order(client, order)
    client.send(execution_frames.open_order_end())


def all_open_orders(client: ClientSession, fields: Fields) -> None:
    """Describe the working orders of all clients."""
    fields.skip("version")
    fields.end()
    for order in client.gateway.broker.working:
        send_order(client, order)
    client.send(execution_frames.open_order_end())


def auto_open_orders(client: ClientSession, fields: Fields) -> None:
    """Bind manual orders to client 0. There are none here; others may not ask."""
    fields.skip("version")
    fields.flag("autoBind")
    fields.end()
    if client.client_id != 0:
        client.error(
            NOT_A_REQUEST,
            NOT_CLIENT_ZERO,
            "Only the default client (i.e 0) can auto bind orders.",
        )


def completed_orders(client: ClientSession, fields: Fields) -> None:
    """Describe the orders filled or cancelled since midnight in New York, of all clients."""
    fields.flag("apiOnly")
    fields.end()
    broker = client.gateway.broker
    today = midnight(phase(broker.now).day)
    for account, exchange in broker.exchanges.items():
        for order in exchange.orders.done_since(today):
            instrument = client.gateway.view.instrument(order.terms.con_id, broker.now)
            client.send(frames.completed_order(order, instrument, account, version=client.version))
    client.send(execution_frames.completed_orders_end())


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """Which executions a client asks for; empty texts and client 0 mean any."""

    client_id: int
    account: str
    since: datetime | None
    symbol: str
    sec_type: str
    exchange: str
    side: str

    @classmethod
    def read(cls, fields: Fields) -> ExecutionFilter:
        """Decode the filter. Raises `RequestRefused` for a time that is none."""
        client_id = fields.optional_whole("clientId") or 0
        account = fields.text("acctCode")
        time = fields.text("time")
        since = times.parse(time) if time else None
        if time and since is None:
            raise RequestRefused(
                f"Error validating request.-'bV' : cause - Invalid time {time!r}, "
                "'yyyymmdd hh:mm:ss zone' is expected",
                code=VALIDATION_FAILED,
            )
        symbol, sec_type, exchange, side = (
            fields.text(name) for name in ("symbol", "secType", "exchange", "side")
        )
        return cls(client_id, account, since, symbol, sec_type, exchange, side.upper())

    def covers(self, account: str) -> bool:
        """Return whether an account's executions are asked for."""
        return self.account in {"", account}

    def passes(self, execution: Execution, client_id: int, instrument: Instrument) -> bool:
        """Return whether an execution of this client and instrument is asked for.

        ``instrument`` is the underlying for the execution of a whole combination.
        """
        sec_type = "BAG" if execution.is_combination else instrument.sec_type
        sides = {Side.BUY: {"", "BUY", "BOT"}, Side.SELL: {"", "SELL", "SLD"}}
        return (
            self.client_id in {0, client_id}
            and (self.since is None or execution.time >= self.since)
            and self.symbol in {"", instrument.symbol}
            and self.sec_type in {"", sec_type}
            and self.exchange in {"", SMART, instrument.primary_exchange}
            and self.side in sides[execution.side]
        )


def executions(client: ClientSession, fields: Fields) -> None:
    """Report the executions since midnight in New York that pass the client's filter.

    Commission reports go only to the client that owns the order, and to the master client.
    """
    fields.skip("version")
    request_id = fields.identify()
    wanted = ExecutionFilter.read(fields)
    fields.end()
    broker = client.gateway.broker
    today = midnight(phase(broker.now).day)
    for account, exchange in broker.exchanges.items():
        for execution in exchange.executions_since(today) if wanted.covers(account) else []:
            order = exchange.orders[execution.perm_id]
            instrument = client.gateway.view.instrument(execution.con_id, broker.now)
            if wanted.passes(execution, order.client_id, instrument):
                send_execution(client, request_id, order, execution)
                send_commission(client, order, execution)
    client.send(execution_frames.execution_end(request_id))


def send_order(client: ClientSession, order: OrderRecord) -> None:
    """Describe an order and say where it stands."""
    broker = client.gateway.broker
    instrument = client.gateway.view.instrument(order.terms.con_id, broker.now)
    account = order.terms.account or broker.account
    client.send(
        frames.open_order(order, instrument, account, version=client.version),
        execution_frames.order_status(order),
    )


def send_execution(
    client: ClientSession, request_id: int, order: OrderRecord, execution: Execution
) -> None:
    """Report an execution."""
    broker = client.gateway.broker
    instrument = client.gateway.view.instrument(execution.con_id, broker.now)
    account = order.terms.account or broker.account
    client.send(
        execution_frames.execution_details(
            request_id,
            execution,
            order,
            instrument,
            account,
            at=odd_time(
                execution.time,
                times.zoned(execution.time),
                client.gateway.view.untidy,
                execution.execution_id,
            ),
            version=client.version,
        )
    )


def send_commission(client: ClientSession, order: OrderRecord, execution: Execution) -> None:
    """Report what an execution cost, to the order's owner and to the master client only.

    Of a combination the legs cost something, not the whole.
    """
    gateway = client.gateway
    if client.client_id in {order.client_id, gateway.master_client} and not (
        execution.is_combination
    ):
        instrument = gateway.view.instrument(execution.con_id)
        in_base = rate(gateway.view, instrument.currency, gateway.broker.now)
        client.send(
            execution_frames.commission_report(execution, gateway.view.base, in_base=in_base)
        )


HANDLERS = {
    Request.OPEN_ORDERS: open_orders,
    Request.ALL_OPEN_ORDERS: all_open_orders,
    Request.AUTO_OPEN_ORDERS: auto_open_orders,
    Request.COMPLETED_ORDERS: completed_orders,
    Request.EXECUTIONS: executions,
}
