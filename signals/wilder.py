"""ta's ATR, ADX and RSI with the same numbers and without their slow loops.

All three are Wilder's recursions. ta runs ATR and ADX through ``Series.iloc``, one scalar at a
time, which is three quarters of the cost of all indicators together. The subclasses run the same
recursions over plain floats; they equal ta to rounding (tests hold them to 1e-9).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from ta.momentum import RSIIndicator
from ta.trend import ADXIndicator
from ta.volatility import AverageTrueRange

Array = np.ndarray[tuple[int], np.dtype[np.float64]]


class WilderATR(AverageTrueRange):  # type: ignore[misc]  # ta ships no types
    """`ta.volatility.AverageTrueRange` of NaN-free bars, at least ``window`` of them."""

    def _run(self) -> None:
        true_range = _true_range(self._high, self._low, self._close)
        window = self._window
        first = float(true_range[:window].mean())
        atr = np.zeros(len(true_range))
        atr[window - 1 :] = _wilder_mean(first, true_range[window:], window)
        self._atr = pd.Series(atr, index=self._close.index)


class WilderADX(ADXIndicator):  # type: ignore[misc]  # ta ships no types
    """`ta.trend.ADXIndicator` of NaN-free bars, at least ``2 * window`` of them."""

    def _run(self) -> None:
        high, low = self._high.to_numpy(), self._low.to_numpy()
        up, down = high[1:] - high[:-1], low[:-1] - low[1:]
        self._trs_initial = np.zeros(self._window - 1)
        self._trs = self._smoothed(_true_range(self._high, self._low, self._close)[1:])
        self._dip = self._smoothed(np.where((up > down) & (up > 0), up, 0.0))
        self._din = self._smoothed(np.where((down > up) & (down > 0), down, 0.0))

    def _smoothed(self, moves: Array) -> Array:
        """Return Wilder's running sum of the moves since bar 1, from bar ``window`` on."""
        sums = [float(moves[: self._window].sum())]
        for move in moves[self._window :].tolist():
            sums.append(sums[-1] - sums[-1] / self._window + move)
        sums.append(0.0)  # ta leaves one unused zero at the end
        return np.array(sums)

    def adx(self) -> pd.Series[float]:
        """Return the average directional index, 0 to 100; zero before bar ``2 * window - 1``."""
        plus, minus = _percent(self._dip, self._trs), _percent(self._din, self._trs)
        index = _percent(np.abs(plus - minus), plus + minus)
        window = self._window
        adx = np.zeros(len(self._close))
        first = float(index[:window].mean())
        adx[2 * window - 1 :] = _wilder_mean(first, index[window:-1], window)
        return pd.Series(adx, index=self._close.index, name="adx")

    def adx_pos(self) -> pd.Series[float]:
        """Return +DI, 0 to 100; zero up to bar ``window``."""
        return self._line(self._dip, "adx_pos")

    def adx_neg(self) -> pd.Series[float]:
        """Return -DI, 0 to 100; zero up to bar ``window``."""
        return self._line(self._din, "adx_neg")

    def _line(self, moves: Array, name: str) -> pd.Series[float]:
        line = np.zeros(len(self._close))
        line[self._window + 1 :] = _percent(moves, self._trs)[1:-1]
        return pd.Series(line, index=self._close.index, name=name)


class WilderRSI(RSIIndicator):  # type: ignore[misc]  # ta ships no types
    """`ta.momentum.RSIIndicator` of NaN-free closes."""

    def _run(self) -> None:
        # Both averages start from a change of zero on the first bar, which has none.
        change = np.diff(self._close.to_numpy())
        window = self._window
        up = np.array(_wilder_mean(0.0, np.maximum(change, 0.0), window))
        down = np.array(_wilder_mean(0.0, np.maximum(-change, 0.0), window))
        rsi = np.full(len(up), 100.0)
        strength = np.divide(up, down, out=np.zeros_like(up), where=down != 0)
        np.subtract(100, 100 / (1 + strength), out=rsi, where=down != 0)
        rsi[: window - 1] = np.nan
        self._rsi = pd.Series(rsi, index=self._close.index)


def _wilder_mean(first: float, later: Array, window: int) -> list[float]:
    means = [first]
    means.extend(_recursion(first, later.tolist(), window))
    return means


def _recursion(mean: float, values: Iterable[float], window: int) -> Iterable[float]:
    for value in values:
        mean = (mean * (window - 1) + value) / window
        yield mean


def _true_range(high: pd.Series[float], low: pd.Series[float], close: pd.Series[float]) -> Array:
    highs, lows = high.to_numpy(), low.to_numpy()
    before = close.to_numpy()[:-1]
    ranges = highs - lows  # all there is on the first bar, which has no close before it
    ranges[1:] = np.maximum(highs[1:], before) - np.minimum(lows[1:], before)
    return ranges


def _percent(part: Array, whole: Array) -> Array:
    return 100 * np.divide(part, whole, out=np.zeros_like(part), where=whole != 0)
