"""One order in front of everything that may speak against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from core.calendar import BUCHAREST, Session, session
from core.errors import NoData
from core.settings import Settings
from core.types import Order, WhatIf
from desk import gate
from desk.keys import order_ref
from desk.reconciliation import reconcile
from desk.store import DeskStore
from desk.switch import refuse_if_stopped
from ibkr.gateway import Gateway
from risk.limits import Check


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found about one order."""

    moment: datetime  # the gateway's
    session: Session
    held: Mapping[int, float]  # signed shares by conId
    reference_price: float | None
    checks: tuple[Check, ...]
    what_if: WhatIf


def examine(order: Order, gateway: Gateway, store: DeskStore, settings: Settings) -> Examined:
    """Reconcile, ask the kill switch, and hold the order against every limit and the broker."""
    moment = gateway.server_time()
    today = _session(moment, settings.exchange)
    known = reconcile(
        store, gateway.trading, account=gateway.account, session=today.day, now=moment
    )
    snapshot = gateway.portfolio.snapshot()
    held = {position.con_id: position.quantity for position in snapshot.positions}
    refuse_if_stopped(store, order, held=held.get(order.con_id, 0.0))
    exposure = gate.exposure(snapshot, known.working)
    market = gate.look(gateway, exposure, [order], settings=settings)
    rehearsed = order_ref(gateway.account, today.day, order.con_id, order.side, revision=1)
    answer = gateway.trading.what_if(replace(order, order_ref=rehearsed))
    checks = gate.judge([order], exposure, market, limits=settings.limits)
    return Examined(
        moment=moment,
        session=today,
        held=held,
        reference_price=market.prices.get(order.con_id),
        checks=(*checks, _what_if_check(answer)),
        what_if=answer,
    )


def _what_if_check(answer: WhatIf) -> Check:
    passed = answer.accepted and not answer.margin_exceeded
    told = "the broker would take it" if passed else answer.reason or "margin would exceed equity"
    return Check("what-if", None, None, passed=passed, detail=told)


def _session(moment: datetime, exchange: str) -> Session:
    today = session(moment.astimezone(BUCHAREST).date(), exchange=exchange)
    if moment > today.close:
        raise NoData(f"the session of {today.day} closed at {today.close:%H:%M} UTC")
    return today
