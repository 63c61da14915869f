"""One order in two steps: preview it, then place exactly what was previewed.

A preview that passes yields a token (`desk.tokens`) for the very terms that were shown. Placing
takes the token and no terms, and passes the whole gate again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime

from core.canonical import canonical_json, sha256_of
from core.errors import DataError
from core.settings import Settings
from core.types import Contract, Order, OrderState, OrderType, Side, WhatIf
from desk import gate, intents, tokens
from desk.audit import Act, actor, note
from desk.errors import GateRefused, NotPermitted
from desk.examination import Examined, examine
from desk.sending import send
from desk.store import DeskStore
from ibkr.diff import marketable_limit
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
    order = _order(request, gateway, settings)
    with store.alone(gateway.account):
        found = examine(order, gateway, store, settings)
    terms = _terms(order, gateway.account, found.session.day, settings)
    passed = not gate.failed(found.checks)
    token = tokens.issue(store, terms, caller=caller, now=now) if passed else None
    with store.transaction() as connection:
        detail = {"terms": sha256_of(terms), "passed": passed}
        note(connection, Act(now, caller, "previewed", order.symbol, detail))
    return Preview(
        order=order,
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
    """Place the order that a token stands for, after the whole gate once more.

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
        used = tokens.use(store, token, caller=caller, now=now)
        plain = used.terms["order"]
        order = Order(
            **{**plain, "side": Side(plain["side"]), "order_type": OrderType(plain["order_type"])}
        )
        found = examine(order, gateway, store, settings)
        terms = _terms(order, gateway.account, found.session.day, settings)
        if terms != canonical_json(dict(used.terms)):
            raise NotPermitted(
                "account, session or limits are no longer those of the preview; nothing was sent. "
                "Preview the order again"
            )
        if failed := gate.failed(found.checks):
            raise GateRefused(failed, remedy="preview the order again")
        named = _commit(order, gateway.account, store, used, found, caller)
        sent = send(
            [named],
            gateway=gateway,
            store=store,
            held=found.held,
            until=found.session.close,
            timeout=settings.orders.acknowledge_timeout,
            now=found.moment,
        )
    if named.order_ref not in sent.states:
        raise NotPermitted(f"{named.side} {named.quantity} {named.symbol}: {sent.held_back}")
    return sent.states[named.order_ref]


def _order(request: OrderRequest, gateway: Gateway, settings: Settings) -> Order:
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


def _terms(order: Order, account: str, day: date, settings: Settings) -> bytes:
    limits = sha256_of(canonical_json(settings.limits.model_dump(mode="json")))
    return canonical_json({"account": account, "session": day, "limits": limits, "order": order})


def _commit(
    order: Order,
    account: str,
    store: DeskStore,
    used: tokens.Used,
    found: Examined,
    caller: str,
) -> Order:
    with store.transaction() as connection:
        named = intents.commit_order(
            connection,
            order,
            account=account,
            session=found.session.day,
            source=used.token_sha256,
            now=found.moment,
        )
        detail = {"symbol": named.symbol, "token": used.token_sha256}
        note(connection, Act(found.moment, caller, "committed", named.order_ref, detail))
    return named
