"""Robust scores: where a symbol stands among all symbols, in [-1, 1]."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.alpha import FULL_SCORE

Values = np.ndarray[tuple[int], np.dtype[np.float64]]

MAD_TO_SIGMA = 1.4826  # for a normal sample, sigma = 1.4826 * median absolute deviation
MEAN_TO_SIGMA = 1.2533  # and 1.2533 * mean absolute deviation
CLIP_AT = FULL_SCORE  # robust standard deviations that make a full score
LARGEST = 1e15  # beyond this no ratio is a measurement
ROUNDING = 1e-12  # spread relative to the values below which differences are rounding


def robust_score(raw: pd.Series[float]) -> pd.Series[float]:
    """Score each symbol against the cross-section, robustly.

    Parameters
    ----------
    raw
        One value per symbol, shape (n,), any unit; NaN, infinite or absurd (beyond 1e15) means
        "not known".

    Returns
    -------
    Shape (n,), same index, dimensionless, in [-1, 1]: the distance from the median in robust
    standard deviations, clipped at `CLIP_AT` and divided by it. Not known stays NaN: an unknown
    value must lower a symbol's coverage, not pass as neutral. A cross-section without spread
    scores 0 everywhere.

    >>> robust_score(pd.Series([1.0, 2.0, 3.0, 100.0, float("nan")])).round(4).tolist()
    [-0.3372, -0.1124, 0.1124, 1.0, nan]
    """
    values = raw.to_numpy(dtype=float, na_value=np.nan)
    # In numpy: of some twenty features a day, pandas would spend ten times as long on each.
    known = np.where(np.abs(values) <= LARGEST, values, np.nan)
    distance = known - _median(known)
    sigma = robust_sigma(distance)
    if not sigma > ROUNDING * np.max(np.abs(known), initial=0.0, where=~np.isnan(known)):
        found = np.where(np.isnan(known), np.nan, 0.0)
    else:
        # Median and MAD, not mean and standard deviation: one bad print from the feed
        # would otherwise shrink every other symbol's score towards zero.
        found = np.clip(distance / (CLIP_AT * sigma), -1.0, 1.0)
    return pd.Series(found, index=raw.index, name=raw.name)


def robust_sigma(distance: pd.Series[float] | Values) -> float:
    """Estimate the standard deviation of distances from the median; NaN when there are none.

    Where more than half of the values are equal (dividend yields of 0) the median absolute
    deviation is zero though there is spread; the mean absolute deviation then takes its place
    (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993).

    >>> robust_sigma(pd.Series([-1.0, 0.0, 1.0]))
    1.4826
    """
    absolute = np.abs(np.asarray(distance, dtype=float))
    median = MAD_TO_SIGMA * _median(absolute)
    if median != 0:
        return median
    known = ~np.isnan(absolute)
    return MEAN_TO_SIGMA * float(np.where(known, absolute, 0.0).sum() / known.sum())


def _median(values: Values) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if known.size else np.nan


def clipped_score(z: pd.Series[float]) -> pd.Series[float]:
    """Turn values that are robust z-scores already into scores in [-1, 1]; NaN stays NaN.

    >>> clipped_score(pd.Series([1.5, 9.0])).tolist()
    [0.5, 1.0]
    """
    values = z.to_numpy(dtype=float, na_value=np.nan)
    found = np.clip(np.where(np.isfinite(values), values, np.nan) / CLIP_AT, -1.0, 1.0)
    return pd.Series(found, index=z.index, name=z.name)
