"""Placing a previewed strategy; the way in is `desk.previews.order_preview.place_previewed`."""

from __future__ import annotations

from core.settings import Settings
from core.types import OrderState
from desk.previews.preview_confirm import commit, refuse_unless_same, send_committed
from desk.records import preview_tokens
from desk.records.store import DeskStore
from desk.strategies import strategy_positions
from desk.strategies.strategy_gate import examine_strategy
from desk.strategies.strategy_plan import read_plan
from ibkr.gateway import Gateway


def place_strategy(
    used: preview_tokens.Used,
    *,
    gateway: Gateway,
    store: DeskStore,
    caller: str,
    settings: Settings,
) -> OrderState:
    """Send what a token just used up stands for, after the whole gate once more.

    Runs under the account's lock. Raises as `desk.previews.order_preview.place_previewed`.
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
        strategy_positions.record(connection, named.order_ref, plan.strategy, closes=plan.closes)
    what = f"{plan.strategy.kind} of {named.symbol}"
    return send_committed(named, found, what=what, gateway=gateway, store=store, settings=settings)
