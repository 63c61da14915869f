"""What a portfolio is worth: the utility, term by term, in plain numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.model.problem import Problem
from optimiser.model.terms import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What weights lead to, worked out once for all that ask."""

    weights: Floats  # (n,)
    losses: Floats  # (T,) in each scenario, fractions; 0 where the tail does not count
    covariances: Floats  # (n,) Sigma w, of each name with the portfolio; 0 where it does not count
    utility: float  # daily


def look_ahead(problem: Problem, weights: Floats) -> Outlook:
    """Return what these weights, shape (n,), lead to."""
    terms = problem.utility
    losses, covariances = np.zeros(len(problem.scenarios)), np.zeros_like(weights)
    utility = float(problem.alpha @ weights - problem.uncertainty @ np.abs(weights))
    utility -= trading_cost(problem, weights)
    if terms.risk_aversion > 0.0:
        covariances = problem.covariance.times(weights)
        utility -= terms.risk_aversion * float(weights @ covariances)
    if terms.cvar_aversion > 0.0:
        losses = losses_of(problem, weights)
        cvar = tail_mean(losses, problem.probabilities, terms.cvar_level)
        utility -= terms.cvar_aversion * cvar
    return Outlook(weights, losses, covariances, utility)


def losses_of(problem: Problem, weights: Floats) -> Floats:
    """Return what these weights lose in each scenario, shape (T,), as fractions."""
    return np.asarray(-(problem.scenarios @ weights))


def trading_cost(problem: Problem, weights: Floats) -> float:
    """Return what it costs to move to these weights, impact included, a fraction, once."""
    moved = np.abs(weights - problem.current)
    cost = float(problem.cost @ moved)
    return cost + float(problem.impact @ moved**1.5) if problem.impact.any() else cost


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
