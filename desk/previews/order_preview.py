"""An order in two steps: preview it, then place exactly what was previewed; closing ones too.

An order trades one instrument, or all the legs of a strategy at once. A preview that passes yields
a token for the very terms that were shown; `desk.previews.preview_confirm.place_previewed` takes
the token and no terms, and passes the whole gate again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime

from core.errors import DataError
from core.settings import Settings
from core.types import ComboOrder, Contract, Order, OrderType, Side
from desk.orders.reconciliation import look_back
from desk.previews import open_trades
from desk.previews.asked_limit import limit_as_asked
from desk.previews.open_trades import Trade
from desk.previews.planned_order import PlannedOrder
from desk.previews.pre_trade_checks import check_before_trade, session_at
from desk.previews.preview import Preview, preview_of
from desk.previews.preview_confirm import Caller, hand_out
from desk.previews.strategy_contracts import find_strategy
from desk.previews.strategy_prices import limit_price as net_limit
from desk.records.store import DeskStore
from ibkr.gateway import FullGateway, Gateway
from risk.limit_price import marketable_limit
from risk.strategies.legs import StrategyTerms


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order somebody would like to place: always a limit order for the day.

    Without a limit price it is the reference price and the configured offset beyond it. A symbol
    that is listed several times in its currency takes the conId of the listing that is meant.
    """

    symbol: str
    side: Side
    quantity: int
    limit_price: float | None = None  # as its market quotes it: in pence in London
    currency: str | None = None  # of the listing; None: that of ``con_id``, else USD
    con_id: int | None = None


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
    currency: str = "USD"  # of the underlying


def preview_order(
    request: OrderRequest,
    *,
    gateway: Gateway,
    store: DeskStore,
    caller: str,
    now: datetime,
    settings: Settings,
) -> Preview:
    """Take an order through the whole gate and the broker's what-if; nothing is sent.

    Raises
    ------
    DataError
        The symbol is not found, has no price, or the limit is none; no session is left.
    Stopped, DeskBusy, UnknownOrders, GatewayError
        As for sending.
    """
    calling = Caller(caller, now, settings)
    _refuse_unless_price(request.limit_price, request.symbol)
    order = _limit_order(
        _listing(request, gateway),
        request.side,
        request.quantity,
        request.limit_price,
        gateway=gateway,
        settings=settings,
    )
    return _preview(PlannedOrder(order), gateway, store, calling)


def preview_strategy(
    request: StrategyRequest,
    *,
    gateway: FullGateway,
    store: DeskStore,
    caller: str,
    now: datetime,
    settings: Settings,
) -> Preview:
    """Take a strategy through the whole gate and the broker's what-if; nothing is sent.

    Raises
    ------
    DataError
        The terms are no strategy; an option is not listed (the nearest ones are named); a leg
        has no price; no session is left to trade in.
    Stopped, DeskBusy, UnknownOrders, GatewayError
        As for sending.
    """
    calling = Caller(caller, now, settings)
    today = session_at(gateway.server_time(), settings.sessions)
    found = find_strategy(
        gateway,
        request.terms,
        currency=request.currency,
        trading_class=request.trading_class,
        today=today.day,
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
    plan = _priced(PlannedOrder(order, strategy=found.strategy), gateway)
    return _preview(plan, gateway, store, calling)


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
    """Preview the order that closes a trade: what opened it the other way round, all legs at once.

    Without a quantity it is all that is left. Raises `UnknownTrade`, and `DataError` when nothing
    is left, when IBKR no longer knows the contract, or for a quantity or price that is none; else
    as `preview_order`.
    """
    calling = Caller(caller, now, settings)
    moment = gateway.server_time()
    today = session_at(moment, settings.sessions)
    with store.alone(gateway.account):
        account = look_back(store, gateway, session=today.day, now=moment)
        trade = open_trades.fetch(store, gateway.account, trade_id)
    left = trade.left(account.snapshot.held)
    if left < 1.0 and (quantity is None or trade.strategy is None):
        raise DataError(
            f"nothing is left of trade {trade_id} in {trade.order.symbol}: "
            f"{trade.told(account.snapshot.held)}"
        )
    wanted = int(left) if quantity is None else quantity
    plan = _closing(trade, wanted, limit_price, gateway, settings)
    return _preview(plan, gateway, store, calling)


def _preview(plan: PlannedOrder, gateway: Gateway, store: DeskStore, caller: Caller) -> Preview:
    with store.alone(gateway.account):
        found = check_before_trade(plan, gateway, store, caller.settings)
    terms = plan.terms(gateway.account, found.session.day, caller.settings)
    token = hand_out(
        store,
        terms,
        found,
        caller=caller,
        action="previewed",
        subject=plan.order.symbol,
        **({} if plan.strategy is None else {"strategy": plan.strategy.kind}),
    )
    return preview_of(plan, found, terms, token)


def _closing(
    trade: Trade, quantity: int, limit_price: float | None, gateway: Gateway, settings: Settings
) -> PlannedOrder:
    """Return the order that closes so much of a trade."""
    side = trade.order.side.opposite
    if trade.strategy is None:
        _refuse_unless_price(limit_price, trade.order.symbol)
        contract = _described(trade.order.con_id, trade.order.symbol, gateway)
        order = _limit_order(
            contract, side, quantity, limit_price, gateway=gateway, settings=settings
        )
        return PlannedOrder(order, trade.trade_id)
    combination = replace(
        trade.order, side=side, quantity=quantity, limit_price=limit_price, order_ref=""
    )
    return _priced(PlannedOrder(combination, trade.trade_id, trade.strategy), gateway)


def _priced(plan: PlannedOrder, gateway: Gateway) -> PlannedOrder:
    """Return the plan of a strategy with its limit: the one asked for, or that of its quotes."""
    return replace(plan, order=replace(plan.order, limit_price=net_limit(plan, gateway)))


def _listing(request: OrderRequest, gateway: Gateway) -> Contract:
    """Return the listing that a request means. Raises `DataError`."""
    if request.con_id is None:
        found = gateway.market.resolve([request.symbol], currency=request.currency or "USD")
        if not found.contracts:
            raise DataError(f"{request.symbol}: {found.refused.get(request.symbol, 'not known')}")
        return found.contracts[0]
    contract = _described(request.con_id, request.symbol, gateway)
    if (contract.symbol, contract.sec_type) != (request.symbol, "STK"):
        raise DataError(
            f"conId {request.con_id} is {contract.sec_type} {contract.symbol}, not the stock "
            f"{request.symbol}; see describe_contracts"
        )
    if request.currency not in {None, contract.currency}:
        raise DataError(
            f"conId {request.con_id} is {request.symbol} in {contract.currency}, not in "
            f"{request.currency}; leave the currency out, or give the conId of the other listing"
        )
    return contract


def _described(con_id: int, symbol: str, gateway: Gateway) -> Contract:
    found = gateway.market.describe([con_id])
    if con_id not in found.contracts:
        raise DataError(f"{symbol}, conId {con_id}: {found.refused.get(con_id, 'not known')}")
    return found.contracts[con_id]


def _limit_order(
    contract: Contract,
    side: Side,
    quantity: int,
    limit_price: float | None,
    *,
    gateway: Gateway,
    settings: Settings,
) -> Order:
    """Return a limit order for a stock, without a name yet. Raises `DataError`.

    Its limit is one that the market takes: the one that was asked for, or a better one for whoever
    asked.
    """
    if contract.lot is not None and quantity % contract.lot:
        raise DataError(
            f"{contract.symbol} in {contract.currency} trades in lots of {contract.lot} shares, "
            f"and {quantity} is not a multiple of that"
        )
    if limit_price is None:
        limit = _limit(contract, side, gateway, settings)
    else:
        limit = limit_as_asked(contract, side, limit_price, gateway)
    return Order(
        con_id=contract.con_id,
        symbol=contract.symbol,
        side=side,
        quantity=quantity,
        order_type=OrderType.LIMIT,
        limit_price=limit,
        time_in_force=settings.orders.time_in_force,
        order_ref="",  # named when the account commits to it
    )


def _refuse_unless_price(given: float | None, symbol: str) -> None:
    if given is not None and not (math.isfinite(given) and given > 0.0):
        raise DataError(f"the limit price {given} of {symbol} is not above zero")


def _limit(contract: Contract, side: Side, gateway: Gateway, settings: Settings) -> float:
    quotes = gateway.market.bulk_quote([contract])
    reference = quotes.quotes[0].reference_price if quotes.quotes else None
    if reference is None:
        why = quotes.missing.get(contract.con_id, "no price")
        raise DataError(f"{contract.symbol}: {why}; give a limit price")
    offset = settings.orders.limit_offset
    increments = gateway.market.trading_terms([contract])[contract.con_id].increments
    return marketable_limit(reference, side=side, offset=offset, increments=increments)
