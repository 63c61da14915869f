"""Sentiment features: the tone and the number of the past day's headlines.

With n headlines of a symbol in the past 24 hours and the sum S of their polarities:

=============  =========================================================================
feature        formula
=============  =========================================================================
headlines_24h  n
polarity_24h   S / n
sentiment_z    (tone - centre) / sigma, where tone = S / (n + 1)
attention_z    2 (sqrt(n + 3/8) - sqrt(m + 3/8)), m the mean n of all symbols
=============  =========================================================================

The tone is the mean polarity after one neutral headline has been added to each symbol
(credibility, Bühlmann 1967): a single headline moves it half as far as many that agree.
``centre`` and ``sigma`` are the median and the robust standard deviation of the tones of the
symbols with news, but sigma is never below `TONE_SIGMA` and the centre is 0 when fewer than
`SMALL_CROSS_SECTION` symbols have news: otherwise one mild headline on a day of neutral ones
would be an extreme, and the only bad news of a quiet day its own normality.

The square roots make a Poisson count's variance 1 (Anscombe 1948), so attention_z is in
standard deviations too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from core.errors import DataError
from signals.normalise import robust_sigma

PAST = timedelta(hours=24)
TONE_SIGMA = 0.15  # a headline of polarity -0.3 alone is one standard deviation, -0.9 three
SMALL_CROSS_SECTION = 10


def sentiment_features(
    headlines: pd.DataFrame, symbols: Sequence[str], *, now: datetime
) -> pd.DataFrame:
    """Compute the sentiment features of every symbol.

    Parameters
    ----------
    headlines
        Columns of `core.tables.HEADLINES`. Headlines without a date, older than 24 hours or
        later than ``now`` do not count; one headline of a symbol counts once.
    symbols
        The symbols of the answer, in its order, each once.
    now
        The moment of the decision, aware.

    Returns
    -------
    Indexed by ``symbol``: ``headlines_24h`` (int), ``polarity_24h`` and ``sentiment_z`` (NaN
    without headlines), ``attention_z`` (NaN only when no symbol has a headline: a silent feed
    says nothing).

    Raises
    ------
    DataError
        ``now`` has no time zone.
    """
    if now.tzinfo is None:
        raise DataError(f"a moment without a zone cannot be compared with headlines: {now}")
    index = pd.Index(list(symbols), name="symbol", dtype="object")
    recent = _past_day(headlines, now)
    polarity = recent.groupby("symbol")["polarity"]
    count = polarity.size().reindex(index, fill_value=0).astype("int64")
    total = polarity.sum().reindex(index)
    features = pd.DataFrame({"headlines_24h": count})
    features["polarity_24h"] = total / count
    features["sentiment_z"] = _tone_z(total / (count + 1))
    features["attention_z"] = _attention_z(count)
    return features


def _past_day(headlines: pd.DataFrame, now: datetime) -> pd.DataFrame:
    published = pd.to_datetime(headlines["published"], utc=True)
    polarity = headlines["polarity"].astype(float)
    # An undated headline compares false, and so is left out.
    counts = (published > now - PAST) & (published <= now) & np.isfinite(polarity)
    recent = headlines.assign(polarity=polarity)[counts].sort_values(["symbol", "headline_id"])
    return recent.drop_duplicates(["symbol", "headline_id"])


def _tone_z(tone: pd.Series[float]) -> pd.Series[float]:
    if tone.count() < SMALL_CROSS_SECTION:
        return tone / TONE_SIGMA
    distance = tone - tone.median()
    return distance / max(robust_sigma(distance), TONE_SIGMA)


def _attention_z(count: pd.Series[int]) -> pd.Series[float]:
    if not count.any():
        return pd.Series(np.nan, index=count.index)
    usual = float(count.mean())
    z: pd.Series[float] = 2 * ((count + 3 / 8) ** 0.5 - (usual + 3 / 8) ** 0.5)
    return z
