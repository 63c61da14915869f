"""From a score to an expected return: the one formula that scores and optimiser share."""

from __future__ import annotations

import pandas as pd

FULL_SCORE = 3.0  # standard deviations of the cross-section that a score of 1 stands for
# A price pinned by a takeover offer hardly moves; without a floor the optimiser would see an
# almost riskless asset.
VOLATILITY_FLOOR = 0.005


def expected_return(
    score: pd.Series[float], volatility: pd.Series[float], *, information_coefficient: float
) -> pd.Series[float]:
    """Return the expected return of one session, a fraction; NaN where either is not known.

    Parameters
    ----------
    score
        Shape (n,), -1 to +1.
    volatility
        Shape (n,), standard deviation of daily returns; below `VOLATILITY_FLOOR` it counts as that.
    information_coefficient
        Expected correlation of the score with the return of one session.

    Source: R. Grinold and R. Kahn, "Active Portfolio Management": alpha = volatility times
    information coefficient times score, the score in standard deviations.
    """
    return information_coefficient * volatility.clip(lower=VOLATILITY_FLOOR) * FULL_SCORE * score
