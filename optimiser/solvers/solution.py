"""What a solver answers, before it is trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.model.problem import Problem
from optimiser.model.terms import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Weights, and the prices that are to prove how good they are."""

    weights: Floats  # (n,), within the limits up to the solver's tolerance
    prices: Floats  # (m,) what a unit more of each of `limit_rows` would add to daily utility
    tail: Floats  # (T,) share of cvar_aversion that each scenario carries; sums to it
    solver: str
    rounds: int
    iterations: int


def scale_of(problem: Problem) -> float:
    """Return what brings the objective, near 1e-4 a day, to the order of 1.

    Solvers stop at absolute tolerances, which would otherwise be large against the utility.
    """
    utility = problem.utility
    size = max(
        float(np.abs(problem.alpha).max()),
        float(problem.cost.max()),
        utility.cvar_aversion * 0.01,
    )
    if utility.risk_aversion > 0.0:
        most = problem.covariance.mean_variance * problem.limits.max_single
        size = max(size, 2.0 * utility.risk_aversion * most)
    return 1.0 / size if size > 0.0 else 1.0
