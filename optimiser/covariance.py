"""How returns move together, shrunk so that it is positive definite for any n and T."""

from __future__ import annotations

import numpy as np
from sklearn.covariance import LedoitWolf

from optimiser.terms import Floats


def ledoit_wolf(scenarios: Floats) -> Floats:
    """Return the shrunk covariance (1 - delta) * S + delta * mean variance * I.

    Parameters
    ----------
    scenarios
        Shape (T, n), daily returns as fractions, finite, T >= 2.

    Returns
    -------
    Shape (n, n), per day. S is the sample covariance with divisor T; delta in [0, 1] minimises
    the expected squared error (Ledoit and Wolf, 2004, "A well-conditioned estimator for
    large-dimensional covariance matrices").
    """
    fitted: Floats = LedoitWolf(store_precision=False).fit(scenarios).covariance_
    # Symmetric to the last bit, so that no solver finds a phantom imaginary eigenvalue.
    return np.asarray((fitted + fitted.T) / 2.0, dtype=np.float64)
