"""A strategy in front of everything that may speak against it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from core.calendar import last_complete_session
from core.errors import DataError
from core.settings import Settings
from core.types import ComboOrder, Contract, OrderState, Snapshot
from desk.gate import desk_gate
from desk.gate.account_state import account_state
from desk.previews.pre_trade_checks import Examined, rehearse, standing, what_if_check
from desk.records.order_events import OVER
from desk.records.store import DeskStore
from desk.strategies import strategy_positions
from desk.strategies.strategy_plan import StrategyPlan
from desk.strategies.strategy_positions import Trade
from desk.strategies.strategy_prices import StrategyPrices, prices
from ibkr.gateway import Gateway
from risk.account import AccountState, account_checks
from risk.limits import Check, Limits
from risk.payoff import outcome
from risk.strategy import Strategy
from risk.strategy_checks import StrategyTrade, check_closing, check_opening


@dataclass(frozen=True, slots=True)
class ExaminedStrategy(Examined):
    """What was found about one strategy; its reference price is net per share."""

    quotes: StrategyPrices
    trade: StrategyTrade


def examine_strategy(
    plan: StrategyPlan, gateway: Gateway, store: DeskStore, settings: Settings
) -> ExaminedStrategy:
    """Reconcile, ask the kill switch, and hold a strategy against every limit and the broker."""
    order, account = plan.order, gateway.account
    stands = standing(order, gateway, store, settings)
    today, snapshot = stands.session.day, stands.snapshot
    quotes = prices(gateway, plan)
    trade = trade_of(plan.strategy, order, quotes)
    answer = rehearse(order, gateway, today)
    if plan.closes is None:
        opening = check_opening(
            trade,
            net_asset_value=snapshot.net_asset_value,
            rates=snapshot.exchange_rates,
            exposure=_exposure(
                snapshot,
                stands.working,
                _open_trades(store, account, order.symbol, today),
                quotes=quotes,
            ),
            adv=_average_volume(gateway, quotes.contract, settings),
            limits=settings.limits,
        )
        state = account_state(store, settings, account=account, session=today)
        checks = (*opening, *_account_checks(state, snapshot, settings))
    else:
        left = strategy_positions.fetch(store, account, plan.closes).left
        legs = [stands.held.get(leg.con_id, 0.0) for leg in order.legs]
        closing = check_closing(trade, held=legs, limits=settings.limits)
        checks = (*closing, _left_check(order, left))
    return ExaminedStrategy(
        moment=stands.moment,
        session=stands.session,
        held=stands.held,
        reference_price=known(trade.reference_price),
        checks=(*checks, what_if_check(answer)),
        what_if=answer,
        quotes=quotes,
        trade=trade,
    )


def _account_checks(
    state: AccountState, snapshot: Snapshot, settings: Settings
) -> tuple[Check, ...]:
    """Hold the account against its limits: what is opened adds to what can be lost."""
    return tuple(
        account_checks(
            state,
            net_asset_value=snapshot.net_asset_value,
            orders=1,
            reduces=False,
            rules=Limits.of(settings.limits),
        )
    )


def known(value: float) -> float | None:
    """Return a figure, or None for one that is not known or has no bound."""
    return value if math.isfinite(value) else None


def trade_of(strategy: Strategy, order: ComboOrder, quotes: StrategyPrices) -> StrategyTrade:
    """Return a strategy with the figures it is judged by."""
    return StrategyTrade(
        strategy=strategy,
        side=order.side,
        quantity=order.quantity,
        limit_price=order.limit_price if order.limit_price is not None else math.nan,
        leg_prices=quotes.leg_prices,
        underlying_price=quotes.underlying_price,
        currency=quotes.contract.currency,
    )


def _exposure(
    snapshot: Snapshot,
    working: Iterable[OrderState],
    open_trades: Sequence[Trade],
    *,
    quotes: StrategyPrices,
) -> float:
    """Return what is at risk in a name: strategies by what they can lose, the rest by its size.

    In the base currency; NaN without the rate of the name's own.
    A credit spread far from its strikes is worth next to nothing and can still lose its width.
    """
    symbol, currency = quotes.contract.symbol, quotes.contract.currency
    try:
        rate = snapshot.exchange_rates.of(currency)
    except DataError:
        return math.nan  # the checks of the trade name the currency
    price = quotes.contract.quoted(quotes.underlying_price).per_share
    legs = {leg.con_id for trade in open_trades for leg in trade.order.legs}
    others = (p for p in snapshot.positions if p.symbol == symbol and p.con_id not in legs)
    orders = (s for s in working if s.symbol == symbol and s.status not in OVER and not s.legs)
    return (
        sum(trade.left * _risk_of_one(trade) for trade in open_trades) * rate
        + sum(abs(position.market_value) for position in others)
        + sum((state.quantity - state.filled) * price for state in orders) * rate
    )


def _open_trades(store: DeskStore, account: str, symbol: str, today: date) -> list[Trade]:
    return [
        trade
        for trade in strategy_positions.listed(store, account)
        if trade.strategy.symbol == symbol and trade.left and trade.strategy.last_expiry >= today
    ]


def _risk_of_one(trade: Trade) -> float:
    limit = trade.order.limit_price or math.nan
    return outcome(trade.strategy, trade.order.side, limit).max_loss * trade.strategy.multiplier


def _average_volume(gateway: Gateway, underlying: Contract, settings: Settings) -> float:
    """Return the underlying's average daily volume in shares; NaN where it is not known."""
    history = gateway.market.history([underlying], duration=settings.universe.history)
    closed = last_complete_session(gateway.server_time(), exchange=settings.exchange).day
    bars = history.bars[history.bars["session"] <= closed]
    return desk_gate.average_volumes(bars).get(underlying.con_id, math.nan)


def _left_check(order: ComboOrder, left: float) -> Check:
    enough = order.quantity <= left
    told = f"{left:g} left to close"
    return Check("open quantity", float(order.quantity), left, passed=enough, detail=told)
