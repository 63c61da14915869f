"""The three lists of orders of an exchange in this process, as messages of the gateway."""

from __future__ import annotations

import ib_async

from core.money import Money
from ibkr.orders.open_orders import BrokerOrder, by_perm_id, opened
from ibkr.orders.order_lists import Record, join_lists
from ibkr.replay.received import received
from ibkr.wire.messages import CompletedOrder, Executed, OpenOrder, Status
from simulator.broker.broker import Broker
from simulator.exchange.orders import Execution, OrderRecord
from simulator.prices.market_view import midnight, phase
from simulator.tws.messages.orders import completed_status


def order_records(broker: Broker) -> dict[str, Record]:
    """Return every order known today, by order_ref; see `ibkr.orders.order_lists.order_records`."""
    exchange, account = broker.exchange, broker.account
    today = midnight(phase(broker.now).day)
    working = _working(broker)
    executions = exchange.executions_since(today)
    return join_lists(
        working,
        [_completed(broker, order) for order in exchange.orders.done_since(today)],
        [_executed(broker, execution) for execution in executions],
        {one.execution_id: _commission(broker, one) for one in executions},
        account=account,
    )


def open_orders(broker: Broker) -> tuple[BrokerOrder, ...]:
    """Return the orders that work, as `ibkr.orders.open_orders.open_orders` does."""
    return by_perm_id(opened(_working(broker), broker.account))


def _working(broker: Broker) -> list[OpenOrder | Status]:
    rows: list[OpenOrder | Status] = []
    for order in broker.exchange.orders.working:
        rows += [_open_order(broker, order), _status(order)]
    return rows


def _open_order(broker: Broker, order: OrderRecord) -> OpenOrder:
    return OpenOrder(
        _contract(broker, order.terms.con_id),
        _order(broker, order),
        ib_async.OrderState(status=order.status.value),
    )


def _status(order: OrderRecord) -> Status:
    return Status(
        order.order_id, order.client_id, order.perm_id, order.status.value, float(order.filled)
    )


def _completed(broker: Broker, order: OrderRecord) -> CompletedOrder:
    return CompletedOrder(
        _contract(broker, order.terms.con_id),
        _order(broker, order),
        ib_async.OrderState(status=order.status.value, completedStatus=completed_status(order)),
    )


def _commission(broker: Broker, execution: Execution) -> Money | None:
    amount = received(execution.commission)
    return None if amount is None else Money(amount, broker.exchange.view.base)


def _executed(broker: Broker, execution: Execution) -> Executed:
    order = broker.exchange.orders[execution.perm_id]
    return Executed(
        _contract(broker, execution.con_id),
        ib_async.Execution(
            execId=execution.execution_id,
            acctNumber=broker.account,
            side=execution.side.value,
            shares=float(execution.quantity),
            price=received(execution.price),
            permId=execution.perm_id,
            clientId=order.client_id,
            orderId=order.order_id,
            orderRef=order.terms.order_ref,
        ),
        execution.time,
    )


def _order(broker: Broker, order: OrderRecord) -> ib_async.Order:
    terms = order.terms
    return ib_async.Order(
        orderId=order.order_id,
        clientId=order.client_id,
        permId=order.perm_id,
        action=terms.side.value,
        totalQuantity=float(terms.quantity),
        filledQuantity=float(order.filled),
        account=broker.account,
        orderRef=terms.order_ref,
    )


def _contract(broker: Broker, con_id: int) -> ib_async.Contract:
    instrument = broker.exchange.view.instrument(con_id)
    return ib_async.Contract(secType=instrument.sec_type, conId=con_id, symbol=instrument.symbol)
