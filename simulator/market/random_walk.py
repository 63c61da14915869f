"""A random walk as daily bars: the same key gives the same bars, and a longer walk only adds."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from simulator.market.market import Dividend
from simulator.market.series import BarSeries

SESSIONS_A_YEAR = 252
OVERNIGHT = 0.35  # share of the variance between close and open


def random_walk(
    key: str,
    sessions: Sequence[date],
    *,
    start: float,
    volatility: float,
    tick: float,
    volume: int = 0,
    dividends: Sequence[Dividend] = (),
) -> BarSeries:
    """Walk from ``start`` with a volatility a year; the price falls by what it pays out.

    The high and the low are those of a Brownian bridge between open and close.
    """
    draws = _normals(key, len(sessions))
    variance = volatility**2 / SESSIONS_A_YEAR
    night = np.sqrt(OVERNIGHT * variance) * draws[:, 0] - OVERNIGHT * variance / 2
    day_variance = (1 - OVERNIGHT) * variance
    day = np.sqrt(day_variance) * draws[:, 1] - day_variance / 2
    up = (day + np.sqrt(day**2 + day_variance * (draws[:, 2] ** 2 + draws[:, 3] ** 2))) / 2
    down = (day - np.sqrt(day**2 + day_variance * (draws[:, 4] ** 2 + draws[:, 5] ** 2))) / 2
    close = np.log(start) + np.cumsum(night + day)
    logs = np.stack([close - day, close - day + up, close - day + down, close])
    prices = np.exp(logs) * _paid_out(np.exp(close), sessions, dividends)
    volumes = np.rint(volume * np.exp(0.3 * draws[:, 6])).astype(np.int64)
    return BarSeries(sessions=list(sessions), prices=on_grid(prices, tick), volumes=volumes)


def on_grid(prices: NDArray[np.float64], tick: float) -> NDArray[np.float64]:
    """Round open, high, low and close, shape (4, T), to the tick; high and low stay outermost."""
    rounded = np.maximum(np.round(np.round(prices / tick) * tick, 8), tick)
    open_, high, low, close = rounded
    outer = np.maximum(open_, close), np.minimum(open_, close)
    return np.stack([open_, np.maximum(high, outer[0]), np.minimum(low, outer[1]), close])


def _paid_out(
    close: NDArray[np.float64], sessions: Sequence[date], dividends: Sequence[Dividend]
) -> NDArray[np.float64]:
    factor = np.ones(len(sessions))
    for dividend in dividends:
        at = bisect_left(sessions, dividend.ex_date)
        if 0 < at < len(sessions):
            factor[at:] *= 1 - dividend.amount / (close[at - 1] * factor[at - 1])
    return factor


def _normals(key: str, rows: int) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal((rows, 7))
