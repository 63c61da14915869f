"""One order in front of everything that may speak against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from core.calendar import BUCHAREST, Session, session
from core.errors import NoData
from core.settings import Settings
from core.types import Order, OrderState, Snapshot, WhatIf
from desk.clocks import read
from desk.gate import desk_gate
from desk.gate.account_state import account_state
from desk.kill_switch import refuse_if_stopped
from desk.orders.agreement import refuse_if_altered
from desk.orders.reconciliation import reconcile
from desk.records.order_ref import order_ref
from desk.records.store import DeskStore
from ibkr.gateway import Gateway
from risk.limits import Check


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found about one order."""

    moment: datetime  # the gateway's
    session: Session
    held: Mapping[int, float]  # signed shares and contracts by conId
    reference_price: float | None  # as its market quotes it, like the order's limit
    checks: tuple[Check, ...]
    what_if: WhatIf


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand in front of an order."""

    moment: datetime  # the gateway's
    session: Session
    working: tuple[OrderState, ...]  # whatever may still trade at the broker, ours or not
    snapshot: Snapshot
    held: Mapping[int, float]  # signed shares and contracts by conId


def examine(
    order: Order,
    gateway: Gateway,
    store: DeskStore,
    settings: Settings,
    *,
    replaces: str | None = None,
) -> Examined:
    """Reconcile, ask the kill switch, and hold the order against every limit and the broker.

    ``replaces`` is the order_ref of the working order whose place it takes: what is left of that
    one does not count beside it.
    """
    stands = standing(order, gateway, store, settings)
    working = [state for state in stands.working if state.order_ref != replaces]
    exposure = desk_gate.exposure(stands.snapshot, working)
    today = stands.session.day
    market = desk_gate.look(gateway, exposure, [order], settings=settings, session=today)
    answer = rehearse(order, gateway, today)
    account = account_state(store, settings, account=gateway.account, session=today)
    checks = desk_gate.judge([order], exposure, market, limits=settings.limits, account=account)
    quoted = market.prices.get(order.con_id)
    return Examined(
        moment=stands.moment,
        session=stands.session,
        held=stands.held,
        reference_price=None if quoted is None else quoted.amount,
        checks=(*checks, what_if_check(answer)),
        what_if=answer,
    )


def standing(order: Order, gateway: Gateway, store: DeskStore, settings: Settings) -> Standing:
    """Reconcile, ask for what is held, and let the kill switch refuse the order."""
    clocks = read(gateway, settings)
    clocks.refuse_if_apart()
    moment = clocks.gateway
    today = session_at(moment, settings.exchange)
    refuse_if_altered(store, account=gateway.account, session=today.day, now=moment)
    known = reconcile(
        store, gateway.trading, account=gateway.account, session=today.day, now=moment
    )
    snapshot = gateway.portfolio.snapshot()
    held = {position.con_id: position.quantity for position in snapshot.positions}
    refuse_if_stopped(store, order, held=held)
    return Standing(moment, today, known.working, snapshot, held)


def rehearse(order: Order, gateway: Gateway, day: date) -> WhatIf:
    """Ask the broker what an order would do, under a name that no order has."""
    rehearsed = order_ref(gateway.account, day, order.con_id, order.side, revision=1)
    return gateway.trading.what_if(replace(order, order_ref=rehearsed))


def what_if_check(answer: WhatIf) -> Check:
    """Hold the broker's rehearsal of an order against what the account can carry."""
    passed = answer.accepted and not answer.margin_exceeded
    told = "the broker would take it" if passed else answer.reason or "margin would exceed equity"
    return Check("what-if", None, None, passed=passed, detail=told)


def session_at(moment: datetime, exchange: str) -> Session:
    """Return the session that can still be traded in. Raises `NoData` when there is none left."""
    today = session(moment.astimezone(BUCHAREST).date(), exchange=exchange)
    if moment > today.close:
        raise NoData(f"the session of {today.day} closed at {today.close:%H:%M} UTC")
    return today
