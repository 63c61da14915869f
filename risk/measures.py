"""Measures of a portfolio: exposure, loss, concentration, liquidity. NaN in, NaN out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from statistics import NormalDist
from typing import Protocol, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


class Figure(Protocol):
    """A loss at a level, from daily profits."""

    def __call__(self, profits: Floats, *, level: float) -> float:
        """Return the loss; NaN where it cannot be measured."""


# Positions too small to be measured or traded: a millionth of a basis point of net asset value.
NO_POSITION = 1e-10
# A market whose daily volatility is below this stands still: what is left is rounding.
LEAST_MOVE = 1e-8
VAR_LEVEL = 0.95  # of the days lose less than the value at risk
UNKNOWN = "unknown"  # the sector of a name that nobody has told a sector of


def gross(weights: Iterable[float]) -> float:
    """Return the sum of the sizes.

    >>> gross([0.5, -0.2])
    0.7
    """
    return sum((abs(w) for w in weights), 0.0)


def net(weights: Iterable[float]) -> float:
    """Return long minus short.

    >>> net([0.5, -0.2])
    0.3
    """
    return sum(weights, 0.0)


def invested(weights: Iterable[float]) -> float:
    """Return the sum of the long weights; short proceeds are collateral and buy nothing.

    >>> invested([0.5, -0.2])
    0.5
    """
    # Written so that NaN is kept: max(nan, 0.0) depends on the order of its arguments.
    return sum((w for w in weights if not w <= 0.0), 0.0)


def turnover(current: Mapping[int, float], targets: Mapping[int, float]) -> float:
    """Return the sum of the sizes of all changes; a full switch counts twice.

    >>> turnover({1: 0.1}, {2: 0.1})
    0.2
    """
    return sum((abs(change) for change in changes(current, targets).values()), 0.0)


def changes(current: Mapping[int, float], targets: Mapping[int, float]) -> dict[int, float]:
    """Return the change of weight of every name held or wanted, sorted by conId.

    >>> changes({1: 0.1}, {2: 0.1})
    {1: -0.1, 2: 0.1}
    """
    names = sorted({*current, *targets})
    return {name: targets.get(name, 0.0) - current.get(name, 0.0) for name in names}


def profit_and_loss(weights: Mapping[int, float], returns: pd.DataFrame) -> pd.Series[float]:
    """Return what these weights would have earned on each day, as fractions.

    Parameters
    ----------
    weights
        By conId.
    returns
        Shape (T, n), daily returns, one column per conId.

    Returns
    -------
    Shape (days,), by day. Only days on which every position has a finite return count: a missing
    return is not a return of 0. No column for a position means no day at all; without positions
    every day earns 0.

    >>> returns = pd.DataFrame({1: [0.01, -0.02], 2: [0.02, float("nan")]})
    >>> profit_and_loss({1: 0.5}, returns).tolist()
    [0.005, -0.01]
    >>> profit_and_loss({1: 0.5, 2: 0.5}, returns).tolist()  # the second day is not known
    [0.015]
    """
    positions = {name: w for name, w in sorted(weights.items()) if not abs(w) <= NO_POSITION}
    if any(name not in returns.columns for name in positions):
        return pd.Series(dtype=np.float64)
    held = returns[list(positions)].to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(held).all(axis=1)
    # Absurd weights overflow; the result is then infinite and no limit lets it pass.
    with np.errstate(all="ignore"):
        earned = held[known] @ np.array(list(positions.values()), dtype=np.float64)
    return pd.Series(earned, index=returns.index[known], dtype=np.float64)


def historical_var(profits: Floats, *, level: float) -> float:
    """Return the smallest loss that at least ``level`` of the days did not exceed.

    VaR = the k-th largest loss, k = floor(n * (1 - level)) + 1.

    >>> historical_var(np.array([-0.04, -0.02, 0.01, 0.03]), level=0.75)
    0.02
    """
    if not _measurable(profits):
        return math.nan
    return float(np.sort(-profits)[::-1][_whole_tail(profits, level)])


def historical_cvar(profits: Floats, *, level: float) -> float:
    """Return the mean loss of the worst 1 - ``level`` of the days, the last one in part.

    CVaR = (sum of the k worst losses + (n (1 - level) - k) * the next) / (n (1 - level)), with
    k = floor(n (1 - level)): the definition of Rockafellar and Uryasev, "Conditional value-at-risk
    for general loss distributions", Journal of Banking and Finance 26 (2002), for equal weights.

    >>> historical_cvar(np.array([-0.04, -0.02, 0.01, 0.03]), level=0.75)
    0.04
    >>> round(historical_cvar(np.array([-0.04, -0.02, 0.01, 0.03]), level=0.5), 6)
    0.03
    """
    if not _measurable(profits):
        return math.nan
    losses, whole = np.sort(-profits)[::-1], _whole_tail(profits, level)
    size = len(losses) * (1.0 - level)
    return float((losses[:whole].sum() + max(size - whole, 0.0) * losses[whole]) / size)


def parametric_var(profits: Floats, *, level: float) -> float:
    """Return the normal quantile times the volatility, with a mean of 0.

    The mean of a few hundred days is mostly noise, and a good past is no protection.

    VaR = z * sigma, with z the standard normal quantile of the level and sigma with ddof 1, as in
    J.P. Morgan and Reuters, "RiskMetrics Technical Document" (1996).

    >>> round(parametric_var(np.array([-0.01, 0.01]), level=0.95), 6)
    0.023262
    """
    if len(profits) < 2 or not _measurable(profits):
        return math.nan
    with np.errstate(all="ignore"):
        return float(NormalDist().inv_cdf(level) * np.std(profits, ddof=1))


def parametric_cvar(profits: Floats, *, level: float) -> float:
    """Return the mean loss beyond the normal quantile, with a mean of 0.

    CVaR = sigma * phi(z) / (1 - level), with phi the standard normal density at z; A. McNeil,
    R. Frey and P. Embrechts, "Quantitative Risk Management", example 2.14.

    >>> round(parametric_cvar(np.array([-0.01, 0.01]), level=0.95), 6)
    0.029171
    """
    normal = NormalDist()
    quantile = normal.inv_cdf(level)
    return parametric_var(profits, level=level) / quantile * normal.pdf(quantile) / (1.0 - level)


def mean_return(returns: pd.DataFrame) -> pd.Series[float]:
    """Return the equal-weighted mean of each day's known returns: a market of these names.

    >>> mean_return(pd.DataFrame({1: [0.01, 0.02], 2: [0.03, float("nan")]})).tolist()
    [0.02, 0.02]
    """
    return returns.mean(axis=1)


def beta(profits: pd.Series[float], market: pd.Series[float], *, min_days: int) -> float:
    """Return the slope of daily profits on the market's returns, over the days both are known.

    NaN where fewer than ``min_days`` are known, or the market does not move on them.

    beta = cov(profits, market) / var(market).

    >>> market = pd.Series([0.01, -0.01, 0.02])
    >>> round(beta(2.0 * market, market, min_days=3), 6)
    2.0
    """
    if not market.index.is_unique:
        return math.nan
    moves = market.reindex(profits.index).to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(moves)
    x, y = moves[known], profits.to_numpy(dtype=np.float64)[known]
    if len(x) < min_days:
        return math.nan
    with np.errstate(all="ignore"):
        x = x - x.mean()
        spread = float(x @ x)
        if not (math.isfinite(spread) and spread > len(x) * LEAST_MOVE**2):
            return math.nan
        return float(x @ (y - y.mean())) / spread


def largest(weights: Mapping[int, float]) -> tuple[int | None, float]:
    """Return the name with the largest size, the lowest conId among equals, and that size.

    >>> largest({1: 0.05, 2: -0.08})
    (2, 0.08)
    """
    sizes = [(abs(w), -name) for name, w in weights.items()]
    if not sizes:
        return None, 0.0
    if any(math.isnan(size) for size, _ in sizes):
        return None, math.nan
    size, negative = max(sizes)
    return -negative, size


def adv_share(quantity: float, average_daily_volume: float) -> float:
    """Return traded shares over average daily volume; NaN where the volume is not known.

    >>> adv_share(-500, 10_000)
    0.05
    """
    if not (math.isfinite(average_daily_volume) and average_daily_volume > 0.0):
        return math.nan
    return abs(quantity) / average_daily_volume


def sector_weights(weights: Mapping[int, float], sectors: Mapping[int, str]) -> dict[str, float]:
    """Return the gross weight of each sector, sorted by name; names without one are `UNKNOWN`.

    >>> sector_weights({1: 0.05, 2: -0.03, 3: 0.01}, {1: "Energy", 2: "Energy"})
    {'Energy': 0.08, 'unknown': 0.01}
    """
    totals: dict[str, float] = {}
    for name, weight in sorted(weights.items()):
        told = sectors.get(name)
        sector = told.strip() if isinstance(told, str) and told.strip() else UNKNOWN
        totals[sector] = totals.get(sector, 0.0) + abs(weight)
    return dict(sorted(totals.items()))


def _measurable(profits: Floats) -> bool:
    return len(profits) > 0 and bool(np.isfinite(profits).all())


def _whole_tail(profits: Floats, level: float) -> int:
    # 1e-9: 100 * (1 - 0.9) is 9.999999999999998 and must be 10.
    return int(len(profits) * (1.0 - level) + 1e-9)
