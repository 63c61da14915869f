"""Robust scores: where a symbol stands among all symbols, in [-1, 1]."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.alpha import FULL_SCORE

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
    known = raw.astype(float).where(raw.abs() <= LARGEST)
    centre = known.median()
    distance = known - centre
    sigma = robust_sigma(distance)
    if not sigma > ROUNDING * known.abs().max():
        return known.where(known.isna(), 0.0)
    # Median and MAD, not mean and standard deviation: one bad print from the feed
    # would otherwise shrink every other symbol's score towards zero.
    return (distance / (CLIP_AT * sigma)).clip(-1.0, 1.0)


def robust_sigma(distance: pd.Series[float]) -> float:
    """Estimate the standard deviation of distances from the median; NaN when there are none.

    Where more than half of the values are equal (dividend yields of 0) the median absolute
    deviation is zero though there is spread; the mean absolute deviation then takes its place
    (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993).

    >>> robust_sigma(pd.Series([-1.0, 0.0, 1.0]))
    1.4826
    """
    absolute = distance.abs()
    median = MAD_TO_SIGMA * float(absolute.median())
    return median if median != 0 else MEAN_TO_SIGMA * float(absolute.mean())


def clipped_score(z: pd.Series[float]) -> pd.Series[float]:
    """Turn values that are robust z-scores already into scores in [-1, 1]; NaN stays NaN.

    >>> clipped_score(pd.Series([1.5, 9.0])).tolist()
    [0.5, 1.0]
    """
    return (z.astype(float).replace([np.inf, -np.inf], np.nan) / CLIP_AT).clip(-1.0, 1.0)
