"""The reference engine: the problem handed to cvxpy as it would be written on paper."""

from __future__ import annotations

import warnings

import cvxpy as cp
import numpy as np

from core.errors import SolverError
from optimiser.model.limit_rows import limit_rows
from optimiser.model.problem import Problem
from optimiser.solvers.solution import Solution, scale_of

# On the scaled objective. Clarabel's default of 1e-8 leaves relative errors near 1e-5 here.
TOLERANCES = {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10}
USABLE = {cp.OPTIMAL, cp.OPTIMAL_INACCURATE}  # the certificate judges, not the solver's word


def solve_as_defined(problem: Problem, *, time_limit: float) -> Solution:
    """Maximise the utility within the limits.

    Raises `SolverError` when the solver gives up or answers without numbers. That says nothing
    about the limits: whether they can be met is known before, from `optimiser.relaxation`.
    """
    utility = problem.utility
    w = cp.Variable(len(problem.symbols))
    size, change = cp.abs(w), cp.abs(w - problem.current)
    # CVaR after Rockafellar and Uryasev (2000): the least, over all thresholds, of the threshold
    # plus the mean excess in the tail. Convex, and exact for a tail of fractional size.
    threshold, excess = cp.Variable(), cp.Variable(len(problem.scenarios), nonneg=True)
    beyond_threshold = excess >= -problem.scenarios @ w - threshold
    cvar = threshold + problem.probabilities @ excess / (1.0 - utility.cvar_level)
    everyone = np.arange(len(problem.symbols))
    variance = cp.quad_form(w, cp.psd_wrap(problem.covariance.block(everyone)))

    scale = scale_of(problem)
    objective = (
        (scale * problem.alpha) @ w
        - (scale * utility.risk_aversion) * variance
        - (scale * utility.cvar_aversion) * cvar
        - (scale * problem.cost) @ change
        - (scale * problem.uncertainty) @ size
    )
    if problem.impact.any():
        objective -= (scale * problem.impact) @ cp.power(change, 1.5)
    portfolio = _portfolio_limits(problem, w, size, change)
    constraints = [beyond_threshold, *portfolio.values(), *_bounds(problem, w)]
    programme = cp.Problem(cp.Maximize(objective), constraints)
    _run(programme, time_limit)
    prices = [_dual(portfolio[name]) / scale for name in limit_rows(problem).names]
    return Solution(
        weights=np.asarray(w.value, dtype=np.float64),
        prices=np.array(prices),
        tail=np.asarray(beyond_threshold.dual_value, dtype=np.float64) / scale,
        solver=f"cvxpy {cp.__version__}, CLARABEL",
        rounds=1,
        iterations=int(programme.solver_stats.num_iters or 0),
    )


def _portfolio_limits(
    problem: Problem, w: cp.Variable, size: cp.Expression, change: cp.Expression
) -> dict[str, cp.Constraint]:
    """Return the limits on sums of weights w, sizes |w| and changes |w - current|, by name."""
    limits = problem.limits
    found = {
        "gross": cp.sum(size) <= limits.max_gross,
        "cash": cp.sum(w if limits.cash_mode == "net" else cp.pos(w)) <= limits.max_invested,
    }
    if limits.max_turnover is not None:
        found["turnover"] = cp.sum(change) <= limits.max_turnover
    if limits.max_net is not None:
        found["net high"] = cp.sum(w) <= limits.max_net
        found["net low"] = cp.sum(w) >= -limits.max_net
    for number, (name, cap) in enumerate(limits.group_caps):
        found[f"group {name}"] = cp.sum(size[problem.group == number]) <= cap
    if limits.beta_range is not None:
        low, high = limits.beta_range
        found["beta high"] = problem.beta @ w <= high
        found["beta low"] = problem.beta @ w >= low
    return found


def _bounds(problem: Problem, w: cp.Variable) -> list[cp.Constraint]:
    """Return the bounds of each name; one that cannot be traded keeps its weight."""
    free = ~problem.fixed
    bounds = [
        w[free] >= problem.low[free],
        w[free] <= problem.high[free],
        w[~free] == problem.low[~free],
    ]
    return [each for each in bounds if each.size]


def _dual(constraint: cp.Constraint) -> float:
    return float(np.ravel(constraint.dual_value)[0])


def _run(programme: cp.Problem, time_limit: float) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Solution may be inaccurate")
        try:
            programme.solve(solver=cp.CLARABEL, time_limit=time_limit, **TOLERANCES)
        except cp.error.SolverError as error:
            raise SolverError(
                f"CLARABEL failed: {error}; the same numbers will fail again"
            ) from error
    if programme.status not in USABLE:
        raise SolverError(
            f"CLARABEL stopped with {programme.status!r} although the limits can be met; "
            "look for returns or expected returns out of all proportion"
        )
