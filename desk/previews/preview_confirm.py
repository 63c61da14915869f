"""What every preview shares, and the placing of what was previewed.

A preview that passes hands out a token (`desk.records.preview_tokens`) for the terms that were
shown. When the token comes back, its terms are held against everything once more, and committed to
disk before they are sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.canonical import canonical_json, sha256_of
from core.settings import Settings
from core.types import Order, OrderState
from desk.errors import GateRefused, NotPermitted
from desk.gate import desk_gate
from desk.orders import intents
from desk.orders.sending import send
from desk.previews import open_trades
from desk.previews.planned_order import PlannedOrder, read_plan
from desk.previews.pre_trade_checks import PreTradeChecks, check_before_trade
from desk.records import preview_tokens, session_limits
from desk.records.audit import Act, actor, note
from desk.records.store import DeskStore
from ibkr.gateway import Gateway


@dataclass(frozen=True, slots=True)
class Caller:
    """Who previews, when, and under which settings; the name goes into the audit trail."""

    name: str
    now: datetime
    settings: Settings

    def __post_init__(self) -> None:
        """Raise `ConfigurationError` for what is no name."""
        actor(self.name)


def hand_out(
    store: DeskStore,
    terms: bytes,
    found: PreTradeChecks,
    *,
    caller: Caller,
    action: str,
    subject: str,
    **more: object,
) -> preview_tokens.Token | None:
    """Issue a token unless a check failed, and write the preview down either way.

    ``action``, ``subject`` and ``more`` go into the audit trail.
    """
    passed = not desk_gate.failed(found.checks)
    token = (
        preview_tokens.issue(store, terms, caller=caller.name, now=caller.now) if passed else None
    )
    with store.transaction() as connection:
        detail = {"terms": sha256_of(terms), "passed": passed, **more}
        note(connection, Act(caller.now, caller.name, action, subject, detail))
    return token


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
    calling = Caller(caller, now, settings)
    with store.alone(gateway.account):
        used = preview_tokens.use(store, token, caller=caller, now=now)
        if "change" in used.terms:
            raise NotPermitted(
                "this token changes an order, it places none; nothing was sent. Use it to change "
                "that order: preview the change again"
            )
        plan = read_plan(used.terms)
        found = check_before_trade(plan, gateway, store, settings)
        terms = plan.terms(gateway.account, found.session.day, settings)
        refuse_unless_same(used, terms, found, what=plan.kind)
        with store.transaction() as connection:
            named = _commit(connection, plan, used, found, account=gateway.account, caller=calling)
        return _send(named, plan, found, gateway=gateway, store=store, settings=settings)


def refuse_unless_same(
    used: preview_tokens.Used, terms: bytes, found: PreTradeChecks, *, what: str
) -> None:
    """Raise when what was previewed would be sent otherwise by now, or no longer passes.

    ``what`` was previewed, in a word. Raises `NotPermitted` and `GateRefused`.
    """
    if terms != canonical_json(dict(used.terms)):
        raise NotPermitted(
            "account, session or limits are no longer those of the preview; nothing was sent. "
            f"Preview the {what} again"
        )
    if failed := desk_gate.failed(found.checks):
        raise GateRefused(failed, remedy=f"preview the {what} again")


def _commit(
    connection: sa.Connection,
    plan: PlannedOrder,
    used: preview_tokens.Used,
    found: PreTradeChecks,
    *,
    account: str,
    caller: Caller,
) -> Order:
    """Commit the account to the order of a token and return it named; see `desk.orders.intents`.

    Raises `Throttled` when the session has had its share.
    """
    session_limits.refuse_if_too_many(
        connection, account, found.session.day, orders=1, limits=caller.settings.limits
    )
    named = intents.commit_order(
        connection,
        plan.order,
        account=account,
        session=found.session.day,
        source=used.token_sha256,
        now=found.moment,
    )
    open_trades.record(connection, named.order_ref, plan)
    detail = {
        "symbol": named.symbol,
        "token": used.token_sha256,
        "account": account,
        "session": found.session.day.isoformat(),
        **plan.relations,
    }
    note(connection, Act(found.moment, caller.name, "committed", named.order_ref, detail))
    return named


def _send(
    order: Order,
    plan: PlannedOrder,
    found: PreTradeChecks,
    *,
    gateway: Gateway,
    store: DeskStore,
    settings: Settings,
) -> OrderState:
    """Send one order that is committed to. Raises `NotPermitted` when it could not leave."""
    sent = send(
        [order],
        gateway=gateway,
        store=store,
        held=found.held,
        until=found.session.close,
        settings=settings,
        now=found.moment,
    )
    if order.order_ref not in sent.states:
        raise NotPermitted(f"{order.side} {order.quantity} {plan.instrument}: {sent.held_back}")
    return sent.states[order.order_ref]
