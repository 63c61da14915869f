"""What a portfolio is worth: the utility, term by term, in plain numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.model.cvar import tail_mean
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
