"""Measures of a past: what a series of daily returns was worth. NaN in, NaN out.

Definitions, because every library has its own:

- Returns are simple, from close to close; the first day's is against the starting capital.
- A year has 252 sessions, in growth as in risk.
- Sharpe ratio: mean over standard deviation (ddof 1) of daily excess returns, times sqrt(252).
  The risk-free rate is annual, 0 unless stated, and taken to a day by compounding.
- Drawdowns compound, and the starting capital is the first peak: a first day of -10 % is one.
- Turnover is two-way: the value of everything bought and sold over net asset value. One-way
  turnover is half of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

YEAR = 252  # sessions


@dataclass(frozen=True, slots=True)
class Performance:
    """What a series of daily returns was worth, as fractions; NaN is "not known"."""

    total_return: float
    annual_return: float
    annual_volatility: float
    sharpe_ratio: float
    sharpe_error: float
    max_drawdown: float
    hit_rate: float


def performance(returns: Floats) -> Performance:
    """Measure daily returns, shape (n,), oldest first."""
    return Performance(
        total_return=total_return(returns),
        annual_return=annual_return(returns),
        annual_volatility=annual_volatility(returns),
        sharpe_ratio=sharpe_ratio(returns),
        sharpe_error=sharpe_error(returns),
        max_drawdown=max_drawdown(returns),
        hit_rate=hit_rate(returns),
    )


def daily_returns(equity: Floats, *, start: float) -> Floats:
    """Return the simple return of each day.

    Parameters
    ----------
    equity
        Shape (n,), net asset value at each close, oldest first.
    start
        The starting capital.

    Returns
    -------
    Shape (n,), as fractions. NaN on a day after the capital was gone: nothing can be earned on it.
    """
    before = np.concatenate([[start], equity])[:-1]
    ratio = np.full(len(equity), np.nan)
    np.divide(equity, before, out=ratio, where=before > 0.0)
    return ratio - 1.0


def growth(returns: Floats) -> Floats:
    """Return what 1 has become after each day, shape (n,)."""
    return np.asarray(np.cumprod(1.0 + returns))


def total_return(returns: Floats) -> float:
    """Return the compounded return of all days; 0 for no day."""
    return float(np.prod(1.0 + returns)) - 1.0


def annual_return(returns: Floats) -> float:
    """Return the yearly return that compounds to the same total; NaN for no day."""
    final = 1.0 + total_return(returns)
    if not (len(returns) and final >= 0.0):
        return math.nan
    return float(final ** (YEAR / len(returns))) - 1.0


def annual_volatility(returns: Floats) -> float:
    """Return the standard deviation (ddof 1) of daily returns, for a year; NaN below two days."""
    if len(returns) < 2:
        return math.nan
    return float(np.std(returns, ddof=1)) * math.sqrt(YEAR)


def sharpe_ratio(returns: Floats, *, risk_free: float = 0.0) -> float:
    """Return the yearly Sharpe ratio; NaN below two days and where nothing ever varied.

    ``risk_free`` is a rate per year, as a fraction.
    """
    # Equal returns have a deviation of rounding errors only, and would have a huge ratio.
    if len(returns) < 2 or float(np.ptp(returns)) == 0.0:
        return math.nan
    excess = returns - ((1.0 + risk_free) ** (1.0 / YEAR) - 1.0)
    return float(np.mean(excess) / np.std(excess, ddof=1)) * math.sqrt(YEAR)


def sharpe_error(returns: Floats) -> float:
    """Return the standard error of the yearly Sharpe ratio of independent returns.

    Source: A. Lo, "The Statistics of Sharpe Ratios", Financial Analysts Journal 58 (2002),
    equation 9: sqrt((1 + S^2 / 2) / n) of the daily ratio S, times sqrt(252).
    """
    daily = sharpe_ratio(returns) / math.sqrt(YEAR)
    return math.sqrt((1.0 + daily**2 / 2.0) / len(returns) * YEAR) if len(returns) else math.nan


def drawdowns(returns: Floats) -> Floats:
    """Return how far each close lies below the highest before it, 0 or less, shape (n,)."""
    curve = np.concatenate([[1.0], growth(returns)])
    below: Floats = curve / np.maximum.accumulate(curve) - 1.0
    return below[1:]


def max_drawdown(returns: Floats) -> float:
    """Return the deepest drawdown, 0 or less."""
    return float(np.min(drawdowns(returns), initial=0.0))


def hit_rate(returns: Floats) -> float:
    """Return the share of days with a gain among those with a gain or a loss; NaN without any."""
    if np.isnan(returns).any():
        return math.nan
    moved = np.count_nonzero(returns)
    return float(np.count_nonzero(returns > 0.0) / moved) if moved else math.nan


def two_way_turnover(traded: float, *, net_asset_value: float) -> float:
    """Return the value bought and sold in a day over net asset value; NaN without any value."""
    return traded / net_asset_value if net_asset_value > 0.0 else math.nan


def monthly_returns(days: Sequence[date], returns: Floats) -> dict[tuple[int, int], float]:
    """Return the compounded return of each calendar month, by (year, month), in order."""
    months: dict[tuple[int, int], float] = {}
    for day, value in zip(days, returns.tolist(), strict=True):
        month = (day.year, day.month)
        months[month] = months.get(month, 1.0) * (1.0 + value)
    return {month: product - 1.0 for month, product in sorted(months.items())}
