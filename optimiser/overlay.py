"""Hard overrides after the optimiser. An override may only reduce risk.

It never opens, increases or flips a position: a long in bad news goes to 0, a short in bad news
is not increased. What a headline says is data; the worst a forged one can do is to sell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from core.errors import DataError
from optimiser.headline import BREAKING_NEWS, Phrase, plain_title
from optimiser.terms import Key

BREAKING = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one name besides its numbers."""

    sentiment_z: float | None = None  # standard deviations; None or NaN = not known
    headlines: tuple[str, ...] = ()  # titles of the past 24 hours, untrusted


@dataclass(frozen=True, slots=True)
class Rules:
    """The reviewed rules of the overlay."""

    sentiment_floor: float = -2.5
    breaking_news: tuple[Phrase, ...] = BREAKING_NEWS


@dataclass(frozen=True, slots=True, eq=False)
class Overlaid:
    """Weights after the overrides, and for each changed weight the reason."""

    weights: pd.Series[float]
    reasons: dict[Key, str]


def apply_overrides(
    weights: pd.Series[float],
    weights_before: pd.Series[float],
    facts: Mapping[Key, Facts],
    *,
    rules: Rules,
) -> Overlaid:
    """Take names with bad news out of the target.

    Parameters
    ----------
    weights
        Optimal weights by name, as fractions of net asset value.
    weights_before
        Weights held now; absent names are not held.
    facts
        By name; a name without facts is left as it is.

    Raises
    ------
    DataError
        A weight, before or after, is not finite.
    """
    before = weights_before.reindex(weights.index, fill_value=0.0)
    for what, column in (("target", weights), ("current", before)):
        odd = column.index[~np.isfinite(column.to_numpy(dtype=np.float64, na_value=np.nan))]
        if len(odd):
            raise DataError(f"{len(odd)} {what} weight(s) not finite, for example {odd[0]!r}")
    overlaid, reasons = weights.astype(np.float64).copy(), {}
    for name, optimal, held in zip(weights.index.tolist(), weights, before, strict=True):
        bad_news = _bad_news(facts.get(name, Facts()), rules)
        allowed = _allowed(float(optimal), float(held))
        if bad_news is not None and allowed != optimal:
            overlaid[name] = allowed
            reasons[name] = f"{bad_news}; weight {optimal:.4f} -> {allowed:.4f}"
    return Overlaid(overlaid, reasons)


def facts_of(
    features: pd.DataFrame, headlines: pd.DataFrame, *, as_of: datetime
) -> dict[Key, Facts]:
    """Gather the facts by conId from tables of schemas ``features`` and ``headlines``.

    Only headlines of the 24 hours up to ``as_of`` count; undated ones might be old, later ones
    were not known.
    """
    recent = headlines["published"].between(as_of - BREAKING, as_of)
    titles = headlines[recent].groupby("symbol")["title"].apply(lambda t: tuple(sorted(t)))
    columns = (features[name].tolist() for name in ("con_id", "symbol", "sentiment_z"))
    return {
        con_id: Facts(sentiment_z=z, headlines=titles.get(symbol, ()))
        for con_id, symbol, z in zip(*columns, strict=True)
    }


def _bad_news(facts: Facts, rules: Rules) -> str | None:
    """Return the first rule that these facts break, with the evidence, or None."""
    for phrase in rules.breaking_news:
        for title in facts.headlines:
            if phrase.said_in(title):
                return f'{phrase.name}: "{plain_title(title)}"'
    z = facts.sentiment_z
    if z is not None and z < rules.sentiment_floor:
        return f"sentiment {z:.2f} is below {rules.sentiment_floor:.2f}"
    return None


def _allowed(optimal: float, held: float) -> float:
    """Return the largest position towards ``optimal`` that bad news still permits."""
    if optimal < 0.0 and held < 0.0:
        return max(optimal, held)
    return 0.0 if optimal != 0.0 else optimal
