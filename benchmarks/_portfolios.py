"""The problems of the optimiser's benchmark, and their judge: it knows no optimiser.

Utility of weights w, all per day and as fractions of net asset value:

    alpha'w - risk_aversion * w'Sigma w - cvar_aversion * CVaR(-Rw) - cost * sum|w - held|

with Sigma of Ledoit and Wolf as scikit-learn has it, and the CVaR of Rockafellar and Uryasev.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

import core.limits as terms

Floats = NDArray[np.float64]

BARS = Path(__file__).resolve().parents[1] / "../shared/data/sp500_daily_2025_2026_yahoo.parquet"
BEFORE = "2026-06-15"
SKILL = 0.04  # of a day's volatility that a full score is worth
BOUND = 0.5  # no synthetic return is beyond it: a loss of more than everything is no price


@dataclass(frozen=True)
class Terms:
    """What is wanted and what is allowed, by the names of `optimiser.mean_variance_cvar`."""

    risk_aversion: float = terms.RISK_AVERSION.default
    cvar_aversion: float = terms.CVAR_AVERSION.default
    cvar_level: float = terms.CVAR_LEVEL.default
    cost: float = terms.COST.default
    max_gross: float = terms.MAX_GROSS.default
    max_single: float = terms.MAX_SINGLE.default
    cash_buffer: float = terms.CASH_BUFFER.default
    long_only: bool = terms.LONG_ONLY.default

    @property
    def budget(self) -> float:
        """The most that the weights may add up to."""
        return 1.0 - self.cash_buffer


@dataclass(frozen=True)
class Portfolio:
    """One problem: n names, T days."""

    alpha: pd.Series[float]  # (n,) expected daily return
    returns: pd.DataFrame  # (T, n) daily returns, newest last, none missing
    held: pd.Series[float]  # (n,) weights before
    terms: Terms

    @property
    def size(self) -> str:
        days, names = self.returns.shape
        return f"{names:,} x {days:,}"

    @cached_property
    def sigma(self) -> Floats:
        return np.asarray(LedoitWolf().fit(self.returns.to_numpy()).covariance_)

    def utility(self, weights: Floats) -> float:
        terms, days = self.terms, len(self.returns)
        losses = np.sort(-(self.returns.to_numpy() @ weights))[::-1]
        tail = days * (1.0 - terms.cvar_level)
        whole = math.floor(tail + 1e-9)  # 500 * (1 - 0.95) is 25.000000000000021
        worst = math.fsum(losses[:whole]) + max(tail - whole, 0.0) * losses[min(whole, days - 1)]
        return float(
            self.alpha.to_numpy() @ weights
            - terms.risk_aversion * (weights @ self.sigma @ weights)
            - terms.cvar_aversion * worst / tail
            - terms.cost * np.abs(weights - self.held.to_numpy()).sum()
        )

    def violation(self, weights: Floats) -> float:
        """By how much weights break the limit they break most; 0 where they keep all."""
        if not np.isfinite(weights).all():
            return math.inf
        terms = self.terms
        excesses = [
            np.abs(weights).max() - terms.max_single,
            np.abs(weights).sum() - terms.max_gross,
            weights.sum() - terms.budget,
            -weights.min() if terms.long_only else 0.0,
        ]
        return max(0.0, *map(float, excesses))

    def within(self, weights: Floats) -> Floats:
        """Return weights that keep every limit: clipped, then all made smaller alike.

        What a solver gains by a limit that it breaks a little is no gain.
        """
        terms = self.terms
        lowest = 0.0 if terms.long_only else -terms.max_single
        clipped = np.clip(weights, lowest, terms.max_single)
        gross, net = float(np.abs(clipped).sum()), float(clipped.sum())
        share = min(1.0, terms.max_gross / max(gross, 1e-12), terms.budget / max(net, 1e-12))
        return np.asarray(clipped * share)

    def of(self, **changes: float | bool) -> Portfolio:
        return replace(self, terms=replace(self.terms, **changes))  # type: ignore[arg-type]


def synthetic(names: int, days: int, *, seed: int = 7) -> pd.DataFrame:
    """Return fat-tailed daily returns, shape (days, names): market, styles, sectors, own noise."""
    random = np.random.default_rng([seed, names, days])

    def shocks(freedom: int, size: tuple[int, ...], volatility: float) -> Floats:
        # A t of f degrees of freedom has the variance f / (f - 2).
        scale = volatility / math.sqrt(freedom / (freedom - 2))
        return np.asarray(random.standard_t(freedom, size) * scale)

    sector = random.integers(0, 11, names)
    market = shocks(4, (days, 1), 0.009) + 0.0003
    styles, sectors = shocks(5, (days, 8), 0.004), shocks(5, (days, 11), 0.006)
    own_volatility = np.exp(random.normal(math.log(0.016), 0.35, names))
    returns = (
        market * random.normal(1.0, 0.35, names)
        + styles @ random.normal(0.0, 1.0, (8, names))
        + sectors[:, sector]
        + shocks(4, (days, names), 1.0) * own_volatility
    )
    columns = [f"N{number:04d}" for number in range(names)]
    return pd.DataFrame(np.clip(returns, -BOUND, BOUND), columns=columns)


def real() -> pd.DataFrame | None:
    """Return the daily returns of every real symbol without a hole; None where there are none."""
    if not BARS.is_file():
        return None
    bars = pd.read_parquet(BARS, columns=["date", "symbol", "adj_close"])
    bars = bars[pd.to_datetime(bars["date"]) < BEFORE]
    closes = bars.pivot_table(index="date", columns="symbol", values="adj_close").sort_index()
    closes = closes[closes.notna().sum(axis=1) > 500]  # the first days hold only a few symbols
    return closes.pct_change(fill_method=None).iloc[1:].dropna(axis="columns")


def portfolio(returns: pd.DataFrame, *, seed: int = 11, holdings: int = 40) -> Portfolio:
    """Return a problem on these returns: seeded scores, and some names held, four in five long."""
    names = returns.shape[1]
    random = np.random.default_rng([seed, names, len(returns)])
    scores = np.clip(random.normal(0.0, 0.4, names), -1.0, 1.0)
    held = np.zeros(names)
    chosen = random.choice(names, min(holdings, names), replace=False)
    sides = np.where(random.random(len(chosen)) < 0.8, 1.0, -1.0)
    held[chosen] = sides * random.uniform(0.005, 0.04, len(chosen))
    held *= min(1.0, 1.0 / np.abs(held).sum(), 0.9 / max(held.sum(), 1e-12))
    return Portfolio(
        alpha=SKILL * scores * returns.std(),
        returns=returns,
        held=pd.Series(held, index=returns.columns),
        terms=Terms(),
    )


def long_only(problem: Portfolio, *, cash_buffer: float, **terms: float) -> Portfolio:
    """Return the same without short sales."""
    without = replace(problem, held=problem.held.clip(lower=0.0))
    return without.of(long_only=True, cash_buffer=cash_buffer, **terms)
