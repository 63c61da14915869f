"""Tools about orders at the broker: listed, followed, cancelled. Sending is the desk's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import AwareDatetime

from agent.context import ToolContext
from agent.tool import Answer, Scope, tool
from agent.tools.arguments import OrderRef, OrderRefs, OrderSide, Symbol, WaitSeconds
from core.errors import RequestRefused
from core.settings import Effect
from core.types import OrderState
from ibkr.orders.executions import Wanted
from ibkr.orders.open_orders import BrokerOrder

OF_ANOTHER_CLIENT = 10147  # IBKR's code for an order that another client id sent


@tool(Effect.READ, Scope.ORDERS)
def order_status(context: ToolContext, order_ref: OrderRef) -> Answer:
    """Return how one order stands, with its fills; the same fields as order_states.

    An order that the broker does not know today is an error, never "cancelled".
    """
    with context.connect(for_orders=True) as gateway:
        now = gateway.server_time()
        state = gateway.orders.status(order_ref)
    return Answer(as_of=now, source=context.broker, data={"order": _shown([state])[0]})


@tool(Effect.READ, Scope.ORDERS)
def open_orders(context: ToolContext, symbol: Symbol | None = None) -> Answer:
    """Return every open order, also those of other programs and those placed by hand.

    perm_id, order_ref (empty: by hand), client_id, symbol, sec_type, side, order_type (IBKR's
    word), quantity, filled, limit_price and stop_price per share, time_in_force, status, parent_id
    and oca_group (orders that wait for, or cancel, each other), legs of a combination.
    """
    with context.connect(for_orders=True) as gateway:
        found = gateway.orders.open_orders()
    data = {"orders": _of_symbol(found.orders, symbol)}
    return Answer(as_of=found.as_of, source=context.broker, data=data)


@tool(Effect.READ, Scope.ORDERS)
def completed_orders(context: ToolContext, symbol: Symbol | None = None) -> Answer:
    """Return the orders that were filled or cancelled today, of all programs and by hand.

    The fields of open_orders; the broker does not report the client_id of a closed order.
    """
    with context.connect(for_orders=True) as gateway:
        found = gateway.orders.completed_orders()
    data = {"orders": _of_symbol(found.orders, symbol)}
    return Answer(as_of=found.as_of, source=context.broker, data=data)


@tool(Effect.READ, Scope.ORDERS)
def executions(
    context: ToolContext,
    symbol: Symbol | None = None,
    side: OrderSide | None = None,
    since: AwareDatetime | None = None,
) -> Answer:
    """Return today's executions, oldest first, each once whatever the broker repeats or corrects.

    execution_id, order_ref, con_id, symbol, side, quantity, price per share, time (UTC),
    commission (null: not known, as for orders of other programs). ``since`` needs a time zone.
    """
    with context.connect(for_orders=True) as gateway:
        found = gateway.orders.executions(Wanted(symbol, side, since))
    return Answer(as_of=found.as_of, source=context.broker, data={"executions": found.fills})


@tool(Effect.READ, Scope.ORDERS)
def watch_orders(
    context: ToolContext, order_refs: OrderRefs | None = None, timeout: WaitSeconds = 10.0
) -> Answer:
    """Watch orders live for at most ``timeout`` seconds: how each stands, then every change.

    ``changes`` in the order they were seen, each with as_of and the fields of order_states. Ends
    early when all ``order_refs`` are over with their commissions; without them every order that
    carries a name is watched to the end.
    """
    with context.connect(for_orders=True) as gateway:
        seen = list(gateway.orders.watch(order_refs, timeout=timeout))
        now = gateway.server_time()
    changes = [{"as_of": each.as_of, **_shown([each.state])[0]} for each in seen]
    return Answer(as_of=now, source=context.broker, data={"changes": changes})


@tool(Effect.READ, Scope.ORDERS)
def order_states(context: ToolContext, symbol: Symbol | None = None) -> Answer:
    """Return every order of the account that the broker knows today, of one symbol if you name it.

    order_ref, con_id, symbol, side, quantity and filled in shares, status (pending, working,
    filled, cancelled, rejected, uncertain), perm_id, message, and fills with price per share and
    commission. Orders that a person placed by hand in TWS are not among them.
    """
    with context.connect(for_orders=True) as gateway:
        now = gateway.server_time()
        states = gateway.trading.order_states()
    wanted = (s for _, s in sorted(states.items()) if symbol in (None, s.symbol))
    return Answer(as_of=now, source=context.broker, data={"orders": _shown(wanted)})


@tool(Effect.READ, Scope.ORDERS)
def await_fills(context: ToolContext, order_refs: OrderRefs, timeout: WaitSeconds = 10.0) -> Answer:
    """Wait until these orders are over, commissions included, or ``timeout`` seconds.

    Returns ``orders`` as order_states does, and ``unknown``: the order_refs that the broker does
    not know. An order that is not filled yet is not an error; look at its status.
    """
    with context.connect(for_orders=True) as gateway:
        states = gateway.trading.await_fills(order_refs, timeout=timeout)
        now = gateway.server_time()
    data = {
        "orders": _shown(state for _, state in sorted(states.items())),
        "unknown": sorted(set(order_refs) - set(states)),
    }
    return Answer(as_of=now, source=context.broker, data=data)


@tool(Effect.TRADE, Scope.ORDERS)
def cancel_order(context: ToolContext, order_ref: OrderRef) -> Answer:
    """Cancel one working order and return how it stands then.

    Look at ``status``: an order may fill before it can be cancelled, and one whose cancellation
    was not confirmed in time is still open. An order that is over already is returned as it is.
    """
    try:
        return _cancelled(context, order_ref, as_desk=False)
    except RequestRefused as refused:
        if refused.code != OF_ANOTHER_CLIENT:
            raise
        return _cancelled(context, order_ref, as_desk=True)


def _cancelled(context: ToolContext, order_ref: str, *, as_desk: bool) -> Answer:
    timeout = context.settings.gateway.request_timeout
    with context.connect(for_orders=True, as_desk=as_desk) as gateway:
        state = gateway.trading.cancel(order_ref, timeout=timeout)
        now = gateway.server_time()
    return Answer(as_of=now, source=context.broker, data={"order": _shown([state])[0]})


def _of_symbol(orders: Iterable[BrokerOrder], symbol: str | None) -> list[BrokerOrder]:
    return [order for order in orders if symbol in (None, order.symbol)]


def _shown(states: Iterable[OrderState]) -> list[dict[str, Any]]:
    return [
        {
            "order_ref": state.order_ref,
            "con_id": state.con_id,
            "symbol": state.symbol,
            "side": state.side,
            "quantity": state.quantity,
            "filled": state.filled,
            "status": state.status,
            "perm_id": state.perm_id,
            "message": state.message,
            "fills": state.fills,
        }
        for state in states
    ]
