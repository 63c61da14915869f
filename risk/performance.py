"""Measures of a past: what a series of daily returns was worth. NaN in, NaN out.

Definitions, because every library has its own:

- Returns are simple, from close to close; the first day's is against the starting capital.
- A year has 252 sessions, in growth as in risk.
- Sharpe ratio: mean over standard deviation (ddof 1) of daily excess returns, times sqrt(252).
  The risk-free rate is annual, 0 unless stated, and taken to a day by compounding.
- Downside deviation: root of the mean over all days, gains counted as 0, of the squared shortfall
  of a daily return below the risk-free one, times sqrt(252). The Sortino ratio puts it in the place
  of the standard deviation (Sortino and Price, 1994).
- The Calmar ratio is the yearly return over the deepest drawdown (`risk.drawdowns`) of all days,
  not of three years.
- Value at risk and CVaR are one day's loss, a positive number, of the past itself and with a tail
  day counted in part, as `risk.measures` has them for the limits.
- Skewness and excess kurtosis are those of a sample (Fisher's G1 and G2); a normal one has 0.
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

from risk.drawdowns import max_drawdown
from risk.measures import VAR_LEVEL, historical_cvar, historical_var

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
    sortino_ratio: float
    calmar_ratio: float
    max_drawdown: float
    value_at_risk: float  # one day, 95 %, a loss is positive
    cvar: float  # mean loss of the worst 5 % of the days
    skewness: float
    excess_kurtosis: float
    profit_factor: float
    hit_rate: float


def performance(returns: Floats) -> Performance:
    """Measure daily returns, shape (n,), oldest first."""
    return Performance(
        total_return=total_return(returns),
        annual_return=annual_return(returns),
        annual_volatility=annual_volatility(returns),
        sharpe_ratio=sharpe_ratio(returns),
        sharpe_error=sharpe_error(returns),
        sortino_ratio=sortino_ratio(returns),
        calmar_ratio=calmar_ratio(returns),
        max_drawdown=max_drawdown(returns),
        value_at_risk=historical_var(returns, level=VAR_LEVEL),
        cvar=historical_cvar(returns, level=VAR_LEVEL),
        skewness=skewness(returns),
        excess_kurtosis=excess_kurtosis(returns),
        profit_factor=profit_factor(returns),
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

    >>> daily_returns(np.array([110.0, 99.0]), start=100.0).round(6).tolist()
    [0.1, -0.1]
    """
    before = np.concatenate([[start], equity])[:-1]
    ratio = np.full(len(equity), np.nan)
    np.divide(equity, before, out=ratio, where=before > 0.0)
    return ratio - 1.0


def total_return(returns: Floats) -> float:
    """Return the compounded return of all days; 0 for no day.

    >>> round(total_return(np.array([0.1, 0.1])), 6)
    0.21
    """
    return float(np.prod(1.0 + returns)) - 1.0


def annual_return(returns: Floats) -> float:
    """Return the yearly return that compounds to the same total; NaN for no day.

    >>> round(annual_return(np.full(126, 0.001)), 6)  # half a year
    0.286434
    """
    final = 1.0 + total_return(returns)
    if not (len(returns) and final >= 0.0):
        return math.nan
    return float(final ** (YEAR / len(returns))) - 1.0


def annual_volatility(returns: Floats) -> float:
    """Return the standard deviation (ddof 1) of daily returns, for a year; NaN below two days.

    >>> round(annual_volatility(np.array([0.01, -0.01])), 6)
    0.224499
    """
    if len(returns) < 2:
        return math.nan
    return float(np.std(returns, ddof=1)) * math.sqrt(YEAR)


def sharpe_ratio(returns: Floats, *, risk_free: float = 0.0) -> float:
    """Return the yearly Sharpe ratio; NaN below two days and where nothing ever varied.

    ``risk_free`` is a rate per year, as a fraction.

    >>> round(sharpe_ratio(np.array([0.02, 0.0])), 6)
    11.224972
    """
    if not _varies(returns):
        return math.nan
    excess = returns - _daily_rate(risk_free)
    deviation = float(np.std(excess, ddof=1))  # 0 where the squares of tiny returns underflow
    return float(np.mean(excess)) / deviation * math.sqrt(YEAR) if deviation else math.nan


def sharpe_error(returns: Floats) -> float:
    """Return the standard error of the yearly Sharpe ratio of independent returns.

    Source: A. Lo, "The Statistics of Sharpe Ratios", Financial Analysts Journal 58 (2002),
    equation 9: sqrt((1 + S^2 / 2) / n) of the daily ratio S, times sqrt(252).
    """
    daily = sharpe_ratio(returns) / math.sqrt(YEAR)
    return math.sqrt((1.0 + daily**2 / 2.0) / len(returns) * YEAR) if len(returns) else math.nan


def downside_deviation(returns: Floats, *, risk_free: float = 0.0) -> float:
    """Return the deviation below the risk-free return, for a year; 0 where no day was below.

    NaN for no day. ``risk_free`` is a rate per year, as a fraction.
    """
    if not len(returns):
        return math.nan
    shortfall = np.minimum(returns - _daily_rate(risk_free), 0.0)
    return math.sqrt(float(np.mean(shortfall**2)) * YEAR)


def sortino_ratio(returns: Floats, *, risk_free: float = 0.0) -> float:
    """Return the yearly Sortino ratio; NaN below two days and where no day was below.

    ``risk_free`` is a rate per year, as a fraction.
    """
    deviation = downside_deviation(returns, risk_free=risk_free)
    if len(returns) < 2 or not deviation > 0.0:
        return math.nan
    return float(np.mean(returns - _daily_rate(risk_free))) * YEAR / deviation


def skewness(returns: Floats) -> float:
    """Return the skewness of a sample: below 0, large losses are commoner than large gains.

    NaN below three days and where nothing ever varied.
    """
    days = len(returns)
    if days < 3 or not _varies(returns):
        return math.nan
    away = _away(returns)
    moment = float(np.mean(away**3) / np.mean(away**2) ** 1.5)
    return moment * math.sqrt(days * (days - 1)) / (days - 2)


def excess_kurtosis(returns: Floats) -> float:
    """Return the excess kurtosis of a sample: above 0, the tails are fatter than normal.

    NaN below four days and where nothing ever varied.
    """
    days = len(returns)
    if days < 4 or not _varies(returns):
        return math.nan
    away = _away(returns)
    moment = float(np.mean(away**4) / np.mean(away**2) ** 2) - 3.0
    return ((days + 1) * moment + 6.0) * (days - 1) / ((days - 2) * (days - 3))


def profit_factor(returns: Floats) -> float:
    """Return the sum of all gains over the sum of all losses; NaN where no day lost.

    >>> round(profit_factor(np.array([0.03, -0.01, 0.01, -0.01])), 6)
    2.0
    """
    losses = float(np.sum(np.minimum(returns, 0.0)))
    return float(np.sum(np.maximum(returns, 0.0))) / -losses if losses < 0.0 else math.nan


def calmar_ratio(returns: Floats) -> float:
    """Return the yearly return over the deepest drawdown; NaN where there was none."""
    deepest = max_drawdown(returns)
    return annual_return(returns) / -deepest if deepest < 0.0 else math.nan


def hit_rate(returns: Floats) -> float:
    """Return the share of days with a gain among those with a gain or a loss; NaN without any.

    >>> hit_rate(np.array([0.01, 0.0, -0.01, 0.02]))
    0.6666666666666666
    """
    if np.isnan(returns).any():
        return math.nan
    moved = np.count_nonzero(returns)
    return float(np.count_nonzero(returns > 0.0) / moved) if moved else math.nan


def two_way_turnover(traded: float, *, net_asset_value: float) -> float:
    """Return the value bought and sold in a day over net asset value; NaN without any value.

    >>> two_way_turnover(50_000.0, net_asset_value=1_000_000.0)
    0.05
    """
    return traded / net_asset_value if net_asset_value > 0.0 else math.nan


def one_way_turnover(traded: float, *, net_asset_value: float) -> float:
    """Return half the value bought and sold in a day over net asset value; NaN without any.

    >>> one_way_turnover(50_000.0, net_asset_value=1_000_000.0)
    0.025
    """
    return two_way_turnover(traded, net_asset_value=net_asset_value) / 2.0


def mean_turnover(turnovers: Floats) -> float:
    """Return the turnover of a mean day; NaN for no day and where one is not known."""
    return float(np.mean(turnovers)) if len(turnovers) else math.nan


def monthly_returns(days: Sequence[date], returns: Floats) -> dict[tuple[int, int], float]:
    """Return the compounded return of each calendar month, by (year, month), in order.

    >>> days = [date(2026, 6, 30), date(2026, 7, 1), date(2026, 7, 2)]
    >>> months = monthly_returns(days, np.array([0.01, 0.1, 0.1]))
    >>> {month: round(value, 6) for month, value in months.items()}
    {(2026, 6): 0.01, (2026, 7): 0.21}
    """
    months: dict[tuple[int, int], float] = {}
    for day, value in zip(days, returns.tolist(), strict=True):
        month = (day.year, day.month)
        months[month] = months.get(month, 1.0) * (1.0 + value)
    return {month: product - 1.0 for month, product in sorted(months.items())}


def _daily_rate(risk_free: float) -> float:
    return float((1.0 + risk_free) ** (1.0 / YEAR)) - 1.0


def _away(returns: Floats) -> Floats:
    """Return how far each return lies from the mean, the furthest at 1: no power underflows."""
    away = returns - np.mean(returns)
    return np.asarray(away / np.max(np.abs(away)))


def _varies(returns: Floats) -> bool:
    """Tell whether a deviation means anything. NaN varies: its measures are NaN by themselves."""
    # Equal returns have a deviation of rounding errors only, and would have a huge ratio.
    return len(returns) >= 2 and float(np.ptp(returns)) != 0.0
