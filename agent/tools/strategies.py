"""Tools about option strategies: previewed whole, placed by token, closed by trade id."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from agent.context import ToolContext
from agent.tool import Answer, Scope, tool
from agent.tools.arguments import OrderRef, OrderSide, Price, Symbol
from agent.tools.market_arguments import Currency, OptionRight, Strike, TradingClass
from core import clock
from core.settings import Effect
from core.types import Snapshot
from desk.previews import open_trades, order_preview
from desk.previews.open_trades import Trade
from risk.strategies.legs import StrategyKind, StrategyTerms

Kind = Annotated[
    StrategyKind,
    Field(
        description="vertical, iron_condor, straddle, strangle, calendar or covered_call",
    ),
]
Strikes = Annotated[
    list[Strike],
    Field(
        min_length=1,
        max_length=4,
        description="ascending: vertical and strangle 2, iron_condor 4, the others 1",
    ),
]
Combinations = Annotated[int, Field(ge=1, le=10_000, description="whole combinations")]
NetPrice = Annotated[Price, Field(description="net per share of one combination, above zero")]


@tool(Effect.PREVIEW, Scope.DESK)
def preview_strategy(  # noqa: PLR0913, PLR0917 - a strategy has that many terms, each by name
    context: ToolContext,
    strategy: Kind,
    symbol: Symbol,
    side: OrderSide,
    quantity: Combinations,
    expiry: date,
    strikes: Strikes,
    right: OptionRight | None = None,
    far_expiry: date | None = None,
    limit_price: NetPrice | None = None,
    trading_class: TradingClass | None = None,
    currency: Currency = "USD",
) -> Answer:
    """Step 1 of an option strategy: check it as a whole and ask the broker what-if.

    BUY pays for it and SELL receives: a SELL of an iron_condor or a vertical is a credit spread, a
    BUY of a covered_call buys the shares and sells the call. ``right`` (C or P) belongs to a
    vertical or a calendar, ``far_expiry`` to a calendar. Without ``limit_price`` the limit is what
    its legs' bids and asks come to. ``currency`` is that of the underlying. Returns order, legs
    with bid and ask, reference_price per share, value, max_risk, max_gain and funds_required as
    amounts with their currency (null: no bound, or not known), break_evens, checks, the broker's
    what_if and, only if all passed, a ``token`` for place_order: valid once, within 120 seconds,
    for you alone. An option that is not listed is refused, and the nearest ones are named. Nothing
    is sent.
    """
    request = order_preview.StrategyRequest(
        terms=StrategyTerms(strategy, symbol, expiry, tuple(strikes), right, far_expiry),
        side=side,
        quantity=quantity,
        limit_price=limit_price,
        trading_class=trading_class or "",
        currency=currency,
    )
    with context.at_desk() as desk:
        preview = order_preview.preview_strategy(request, **desk)
    return Answer(as_of=clock.now(), source="desk", data=preview)


@tool(Effect.PREVIEW, Scope.DESK)
def preview_close_strategy(
    context: ToolContext,
    trade_id: OrderRef,
    quantity: Combinations | None = None,
    limit_price: NetPrice | None = None,
) -> Answer:
    """Step 1 of closing a strategy: all legs of this trade at once, the other way round.

    ``trade_id`` is the order_ref of the order that opened it; see list_strategies. Without a
    quantity it is all that is left. Returns what preview_strategy does; place_order with the
    ``token`` sends it. Refused when the positions of its legs are no longer there in full.
    """
    with context.at_desk() as desk:
        preview = order_preview.preview_close(
            trade_id, quantity=quantity, limit_price=limit_price, **desk
        )
    return Answer(as_of=clock.now(), source="desk", data=preview)


@tool(Effect.READ, Scope.DESK)
def list_strategies(context: ToolContext) -> Answer:
    """Return the strategies that were opened through this desk, oldest first.

    trade_id, session, strategy with its legs, side, quantity, limit_price, and in combinations:
    opened (filled, or still able to), closed (by orders that close it) and left, as the desk last
    saw its orders; ``held`` is the signed position in each leg now. Strategies that were opened
    elsewhere are only positions.
    """
    with context.connect() as gateway:
        snapshot, account = gateway.portfolio.snapshot(), gateway.account
    with context.desk() as store:
        known = open_trades.strategies(store, account)
    shown = [_shown(trade, snapshot) for trade in known]
    return Answer(as_of=snapshot.as_of, source="desk", data={"strategies": shown})


def _shown(trade: Trade, snapshot: Snapshot) -> dict[str, Any]:
    assert trade.strategy is not None, "only strategies are listed here"
    pairs = zip(trade.strategy.legs, trade.order.parts, strict=True)
    return {
        "trade_id": trade.trade_id,
        "session": trade.session,
        "strategy": trade.strategy.kind,
        "symbol": trade.strategy.symbol,
        "side": trade.order.side,
        "quantity": trade.order.quantity,
        "limit_price": trade.order.limit_price,
        "opened": trade.opened,
        "closed": trade.closed,
        "left": trade.open_quantity,
        "legs": [
            {
                "con_id": named.con_id,
                "side": leg.side,
                "ratio": leg.ratio,
                "right": leg.right,
                "strike": leg.strike,
                "expiry": leg.expiry,
                "held": snapshot.held.get(named.con_id, 0.0),
            }
            for leg, named in pairs
        ],
    }
