"""Technical features: what the daily bars of a symbol say, as scale-free numbers.

C, H, L, V are close, high, low and volume (split-adjusted) of NaN-free daily bars; t is the last
one. `ta` 0.11.0 defines every indicator named below. "Bars" is the number of bars needed: with
fewer the feature is NaN.

====================== ==== ==========================================================
feature                bars formula
====================== ==== ==========================================================
sma_gap_20_50          50   SMA20 / SMA50 - 1
macd_histogram         34   (MACD(12, 26) - signal(9)) / C
rsi_14                 14   RSI(14), 0 to 100; NaN while the price has never moved
atr_14                 14   ATR(14) / C
atr_breakout           15   (C[t] - C[t-1]) / ATR(14)[t-1]
donchian_position_20   20   -1 at the lowest L, +1 at the highest H of 20 bars
bollinger_position_20  20   (C - SMA20) / (2 standard deviations, ddof 0)
adx_14                 28   ADX(14), 0 to 100: strength of a trend, without direction
directional_gap_14     28   (+DI(14) - -DI(14)) / 100, -1 to +1
obv_slope_20           20   least-squares slope of OBV over 20 bars / adv_20
momentum_12_1          253  C[t-21] / C[t-252] - 1
reversal_5             6    C[t] / C[t-5] - 1: the raw return, so a fall is negative
volatility_20          21   standard deviation (ddof 1) of 20 simple daily returns
====================== ==== ==========================================================

``bar_count`` is the number of usable bars, ``adv_20`` the mean V of 20 bars (NaN with fewer) and
``previous_close`` is C[t].

Traps of ta that are dealt with here: zeros instead of "not known" in front of ATR, ADX and DI;
one NaN bar poisoning everything after it; errors on short histories; RSI 100 on a flat price.
One is kept, because ta defines it: OBV counts the volume of an unchanged close as bought.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from ta.trend import MACD, SMAIndicator
from ta.volatility import BollingerBands, DonchianChannel
from ta.volume import OnBalanceVolumeIndicator

from core.errors import DataError
from core.tables import TECHNICAL_FEATURES
from signals.histories import symbol_histories
from signals.wilder import Array, WilderADX, WilderATR, WilderRSI

# ta's recursions remember their seed: 400 bars agree with any longer history to 2e-11.
TAIL_BARS = 400


def technical_features(bars: pd.DataFrame) -> pd.DataFrame:
    """Compute the features of every symbol as of its last bar.

    Parameters
    ----------
    bars
        Columns of `core.tables.BARS`, several con_ids, any order; see `symbol_histories` for
        what counts as a usable bar.

    Returns
    -------
    One row per con_id that has a usable bar, indexed and sorted by ``con_id``; columns
    `core.tables.TECHNICAL_FEATURES`, ``adv_20``, ``previous_close``, ``bar_count`` and
    ``last_session`` (datetime64). NaN means "not known": too few bars, or a ratio without a
    denominator.

    Raises
    ------
    SchemaError
        A column is missing.
    DataError
        A symbol has two bars of one session.
    """
    rows = {}
    for con_id, history in symbol_histories(bars):
        tail = history.iloc[-TAIL_BARS:]
        last = {name: values[-1] for name, values in _indicators(tail).items()}
        counted = {"bar_count": len(history), "last_session": history["session"].iloc[-1]}
        rows[con_id] = last | counted
    kinds = dict.fromkeys([*TECHNICAL_FEATURES, "adv_20", "previous_close"], "float64")
    kinds |= {"bar_count": "int64", "last_session": "datetime64[s]"}
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(kinds)).astype(kinds)
    return frame.set_axis(pd.Index(frame.index, dtype="int64", name="con_id"))


def technical_history(bars: pd.DataFrame) -> pd.DataFrame:
    """Compute the features of one symbol as of each of its bars.

    Parameters
    ----------
    bars
        As for `technical_features`, of a single con_id.

    Returns
    -------
    One row per usable bar, indexed by ``session`` (datetime64), oldest first; columns
    `core.tables.TECHNICAL_FEATURES`, ``adv_20``, ``previous_close``. No value depends on a later
    bar.

    Raises `SchemaError` and `DataError` as `technical_features`, and `DataError` when there are
    several symbols or none.
    """
    histories = list(symbol_histories(bars))
    if len(histories) != 1:
        raise DataError(f"bars of {len(histories)} symbols, expected those of exactly one")
    history = histories[0][1]
    columns = [*TECHNICAL_FEATURES, "adv_20", "previous_close"]
    values = pd.DataFrame(_indicators(history), columns=columns)
    return values.set_index(pd.DatetimeIndex(history["session"], name="session"))


def _indicators(bars: pd.DataFrame) -> dict[str, Array]:
    """Return every feature at every bar: arrays as long as the bars."""
    close, volume = bars["close"], bars["volume"]
    prices = close.to_numpy()
    adv = _rolling(volume.to_numpy(), 20, np.ones(20) / 20)
    return {
        **_trend(close),
        **_oscillators(close),
        **_ranges(bars),
        "donchian_position_20": _donchian_position(bars),
        "obv_slope_20": _ratio(_obv_slope(close, volume), adv),
        "momentum_12_1": _ratio(_lag(prices, 21), _lag(prices, 252)) - 1,
        "reversal_5": _ratio(prices, _lag(prices, 5)) - 1,
        "volatility_20": _volatility(prices),
        "adv_20": adv,
        "previous_close": prices,
    }


def _trend(close: pd.Series[float]) -> dict[str, Array]:
    bands = BollingerBands(close, 20, 2)
    upper, sma_20 = bands.bollinger_hband().to_numpy(), bands.bollinger_mavg().to_numpy()
    sma_50 = SMAIndicator(close, 50).sma_indicator().to_numpy()
    return {
        "sma_gap_20_50": _ratio(sma_20, sma_50) - 1,
        "bollinger_position_20": _ratio(close.to_numpy() - sma_20, upper - sma_20),
    }


def _oscillators(close: pd.Series[float]) -> dict[str, Array]:
    prices = close.to_numpy()
    rsi = WilderRSI(close, 14).rsi().to_numpy(copy=True)
    rsi[np.maximum.accumulate(prices) == np.minimum.accumulate(prices)] = np.nan  # ta says 100
    return {"macd_histogram": MACD(close).macd_diff().to_numpy() / prices, "rsi_14": rsi}


def _ranges(bars: pd.DataFrame) -> dict[str, Array]:
    count = len(bars)
    high, low, close = bars["high"], bars["low"], bars["close"]
    prices = close.to_numpy()
    atr = adx = gap = np.full(count, np.nan)
    if count >= 14:
        atr = _known_from(13, WilderATR(high, low, close).average_true_range())
    if count >= 28:
        indicator = WilderADX(high, low, close)
        adx = _known_from(27, indicator.adx())
        gap = _known_from(27, indicator.adx_pos() - indicator.adx_neg()) / 100
    return {
        "atr_14": atr / prices,
        "atr_breakout": _ratio(prices - _lag(prices, 1), _lag(atr, 1)),
        "adx_14": adx,
        "directional_gap_14": gap,
    }


def _donchian_position(bars: pd.DataFrame) -> Array:
    channel = DonchianChannel(bars["high"], bars["low"], bars["close"], 20)
    top = channel.donchian_channel_hband().to_numpy()
    bottom = channel.donchian_channel_lband().to_numpy()
    return _ratio(2 * bars["close"].to_numpy() - top - bottom, top - bottom)


def _obv_slope(close: pd.Series[float], volume: pd.Series[float]) -> Array:
    """Return the least-squares slope of on-balance volume, shares per day over 20 bars."""
    obv = OnBalanceVolumeIndicator(close, volume).on_balance_volume().to_numpy()
    days = np.arange(20) - 9.5
    return _rolling(obv, 20, days / (days @ days))


def _volatility(prices: Array) -> Array:
    values = np.full(len(prices), np.nan)
    if len(prices) > 20:
        returns = prices[1:] / prices[:-1] - 1
        np.std(sliding_window_view(returns, 20), axis=1, ddof=1, out=values[20:])
    return values


def _rolling(values: Array, window: int, weights: Array) -> Array:
    result = np.full(len(values), np.nan)
    if len(values) >= window:
        result[window - 1 :] = sliding_window_view(values, window) @ weights
    return result


def _lag(values: Array, bars: int) -> Array:
    result = np.full(len(values), np.nan)
    result[bars:] = values[:-bars]
    return result


def _known_from(first: int, indicator: pd.Series[float]) -> Array:
    result = np.full(len(indicator), np.nan)
    result[first:] = indicator.to_numpy()[first:]
    return result


def _ratio(part: Array, whole: Array) -> Array:
    """Divide; NaN where the denominator is zero or unknown."""
    result = np.full(len(part), np.nan)
    np.divide(part, whole, out=result, where=np.abs(whole) > 0)
    return result
