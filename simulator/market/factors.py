"""Returns, ranges and volumes of a synthetic market, from a factor model with fat tails.

One market factor, one per GICS sector and four style factors, all with Student t shocks and
GARCH(1,1) volatility, plus an idiosyncratic part per company. Each kind of randomness has a stream
of its own that is drawn session by session, so the first T sessions never depend on how many
follow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.market.names import SECTORS

Array = NDArray[np.float64]

SESSIONS_A_YEAR = 252
TAIL = 5.0  # degrees of freedom of all shocks
STYLES = 4  # the loadings look like value, momentum, size and volatility; nothing pays for them
MARKET_VOLATILITY, SECTOR_VOLATILITY, STYLE_VOLATILITY = 0.15, 0.07, 0.04  # a year
OVERNIGHT_SHARE = 0.3  # of the variance of a day, between the close and the next open
GARCH_CONSTANT, GARCH_SHOCK, GARCH_MEMORY = 0.03, 0.09, 0.88  # sum 1: unit long-run variance
LARGEST_FACTOR_SHOCK, LARGEST_OWN_SHOCK = 6.0, 14.0  # standard deviations
LARGEST_MOVE = 0.6  # log return of one day


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """Log returns of n companies over T sessions, and how busy each day was. Shapes (T, n)."""

    overnight: Array  # close to open
    intraday: Array  # open to close
    up: Array  # open to high, >= max(0, intraday)
    down: Array  # open to low, <= min(0, intraday)
    activity: Array  # log volume over the company's usual volume

    @property
    def total(self) -> Array:
        """Close to close, shape (T, n)."""
        return self.overnight + self.intraday


def simulate(seed: int, sectors: NDArray[np.int64], sessions: int) -> Moves:
    """Simulate the companies whose sector numbers are given, shape (n,), over T sessions."""
    n = len(sectors)
    loadings, own = _exposures(np.random.default_rng([seed, 2]), sectors)
    factors = len(loadings)

    shocks = np.random.default_rng([seed, 3]).standard_t(TAIL, (sessions, factors))
    shocks = _unit_variance(shocks, LARGEST_FACTOR_SHOCK)
    factor_sigma = _volatility(shocks) * _daily(_factor_volatilities(factors))
    own_shocks = np.random.default_rng([seed, 4]).standard_t(TAIL, (sessions, n))
    own_shocks = _unit_variance(own_shocks, LARGEST_OWN_SHOCK)
    own_sigma = _volatility(own_shocks) * _daily(own)

    total = (shocks * factor_sigma) @ loadings + own_shocks * own_sigma
    variance = factor_sigma**2 @ loadings**2 + own_sigma**2
    usual = _daily(_factor_volatilities(factors)) ** 2 @ loadings**2 + _daily(own) ** 2
    premium = 0.03 + 0.045 * loadings[0]  # a year: a little for time, a little for market risk
    total += premium / SESSIONS_A_YEAR - usual / 2  # log drift of the expected return
    np.clip(total, -LARGEST_MOVE, LARGEST_MOVE, out=total)
    return _within_the_day(seed, total, np.sqrt(variance), np.sqrt(usual))


def _exposures(rng: np.random.Generator, sectors: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return factor loadings, shape (factors, n), and own volatilities a year, shape (n,)."""
    n = len(sectors)
    draws = rng.standard_normal((n, 2 + STYLES)).T  # company by company: a longer list only adds
    beta = np.clip(1.0 + 0.3 * draws[0], 0.3, 1.8)
    member = (np.arange(len(SECTORS))[:, None] == sectors).astype(np.float64)
    styles = np.clip(draws[2:], -2.5, 2.5)
    own = np.clip(0.22 * np.exp(0.35 * draws[1]), 0.13, 0.46)
    return np.vstack([beta, member, styles]), own


def _factor_volatilities(factors: int) -> Array:
    sectors = factors - 1 - STYLES
    yearly = [MARKET_VOLATILITY, *[SECTOR_VOLATILITY] * sectors, *[STYLE_VOLATILITY] * STYLES]
    return np.array(yearly)


def _daily(yearly: Array) -> Array:
    daily: Array = yearly / np.sqrt(SESSIONS_A_YEAR)
    return daily


def _unit_variance(shocks: Array, largest: float) -> Array:
    scaled: Array = np.clip(shocks * np.sqrt((TAIL - 2.0) / TAIL), -largest, largest)
    return scaled


def _volatility(shocks: Array) -> Array:
    """Return the GARCH(1,1) volatility of each column, with a long-run variance of one."""
    sigma = np.empty_like(shocks)
    variance = np.ones(shocks.shape[1])
    for t, shock in enumerate(shocks):
        sigma[t] = np.sqrt(variance)
        surprise = np.minimum(shock * shock, 25.0)  # one crash must not set off a year of them
        variance = np.clip(
            GARCH_CONSTANT + variance * (GARCH_MEMORY + GARCH_SHOCK * surprise), 0.2, 8.0
        )
    return sigma


def _within_the_day(seed: int, total: Array, sigma: Array, usual: Array) -> Moves:
    """Split each day into night and day, and find its extremes.

    Given the day's return, the night's is normal around its share of it; the high and the low are
    those of a Brownian bridge between open and close, whose maximum over a day of variance v that
    ends at r has the distribution of (r + sqrt(r^2 + 2 v E)) / 2 with E exponential.
    """
    shape = total.shape
    night = np.random.default_rng([seed, 5]).standard_normal(shape)
    spread = np.sqrt(OVERNIGHT_SHARE * (1.0 - OVERNIGHT_SHARE))
    overnight = OVERNIGHT_SHARE * total + spread * sigma * night
    intraday = total - overnight
    day_variance = (1.0 - OVERNIGHT_SHARE) * sigma**2
    highs = np.random.default_rng([seed, 6]).standard_exponential(shape)
    lows = np.random.default_rng([seed, 7]).standard_exponential(shape)
    noise = np.random.default_rng([seed, 8]).standard_normal(shape)
    surprise = np.minimum(np.abs(total) / usual, 6.0)
    return Moves(
        overnight=overnight,
        intraday=intraday,
        up=(intraday + np.sqrt(intraday**2 + 2.0 * day_variance * highs)) / 2.0,
        down=(intraday - np.sqrt(intraday**2 + 2.0 * day_variance * lows)) / 2.0,
        activity=0.3 * noise + 0.35 * (surprise - 0.75),
    )
