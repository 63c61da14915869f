"""One order, of one leg or more, in front of everything that may speak against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from core.calendar import BUCHAREST, Exchange, Session, local_time, session
from core.errors import NoData
from core.money import Money
from core.settings import Settings
from core.types import Contract, Order, WhatIf
from desk.clocks import read
from desk.gate import broker_hours, desk_gate
from desk.gate.account_state import account_state
from desk.gate.broker_hours import AgreedSession
from desk.kill_switch import refuse_if_stopped
from desk.orders.agreement import refuse_if_altered
from desk.orders.reconciliation import AccountNow, look_back
from desk.previews import open_trades
from desk.previews.planned_order import PlannedOrder
from desk.previews.strategy_checks import Judged, PricedStrategy, judge_strategy
from desk.records.order_ref import order_ref
from desk.records.store import DeskStore
from ibkr.gateway import Gateway
from risk.account import AccountState
from risk.limits import Check


@dataclass(frozen=True, slots=True)
class PreTradeChecks:
    """What was found about one order."""

    moment: datetime  # the gateway's
    session: Session
    held: Mapping[int, float]  # signed shares and contracts by conId
    reference_price: float | None  # as its market quotes it, like the order's limit
    value: Money | None  # of the whole order at its limit, in the currency of its market
    checks: tuple[Check, ...]
    what_if: WhatIf
    strategy: PricedStrategy | None = None  # of a combination


def check_before_trade(
    plan: PlannedOrder,
    gateway: Gateway,
    store: DeskStore,
    settings: Settings,
    *,
    replaces: str | None = None,
) -> PreTradeChecks:
    """Reconcile, ask the kill switch, and hold the order against every limit and the broker.

    ``replaces`` is the order_ref of the working order whose place it takes: what is left of that
    one does not count beside it.
    """
    clocks = read(gateway, settings)
    clocks.refuse_if_apart()
    moment = clocks.gateway
    today = session_at(moment, settings.sessions)
    refuse_if_altered(store, account=gateway.account, session=today.day, now=moment)
    before = look_back(store, gateway, session=today.day, now=moment)
    refuse_if_stopped(store, plan.order, held=before.snapshot.held)
    state = account_state(store, settings, account=gateway.account, session=today.day)
    if plan.strategy is None:
        judged = _judge_shares(plan, before, state, gateway, settings, today.day, replaces)
    else:
        judged = judge_strategy(plan, before, state, gateway, store, settings, today.day)
    hours = _hours(plan.order, gateway, settings, today, moment)
    answer = ask_what_if(plan.order, gateway, today.day).in_base(before.snapshot.exchange_rates)
    return PreTradeChecks(
        moment=moment,
        session=hours.session,
        held=before.snapshot.held,
        reference_price=judged.reference_price,
        value=judged.value,
        checks=(
            *hours.checks,
            *judged.checks,
            *_closing_checks(plan, before, store),
            what_if_check(answer),
        ),
        what_if=answer,
        strategy=judged.strategy,
    )


def _hours(
    order: Order, gateway: Gateway, settings: Settings, today: Session, moment: datetime
) -> AgreedSession:
    """Hold the broker's hours of what is traded, a combination's underlying, against the calendar.

    Hours that are not known are shown, like all checks, to whoever confirms. Raises `NoData` when
    the session is over by what the broker says.
    """
    traded = [Contract(order.con_id, order.symbol)]
    exchange = settings.sessions
    found = broker_hours.ask(gateway, traded, today, exchange=exchange, unattended=False)
    _refuse_if_over(found.session, moment)
    return found


def _judge_shares(
    plan: PlannedOrder,
    before: AccountNow,
    state: AccountState,
    gateway: Gateway,
    settings: Settings,
    today: date,
    replaces: str | None,
) -> Judged:
    """Hold an order for one instrument against the limits of orders and of portfolios."""
    order = plan.order
    working = [each for each in before.orders.working if each.order_ref != replaces]
    exposure = desk_gate.exposure(before.snapshot, working)
    market = desk_gate.look(gateway, exposure, [order], settings=settings, session=today)
    checks = desk_gate.judge([order], exposure, market, limits=settings.limits, account=state)
    quoted, contract = market.prices.get(order.con_id), market.contracts.get(order.con_id)
    value = None
    if contract is not None and order.limit_price is not None:
        value = contract.quoted(order.limit_price) * order.quantity
    return Judged(None if quoted is None else quoted.amount, value, checks)


def _closing_checks(plan: PlannedOrder, before: AccountNow, store: DeskStore) -> tuple[Check, ...]:
    if plan.closes is None:
        return ()
    trade = open_trades.fetch(store, before.snapshot.account, plan.closes)
    return (open_trades.closing_check(plan.order, trade, before.snapshot.held),)


def ask_what_if(order: Order, gateway: Gateway, day: date) -> WhatIf:
    """Ask the broker what an order would do, under a name that no order has."""
    unused = order_ref(gateway.account, day, order.con_id, order.side, revision=1)
    return gateway.trading.what_if(replace(order, order_ref=unused))


def what_if_check(answer: WhatIf) -> Check:
    """Hold the broker's what-if of an order against what the account can carry."""
    passed = answer.accepted and not answer.margin_exceeded
    told = "the broker would take it" if passed else answer.reason or "margin would exceed equity"
    return Check("what-if", None, None, passed=passed, detail=told)


def session_at(moment: datetime, exchange: Exchange) -> Session:
    """Return the session that can still be traded in. Raises `NoData` when there is none left."""
    today = session(moment.astimezone(BUCHAREST).date(), exchange=exchange)
    _refuse_if_over(today, moment)
    return today


def _refuse_if_over(found: Session, moment: datetime) -> None:
    if moment > found.close:
        raise NoData(f"the session of {found.day} closed at {local_time(found.close)}")
