"""The gate in front of the broker, the same for a day's ticket and for a single order.

Every order is held against the limits of orders, and the portfolio that would result against the
limits of portfolios: positions, plus everything that still works at the broker, plus the orders.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import pandas as pd

from core.calendar import last_complete_session
from core.money import MINOR_PER_UNIT, Price, Rates
from core.settings import LimitSettings, Settings
from core.types import Contract, Order, OrderState, Position, Snapshot
from desk.gate.market_context import Reference, newest
from desk.records.order_events import OVER
from desk.records.order_ref import is_ours
from ibkr.gateway import Gateway
from risk.account import AccountState
from risk.gate import check_constraints
from risk.limits import Check, Limits, check, in_words, number
from risk.outcomes import base_prices
from risk.returns import daily_returns

ADV_SESSIONS = 20
_OF_THE_OPTIMISER = "optimiser"  # the one check that is about a target, not about orders


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """What the account holds and what still works, by conId."""

    weights: dict[int, float]  # of net asset value, positions only
    pending: dict[int, float]  # signed shares that our own orders may still trade
    net_asset_value: float
    names: dict[int, str]
    foreign: tuple[tuple[int, float], ...] = ()  # the same of each order that others placed
    rates: Rates = field(kw_only=True)  # into the currency of the net asset value
    currencies: Mapping[int, str] = field(default_factory=dict, kw_only=True)  # of what is held
    aside: Mapping[int, str] = field(default_factory=dict, kw_only=True)  # held beside these stocks
    at_stake: Mapping[int, float] = field(default_factory=dict, kw_only=True)  # what of it

    def contract(self, con_id: int, symbol: str) -> Contract:
        """Return what is known of a name without asking: enough to ask for its bars."""
        return Contract(con_id, symbol, currency=self.currencies.get(con_id, ""))


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """Fresh figures of the names that matter. What is unknown is absent, or NaN in a frame."""

    prices: dict[int, Price]  # as each market quotes them
    adv: dict[int, float]  # shares a day
    returns: pd.DataFrame  # shape (T, n), daily fractions, one column per conId
    coverage: float  # share of the names that have bars, new ones where they would trade
    reference: Reference = field(default_factory=Reference)  # the market as a whole
    contracts: Mapping[int, Contract] = field(default_factory=dict)  # of what would trade
    rates: Rates = field(kw_only=True)  # of the moment


def exposure(snapshot: Snapshot, working: Iterable[OrderState]) -> Exposure:
    """Join positions with what is left of the orders that may still trade.

    Our own are part of what was decided. Those of others may fill or not: the gate judges both.
    """
    pending: dict[int, float] = {}
    foreign: list[tuple[int, float]] = []
    # What a strategy can lose is bounded, and was judged when it was placed: options have no weight
    # of their own in a portfolio of stocks; their value is at stake, see `risk.loss_limits`.
    stocks = snapshot.stocks
    names = {position.con_id: position.symbol for position in stocks.positions}
    for state in working:
        if state.status not in OVER and not state.legs:
            left = state.side.sign * (state.quantity - state.filled)
            if is_ours(state.order_ref):
                pending[state.con_id] = pending.get(state.con_id, 0.0) + left
            else:
                foreign.append((state.con_id, left))
            names[state.con_id] = state.symbol
    foreign.sort()
    return Exposure(
        stocks.weights,
        pending,
        snapshot.net_asset_value,
        names,
        tuple(foreign),
        rates=snapshot.exchange_rates,
        currencies={position.con_id: position.currency for position in stocks.positions},
        aside={position.con_id: position.symbol for position in snapshot.set_aside},
        at_stake=snapshot.at_stake,
    )


def as_decided(
    fresh: Exposure,
    snapshot: Snapshot,
    prices: Mapping[int, Price],
    *,
    net_asset_value: float,
    rates: Rates,
) -> Exposure:
    """Value the positions held at present in prices, capital and exchange rates of a decision.

    What was decided right at a limit must not fail over the next tick of a price; how far prices
    and capital have moved since are checks of their own.
    """
    worth = base_prices(prices, rates)
    weights = {
        p.con_id: (
            p.quantity * worth[p.con_id] if p.con_id in worth else p.market_value
        ) / net_asset_value
        for p in snapshot.stocks.positions
    }  # fmt: skip
    return replace(fresh, weights=weights, net_asset_value=net_asset_value, rates=rates)


def held_price(position: Position, amount: float, rates: Rates) -> Price:
    """Return an amount that a position was quoted at as a price.

    In which unit a share of London is quoted, neither the account page nor the record of a
    decision says; what the position is worth does. Raises `DataError` without a rate.
    """
    price = Price(amount, position.currency)
    worth = abs(position.market_value / position.quantity)
    in_parts = worth > 0.0 and rates.per_share(price) / worth > MINOR_PER_UNIT / 10
    return replace(price, magnifier=MINOR_PER_UNIT) if in_parts else price


def look(
    gateway: Gateway, held: Exposure, orders: Sequence[Order], *, settings: Settings, session: date
) -> Market:
    """Ask for quotes of what would trade and bars of everything held, pending or ordered.

    Raises `GatewayError` when the gateway is silent; a name without an answer is left out, and
    fails the checks that need it. What the market as a whole did, the last decision up to the
    session tells.
    """
    names = held.names | {order.con_id: order.symbol for order in orders}
    others = (con_id for con_id, _ in held.foreign)
    trading = {*held.pending, *others, *(order.con_id for order in orders)}
    # An order says neither its currency nor the unit of its price: the contract does.
    described = gateway.market.describe(trading).contracts
    contracts = [
        described[con_id] if con_id in described else held.contract(con_id, symbol)
        for con_id, symbol in sorted(names.items())
    ]
    quotes = gateway.market.bulk_quote([c for c in contracts if c.con_id in described])
    history = gateway.market.history(contracts, duration=settings.universe.history)
    closed = last_complete_session(gateway.server_time(), exchange=settings.sessions).day
    bars = history.bars[history.bars["session"] <= closed]
    # What would trade needs the bar of the last session; what is held only some past, and what has
    # none cannot be measured, which has a limit of its own.
    newest_bar = bars.groupby("con_id")["session"].max()
    known = sum(newest_bar[name] == closed or name not in trading for name in newest_bar.index)
    asked = {*trading, *newest_bar.index}
    return Market(
        prices={
            q.con_id: described[q.con_id].quoted(q.reference_price)
            for q in quotes.quotes
            if q.reference_price
        },
        adv=average_volumes(bars),
        returns=daily_returns(bars, sessions=settings.optimiser.scenarios),
        coverage=known / len(asked) if asked else 1.0,
        reference=newest(settings, until=session),
        contracts=described,
        rates=held.rates,
    )


def judge(
    orders: Sequence[Order],
    held: Exposure,
    market: Market,
    *,
    limits: LimitSettings,
    account: AccountState,
    decided: Mapping[int, Price] | None = None,
) -> tuple[Check, ...]:
    """Hold orders, and the portfolio they lead to, against every limit. Never raises over numbers.

    ``decided`` are the prices a decision rests on, by conId; see `as_decided`. Weights are valued
    in them, and in the exchange rates of ``held``; orders are held against those of the market.
    """
    quoted = market.prices | dict(decided or {})
    prices = base_prices(quoted, held.rates)
    names = {**held.aside, **held.names, **{order.con_id: order.symbol for order in orders}}
    verdict = check_constraints(
        held.weights,
        _weights_after(orders, held, prices),
        limits=limits,
        returns=market.returns,
        adv=market.adv,
        prices=quoted,
        rates=held.rates,
        net_asset_value=held.net_asset_value,
        coverage=market.coverage,
        optimiser_status="optimal",
        account=account,
        orders=orders,
        before_orders=_weights_after((), held, prices),
        references=market.prices,
        foreign=weighed(held.foreign, prices, held.net_asset_value),
        market=market.reference.market,
        sectors=market.reference.sectors,
        names=names,
        set_aside=held.at_stake,
    )
    return (
        *(one for one in verdict.checks if one.name != _OF_THE_OPTIMISER),
        *verdict.orders,
        *_moves(orders, held, market, limits, decided or {}),
    )


def _weights_after(
    orders: Sequence[Order], held: Exposure, prices: Mapping[int, float]
) -> dict[int, float]:
    """Return the weights once everything pending and these orders are filled, by conId."""
    weights = dict(held.weights)
    changes = [
        *held.pending.items(),
        *((o.con_id, o.side.sign * number(o.quantity)) for o in orders),
    ]
    for con_id, worth in weighed(changes, prices, held.net_asset_value):
        weights[con_id] = number(weights.get(con_id, 0.0)) + worth
    return weights


def weighed(
    shares: Iterable[tuple[int, float]], prices: Mapping[int, float], net_asset_value: float
) -> list[tuple[int, float]]:
    """Return signed shares as weights; NaN where price or net asset value is not known.

    Prices are per share, in the currency of the net asset value.
    """
    worth = number(net_asset_value)
    if not 0.0 < worth < math.inf:
        worth = math.nan
    return [(name, number(size) * number(prices.get(name)) / worth) for name, size in shares]


def capital_check(before: float, after: float, *, limits: LimitSettings) -> Check:
    """Hold the way of the net asset value since the decision against the price collar."""
    told = f"{in_words(before, ',.0f')} when it was decided, {in_words(after, ',.0f')} at present"
    moved = _moved(before, after)
    return check("net asset value since the decision", moved, Limits.of(limits).price_collar, told)


def failed(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Return the checks that did not pass."""
    return tuple(one for one in checks if not one.passed)


def _moves(
    orders: Sequence[Order],
    held: Exposure,
    market: Market,
    limits: LimitSettings,
    decided: Mapping[int, Price],
) -> list[Check]:
    """Hold each price's way since the decision, that of its currency with it, against the collar.

    Told in the market's own units, measured in the base currency.
    """
    was, now = base_prices(decided, held.rates), base_prices(market.prices, market.rates)
    collar = Limits.of(limits).price_collar
    checks = []
    for order in orders:
        before = decided.get(order.con_id)
        if before is not None:
            after = market.prices.get(order.con_id)
            moved = _moved(was[order.con_id], now.get(order.con_id, math.nan))
            told = (
                f"{in_words(before.amount, 'g')} when it was decided, "
                f"{in_words(None if after is None else after.amount, 'g')} at present"
            )
            checks.append(check(f"{order.symbol} price since the decision", moved, collar, told))
    return checks


def _moved(before: float, after: float) -> float:
    """Return how far a figure has moved, as a fraction; NaN unless both are above zero."""
    was, now = number(before), number(after)
    known = 0.0 < was < math.inf and 0.0 < now < math.inf
    return abs(now / was - 1.0) if known else math.nan


def average_volumes(bars: pd.DataFrame) -> dict[int, float]:
    """Return the mean volume of each name's last 20 sessions; one with fewer has none."""
    ordered = bars.sort_values(["con_id", "session"])
    recent = ordered.groupby("con_id")["volume"].agg(
        lambda volume: volume.tail(ADV_SESSIONS).mean() if len(volume) >= ADV_SESSIONS else math.nan
    )
    return {int(str(con_id)): float(adv) for con_id, adv in recent.items()}
