"""Changing an order that works in two steps: preview the new terms, then send exactly those.

The same gate, token and audit as for a new order. What is judged is what may still trade: the new
quantity less what was filled, in place of what is left of the old terms, not beside it. Only the
client that placed an order can change it: `sender_of` tells which, before the token is used up.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from core.canonical import sha256_of
from core.errors import DataError, GatewayError, NoData
from core.settings import Settings
from core.types import ComboOrder, Contract, Order, OrderStatus
from desk.errors import NotPermitted
from desk.orders import intents
from desk.previews.asked_limit import limit_as_asked
from desk.previews.planned_order import PlannedOrder, read_order, terms_of
from desk.previews.pre_trade_checks import PreTradeChecks, check_before_trade
from desk.previews.preview import Preview, preview_of
from desk.previews.preview_confirm import Caller, hand_out, refuse_unless_same
from desk.records import order_changes, order_events, preview_tokens, session_limits
from desk.records.audit import Act, actor, note
from desk.records.order_changes import ChangeState
from desk.records.schema import PREVIEWS
from desk.records.store import DeskStore
from ibkr.gateway import FullGateway
from ibkr.orders.modify import Change
from ibkr.orders.open_orders import BrokerOrder


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """New terms for an order; None keeps the old ones."""

    order_ref: str
    quantity: int | None = None  # of the whole order, what was filled included
    limit_price: float | None = None


def preview_change(
    request: ChangeRequest,
    *,
    gateway: FullGateway,
    store: DeskStore,
    caller: str,
    now: datetime,
    settings: Settings,
) -> Preview:
    """Take the new terms of a working order through the whole gate; nothing is sent.

    Raises
    ------
    NoData
        This desk never committed to the order.
    DataError
        The order is a combination or no longer works, nothing would change, or a term is no
        number above zero.
    Stopped, DeskBusy, UnknownOrders, GatewayError
        As for sending.
    """
    calling = Caller(caller, now, settings)
    committed = _committed(store, request.order_ref)
    works = _working(gateway, request.order_ref)
    if request.limit_price is not None and request.limit_price > 0.0:
        contract = Contract(works.con_id, works.symbol)
        limit = limit_as_asked(contract, works.side, request.limit_price, gateway)
        request = replace(request, limit_price=limit)
    order = _changed(committed, works, request)
    with store.alone(gateway.account):
        found = _check(order, works, gateway, store, settings)
    terms = _terms(order, works.client_id, gateway.account, found.session.day, settings)
    token = hand_out(
        store,
        terms,
        found,
        caller=calling,
        action="previewed a change",
        subject=order.order_ref,
    )
    return preview_of(PlannedOrder(order), found, terms, token)


def sender_of(store: DeskStore, token: str) -> int | None:
    """Return the client id that has to send the change a token stands for.

    None for what is no token of a change; using it tells what is wrong. Uses nothing up.
    """
    chosen = sa.select(PREVIEWS.c.terms).where(PREVIEWS.c.token_sha256 == sha256_of(token.encode()))
    with store.transaction() as connection:
        terms = connection.scalar(chosen)
    sender = json.loads(terms).get("change") if terms else None
    return None if sender is None else int(sender["client_id"])


def place_change(
    token: str,
    *,
    gateway: FullGateway,
    store: DeskStore,
    caller: str,
    now: datetime,
    settings: Settings,
) -> Change:
    """Send the change that a token stands for, after the whole gate once more.

    The token is used up by this call, whatever comes of it, except for `DeskBusy`. The new terms
    are on disk before they leave. A change that the broker does not confirm is returned as such
    and never sent again: look at the order.

    Raises
    ------
    TokenRefused
        The token is altered, another caller's, used or too old.
    GateRefused, Stopped, NotPermitted
        Something speaks against the change by now; nothing was sent.
    DataError
        The order is over or filled too far by now; nothing was sent.
    DeskBusy, UnknownOrders, GatewayError
        As for sending; nothing was sent.
    """
    actor(caller)
    with store.alone(gateway.account):
        used = preview_tokens.use(store, token, caller=caller, now=now)
        if "change" not in used.terms:
            raise NotPermitted(
                "this token places a new order, it changes none; nothing was sent. Preview the "
                "change and use its token"
            )
        order = read_order(used.terms["order"])
        works = _working(gateway, order.order_ref)
        found = _check(order, works, gateway, store, settings)
        terms = _terms(order, works.client_id, gateway.account, found.session.day, settings)
        refuse_unless_same(used, terms, found, what="change")
        return _send(order, used, gateway, store, found, caller, settings)


def _send(
    order: Order,
    used: preview_tokens.Used,
    gateway: FullGateway,
    store: DeskStore,
    found: PreTradeChecks,
    caller: str,
    settings: Settings,
) -> Change:
    detail: dict[str, Any] = {
        "quantity": order.quantity,
        "limit_price": order.limit_price,
        "token": used.token_sha256,
        "account": gateway.account,
        "session": found.session.day.isoformat(),
    }
    with store.transaction() as connection:
        session_limits.refuse_if_too_many(
            connection, gateway.account, found.session.day, orders=1, limits=settings.limits
        )
        order_changes.keep(connection, order, source=used.token_sha256, now=found.moment)
        note(connection, Act(found.moment, caller, "changing", order.order_ref, detail))
    try:
        change = gateway.orders.modify(order, timeout=settings.orders.acknowledge_timeout)
    except (GatewayError, DataError):
        # Raised only before the first byte.
        with store.transaction() as connection:
            order_changes.mark(connection, used.token_sha256, ChangeState.NOT_SENT)
            note(connection, Act(found.moment, caller, "not changed", order.order_ref, detail))
        raise
    if change.state.status is not OrderStatus.UNCERTAIN:
        order_events.remember(store, [change.state], now=found.moment)
    with store.transaction() as connection:
        if change.confirmed:
            order_changes.mark(connection, used.token_sha256, ChangeState.CONFIRMED)
        told = detail | {"confirmed": change.confirmed, "why": change.reason}
        note(connection, Act(found.moment, caller, "changed", order.order_ref, told))
    return change


def _committed(store: DeskStore, order_ref: str) -> Order:
    known = intents.of_names(store, [order_ref])
    if not known:
        raise NoData(
            f"this desk never committed to an order {order_ref!r}: what another program or a "
            "person placed is changed there"
        )
    order = known[0].order
    if isinstance(order, ComboOrder):
        raise DataError(
            f"order {order_ref} is a combination, whose terms are checked as a whole: cancel it "
            "and preview the strategy again"
        )
    return order


def _working(gateway: FullGateway, order_ref: str) -> BrokerOrder:
    for order in gateway.orders.open_orders().orders:
        if order.order_ref == order_ref and order.status not in order_events.OVER:
            return order
    raise DataError(
        f"order {order_ref} is no longer open, so it cannot be changed; see order_status"
    )


def _changed(committed: Order, works: BrokerOrder, request: ChangeRequest) -> Order:
    """Return the order with its new terms; those it keeps are the broker's."""
    quantity = int(works.quantity) if request.quantity is None else request.quantity
    limit = works.limit_price if request.limit_price is None else request.limit_price
    if limit is None or not (math.isfinite(limit) and limit > 0.0):
        raise DataError(f"the limit price {limit} of {works.symbol} is not above zero")
    if (quantity, limit) == (works.quantity, works.limit_price):
        raise DataError(f"order {works.order_ref} is for {quantity} at {limit:g} already")
    return replace(committed, quantity=quantity, limit_price=limit)


def _check(
    order: Order, works: BrokerOrder, gateway: FullGateway, store: DeskStore, settings: Settings
) -> PreTradeChecks:
    """Hold what may still trade under the new terms against everything, in place of the old."""
    left = order.quantity - int(works.filled)
    if left < 1:
        raise DataError(
            f"{works.filled:g} of order {order.order_ref} are filled, so its quantity cannot "
            f"become {order.quantity}: cancel it instead"
        )
    judged = replace(order, quantity=left)
    return check_before_trade(
        PlannedOrder(judged), gateway, store, settings, replaces=order.order_ref
    )


def _terms(order: Order, sender: int, account: str, day: date, settings: Settings) -> bytes:
    return terms_of(order, account, day, settings, change={"client_id": sender})
