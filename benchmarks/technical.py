"""Technical features of a day, 700 symbols x 300 bars, against plain ta classes: CPU seconds.

Run with ``python -m benchmarks.technical``.
"""

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from ta.momentum import RSIIndicator
from ta.trend import MACD, ADXIndicator, SMAIndicator
from ta.volatility import AverageTrueRange, BollingerBands, DonchianChannel
from ta.volume import OnBalanceVolumeIndicator

from signals.technical import technical_features

SYMBOLS, BARS = 700, 300


def market() -> pd.DataFrame:
    random = np.random.default_rng(7)
    closes = 50 * np.exp(np.cumsum(random.standard_t(4, (SYMBOLS, BARS)) * 0.012, axis=1))
    spread = random.uniform(0, 0.02, (2, SYMBOLS, BARS))
    days = pd.bdate_range("2025-01-02", periods=BARS).date
    return pd.DataFrame(
        {
            "con_id": np.repeat(np.arange(1, SYMBOLS + 1), BARS),
            "session": np.tile(days, SYMBOLS),
            "open": closes.ravel(),
            "high": (closes * (1 + spread[0])).ravel(),
            "low": (closes * (1 - spread[1])).ravel(),
            "close": closes.ravel(),
            "volume": random.integers(100_000, 9_000_000, SYMBOLS * BARS).astype(float),
        }
    )


def plain_ta(bars: pd.DataFrame) -> None:
    for _, one in bars.groupby("con_id"):
        high, low, close = one["high"], one["low"], one["close"]
        SMAIndicator(close, 20).sma_indicator()
        SMAIndicator(close, 50).sma_indicator()
        MACD(close).macd_diff()
        RSIIndicator(close).rsi()
        AverageTrueRange(high, low, close).average_true_range()
        DonchianChannel(high, low, close).donchian_channel_hband()
        BollingerBands(close).bollinger_pband()
        adx = ADXIndicator(high, low, close)
        adx.adx(), adx.adx_pos(), adx.adx_neg()
        OnBalanceVolumeIndicator(close, one["volume"]).on_balance_volume()


def cpu_seconds(work: Callable[[pd.DataFrame], object], bars: pd.DataFrame) -> float:
    start = time.process_time()
    work(bars)
    return time.process_time() - start


def main() -> None:
    bars = market()
    ours = min(cpu_seconds(technical_features, bars) for _ in range(3))
    theirs = min(cpu_seconds(plain_ta, bars) for _ in range(2))
    print(f"technical features, {SYMBOLS} x {BARS}: {ours:.2f} s CPU")
    print(f"plain ta, indicators only: {theirs:.2f} s CPU, {theirs / ours:.1f} x")


if __name__ == "__main__":
    main()
