"""Losses against their limits: value at risk, CVaR, and beta, as they would have been.

And what nobody can measure: a spin-off with ten days of history, a dead stock, a listing without
bars, a bond. The account holds it, and no return says what it may lose. Nothing is assumed in its
favour: its whole value counts as lost in every figure of loss, beside what the measured part
loses, and the share of all of it has a limit of its own. So a holding of five cents costs five
cents, and a large one makes the day a recommendation, by its name.

Only what is held and not made larger counts so. A name without a past that would be bought is a
name whose risk is not known: no figure of loss can be had, and none passes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from risk import measures
from risk.limits import Check, Limits, check
from risk.outcomes import Portfolio, Weights

MIN_DAYS = 60  # days on which every position has a return, below which risk is not measured
SHOWN = 5  # names a line of text repeats


def finite_returns(portfolio: Portfolio, returns: pd.DataFrame) -> Check:
    """Refuse a return without end of anything held or wanted: a price of 0 is no price.

    A return that is missing is a day that is not known; one that is infinite is a wrong one.
    """
    names = {*portfolio.current, *(name for outcome in portfolio.outcomes for name in outcome)}
    odd = [
        name
        for name in sorted(names & {*returns.columns})
        if np.isinf(returns[name].to_numpy(dtype=np.float64, na_value=np.nan)).any()
    ]
    shown = f"{portfolio.name(odd[0])} has an infinite return" if odd else "every return is finite"
    return Check("finite returns", float(len(odd)), 0.0, passed=not odd, detail=shown)


def unmeasured(
    portfolio: Portfolio,
    returns: pd.DataFrame,
    ordered: Collection[int],
    set_aside: Mapping[int, float],
) -> Weights:
    """Return the size of every holding that cannot be measured, of net asset value, by conId.

    Parameters
    ----------
    returns
        Shape (T, n), daily returns, one column per conId.
    ordered
        The names of this batch: what is traded is measured, or refused.
    set_aside
        What is at stake in holdings that are no part of the portfolio; NaN: not known.
    """
    sizes = {
        name: max(abs(outcome.get(name, 0.0)) for outcome in portfolio.outcomes)
        for name in _held(portfolio)
        if name not in ordered and portfolio.is_kept(name) and _days(returns, name) < MIN_DAYS
    }
    return sizes | {name: abs(size) for name, size in sorted(set_aside.items())}


def unmeasured_check(portfolio: Portfolio, rules: Limits, sizes: Weights) -> Check:
    """Hold what cannot be measured against its limit; the largest are named."""
    ordered = sorted(sizes, key=lambda name: (not math.isnan(sizes[name]), -sizes[name], name))
    shown = [f"{portfolio.name(name)} {_told(sizes[name])}" for name in ordered[:SHOWN]]
    more = [f"{len(sizes) - SHOWN} more"] if len(sizes) > SHOWN else []
    detail = ", ".join([*shown, *more])
    return check("unmeasured holdings", _total(sizes), rules.unmeasured, detail or "none")


def _total(sizes: Weights) -> float:
    """Return what is lost where all of them are; NaN where one is not known."""
    return math.fsum(sizes.values())


def loss_checks(
    portfolio: Portfolio,
    rules: Limits,
    returns: pd.DataFrame,
    market: pd.Series[float] | None,
    beside: Weights,
) -> Iterator[Check]:
    """Hold VaR, CVaR and beta, each the worst of all outcomes, against their limits.

    ``beside`` is what cannot be measured, of net asset value by conId: beta leaves it out, every
    loss has the whole of it on top; see `unmeasured`.
    """
    outcomes = [_without(outcome, beside) for outcome in portfolio.outcomes]
    profits = [measures.profit_and_loss(outcome, returns) for outcome in outcomes]
    held, lost = [_holds(outcome) for outcome in outcomes], _total(beside)
    known = min((len(days) for days, any_ in zip(profits, held, strict=True) if any_), default=0)
    said = f"from {known} of {len(returns)} days, those with a return of every position"
    if not any(held):
        said = "no positions"
    elif known < MIN_DAYS:
        said = f"{known} of {len(returns)} days with a return of every position, {MIN_DAYS} needed"
        said += _fewest(portfolio, outcomes, returns)
    said += _counted_as_lost(beside)

    def worst(figure: Callable[[pd.Series[float]], float]) -> float:
        values = [
            (figure(days) if len(days) >= MIN_DAYS else math.nan) if any_ else 0.0
            for days, any_ in zip(profits, held, strict=True)
        ]
        return math.nan if any(math.isnan(value) for value in values) else max(values)

    def loss(figure: measures.Figure) -> float:
        return lost + worst(
            lambda days: figure(np.asarray(days, dtype=np.float64), level=measures.VAR_LEVEL)
        )

    yield check("historical VaR 95", loss(measures.historical_var), rules.value_at_risk, said)
    yield check("parametric VaR 95", loss(measures.parametric_var), rules.value_at_risk, said)
    yield check(
        "historical CVaR 95", loss(measures.historical_cvar), rules.expected_shortfall, said
    )
    yield check(
        "parametric CVaR 95", loss(measures.parametric_cvar), rules.expected_shortfall, said
    )
    yield from _betas(rules, returns, market, worst, held=any(held))


def _betas(
    rules: Limits,
    returns: pd.DataFrame,
    market: pd.Series[float] | None,
    worst: Callable[[Callable[[pd.Series[float]], float]], float],
    *,
    held: bool,
) -> Iterator[Check]:
    """Hold beta against its band; ``worst`` takes the worst of all outcomes of a figure."""
    moves = measures.mean_return(returns) if market is None else market
    against = f"to the equal-weighted mean of {returns.shape[1]} names"
    if market is not None:
        against = f"to {market.name or 'the market given'}"
    if not held:
        against = "no positions"

    def slope(days: pd.Series[float]) -> float:
        return measures.beta(days, moves, min_days=MIN_DAYS)

    yield check("beta", worst(slope), rules.beta, against)
    yield check("short beta", worst(lambda days: -slope(days)), rules.short_beta, against)


def _fewest(portfolio: Portfolio, outcomes: Sequence[Weights], returns: pd.DataFrame) -> str:
    """Name the position with the fewest returns, the lowest conId among equals."""
    names = {
        name
        for outcome in outcomes
        for name, weight in outcome.items()
        if not abs(weight) <= measures.NO_POSITION
    }
    days, name = min((_days(returns, name), name) for name in names)
    return f" ({portfolio.name(name)} has {days})"


def _without(weights: Weights, names: Collection[int]) -> Weights:
    return {name: weight for name, weight in weights.items() if name not in names}


def _counted_as_lost(beside: Weights) -> str:
    if not beside:
        return ""
    lost = _total(beside)
    size = "its value is not known" if math.isnan(lost) else f"{lost:.2%}"
    return f"; what cannot be measured counts as lost, {size}"


def _holds(weights: Weights) -> bool:
    return any(not abs(weight) <= measures.NO_POSITION for weight in weights.values())


def _told(size: float) -> str:
    return "of unknown value" if math.isnan(size) else f"{size:.2%}"


def _held(portfolio: Portfolio) -> Iterator[int]:
    """Yield what is held in any outcome, sorted."""
    names = {
        name
        for outcome in portfolio.outcomes
        for name, weight in outcome.items()
        if not abs(weight) <= measures.NO_POSITION
    }
    yield from sorted(names)


def _days(returns: pd.DataFrame, name: int) -> int:
    if name not in returns.columns:
        return 0
    return int(np.isfinite(returns[name].to_numpy(dtype=np.float64, na_value=np.nan)).sum())
