"""What a portfolio is worth: the utility, term by term, in plain numbers."""

from __future__ import annotations

import numpy as np

from optimiser.covariance import variance_of
from optimiser.problem import Problem
from optimiser.terms import Floats


def utility_of(problem: Problem, weights: Floats) -> float:
    """Return the daily utility of these weights, a fraction of net asset value."""
    terms = problem.utility
    value = float(problem.alpha @ weights - problem.uncertainty @ np.abs(weights))
    value -= trading_cost(problem, weights)
    if terms.risk_aversion > 0.0:
        value -= terms.risk_aversion * variance_of(problem.covariance, weights)
    if terms.cvar_aversion > 0.0:
        losses = -(problem.scenarios @ weights)
        value -= terms.cvar_aversion * tail_mean(losses, problem.probabilities, terms.cvar_level)
    return value


def trading_cost(problem: Problem, weights: Floats) -> float:
    """Return what it costs to move to these weights, impact included, a fraction, once."""
    moved = np.abs(weights - problem.current)
    return float(problem.cost @ moved + problem.impact @ moved**1.5)


def tail_mean(losses: Floats, probabilities: Floats, level: float) -> float:
    """Return the mean of the worst 1 - level of the losses, the last one counted in part."""
    worst_first = np.argsort(-losses, kind="stable")
    ordered = probabilities[worst_first]
    before = np.cumsum(ordered) - ordered
    shares = np.clip(1.0 - level - before, 0.0, ordered)
    return float(shares @ losses[worst_first]) / (1.0 - level)


def tail_threshold(losses: Floats, probabilities: Floats, level: float) -> float:
    """Return the least loss that scenarios of together at least ``level`` do not exceed."""
    worst_first = np.argsort(-losses, kind="stable")
    reached = np.cumsum(probabilities[worst_first])
    # 1e-9: twenty times 0.05 is a little less than 1.
    beyond = int(np.searchsorted(reached, 1.0 - level + 1e-9, side="right"))
    return float(losses[worst_first[min(beyond, len(losses) - 1)]])
