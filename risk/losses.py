"""Losses against their limits: value at risk, CVaR, and beta, as they would have been."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from risk import measures
from risk.limits import Check, Limits, check
from risk.outcomes import Portfolio, Weights

MIN_DAYS = 60  # days on which every position has a return, below which risk is not measured


def loss_checks(
    portfolio: Portfolio,
    rules: Limits,
    returns: pd.DataFrame,
    market: pd.Series[float] | None,
) -> Iterator[Check]:
    """Hold VaR, CVaR and beta, each the worst of all outcomes, against their limits."""
    profits = [measures.profit_and_loss(outcome, returns) for outcome in portfolio.outcomes]
    held = [_holds(outcome) for outcome in portfolio.outcomes]
    known = min((len(days) for days, any_ in zip(profits, held, strict=True) if any_), default=0)
    said = f"from {known} of {len(returns)} days, those with a return of every position"
    if not any(held):
        said = "no positions"
    elif known < MIN_DAYS:
        said = f"{known} of {len(returns)} days with a return of every position, {MIN_DAYS} needed"

    def worst(figure: Callable[[pd.Series[float]], float]) -> float:
        values = [
            (figure(days) if len(days) >= MIN_DAYS else math.nan) if any_ else 0.0
            for days, any_ in zip(profits, held, strict=True)
        ]
        return math.nan if any(math.isnan(value) for value in values) else max(values)

    def loss(figure: measures.Figure) -> float:
        return worst(
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


def _holds(weights: Weights) -> bool:
    return any(not abs(weight) <= measures.NO_POSITION for weight in weights.values())
