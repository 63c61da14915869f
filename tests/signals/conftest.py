from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.tables import FUNDAMENTALS, HEADLINES, MACRO, QUOTES, UNIVERSE

REAL_BARS = (
    Path(__file__).resolve().parents[2] / "../shared/data/sp500_daily_2025_2026_yahoo.parquet"
)
NOON = datetime(2026, 6, 15, 11, 0, tzinfo=UTC)  # a Monday, 07:00 in New York
FRIDAY = date(2026, 6, 12)


def bars_of(closes, *, con_id=1, highs=None, lows=None, volumes=None, last=FRIDAY):
    """Bars that open at their close, one per weekday up to ``last``."""
    closes = np.asarray(closes, dtype=float)
    return pd.DataFrame(
        {
            "con_id": con_id,
            "symbol": f"S{con_id}",
            "session": pd.bdate_range(end=last, periods=len(closes)).date,
            "open": closes,
            "high": closes if highs is None else highs,
            "low": closes if lows is None else lows,
            "close": closes,
            "volume": 1000.0 if volumes is None else volumes,
        }
    )


def random_bars(sessions, *, con_id=1, seed=0, last=FRIDAY):
    random = np.random.default_rng([seed, con_id])
    closes = 50 * np.exp(np.cumsum(random.standard_t(4, sessions) * 0.012))
    closes = closes.round(2)
    return bars_of(
        closes,
        con_id=con_id,
        highs=closes * (1 + random.uniform(0, 0.02, sessions)),
        lows=closes * (1 - random.uniform(0, 0.02, sessions)),
        volumes=random.integers(100_000, 9_000_000, sessions).astype(float),
        last=last,
    )


def table_of(schema, rows):
    """A frame of a schema; what a row does not give is null."""
    return pd.DataFrame(rows, columns=[column.name for column in schema.columns])


@pytest.fixture(scope="session")
def real_bars():
    """Split-adjusted real bars of 40 symbols, as `core.tables.BARS`."""
    if not REAL_BARS.is_file():
        pytest.skip("the real market data is not beside the checkout")
    raw = pd.read_parquet(REAL_BARS)
    symbols = sorted(raw["symbol"].astype(str).unique())[::14][:40]
    raw = raw[raw["symbol"].isin(symbols)]
    scale = raw["adj_close"] / raw["close"]
    return pd.DataFrame(
        {
            "con_id": raw["symbol"].astype(str).map({s: i + 1 for i, s in enumerate(symbols)}),
            "symbol": raw["symbol"].astype(str),
            "session": raw["date"].dt.date,
            **{name: raw[name] * scale for name in ("open", "high", "low", "close")},
            "volume": raw["volume"].astype(float),
        }
    )


class World:
    """All tables of one day: four symbols, each with 260 bars, a quote and fundamentals."""

    def __init__(self):
        ids = (4, 3, 2, 1)
        self.universe = table_of(
            UNIVERSE,
            [{"symbol": f"S{i}", "con_id": i, "sector": "Energy" if i < 3 else None} for i in ids],
        )
        self.quotes = table_of(
            QUOTES,
            [{"con_id": i, "symbol": f"S{i}", "bid": 49.0, "ask": 51.0} for i in ids],
        )
        self.bars = pd.concat([random_bars(260, con_id=i) for i in ids], ignore_index=True)
        self.fundamentals = table_of(
            FUNDAMENTALS,
            [{"symbol": f"S{i}", "known_on": FRIDAY, "price_earnings": 10.0 * i} for i in ids],
        )
        self.headlines = table_of(
            HEADLINES,
            [
                {
                    "symbol": "S1",
                    "headline_id": "a",
                    "published": pd.Timestamp("2026-06-15T08:00Z"),
                    "polarity": -0.5,
                }
            ],
        )
        self.macro = table_of(
            MACRO,
            [{"gauge": "vix", "observed_on": FRIDAY, "value": 39.0, "zscore_252": 3.0}],
        )

    def tables(self):
        return (
            self.universe,
            self.quotes,
            self.bars,
            self.fundamentals,
            self.headlines,
            self.macro,
        )


@pytest.fixture
def world():
    return World()


@pytest.fixture(scope="session")
def make_bars():
    return bars_of


@pytest.fixture(scope="session")
def make_random_bars():
    return random_bars


@pytest.fixture(scope="session")
def make_table():
    return table_of


@pytest.fixture(scope="session")
def noon():
    return NOON
