"""Placing a strategy that was previewed; the way in is `desk.previews.place_previewed`."""

from __future__ import annotations

from core.settings import Settings
from core.types import OrderState
from desk import tokens, trades
from desk.store import DeskStore
from desk.strategy_gate import examine_strategy
from desk.strategy_plan import read_plan
from desk.two_steps import commit, refuse_unless_same, send_committed
from ibkr.gateway import Gateway


def place_strategy(
    used: tokens.Used, *, gateway: Gateway, store: DeskStore, caller: str, settings: Settings
) -> OrderState:
    """Send what a token just used up stands for, after the whole gate once more.

    Runs under the account's lock. Raises as `desk.previews.place_previewed`.
    """
    plan = read_plan(used.terms)
    found = examine_strategy(plan, gateway, store, settings)
    terms = plan.terms(gateway.account, found.session.day, settings)
    refuse_unless_same(used, terms, found, what="strategy")
    with store.transaction() as connection:
        named = commit(
            connection,
            plan.order,
            used,
            found,
            account=gateway.account,
            caller=caller,
            limits=settings.limits,
            closes=plan.closes,
        )
        trades.record(connection, named.order_ref, plan.strategy, closes=plan.closes)
    what = f"{plan.strategy.kind} of {named.symbol}"
    return send_committed(named, found, what=what, gateway=gateway, store=store, settings=settings)
