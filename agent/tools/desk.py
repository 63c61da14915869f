"""Tools about the desk: tickets, approval, one order by preview and token, the kill switch."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from agent.context import ToolContext
from agent.tool import Answer, Scope, tool
from agent.tools.arguments import OrderSide, Price, Reason, Sha256, Shares, Symbol, Token
from agent.tools.market_arguments import ConId, Currency
from core import clock
from core.order_action import action
from core.settings import Effect
from desk import kill_switch
from desk.clocks import read
from desk.previews import order_preview
from desk.previews.preview_confirm import place_previewed
from desk.tickets import approvals, ticket_store

Only = Annotated[
    tuple[Symbol, ...], Field(max_length=100, description="symbols; empty: every order")
]


@tool(Effect.READ, Scope.DESK)
def list_tickets(context: ToolContext, session: date | None = None) -> Answer:
    """Return the order tickets the desk knows, oldest first, and how far each got.

    session, sha256 (what an approval is bound to), state (waiting, approved, committed,
    rejected, expired, superseded, recommendation), number of orders, finish_line (the order
    cut-off) and path. An empty list: the desk has none.
    """
    with context.desk() as store:
        records = ticket_store.listed(store, session)
    shown = [_heading(record) for record in records]
    return Answer(as_of=clock.now(), source="desk", data={"tickets": shown})


@tool(Effect.READ, Scope.DESK)
def ticket(
    context: ToolContext, session: date | None = None, sha256: Sha256 | None = None
) -> Answer:
    """Return one order ticket with all its lines; default: the newest.

    Each line: the order, reference_price, notional in base currency, weight_before and
    weight_after as fractions of net asset value, alpha_score, adv_share (fraction of average
    daily volume), margin change and commission as in the what-if, flag; also the orders that were
    removed, the checks that failed, and ``actions``: by order_ref what the order does to the
    position held, for example SELL SHORT.
    """
    with context.desk() as store:
        record = ticket_store.find(store, sha256 or session)
    held = record.held
    actions = {
        o.order_ref: action(o.side, o.quantity, held[o.order_ref]) for o in record.ticket.orders
    }
    data = {**_heading(record), "actions": actions, "ticket": record.ticket}
    return Answer(as_of=record.ticket.decided_at, source="desk", data=data)


@tool(Effect.READ, Scope.DESK)
def switch_state(context: ToolContext) -> Answer:
    """Return whether orders may be sent: active, reducing (only smaller positions) or halted.

    With who turned the kill switch, when and why.
    """
    with context.desk() as store:
        found = kill_switch.read(store)
    return Answer(as_of=clock.now(), source="desk", data=found)


@tool(Effect.PREVIEW, Scope.DESK)
def preview_order(
    context: ToolContext,
    symbol: Symbol,
    side: OrderSide,
    quantity: Shares,
    limit_price: Price | None = None,
    currency: Currency | None = None,
    con_id: ConId | None = None,
) -> Answer:
    """Step 1 of an order: check it against every limit and ask the broker what-if.

    Always a limit order for the day; without ``limit_price`` the limit is the reference price and
    the configured offset beyond it. ``currency`` is that of the listing, USD by default (GBP for
    London, its prices in pence where describe_contracts says so); ``con_id`` names one listing of
    several. Returns
    the order, its ``value`` at the limit with its currency, its checks, the broker's what_if and,
    only if all passed, a ``token`` that places exactly this order: once, within 120 seconds, for
    you alone. Nothing is sent.
    """
    request = order_preview.OrderRequest(
        symbol, side, quantity, limit_price, currency=currency, con_id=con_id
    )
    with context.at_desk() as desk:
        preview = order_preview.preview_order(request, **desk)
    return Answer(as_of=clock.now(), source="desk", data=preview)


@tool(Effect.TRADE, Scope.DESK)
def place_order(context: ToolContext, token: Token) -> Answer:
    """Step 2 of an order: send what preview_order showed. Takes its token and nothing else.

    Every check runs again first; prices, positions and the kill switch may have changed. Returns
    the order's state with its order_ref. ``uncertain`` means it was sent and not confirmed:
    never place it again, look at order_states.
    """
    with context.at_desk() as desk:
        state = place_previewed(token, **desk)
    return Answer(as_of=clock.now(), source="desk", data={"order": state})


@tool(Effect.TRADE, Scope.DESK)
def execute_ticket(context: ToolContext, sha256: Sha256) -> Answer:
    """Send the orders of a ticket that a person approved, each at most once.

    Freshness, gate, prices and positions are checked again. Calling it again sends nothing more;
    it says how the orders stand.
    """
    report = context.services.execute(sha256)
    return Answer(as_of=clock.now(), source="desk", data=report)


@tool(Effect.TRADE, Scope.DESK)
def stop(context: ToolContext, reason: Reason, *, reducing: bool = False) -> Answer:
    """Halt trading and cancel all open orders.

    ``reducing`` still allows orders that reduce positions. Look at ``cancellation``: what was
    asked to be cancelled and what is still open; null with a ``problem`` means that the broker
    could not be asked; the kill switch is active all the same. Only a person resumes.
    """
    report = context.services.stop(by=context.caller, reason=reason, reducing=reducing)
    return Answer(as_of=clock.now(), source="desk", data=report)


@tool(Effect.APPROVE, Scope.DESK)
def resume(context: ToolContext, reason: Reason) -> Answer:
    """Deactivate the kill switch: resume trading."""
    with context.desk() as store:
        turned = kill_switch.resume(store, by=context.caller, reason=reason, now=clock.now())
    return Answer(as_of=clock.now(), source="desk", data=turned)


@tool(Effect.APPROVE, Scope.DESK)
def approve_ticket(context: ToolContext, sha256: Sha256, only: Only = ()) -> Answer:
    """Approve a ticket by the hash of exactly what was reviewed, whole or ``only`` some symbols.

    Sends nothing by itself: execute_ticket does. Refused after the order cut-off.
    """
    with context.connect(ticket=sha256) as gateway:
        clocks = read(gateway, context.settings)  # they decide whether the cut-off has passed
    clocks.refuse_if_apart()
    now = clocks.moment
    with context.desk() as store:
        approval = approvals.approve(store, sha256, by=context.caller, only=only, now=now)
    return Answer(as_of=now, source="desk", data=approval)


@tool(Effect.APPROVE, Scope.DESK)
def reject_ticket(context: ToolContext, sha256: Sha256, reason: Reason) -> Answer:
    """Reject a ticket, or take its approval back before its orders are committed."""
    with context.desk() as store:
        approvals.reject(store, sha256, by=context.caller, reason=reason, now=clock.now())
        record = ticket_store.fetch(store, sha256)
    return Answer(as_of=clock.now(), source="desk", data=_heading(record))


def _heading(record: ticket_store.TicketRecord) -> dict[str, Any]:
    return {
        "session": record.ticket.session,
        "sha256": record.sha256,
        "state": record.state,
        "orders": len(record.ticket.lines),
        "finish_line": record.ticket.finish_line,
        "path": record.path,
    }
