"""A strategy held against its limits: what it costs, what it can lose, what is there to close."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core.calendar import last_complete_session
from core.errors import DataError
from core.money import Money
from core.settings import Settings
from core.types import Contract, Position, Snapshot
from desk.gate import desk_gate
from desk.orders.reconciliation import AccountNow
from desk.previews import open_trades
from desk.previews.open_trades import Trade
from desk.previews.planned_order import PlannedOrder
from desk.previews.strategy_prices import StrategyPrices, prices
from desk.records.order_events import OVER
from desk.records.store import DeskStore
from ibkr.gateway import Gateway
from risk.account import AccountState, account_checks
from risk.limits import Check, Limits
from risk.strategies.checks import StrategyTrade, check_closing, check_opening
from risk.strategies.payoff import outcome


@dataclass(frozen=True, slots=True)
class PricedStrategy:
    """A strategy at the quotes of its legs."""

    quotes: StrategyPrices
    trade: StrategyTrade


@dataclass(frozen=True, slots=True)
class Judged:
    """What the limits say of one order."""

    reference_price: float | None  # per share, of a combination net
    value: Money | None  # of the whole order at its limit, in the currency of its market
    checks: tuple[Check, ...]
    strategy: PricedStrategy | None = None


def judge_strategy(
    plan: PlannedOrder,
    before: AccountNow,
    state: AccountState,
    gateway: Gateway,
    store: DeskStore,
    settings: Settings,
    today: date,
) -> Judged:
    """Price a strategy and hold it against the limits of what is opened, or of what is closed."""
    quotes = prices(gateway, plan)
    trade = _trade_of(plan, quotes)
    if plan.closes is None:
        open_now = _open_trades(store, before.snapshot.account, plan.order.symbol, today)
        checks = (
            *check_opening(
                trade,
                net_asset_value=before.snapshot.net_asset_value,
                rates=before.snapshot.exchange_rates,
                exposure=_exposure(before, open_now, quotes=quotes),
                adv=_average_volume(gateway, quotes.contract, settings),
                limits=settings.limits,
            ),
            *_account_checks(state, before.snapshot, settings),
        )
    else:
        legs = [before.snapshot.held.get(leg.con_id, 0.0) for leg in plan.order.parts]
        checks = check_closing(trade, held=legs, limits=settings.limits)
    value = money(trade.limit_price * trade.shares, trade.currency)
    return Judged(known(trade.reference_price), value, checks, PricedStrategy(quotes, trade))


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


def money(amount: float, currency: str) -> Money | None:
    """Return an amount, or None for one that is not known or has no bound."""
    return Money(amount, currency) if math.isfinite(amount) else None


def _trade_of(plan: PlannedOrder, quotes: StrategyPrices) -> StrategyTrade:
    """Return a strategy with the figures it is judged by."""
    order = plan.order
    assert plan.strategy is not None, "only a strategy has legs to price"
    return StrategyTrade(
        strategy=plan.strategy,
        side=order.side,
        quantity=order.quantity,
        limit_price=order.limit_price if order.limit_price is not None else math.nan,
        leg_prices=quotes.leg_prices,
        underlying_price=quotes.underlying_price,
        currency=quotes.contract.currency,
    )


def _exposure(before: AccountNow, open_now: Sequence[Trade], *, quotes: StrategyPrices) -> float:
    """Return what is at risk in a name: strategies by what they can lose, the rest by its size.

    In the base currency; NaN without the rate of the name's own.
    A credit spread far from its strikes is worth next to nothing and can still lose its width.
    Of a position only what the strategies hold is left out: the shares of a covered call are part
    of all the shares held.
    """
    snapshot, working = before.snapshot, before.orders.working
    symbol, currency = quotes.contract.symbol, quotes.contract.currency
    try:
        rate = snapshot.exchange_rates.of(currency)
    except DataError:
        return math.nan  # the checks of the trade name the currency
    price = quotes.contract.quoted(quotes.underlying_price).per_share
    in_strategies: dict[int, float] = {}
    for trade in open_now:
        for con_id, quantity in trade.positions.items():
            in_strategies[con_id] = in_strategies.get(con_id, 0.0) + quantity
    held = (position for position in snapshot.positions if position.symbol == symbol)
    orders = (s for s in working if s.symbol == symbol and s.status not in OVER and not s.legs)
    return (
        sum(trade.open_quantity * _risk_of_one(trade) for trade in open_now) * rate
        + sum(_beside(position, in_strategies.get(position.con_id, 0.0)) for position in held)
        + sum((state.quantity - state.filled) * price for state in orders) * rate
    )


def _beside(position: Position, in_strategies: float) -> float:
    """Return the size of a position without the part of it that strategies hold."""
    if position.quantity == 0.0:
        return abs(position.market_value)
    part = min(max(in_strategies / position.quantity, 0.0), 1.0)
    return abs(position.market_value) * (1.0 - part)


def _open_trades(store: DeskStore, account: str, symbol: str, today: date) -> list[Trade]:
    return [
        trade
        for trade in open_trades.strategies(store, account)
        if trade.order.symbol == symbol
        and trade.open_quantity
        and trade.strategy is not None
        and trade.strategy.last_expiry >= today
    ]


def _risk_of_one(trade: Trade) -> float:
    assert trade.strategy is not None, "shares are not a strategy"
    limit = trade.order.limit_price or math.nan
    return outcome(trade.strategy, trade.order.side, limit).max_loss * trade.strategy.multiplier


def _average_volume(gateway: Gateway, underlying: Contract, settings: Settings) -> float:
    """Return the underlying's average daily volume in shares; NaN where it is not known."""
    history = gateway.market.history([underlying], duration=settings.universe.history)
    closed = last_complete_session(gateway.server_time(), exchange=settings.sessions).day
    bars = history.bars[history.bars["session"] <= closed]
    return desk_gate.average_volumes(bars).get(underlying.con_id, math.nan)
