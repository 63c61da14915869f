"""What every preview shares, and every placing of what was previewed.

A preview that passes hands out a token for the terms that were shown. When the token comes back,
its terms are held against everything once more, and committed to disk before they are sent.
"""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa

from core.canonical import canonical_json, sha256_of
from core.settings import LimitSettings, Settings
from core.types import Order, OrderState
from desk.errors import GateRefused, NotPermitted
from desk.gate import desk_gate
from desk.orders import intents
from desk.orders.sending import send
from desk.previews.pre_trade_checks import Examined
from desk.records import preview_tokens, session_limits
from desk.records.audit import Act, note
from desk.records.store import DeskStore
from ibkr.gateway import Gateway


def terms_of(order: Order, account: str, day: date, settings: Settings, **more: object) -> bytes:
    """Return what a token stands for: all that would be sent, account, session and limits."""
    limits = sha256_of(canonical_json(settings.limits.model_dump(mode="json")))
    return canonical_json(
        {"account": account, "session": day, "limits": limits, "order": order, **more}
    )


def hand_out(
    store: DeskStore,
    terms: bytes,
    found: Examined,
    *,
    caller: str,
    now: datetime,
    action: str,
    subject: str,
    **more: object,
) -> preview_tokens.Token | None:
    """Issue a token unless a check failed, and write the preview down either way.

    ``action``, ``subject`` and ``more`` go into the audit trail.
    """
    passed = not desk_gate.failed(found.checks)
    token = preview_tokens.issue(store, terms, caller=caller, now=now) if passed else None
    with store.transaction() as connection:
        detail = {"terms": sha256_of(terms), "passed": passed, **more}
        note(connection, Act(now, caller, action, subject, detail))
    return token


def refuse_unless_same(
    used: preview_tokens.Used, terms: bytes, found: Examined, *, what: str
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


def commit(
    connection: sa.Connection,
    order: Order,
    used: preview_tokens.Used,
    found: Examined,
    *,
    account: str,
    caller: str,
    limits: LimitSettings,
    **more: object,
) -> Order:
    """Commit the account to the order of a token and return it named; see `desk.orders.intents`.

    ``more`` goes into the audit trail. Raises `Throttled` when the session has had its share.
    """
    session_limits.refuse_if_too_many(
        connection, account, found.session.day, orders=1, limits=limits
    )
    named = intents.commit_order(
        connection,
        order,
        account=account,
        session=found.session.day,
        source=used.token_sha256,
        now=found.moment,
    )
    detail = {
        "symbol": named.symbol,
        "token": used.token_sha256,
        "account": account,
        "session": found.session.day.isoformat(),
        **more,
    }
    note(connection, Act(found.moment, caller, "committed", named.order_ref, detail))
    return named


def send_committed(
    order: Order,
    found: Examined,
    *,
    what: str,
    gateway: Gateway,
    store: DeskStore,
    settings: Settings,
) -> OrderState:
    """Send one order that is committed to. Raises `NotPermitted` when it could not leave.

    ``what`` it is an order for, in words.
    """
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
        raise NotPermitted(f"{order.side} {order.quantity} {what}: {sent.held_back}")
    return sent.states[order.order_ref]
