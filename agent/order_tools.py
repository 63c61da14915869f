"""Tools about orders at the broker: rehearsed, followed, cancelled. Sending is the desk's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agent.arguments import OrderRef, OrderRefs, OrderSide, Price, Shares, Symbol, WaitSeconds
from agent.context import ToolContext
from agent.tool import Answer, Scope, tool
from core.errors import DataError, RequestRefused
from core.settings import Effect
from core.types import Order, OrderState, OrderType

OF_ANOTHER_CLIENT = 10147  # IBKR's code for an order that another client id sent


@tool(Effect.PREVIEW, Scope.ORDERS)
def what_if(
    context: ToolContext,
    symbol: Symbol,
    side: OrderSide,
    quantity: Shares,
    limit_price: Price | None = None,
) -> Answer:
    """Ask the broker what an order would do to margin and commission; it leaves no order behind.

    Without ``limit_price`` it is a market order. Returns accepted, margin_exceeded, the changes
    and the values after it of initial and maintenance margin, equity_with_loan_after and
    commission, in base currency. Not accepted means: do not send it. Null is "the broker did not
    say". To trade, call preview_order, which asks this too.
    """
    with context.connect(for_orders=True) as gateway:
        now = gateway.server_time()
        resolved = gateway.market.resolve([symbol])
        if not resolved.contracts:
            raise DataError(f"no contract for {symbol}: {resolved.refused.get(symbol)}")
        (contract,) = resolved.contracts
        answer = gateway.trading.what_if(
            Order(
                con_id=contract.con_id,
                symbol=contract.symbol,
                side=side,
                quantity=quantity,
                order_type=OrderType.MARKET if limit_price is None else OrderType.LIMIT,
                limit_price=limit_price,
                time_in_force=context.settings.orders.time_in_force,
                order_ref=f"what-if:{contract.con_id}:{side.value}",
            )
        )
    data = {
        "con_id": contract.con_id,
        "symbol": contract.symbol,
        "accepted": answer.accepted,
        "margin_exceeded": answer.margin_exceeded,
        "reason": answer.reason,
        "warning": answer.warning,
        "initial_margin_change": answer.initial_margin_change,
        "initial_margin_after": answer.initial_margin_after,
        "maintenance_margin_change": answer.maintenance_margin_change,
        "maintenance_margin_after": answer.maintenance_margin_after,
        "equity_with_loan_after": answer.equity_with_loan_after,
        "commission": answer.commission,
    }
    return Answer(as_of=now, source=context.broker, data=data)


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
    not know. An order that is not filled yet is no error; look at its status.
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
    was not confirmed in time still works. An order that is over already is returned as it is.
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
