"""Tools that ask the broker's what-if; nothing is sent."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from agent.context import ToolContext
from agent.tool import Answer, Scope, tool
from agent.tools.arguments import OrderSide, Price, Shares, Symbol
from core.errors import DataError
from core.settings import Effect
from core.text.counts import count
from core.types import Order, OrderType, WhatIf
from ibkr.orders.what_if import BasketStep


class BasketOrder(BaseModel):
    """One order of a basket; without ``limit_price`` a market order."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)

    symbol: Symbol
    side: OrderSide
    quantity: Shares
    limit_price: Price | None = None


Basket = Annotated[list[BasketOrder], Field(min_length=1, max_length=100)]


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
                order_type=_order_type(limit_price),
                limit_price=limit_price,
                time_in_force=context.settings.orders.time_in_force,
                order_ref=f"what-if:{contract.con_id}:{side.value}",
            )
        ).in_base(gateway.portfolio.snapshot().exchange_rates)
    data = {"con_id": contract.con_id, "symbol": contract.symbol, **_answered(answer)}
    return Answer(as_of=now, source=context.broker, data=data)


@tool(Effect.PREVIEW, Scope.ORDERS)
def what_if_basket(context: ToolContext, orders: Basket) -> Answer:
    """Ask the broker about several orders in the order of sending; it leaves none behind.

    For each: what_if's answer for it alone, and initial_margin, maintenance_margin and
    equity_with_loan once it and all before it have filled, in base currency; ``covered`` tells
    whether equity covers both margins there. ``covered`` of the whole is that of every step.
    """
    with context.connect(for_orders=True) as gateway:
        now = gateway.server_time()
        resolved = gateway.market.resolve([order.symbol for order in orders])
        if resolved.refused:
            listed = "; ".join(f"{symbol}: {why}" for symbol, why in resolved.refused.items())
            raise DataError(f"no contract for {count(len(resolved.refused), 'symbol')}: {listed}")
        con_ids = {contract.symbol: contract.con_id for contract in resolved.contracts}
        steps = gateway.orders.what_if_basket(
            rates=gateway.portfolio.snapshot().exchange_rates,
            orders=[
                Order(
                    con_id=con_ids[order.symbol],
                    symbol=order.symbol,
                    side=order.side,
                    quantity=order.quantity,
                    order_type=_order_type(order.limit_price),
                    limit_price=order.limit_price,
                    time_in_force=context.settings.orders.time_in_force,
                    order_ref=f"what-if:{number}:{order.side.value}",
                )
                for number, order in enumerate(orders)
            ],
        )
    shown = [_step(order, step) for order, step in zip(orders, steps, strict=True)]
    data = {"covered": all(step.covered for step in steps), "steps": shown}
    return Answer(as_of=now, source=context.broker, data=data)


def _order_type(limit_price: float | None) -> OrderType:
    return OrderType.MARKET if limit_price is None else OrderType.LIMIT


def _answered(answer: WhatIf) -> dict[str, Any]:
    return {
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


def _step(order: BasketOrder, step: BasketStep) -> dict[str, Any]:
    return {
        "symbol": order.symbol,
        "side": order.side,
        "quantity": order.quantity,
        "alone": _answered(step.answer),
        "initial_margin": step.initial_margin_after,
        "maintenance_margin": step.maintenance_margin_after,
        "equity_with_loan": step.equity_with_loan_after,
        "covered": step.covered,
    }
