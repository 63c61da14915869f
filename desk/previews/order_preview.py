"""One order in two steps: preview it, then place exactly what was previewed.

A preview that passes yields a token (`desk.records.preview_tokens`) for the very terms that were
shown. Placing takes the token and no terms, and passes the whole gate again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.canonical import sha256_of
from core.errors import DataError
from core.order_action import action
from core.settings import Settings
from core.types import ComboOrder, Contract, Order, OrderState, OrderType, Side, WhatIf
from desk.errors import NotPermitted
from desk.previews import order_positions
from desk.previews.pre_trade_checks import Examined, examine
from desk.previews.preview_confirm import (
    commit,
    hand_out,
    refuse_unless_same,
    send_committed,
    terms_of,
)
from desk.records import preview_tokens
from desk.records.audit import actor
from desk.records.store import DeskStore
from desk.strategies.strategy_placing import place_strategy
from desk.strategies.strategy_plan import is_strategy
from ibkr.account.rebalance import marketable_limit
from ibkr.gateway import Gateway
from risk.limits import Check


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order somebody would like to place: always a limit order for the day.

    Without a limit price it is the reference price and the configured offset beyond it.
    """

    symbol: str
    side: Side
    quantity: int
    limit_price: float | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen. ``token`` is None unless every check passed."""

    order: Order
    action: str  # what it does to the position, for example SELL SHORT
    order_sha256: str  # of all that placing would send, with account, session and limits
    reference_price: float | None
    checks: tuple[Check, ...]
    what_if: WhatIf
    token: str | None
    expires_at: datetime | None

    @property
    def passed(self) -> bool:
        """Whether the order may be placed."""
        return self.token is not None


def preview_order(
    request: OrderRequest,
    *,
    gateway: Gateway,
    store: DeskStore,
    caller: str,
    now: datetime,
    settings: Settings,
) -> Preview:
    """Take one order through the whole gate and the broker's rehearsal; nothing is sent.

    The gateway must be open for orders. ``now`` is what the token's life is measured in; what
    happens at the broker is written down in the gateway's own time.

    Raises
    ------
    DataError
        The symbol is not known, or no session is left to trade in.
    Stopped, DeskBusy, UnknownOrders, GatewayError
        As for sending.
    """
    actor(caller)
    return preview_terms(
        order_of(request, gateway, settings),
        gateway=gateway,
        store=store,
        caller=caller,
        now=now,
        settings=settings,
    )


def preview_terms(
    order: Order,
    *,
    closes: str | None = None,
    gateway: Gateway,
    store: DeskStore,
    caller: str,
    now: datetime,
    settings: Settings,
) -> Preview:
    """Take an order as it would be sent through the gate; see `preview_order`.

    ``closes`` is the id of the trade that the order closes, if it does.
    """
    with store.alone(gateway.account):
        found = _examine(order, closes, gateway, store, settings)
    terms = terms_of(order, gateway.account, found.session.day, settings, **_closing(closes))
    token = hand_out(
        store, terms, found, caller=caller, now=now, action="previewed", subject=order.symbol
    )
    return preview_of(order, found, terms, token)


def preview_of(
    order: Order, found: Examined, terms: bytes, token: preview_tokens.Token | None
) -> Preview:
    """Return what was found about an order; without a token it did not pass."""
    # A combination is bought or sold as a whole: its legs are what is short.
    held = None if isinstance(order, ComboOrder) else found.held.get(order.con_id, 0.0)
    return Preview(
        order=order,
        action=action(order.side, order.quantity, held),
        order_sha256=sha256_of(terms),
        reference_price=found.reference_price,
        checks=found.checks,
        what_if=found.what_if,
        token=token.secret if token else None,
        expires_at=token.expires_at if token else None,
    )


def place_previewed(
    token: str,
    *,
    gateway: Gateway,
    store: DeskStore,
    caller: str,
    now: datetime,
    settings: Settings,
) -> OrderState:
    """Place the order or the strategy that a token stands for, after the whole gate once more.

    The token is used up by this call, whatever comes of it, except for `DeskBusy`.

    Raises
    ------
    TokenRefused
        The token is altered, another caller's, used or too old.
    GateRefused, Stopped, NotPermitted
        Something speaks against the order by now; nothing was sent.
    DeskBusy, UnknownOrders, GatewayError
        As for sending.
    """
    actor(caller)
    with store.alone(gateway.account):
        used = preview_tokens.use(store, token, caller=caller, now=now)
        if is_strategy(used.terms):
            return place_strategy(
                used, gateway=gateway, store=store, caller=caller, settings=settings
            )
        if "change" in used.terms:
            raise NotPermitted(
                "this token changes an order, it places none; nothing was sent. Use it to change "
                "that order: preview the change again"
            )
        order, closes = read_order(used.terms["order"]), used.terms.get("closes")
        found = _examine(order, closes, gateway, store, settings)
        more = _closing(closes)
        terms = terms_of(order, gateway.account, found.session.day, settings, **more)
        refuse_unless_same(used, terms, found, what="order")
        with store.transaction() as connection:
            named = commit(
                connection,
                order,
                used,
                found,
                account=gateway.account,
                caller=caller,
                limits=settings.limits,
                **more,
            )
            if closes is not None:
                order_positions.record(connection, named.order_ref, closes)
        return send_committed(
            named, found, what=named.symbol, gateway=gateway, store=store, settings=settings
        )


def order_of(request: OrderRequest, gateway: Gateway, settings: Settings) -> Order:
    """Return the order that a request stands for, without a name yet. Raises `DataError`."""
    given = request.limit_price
    if given is not None and not (math.isfinite(given) and given > 0.0):
        raise DataError(f"the limit price {given} of {request.symbol} is no price above zero")
    resolved = gateway.market.resolve([request.symbol])
    if not resolved.contracts:
        raise DataError(f"{request.symbol}: {resolved.refused.get(request.symbol, 'not known')}")
    contract = resolved.contracts[0]
    return Order(
        con_id=contract.con_id,
        symbol=contract.symbol,
        side=request.side,
        quantity=request.quantity,
        order_type=OrderType.LIMIT,
        limit_price=given or _limit(contract, request.side, gateway, settings),
        time_in_force=settings.orders.time_in_force,
        order_ref="",  # named when the account commits to it
    )


def _limit(contract: Contract, side: Side, gateway: Gateway, settings: Settings) -> float:
    quotes = gateway.market.bulk_quote([contract])
    reference = quotes.quotes[0].reference_price if quotes.quotes else None
    if reference is None:
        why = quotes.missing.get(contract.con_id, "no price")
        raise DataError(f"{contract.symbol}: {why}; give a limit price")
    offset = settings.orders.limit_offset
    return marketable_limit(reference, side=side, offset=offset, tick=contract.min_tick)


def read_order(plain: Mapping[str, Any]) -> Order:
    """Read an order back from a token's terms."""
    typed = {"side": Side(plain["side"]), "order_type": OrderType(plain["order_type"])}
    return Order(**{**plain, **typed})


def _examine(
    order: Order, closes: str | None, gateway: Gateway, store: DeskStore, settings: Settings
) -> Examined:
    found = examine(order, gateway, store, settings)
    if closes is None:
        return found
    trade = order_positions.fetch(store, gateway.account, closes)
    check = order_positions.closing_check(order, trade, found.held)
    return replace(found, checks=(*found.checks, check))


def _closing(closes: str | None) -> dict[str, str]:
    """Return what terms and trail say of an order that closes a trade; of others nothing."""
    return {} if closes is None else {"closes": closes}
