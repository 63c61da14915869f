"""From weights to whole shares in round lots, still inside every limit."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from core.errors import DataError
from core.money import Price, Rates
from core.untraded import Cause, Untraded
from optimiser.lots.lot_sizes import SMALLEST_LOT, Listing, base_price, listing_problems, round_lot
from optimiser.lots.repair import repair
from optimiser.lots.share_portfolio import (
    TOLERANCE,
    PortfolioLimits,
    SharePortfolio,
    TargetPosition,
    frozen_position,
    target_position,
)

__all__ = [
    "SMALLEST_LOT",
    "Cause",
    "Listing",
    "Lots",
    "PortfolioLimits",
    "Sizing",
    "Untraded",
    "round_lot",
    "target_quantities",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lots:
    """Positions to hold, in whole shares. An order is the difference to what is held now.

    A fraction of a share that is held stays beside them.
    """

    quantities: dict[int, int]  # by conId, every name with a target, sorted; negative = short
    weights: dict[int, float]  # what is then held, fractions included, of net asset value
    left_alone: dict[int, Untraded]  # names left as they are although the target differs
    broken: dict[str, float]  # limits that the target kept and no whole shares can; by how much

    @property
    def skipped(self) -> dict[int, str]:
        """The names left as they are, and why."""
        return {con_id: each.told for con_id, each in self.left_alone.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """What weights are turned into: money, lots, and what is too small to trade."""

    net_asset_value: float  # base currency
    rates: Rates
    even_lots: bool = True
    no_trade_band: float = 0.0  # of net asset value: a position so near its target stays
    min_trade_value: float = 0.0  # base currency: no trade is smaller

    @property
    def smallest_trade(self) -> float:
        """The least change of weight that is traded."""
        return max(self.no_trade_band, self.min_trade_value / self.net_asset_value)


def target_quantities(
    weights: Mapping[int, float],
    *,
    listings: Mapping[int, Listing],
    current: Mapping[int, float],
    sizing: Sizing,
    limits: PortfolioLimits,
    frozen: Collection[int] = (),
) -> Lots:
    """Turn target weights into positions whose trades are round lots, by largest remainder.

    1. Every trade is rounded to lots so that the position ends nearer to 0 than wanted.
    2. Changes inside the no-trade band, or worth less than the smallest trade, are left alone as
       far as the limits permit.
    3. Lots are added where the largest part of one was cut off, while that brings the long or
       short total nearer to what was wanted and no limit breaks.
    4. Trades that rounding made too small are left alone, likewise.
    5. Where rounding itself broke a limit, the nearest positions that keep all of them are taken,
       by odd lots where even ones cannot.

    A target of 0 always exits whole, odd lots included and however small; so does the old side of
    a position that changes sign. A limit that the given weights already break is not broken
    further. What a short sale brings in pays for long positions only in the ``net`` cash mode.

    Parameters
    ----------
    weights
        By conId, fractions of net asset value. Every holding needs one, if only 0.
    listings
        Price, currency and lot of every name with a weight.
    current
        Shares held by conId, negative = short. A fraction of a share stays: the API of IBKR trades
        whole ones.
    frozen
        Names that cannot be traded: they stay as they are, whatever their weight says.

    Raises
    ------
    DataError
        A number or a rate is missing or not finite; all of them are named.

    >>> from core.money import Price
    >>> listings = {1: Listing(Price(50.0, "USD")), 2: Listing(Price(20.0, "USD"))}
    >>> sizing = Sizing(net_asset_value=100_000.0, rates=Rates("USD", {}))
    >>> limits = PortfolioLimits(max_single=0.12, max_gross=1.2, cash_buffer=0.05)
    >>> lots = target_quantities(
    ...     {1: 0.11, 2: -0.045}, listings=listings, current={}, sizing=sizing, limits=limits
    ... )
    >>> lots.quantities
    {1: 200, 2: -200}
    """
    problems = list(_problems(weights, listings, current, sizing, limits))
    if problems:
        raise DataError("; ".join(problems))
    smallest = sizing.smallest_trade
    targets = list(_targets(weights, listings, current, sizing, frozen))
    portfolio = SharePortfolio(targets, limits)
    movable = [target for target in targets if not target.exits and not target.frozen]
    small = [target for target in movable if abs(target.change) < smallest]
    kept = {
        target.con_id
        for target in sorted(small, key=lambda w: (abs(w.held) * w.unit, w.con_id))
        if portfolio.place(target, target.held)
    }
    portfolio.hand_out([target for target in movable if target.con_id not in kept])
    for target in movable:
        if 0.0 < abs(portfolio.shares[target.con_id] - target.held) * target.unit < smallest:
            portfolio.place(target, target.held)
    repair(portfolio)
    wanted = {
        target.con_id: weights[target.con_id] / target.unit - target.fraction
        if target.frozen
        else target.ideal
        for target in targets
    }
    return Lots(
        quantities=dict(portfolio.shares),
        weights={target.con_id: portfolio.weight(target) for target in targets},
        left_alone=dict(_left_alone(portfolio, wanted, sizing)),
        broken=portfolio.broken(),
    )


def _targets(
    weights: Mapping[int, float],
    listings: Mapping[int, Listing],
    current: Mapping[int, float],
    sizing: Sizing,
    frozen: Collection[int],
) -> Iterator[TargetPosition]:
    for con_id in sorted(weights):
        listing, held = listings[con_id], current.get(con_id, 0.0)
        unit = base_price(listing, sizing.rates) / sizing.net_asset_value
        if con_id in frozen:
            yield frozen_position(con_id, unit=unit, held=held)
        else:
            lot = listing.round_lot(even=sizing.even_lots)
            yield target_position(con_id, weights[con_id], unit=unit, held=held, lot=lot)


def _left_alone(
    portfolio: SharePortfolio, wanted: Mapping[int, float], sizing: Sizing
) -> Iterator[tuple[int, Untraded]]:
    for target in portfolio.targets:
        missing = wanted[target.con_id] - target.held
        if portfolio.shares[target.con_id] == target.held and abs(missing) >= TOLERANCE:
            cause, told = _cause(target, missing, sizing)
            yield (
                target.con_id,
                Untraded(cause, missing * target.unit, target.lot * target.unit, told),
            )


def _cause(target: TargetPosition, missing: float, sizing: Sizing) -> tuple[Cause, str]:
    change = missing * target.unit
    # In whole lots; a trade that rounding made too small was wanted a little larger.
    rounded = abs(target.down - target.held) * target.unit
    if target.frozen:
        return Cause.FROZEN, f"a change of {change:+.2%} cannot be traded"
    if abs(change) < sizing.no_trade_band:
        return Cause.BAND, f"a change of {change:+.2%} is below {sizing.no_trade_band:.2%}"
    if abs(change) < sizing.smallest_trade:
        worth = abs(change) * sizing.net_asset_value
        told = f"a trade of {worth:,.2f} {sizing.rates.base} is below {sizing.min_trade_value:,.2f}"
        return Cause.VALUE, told
    if abs(missing) < target.lot:
        return Cause.LOT, f"a change of {missing:+.1f} shares does not make a lot of {target.lot}"
    if rounded < sizing.smallest_trade:
        return Cause.LOT, (
            f"a change of {missing:+.1f} shares in lots of {target.lot} is {rounded:.2%}, "
            f"below {sizing.smallest_trade:.2%}"
        )
    return (
        Cause.LIMITS,
        f"no change in lots of {target.lot} towards {missing:+.1f} keeps the limits",
    )


def _problems(
    weights: Mapping[int, float],
    listings: Mapping[int, Listing],
    current: Mapping[int, float],
    sizing: Sizing,
    limits: PortfolioLimits,
) -> Iterator[str]:
    if not (math.isfinite(sizing.net_asset_value) and sizing.net_asset_value > 0.0):
        yield f"net asset value is {sizing.net_asset_value:g}"
    for name, cap in {"single": limits.max_single, **limits.caps}.items():
        if not math.isfinite(cap):
            yield f"the limit on {name} is {cap:g}"
    for con_id in sorted(weights):
        listing = listings.get(con_id, Listing(Price(math.nan, sizing.rates.base)))
        held = float(current.get(con_id, 0.0))
        for problem in (
            *_unknown(weights[con_id], held),
            *listing_problems(listing),
            *_beta_problems(con_id, limits, in_play=weights[con_id] != 0.0 or held != 0.0),
        ):
            yield f"conId {con_id}: {problem}"
    yield from _rate_problems({i: listings[i] for i in weights if i in listings}, sizing)
    for con_id in sorted(set(current) - set(weights)):
        # Not a target of 0: that would sell whatever the universe forgot.
        if current[con_id] != 0.0:
            yield f"conId {con_id}: {current[con_id]:g} shares held but no target weight"


def _unknown(weight: float, held: float) -> Iterator[str]:
    if not math.isfinite(weight):
        yield f"target weight is {weight:g}"
    if not math.isfinite(held):
        yield f"{held:g} shares held"


def _beta_problems(con_id: int, limits: PortfolioLimits, *, in_play: bool) -> Iterator[str]:
    beta = limits.betas.get(con_id, math.nan)
    if limits.beta_range is not None and in_play and not math.isfinite(beta):
        yield "beta is not known, and there is a limit on it"


def _rate_problems(listings: Mapping[int, Listing], sizing: Sizing) -> Iterator[str]:
    """Yield each currency without a rate once, with a name that needs it."""
    unrated: dict[str, int] = {}
    for con_id in sorted(listings):
        try:
            sizing.rates.of(listings[con_id].price.currency)
        except DataError as error:
            unrated.setdefault(str(error), con_id)
    for problem, con_id in unrated.items():
        yield f"{problem}, for example for conId {con_id}"
