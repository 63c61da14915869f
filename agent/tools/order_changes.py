"""Tools that change, close or take back orders: each change and each close by preview and token."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agent.context import ToolContext
from agent.tool import Answer, Scope, tool
from agent.tools.arguments import OrderRef, Price, Reason, Shares, Symbol, Token
from core import clock
from core.settings import Effect
from core.types import OrderState
from desk.orders import cancellation
from desk.previews import open_trades, order_change, order_preview

Whose = Annotated[
    Literal["ours", "everyone"],
    Field(description="ours: daybook's; everyone: every client's and by hand, in all accounts"),
]


@tool(Effect.PREVIEW, Scope.DESK)
def preview_change(
    context: ToolContext,
    order_ref: OrderRef,
    quantity: Shares | None = None,
    limit_price: Price | None = None,
) -> Answer:
    """Step 1 of changing an open order: check its new terms as those of a new order.

    What you do not give stays as it is; ``quantity`` is that of the whole order, what was filled
    included. Returns what preview_order does; the ``token`` is for change_order. Nothing is sent.
    Only orders that daybook placed, and no combinations.
    """
    request = order_change.ChangeRequest(order_ref, quantity, limit_price)
    with context.at_desk() as desk:
        preview = order_change.preview_change(request, **desk)
    return Answer(as_of=clock.now(), source="desk", data=preview)


@tool(Effect.TRADE, Scope.DESK)
def change_order(context: ToolContext, token: Token) -> Answer:
    """Step 2 of changing an order: send what preview_change showed. Takes its token, nothing else.

    Every check runs again first. ``confirmed`` false means that the broker did not show the new
    terms in time: the order may have the old ones or the new ones, ``reason`` says more; look at
    order_status before anything else, and never assume.
    """
    with context.desk() as store:
        sender = order_change.sender_of(store, token)
    as_desk = sender == context.settings.gateway.order_client_id
    with context.at_desk(as_desk=as_desk) as desk:
        change = order_change.place_change(token, **desk)
    return Answer(as_of=clock.now(), source="desk", data=change)


@tool(Effect.READ, Scope.DESK)
def list_trades(context: ToolContext, symbol: Symbol | None = None) -> Answer:
    """Return what daybook's newest 500 orders opened and the account still holds, oldest first.

    trade_id (for preview_close), session, symbol, side, and in shares: opened, closed (filled, or
    about to be) and left (never more than is held). Combinations: list_strategies.
    """
    with context.desk() as store, context.connect(for_orders=True) as gateway:
        found = open_trades.look(gateway, store, symbol)
    trades = [
        {
            "trade_id": trade.trade_id,
            "session": trade.session,
            "con_id": trade.order.con_id,
            "symbol": trade.order.symbol,
            "side": trade.order.side,
            "opened": trade.opened,
            "closed": trade.closed,
            "left": left,
        }
        for trade, left in found.trades
    ]
    return Answer(as_of=found.as_of, source="desk", data={"trades": trades})


@tool(Effect.PREVIEW, Scope.DESK)
def preview_close(
    context: ToolContext,
    trade_id: OrderRef,
    quantity: Shares | None = None,
    limit_price: Price | None = None,
) -> Answer:
    """Step 1 of closing what one order opened: the same stock the other way round.

    ``trade_id`` is the order_ref of the order that opened it; see list_trades. Without a quantity
    it is all that is left of it. Returns what preview_order does; place_order with the ``token``
    sends it. It never turns a position round. Combinations: preview_close_strategy.
    """
    with context.at_desk() as desk:
        preview = order_preview.preview_close(
            trade_id, quantity=quantity, limit_price=limit_price, **desk
        )
    return Answer(as_of=clock.now(), source="desk", data=preview)


@tool(Effect.TRADE, Scope.DESK)
def cancel_all_orders(context: ToolContext, reason: Reason, whose: Whose = "ours") -> Answer:
    """Cancel all open orders, then ask the broker which are still open.

    ``flat`` is true only when the broker, asked again, shows none of them. ``asked`` and
    ``still_working`` name orders, ``problems`` says why some could not be cancelled. New orders can
    still be sent: the tool that forbids them is stop.
    """
    if whose == "everyone":
        return _cancel_everything(context, reason)
    asked: dict[str, OrderState] = {}
    problems: tuple[str, ...] = ()
    # Only the client that placed an order can cancel it, and daybook places under two ids.
    for as_desk in (False, True):
        with context.desk() as store, context.connect(for_orders=True, as_desk=as_desk) as gateway:
            done = cancellation.cancel_all(
                gateway, store, timeout=context.settings.gateway.request_timeout, now=clock.now()
            )
            now = gateway.server_time()
        asked = {state.order_ref: state for state in done.asked} | asked
        problems = done.problems
        if done.flat:
            break
    data = {
        "flat": done.flat,
        "asked": list(asked.values()),
        "still_working": done.still_working,
        "problems": () if done.flat else problems,
    }
    return Answer(as_of=now, source="desk", data=data)


def _cancel_everything(context: ToolContext, reason: str) -> Answer:
    with context.desk() as store, context.connect(for_orders=True) as gateway:
        done = cancellation.cancel_everything(
            gateway,
            store,
            by=context.caller,
            reason=reason,
            timeout=context.settings.gateway.request_timeout,
            now=clock.now(),
        )
    data = {
        "flat": done.flat,
        "asked": done.asked,
        "still_working": done.still_working,
        "problems": (),
    }
    return Answer(as_of=done.as_of, source="desk", data=data)
