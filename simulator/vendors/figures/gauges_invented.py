"""Gauges invented from a seed; volatility and the index follow the market's own returns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from core.calendar import FIRST, sessions_between
from simulator.prices.market_view import MarketView
from simulator.vendors.figures.gauges import BRENT, EURUSD, SPY, VIX, WTI, Rates, released

BEFORE_THE_MARKET = timedelta(days=730)  # gauges are older than the first bar
EARLIEST = FIRST + timedelta(days=1)  # of the exchange calendar

INDEX_MEMBERS = 40  # whose mean return is the index's
LONG_RUN_VARIANCE, VARIANCE_MEMORY = 0.15**2 / 252, 0.94  # a day; RiskMetrics' decay
VIX_FLOOR, VIX_CEILING = 9.0, 90.0
SPY_START = 400.0  # USD

# Mean, pull towards it and shock of a day: 10-year yield and its slope to 2 years in percentage
# points; logarithms of crude oil in USD, of Brent over it, and of USD per EUR.
_MEANS = np.array([4.0, 0.4, np.log(75.0), 0.05, np.log(1.10)])
_PULLS = np.array([0.004, 0.004, 0.006, 0.05, 0.004])
_SHOCKS = np.array([0.06, 0.03, 0.021, 0.006, 0.0045])


class InventedGauges:
    """A `GaugeSource` that invents gauges; volatility follows the market's own returns."""

    def __init__(self, view: MarketView, seed: int) -> None:
        self._view, self._seed = view, seed

    def prices(self, symbol: str, now: datetime) -> list[tuple[date, float]] | None:
        """Return a gauge's values by session, oldest first; None for an unknown gauge."""
        days = self._days(now)
        if symbol in {VIX, SPY}:
            returns = self._index_returns(now)
            gauge = _volatility_index if symbol == VIX else _index_level
            return gauge(days, np.array([returns.get(day, np.nan) for day in days]))
        walks = self._walks(len(days))
        invented = {
            WTI: np.exp(walks[:, 2]),
            BRENT: np.exp(walks[:, 2] + walks[:, 3]),
            EURUSD: np.exp(walks[:, 4]),
        }
        if symbol not in invented:
            return None
        decimals = 4 if symbol == EURUSD else 2
        return list(zip(days, np.round(invented[symbol], decimals).tolist(), strict=True))

    def rates(self, now: datetime) -> list[Rates]:
        """Return yields by session, oldest first."""
        days = self._days(now)
        walks = self._walks(len(days))
        year10 = np.round(np.maximum(walks[:, 0], 0.05), 2)
        year2 = np.round(np.maximum(walks[:, 0] - walks[:, 1], 0.05), 2)
        return [Rates(*row) for row in zip(days, year2.tolist(), year10.tolist(), strict=True)]

    def _days(self, now: datetime) -> list[date]:
        first = max(self._view.market.first_session - BEFORE_THE_MARKET, EARLIEST)
        last = released(now)
        return sessions_between(first, last) if first <= last else []

    def _walks(self, sessions: int) -> NDArray[np.float64]:
        """Return mean-reverting walks, shape (sessions, 5); a longer one begins with a shorter."""
        shocks = np.random.default_rng([self._seed, 20]).standard_normal((sessions, 5)) * _SHOCKS
        walks: NDArray[np.float64] = np.empty_like(shocks)
        state = _MEANS.copy()
        for t, shock in enumerate(shocks):
            state = state + _PULLS * (_MEANS - state) + shock
            walks[t] = state
        return walks

    def _index_returns(self, now: datetime) -> dict[date, float]:
        """Return the mean log return of the first constituents, by session."""
        market = self._view.market
        chosen = [i for i in market.instruments if i.member_since is not None][:INDEX_MEMBERS]
        found: dict[date, list[float]] = {}
        for instrument in chosen:
            bars = list(self._view.daily(instrument.con_id, now))
            moves = np.diff(np.log([bar.close for bar in bars])).tolist() if bars else []
            for bar, move in zip(bars[1:], moves, strict=True):
                found.setdefault(bar.session, []).append(move)
        return {day: sum(moves) / len(moves) for day, moves in found.items()}


def _volatility_index(
    days: Sequence[date], returns: NDArray[np.float64]
) -> list[tuple[date, float]]:
    """Return implied volatility, percent a year: realised volatility plus what insurance costs."""
    variance, values = LONG_RUN_VARIANCE, []
    for move in returns:
        square = move * move if np.isfinite(move) else LONG_RUN_VARIANCE
        variance = VARIANCE_MEMORY * variance + (1.0 - VARIANCE_MEMORY) * square
        values.append(min(max(2.0 + 115.0 * (252.0 * variance) ** 0.5, VIX_FLOOR), VIX_CEILING))
    return [(day, round(value, 2)) for day, value in zip(days, values, strict=True)]


def _index_level(days: Sequence[date], returns: NDArray[np.float64]) -> list[tuple[date, float]]:
    """Return the price of a fund of the index, USD, from the first day that has a return."""
    levels = SPY_START * np.exp(np.cumsum(np.nan_to_num(returns)))
    rows = zip(days, np.round(levels, 2).tolist(), returns.tolist(), strict=True)
    return [(day, level) for day, level, move in rows if np.isfinite(move)]
