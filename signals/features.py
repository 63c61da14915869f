"""The feature matrix: one row per symbol, only of what was known at the moment of the decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

from core.calendar import Exchange, last_complete_session
from core.errors import DataError
from core.tables import FEATURES
from core.types import LIVE
from signals.environment import risk_off
from signals.fundamental import fundamental_features
from signals.known import dated_within
from signals.sentiment import sentiment_features
from signals.technical import technical_features

MIN_BARS = 60
STALE_BARS = timedelta(days=7)
STALE_FUNDAMENTALS = timedelta(days=400)  # longer than a year: one annual report was missed


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """The features, and the symbols that have none.

    ``features`` has the columns of `core.tables.FEATURES`, sorted by con_id. ``dropped`` gives
    the reason by symbol, sorted by symbol.
    """

    features: pd.DataFrame
    dropped: dict[str, str]


def feature_matrix(  # noqa: PLR0913  # six tables, and the three facts that date them
    universe: pd.DataFrame,
    quotes: pd.DataFrame,
    bars: pd.DataFrame,
    fundamentals: pd.DataFrame,
    headlines: pd.DataFrame,
    macro: pd.DataFrame,
    *,
    as_of: datetime,
    min_bars: int = MIN_BARS,
    exchange: Exchange = "XNYS",
) -> Matrix:
    """Merge everything known at ``as_of`` into one row per symbol.

    Parameters
    ----------
    universe, quotes, bars, fundamentals, headlines, macro
        Tables of these names in `core.tables`, rows in any order. What was not known yet is left
        out: bars of sessions that had not closed, fundamentals and gauges dated later, headlines
        published later. Fundamentals older than 400 days are not known either.
    as_of
        The moment of the decision, aware.
    min_bars
        Bars a symbol needs to be in the matrix.
    exchange
        Calendar that tells which sessions have closed.

    Returns
    -------
    The matrix. Dropped are symbols without a price, with fewer than ``min_bars`` bars, or whose
    last bar is more than 7 days older than the last complete session.

    Raises
    ------
    DataError
        ``as_of`` has no time zone, or a key occurs twice.
    """
    if as_of.tzinfo is None:
        raise DataError(f"a decision needs a moment with a zone, not {as_of}")
    _refuse_repeated(universe, quotes)
    last = last_complete_session(as_of, exchange=exchange).day
    wanted = bars["con_id"].isin(universe["con_id"]).to_numpy()
    technical = technical_features(bars[wanted & dated_within(bars["session"], date.min, last)])
    table = universe[["con_id", "symbol", "sector"]].sort_values("con_id")
    table = table.join(quoted_prices(quotes)[["price", "spread_bps"]], on="con_id").join(
        technical, on="con_id"
    )
    dropped = _dropped(table, min_bars=min_bars, last_session=last)
    kept = table[~table["symbol"].isin(list(dropped))].astype({"bar_count": "int64"})
    # Vendors know symbols, not con_ids; both are unique in the universe.
    kept = kept.set_index(kept["symbol"].rename(None))
    kept = kept.join(_fundamentals(fundamentals, kept, as_of=as_of))
    kept = kept.join(sentiment_features(headlines, list(kept.index), now=as_of))
    stress = risk_off(macro, as_of=as_of)
    kept["risk_off"] = np.nan if stress is None else stress
    columns = [column.name for column in FEATURES.columns]
    return Matrix(features=kept[columns].reset_index(drop=True), dropped=dropped)


def quoted_prices(quotes: pd.DataFrame) -> pd.DataFrame:
    """Return ``price``, ``spread_bps`` and ``previous_close``, the broker's own, by con_id.

    The price is as of `core.types.Quote.reference_price`.

    A crossed market (bid above ask) has no midpoint and no spread. What is frozen has the close of
    a session before, and one made of the newest bar is no word of the broker's: neither tells his
    previous close.
    """
    told = quotes.set_index("con_id")["source"].isin({LIVE, "delayed"})
    table = quotes.set_index("con_id")[["bid", "ask", "last", "close"]].astype(float)
    table = table.where(np.isfinite(table) & (table > 0))
    bid, ask = table["bid"], table["ask"]
    middle = ((bid + ask) / 2).where(bid <= ask)
    return pd.DataFrame(
        {
            "price": middle.fillna(table["last"]).fillna(table["close"]),
            "spread_bps": 1e4 * (ask - bid) / middle,
            "previous_close": table["close"].where(told),
        }
    )


def _dropped(table: pd.DataFrame, *, min_bars: int, last_session: date) -> dict[str, str]:
    """Say of each symbol that cannot be used why."""
    table = table.sort_values("symbol").fillna({"bar_count": 0})
    ages = (pd.Timestamp(last_session) - table["last_session"]).dt.days
    dropped = {}
    for symbol, price, count, age in zip(
        table["symbol"], table["price"], table["bar_count"], ages, strict=True
    ):
        found = []
        if not price > 0:
            found.append("no price in its quote")
        if count < min_bars:
            found.append(f"{count:.0f} daily bars, {min_bars} needed")
        if age > STALE_BARS.days:
            found.append(f"last bar {age:.0f} days before the last complete session")
        if found:
            dropped[str(symbol)] = "; ".join(found)
    return dropped


def _fundamentals(
    fundamentals: pd.DataFrame, kept: pd.DataFrame, *, as_of: datetime
) -> pd.DataFrame:
    today = as_of.astimezone(UTC).date()
    known = dated_within(fundamentals["known_on"], today - STALE_FUNDAMENTALS, today)
    return fundamental_features(fundamentals[known], kept["sector"], kept["price"])


def _refuse_repeated(universe: pd.DataFrame, quotes: pd.DataFrame) -> None:
    problems = []
    for name, keys in (
        ("universe symbol", universe["symbol"]),
        ("universe con_id", universe["con_id"]),
        ("quotes con_id", quotes["con_id"]),
    ):
        repeated = sorted(set(keys[keys.duplicated()]))
        if repeated:
            problems.append(f"{name} {repeated[0]} ({len(repeated)} in all)")
    if problems:
        raise DataError(f"given more than once: {', '.join(problems)}; keep one row of each")
