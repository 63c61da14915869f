"""Closing what one order opened: the same instrument the other way round, never more than is left.

Previewed here, placed through `desk.previews.order_preview.place_previewed`. Combinations:
`desk.strategies.strategy_preview`.
"""

from __future__ import annotations

from datetime import datetime

from core.errors import DataError
from core.settings import Settings
from desk.orders.reconciliation import reconcile
from desk.previews import order_positions
from desk.previews.order_preview import OrderRequest, Preview, order_of, preview_terms
from desk.previews.pre_trade_checks import session_at
from desk.records.audit import actor
from desk.records.store import DeskStore
from ibkr.gateway import Gateway


def preview_close(
    trade_id: str,
    *,
    quantity: int | None = None,
    limit_price: float | None = None,
    gateway: Gateway,
    store: DeskStore,
    caller: str,
    now: datetime,
    settings: Settings,
) -> Preview:
    """Preview the order that closes a trade; without a quantity all that is left of it.

    Raises `UnknownTrade`, and `DataError` when nothing is left, when the symbol has come to mean
    another instrument, or for a quantity or price that is none; else as `preview_order`.
    """
    actor(caller)
    moment, account = gateway.server_time(), gateway.account
    today = session_at(moment, settings.exchange)
    with store.alone(account):
        reconcile(store, gateway.trading, account=account, session=today.day, now=moment)
        trade = order_positions.fetch(store, account, trade_id)
    held = {p.con_id: p.quantity for p in gateway.portfolio.snapshot().positions}
    left = trade.left(held)
    if left < 1.0:
        raise DataError(
            f"nothing is left of trade {trade_id} in {trade.order.symbol}: {trade.opened:g} "
            f"filled, {trade.closed:g} closed or about to be, "
            f"{held.get(trade.order.con_id, 0.0):g} held"
        )
    wanted = int(left) if quantity is None else quantity
    side = trade.order.side.opposite
    request = OrderRequest(trade.order.symbol, side, wanted, limit_price)
    order = order_of(request, gateway, settings)
    if order.con_id != trade.order.con_id:
        raise DataError(
            f"{order.symbol} is conId {order.con_id} by now, trade {trade_id} was in conId "
            f"{trade.order.con_id}: close it in TWS"
        )
    return preview_terms(
        order,
        closes=trade_id,
        gateway=gateway,
        store=store,
        caller=caller,
        now=now,
        settings=settings,
    )
