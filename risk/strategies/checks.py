"""The last checks before a strategy leaves, opened or closed. What it can lose is computed here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from core.errors import DataError
from core.money import Rates
from core.settings import LimitSettings
from core.types import Side
from risk.limits import (
    TOLERANCE,
    Check,
    Limit,
    Limits,
    apart,
    check,
    in_words,
    information,
    number,
)
from risk.measures import adv_share
from risk.strategies.legs import Strategy, StrategyKind
from risk.strategies.margin import funds_required
from risk.strategies.payoff import Outcome, outcome, payoff


@dataclass(frozen=True, slots=True)
class StrategyTrade:
    """A strategy somebody would like to trade, with the figures it is judged by.

    Prices are per share, in ``currency``, NaN where they are not known; ``leg_prices`` are
    the midpoints of the legs, in their order.
    """

    strategy: Strategy
    side: Side
    quantity: float  # combinations
    limit_price: float
    leg_prices: tuple[float, ...]
    underlying_price: float
    currency: str = field(kw_only=True)  # of the contracts, and so of all figures here

    @property
    def reference_price(self) -> float:
        """What one share of the combination is worth now, at the legs' midpoints."""
        legs = zip(self.strategy.legs, self.leg_prices, strict=True)
        return sum((self.strategy.per_share(leg) * number(price) for leg, price in legs), 0.0)

    @property
    def shares(self) -> float:
        """The shares that the trade is about."""
        return number(self.quantity) * self.strategy.multiplier

    @property
    def outcome(self) -> Outcome:
        """What can come of it at the limit price, per share."""
        return outcome(self.strategy, self.side, number(self.limit_price))

    @property
    def max_risk(self) -> float:
        """The most it can lose, in money; inf where that has no bound."""
        return self.outcome.max_loss * self.shares

    @property
    def funds_required(self) -> float:
        """What it takes from the available funds, in money, as estimated."""
        return self.shares * funds_required(
            self.strategy,
            self.side,
            price=number(self.limit_price),
            underlying=number(self.underlying_price),
            leg_prices=self.leg_prices,
        )


def check_opening(
    trade: StrategyTrade,
    *,
    net_asset_value: float,
    rates: Rates,
    exposure: float,
    adv: float,
    limits: LimitSettings,
) -> tuple[Check, ...]:
    """Judge a strategy that is to be opened. Never raises over numbers: it fails them.

    Parameters
    ----------
    net_asset_value
        In the base currency of ``rates``.
    rates
        What the strategy's currency is worth in it; without that what is at stake is not known.
    exposure
        Sizes of all positions in the underlying and its options, working orders included, in
        the base currency.
    adv
        Average daily volume of the underlying, in shares.
    """
    rules = Limits.of(limits)
    value = number(net_asset_value)
    rate, unrated = _rate(trade.currency, rates)
    # In the currency of the trade.
    worth = value / rate if 0.0 < value < math.inf else math.nan
    risk = trade.max_risk / worth
    held = number(exposure) / value if 0.0 < value < math.inf else math.nan
    return (
        _quantity(trade.quantity),
        _direction(trade),
        *_leg_checks(trade, limits),
        *_outcome_checks(trade.outcome),
        check("trade risk", risk, rules.trade_risk, unrated or _risk_told(trade)),
        check(
            "order value",
            number(trade.limit_price) * trade.shares / worth,
            rules.order_value,
            unrated,
        ),
        check("largest single", held + risk, rules.single, trade.strategy.symbol),
        check("price collar", _distance(trade, _at_stake(trade)), rules.price_collar),
        check("share of volume", adv_share(trade.shares, number(adv)), rules.adv_share),
        information("funds required", trade.funds_required, "as estimated by Regulation T"),
    )


def check_closing(
    trade: StrategyTrade, *, held: Iterable[float], limits: LimitSettings
) -> tuple[Check, ...]:
    """Judge a strategy that is to be closed; ``held`` are the signed positions of its legs.

    What is closed loses nothing more, so only price and quantity are in question.
    """
    positions = list(held)
    needed = [
        -trade.side.sign * leg.side.sign * leg.ratio * number(trade.quantity)
        for leg in trade.strategy.legs
    ]
    short = [
        f"{in_words(have, 'g')} of {in_words(need, 'g')}"
        for have, need in zip(positions, needed, strict=True)
        if not (have * need > 0.0 and abs(need) <= abs(have) + TOLERANCE)
    ]
    told = "every leg is held"
    if short:
        told = f"held of what it would close: {', '.join(short)}; close the rest by hand"
    return (
        _quantity(trade.quantity),
        Check("legs held", float(len(short)), 0.0, passed=not short, detail=told),
        check("price collar", _distance(trade, _range(trade)), Limits.of(limits).price_collar),
    )


def _rate(currency: str, rates: Rates) -> tuple[float, str]:
    """Return the rate of a currency, or NaN and why."""
    try:
        return rates.of(currency), ""
    except DataError as error:
        return math.nan, str(error)


def _quantity(quantity: float) -> Check:
    count = number(quantity)
    whole = math.isfinite(count) and count > 0.0 and count == math.floor(count)
    told = "a whole positive number" if whole else "not a whole positive number of combinations"
    return Check("quantity", _known(count), None, passed=whole, detail=told)


def _direction(trade: StrategyTrade) -> Check:
    """Refuse to open what is only ever closed: selling a covered call is selling shares short."""
    covered = trade.strategy.kind is StrategyKind.COVERED_CALL
    opens = not (covered and trade.side is Side.SELL)
    told = "opens one" if opens else "a covered call is opened by BUY; SELL only closes one"
    return Check("direction", None, None, passed=opens, detail=told)


def _leg_checks(trade: StrategyTrade, limits: LimitSettings) -> Iterator[Check]:
    pairs = list(zip(trade.strategy.legs, trade.leg_prices, strict=True))
    prices = [number(price) for leg, price in pairs if leg.right is not None]
    least = Limit(limits.min_option_price, "per share", "limits.min_option_price")
    yield _at_least("option prices", _least(prices), least)
    yield _at_least("net price", number(trade.limit_price), least)
    if trade.strategy.widths:
        width = Limit(limits.min_spread_width, "per share", "limits.min_spread_width")
        yield _at_least("spread width", _least(trade.strategy.widths), width)


def _outcome_checks(found: Outcome) -> Iterator[Check]:
    loses = math.isfinite(found.max_loss) and found.max_loss > TOLERANCE
    told = f"{in_words(found.max_loss, 'g')} per share"
    if math.isnan(found.max_loss):
        told = "not known: a price that it takes is missing"
    elif not loses:
        unbounded = found.max_loss == math.inf
        told = "it has no bound" if unbounded else f"{told}: no market gives that price"
    yield Check("max loss", _known(found.max_loss), None, passed=loses, detail=told)
    if found.max_gain is None:
        told = "depends on what the far option is worth then"
        yield Check("max gain", None, None, passed=True, detail=told)
        return
    wins = found.max_gain > TOLERANCE
    told = (
        "it has no bound"
        if found.max_gain == math.inf
        else f"{in_words(found.max_gain, 'g')} per share"
    )
    if math.isnan(found.max_gain):
        told = "not known: a price that it takes is missing"
    elif not wins:
        told = f"{told}: at that price it can only lose"
    yield Check("max gain", _known(found.max_gain), None, passed=wins, detail=told)


def _risk_told(trade: StrategyTrade) -> str:
    if math.isnan(trade.max_risk):
        return "not known"
    return f"{trade.max_risk:,.2f} at most" if math.isfinite(trade.max_risk) else "no bound"


def _at_stake(trade: StrategyTrade) -> float:
    """Return what a share of it can lose at the reference price."""
    return outcome(trade.strategy, trade.side, trade.reference_price).max_loss


def _range(trade: StrategyTrade) -> float:
    """Return how far its value can move until expiry; where that has no bound, what it is worth."""
    line = payoff(trade.strategy)
    reach = line.high - line.low
    return reach if 0.0 < reach < math.inf else trade.reference_price


def _distance(trade: StrategyTrade, scale: float) -> float:
    """Return how far the limit is from the reference, as a fraction of what is at stake.

    Not of the price: a strategy may be worth next to nothing and still lose a lot.
    """
    if not 0.0 < scale < math.inf:
        return math.nan
    return abs(number(trade.limit_price) - trade.reference_price) / scale


def _least(values: Iterable[float]) -> float:
    # Written so that NaN is kept: min(1.0, nan) depends on the order of its arguments.
    given = list(values)
    return math.nan if any(math.isnan(each) for each in given) else min(given, default=math.nan)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _at_least(name: str, value: float, limit: Limit) -> Check:
    if not math.isfinite(value):
        told = f"could not be measured; {limit.setting} asks for {limit.value:g} {limit.unit}"
        return Check(name, None, limit.value, passed=False, detail=told)
    passed = value >= limit.value - TOLERANCE
    relation = "at least" if passed else "below"
    left, right = apart(value, limit.value)
    told = f"{left} {relation} {right} {limit.unit} ({limit.setting})"
    return Check(name, value, limit.value, passed=passed, detail=told)
