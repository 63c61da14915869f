"""A year of bars of a few names, and the faults that a vendor can put into them."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from core.calendar import session, sessions_between
from core.settings import QualitySettings
from signals.bar_quality import judge_bars

TODAY = date(2026, 6, 15)
NOON = session(TODAY).decision_time
DAYS = sessions_between(TODAY - timedelta(days=300), TODAY - timedelta(days=3))
NAMES = ("ALPHA", "BRAVO", "COAST", "DELTA", "EAGLE", "FJORD", "GULF", "HOTEL", "INDIA", "JULIA")


def con_id_of(symbol):
    return NAMES.index(symbol) + 1


def a_year(names=NAMES, seed=3):
    """Return sound bars: prices of 20 to 500, moves of about 2 % a day, volume of its own."""
    rng = np.random.default_rng(seed)
    frames = []
    for symbol in names:
        closes = 20 * 1.4 ** con_id_of(symbol) * np.exp(rng.normal(0, 0.02, len(DAYS)).cumsum())
        closes = closes.round(2)
        frames.append(
            pd.DataFrame(
                {
                    "con_id": con_id_of(symbol),
                    "symbol": symbol,
                    "session": DAYS,
                    "open": closes,
                    "high": closes * 1.01,
                    "low": closes * 0.99,
                    "close": closes,
                    "volume": (1e6 * np.exp(rng.normal(0, 0.3, len(DAYS)))).round(),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def universe_of(bars, *, currency="USD", foreign=()):
    first = bars.drop_duplicates("con_id")
    currencies = ["GBP" if name in foreign else currency for name in first["symbol"]]
    return pd.DataFrame(
        {
            "con_id": first["con_id"].to_numpy(),
            "symbol": first["symbol"].to_numpy(),
            "currency": currencies,
            "origin": "constituent",
        }
    )


def quotes_of(bars):
    """Return quotes that stand around the newest bar: all of them agree."""
    last = bars.sort_values("session").groupby("con_id")["close"].last()
    return pd.DataFrame(
        {
            "con_id": last.index,
            "bid": last.to_numpy() * 0.999,
            "ask": last.to_numpy() * 1.001,
            "last": last.to_numpy(),
            "close": last.to_numpy(),
            "source": "live",
        }
    )


def rows_of(bars, symbol, back=1, count=1):
    """Return the index of ``count`` bars of a name, the newest ``back`` - 1 bars before the end."""
    own = bars.index[bars["symbol"] == symbol]
    stop = len(own) - back + 1
    return own[stop - count : stop]


def scaled(bars, symbol, ratio, *, back=1, count=1, volume=1.0):
    changed = bars.copy()
    rows = rows_of(bars, symbol, back, count)
    changed.loc[rows, ["open", "high", "low", "close"]] *= ratio
    changed.loc[rows, "volume"] *= volume
    return changed


def judged(bars, quotes=None, universe=None, **settings):
    return judge_bars(
        universe_of(bars) if universe is None else universe,
        quotes_of(bars) if quotes is None else quotes,
        bars,
        as_of=NOON,
        settings=QualitySettings(**settings),
    )


def rules(quality):
    """Return what was found, as symbol and rule, with a mark for a suspect price."""
    return {f"{one.symbol} {one.rule}{'!' if one.suspect else ''}" for one in quality.findings}
