"""CVaR and VaR of losses in scenarios that have probabilities."""

from __future__ import annotations

import numpy as np

from optimiser.model.terms import Floats


def tail_mean(losses: Floats, probabilities: Floats, level: float) -> float:
    """Return the mean of the worst 1 - level of the losses, the last one counted in part.

    CVaR after Rockafellar and Uryasev (2000), of scenarios with probabilities.

    >>> losses, equal = np.array([0.04, 0.02, -0.01, -0.03]), np.full(4, 0.25)
    >>> round(tail_mean(losses, equal, 0.5), 6)
    0.03
    """
    worst_first = np.argsort(-losses, kind="stable")
    ordered = probabilities[worst_first]
    before = np.cumsum(ordered) - ordered
    shares = np.clip(1.0 - level - before, 0.0, ordered)
    return float(shares @ losses[worst_first]) / (1.0 - level)


def tail_threshold(losses: Floats, probabilities: Floats, level: float) -> float:
    """Return the least loss that scenarios of together at least ``level`` do not exceed.

    >>> tail_threshold(np.array([0.04, 0.02, -0.01, -0.03]), np.full(4, 0.25), 0.5)
    -0.01
    """
    worst_first = np.argsort(-losses, kind="stable")
    reached = np.cumsum(probabilities[worst_first])
    # 1e-9: twenty times 0.05 is a little less than 1.
    beyond = int(np.searchsorted(reached, 1.0 - level + 1e-9, side="right"))
    return float(losses[worst_first[min(beyond, len(losses) - 1)]])
