"""A strategy in two steps: preview it, then place exactly what was previewed. So it is closed too.

What `desk.previews.order_preview` does for one order, for a combination: the same token, the same
gate in front of every step, the same audit. Its token places it through
`desk.previews.order_preview.place_previewed`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from core.errors import DataError
from core.settings import Settings
from core.types import ComboOrder, OrderType, Side
from desk.orders.reconciliation import reconcile
from desk.previews.pre_trade_checks import session_at
from desk.previews.preview_confirm import hand_out
from desk.records.audit import actor
from desk.records.store import DeskStore
from desk.strategies import strategy_positions
from desk.strategies.preview_answer import StrategyPreview, preview_of
from desk.strategies.strategy_contracts import find_strategy
from desk.strategies.strategy_gate import examine_strategy
from desk.strategies.strategy_plan import StrategyPlan
from desk.strategies.strategy_prices import limit_price as net_limit
from ibkr.gateway import FullGateway, Gateway
from risk.strategy import StrategyTerms


@dataclass(frozen=True, slots=True)
class StrategyRequest:
    """A strategy somebody would like to open: always a limit order for the day.

    Without a limit price it is the one at which every leg trades against its quote right away.
    """

    terms: StrategyTerms
    side: Side
    quantity: int  # combinations
    limit_price: float | None = None  # net per share
    trading_class: str = ""  # needed where the underlying has several


def preview_strategy(
    request: StrategyRequest,
    *,
    gateway: FullGateway,
    store: DeskStore,
    caller: str,
    now: datetime,
    settings: Settings,
) -> StrategyPreview:
    """Take a strategy through the whole gate and the broker's rehearsal; nothing is sent.

    Raises
    ------
    DataError
        The terms are no strategy; an option is not listed (the nearest ones are named); a leg
        has no price; no session is left to trade in.
    Stopped, DeskBusy, UnknownOrders, GatewayError
        As for sending.
    """
    actor(caller)
    today = session_at(gateway.server_time(), settings.exchange)
    found = find_strategy(
        gateway, request.terms, trading_class=request.trading_class, today=today.day
    )
    order = ComboOrder(
        con_id=found.underlying.con_id,
        symbol=found.underlying.symbol,
        side=request.side,
        quantity=request.quantity,
        order_type=OrderType.LIMIT,
        limit_price=request.limit_price,
        time_in_force=settings.orders.time_in_force,
        order_ref="",  # named when the account commits to it
        legs=found.legs,
    )
    return _preview(StrategyPlan(order, found.strategy), gateway, store, caller, now, settings)


def preview_closing(
    trade_id: str,
    *,
    quantity: int | None = None,
    limit_price: float | None = None,
    gateway: Gateway,
    store: DeskStore,
    caller: str,
    now: datetime,
    settings: Settings,
) -> StrategyPreview:
    """Preview the end of a strategy that was opened here: each of its legs the other way round.

    Without a quantity it is all that is left of it. Raises `UnknownTrade` and, when nothing is
    left, `DataError`; else as `preview_strategy`.
    """
    actor(caller)
    moment, account = gateway.server_time(), gateway.account
    today = session_at(moment, settings.exchange)
    with store.alone(account):
        reconcile(store, gateway.trading, account=account, session=today.day, now=moment)
        trade = strategy_positions.fetch(store, account, trade_id)
    if quantity is None and trade.left < 1.0:
        raise DataError(
            f"nothing is left of trade {trade_id}: {trade.opened:g} opened, {trade.closed:g} "
            "closed or about to be"
        )
    order = replace(
        trade.order,
        side=trade.order.side.opposite,
        quantity=int(trade.left) if quantity is None else quantity,
        limit_price=limit_price,
        order_ref="",
    )
    plan = StrategyPlan(order, trade.strategy, closes=trade_id)
    return _preview(plan, gateway, store, caller, now, settings)


def _preview(
    plan: StrategyPlan,
    gateway: Gateway,
    store: DeskStore,
    caller: str,
    now: datetime,
    settings: Settings,
) -> StrategyPreview:
    limit = net_limit(plan, gateway)
    plan = replace(plan, order=replace(plan.order, limit_price=limit))
    with store.alone(gateway.account):
        found = examine_strategy(plan, gateway, store, settings)
    terms = plan.terms(gateway.account, found.session.day, settings)
    token = hand_out(
        store,
        terms,
        found,
        caller=caller,
        now=now,
        action="previewed",
        subject=plan.order.symbol,
        strategy=plan.strategy.kind,
    )
    return preview_of(plan, found, terms, token)
