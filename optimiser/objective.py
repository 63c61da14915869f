"""What a portfolio is worth: the utility, term by term, in plain numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.problem import Problem
from optimiser.terms import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What weights lead to, worked out once for all that ask."""

    weights: Floats  # (n,)
    losses: Floats  # (T,) in each scenario, fractions
    covariances: Floats  # (n,) Sigma w, of each name with the portfolio; 0 where nobody minds
    cvar: float  # daily, at the level of the problem
    utility: float  # daily


def look_ahead(problem: Problem, weights: Floats) -> Outlook:
    """Return what these weights, shape (n,), lead to."""
    terms = problem.utility
    losses = -(problem.scenarios @ weights)
    minds = terms.risk_aversion > 0.0
    covariances = problem.covariance.times(weights) if minds else np.zeros_like(weights)
    cvar = tail_mean(losses, problem.probabilities, terms.cvar_level)
    utility = (
        float(problem.alpha @ weights - problem.uncertainty @ np.abs(weights))
        - terms.risk_aversion * float(weights @ covariances)
        - terms.cvar_aversion * cvar
        - trading_cost(problem, weights)
    )
    return Outlook(weights, losses, covariances, cvar, utility)


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
