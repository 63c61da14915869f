"""The reference engine: the problem handed to cvxpy as it would be written on paper."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import cvxpy as cp
import numpy as np

from core.errors import SolverError
from optimiser.problem import Problem
from optimiser.terms import Flags, Floats

# On the scaled objective. Clarabel's default of 1e-8 leaves relative errors near 1e-5 here.
TOLERANCES = {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10}
USABLE = {cp.OPTIMAL, cp.OPTIMAL_INACCURATE}  # the certificate judges, not the solver's word


@dataclass(frozen=True, slots=True)
class ShadowPrices:
    """What a unit more of each limit would add to the daily utility; never negative."""

    gross: float
    cash: float
    turnover: float
    low: Floats  # (n,)
    high: Floats  # (n,)


@dataclass(frozen=True, slots=True)
class Solution:
    """What the solver answered, before it is trusted."""

    weights: Floats  # (n,), within the limits up to the solver's tolerance
    prices: ShadowPrices
    tail: Floats  # (T,) share of cvar_aversion that each scenario carries; sums to it
    solver: str
    iterations: int


def solve(problem: Problem) -> Solution:
    """Maximise the utility within the limits.

    Raises `SolverError` when the solver gives up or answers without numbers. That says nothing
    about the limits: whether they can be met is known before, from `optimiser.relaxation`.
    """
    utility, limits, days = problem.utility, problem.limits, len(problem.scenarios)
    free = ~problem.fixed
    w = cp.Variable(len(problem.symbols))
    # CVaR after Rockafellar and Uryasev (2000): the least, over all thresholds, of the threshold
    # plus the mean excess in the tail. Convex, and exact for a tail of fractional size.
    threshold, excess = cp.Variable(), cp.Variable(days, nonneg=True)
    cvar = threshold + cp.sum(excess) / (days * (1.0 - utility.cvar_level))
    variance = cp.quad_form(w, cp.psd_wrap(problem.sigma))
    turnover = cp.norm1(w - problem.current)

    constraints = {
        "tail": excess >= -problem.scenarios @ w - threshold,
        "gross": cp.norm1(w) <= limits.max_gross,
        "cash": _invested(w, problem) <= limits.max_invested,
        "turnover": turnover <= _finite_turnover(problem),
        "low": w[free] >= problem.low[free],
        "high": w[free] <= problem.high[free],
        "fixed": w[~free] == problem.low[~free],
    }
    scale = _scale(problem)
    programme = cp.Problem(
        cp.Maximize(
            (scale * problem.alpha) @ w
            - (scale * utility.risk_aversion) * variance
            - (scale * utility.cvar_aversion) * cvar
            - (scale * utility.cost) * turnover
        ),
        [c for c in constraints.values() if c.size],
    )
    _run(programme)
    duals = {
        name: np.maximum(np.atleast_1d(c.dual_value), 0.0) / scale
        for name, c in constraints.items()
        if c.size and name != "fixed"
    }
    return Solution(
        weights=np.asarray(w.value, dtype=np.float64),
        prices=ShadowPrices(
            gross=float(duals["gross"][0]),
            cash=float(duals["cash"][0]),
            turnover=float(duals["turnover"][0]),
            low=_spread(duals.get("low"), free),
            high=_spread(duals.get("high"), free),
        ),
        tail=duals["tail"],
        solver=f"cvxpy {cp.__version__}, CLARABEL",
        iterations=int(programme.solver_stats.num_iters or 0),
    )


def _invested(w: cp.Variable, problem: Problem) -> cp.Expression:
    return cp.sum(w if problem.limits.cash_mode == "net" else cp.pos(w))


def _finite_turnover(problem: Problem) -> float:
    """Return the turnover limit; where there is none, one that nothing within bounds can reach."""
    if problem.limits.max_turnover is not None:
        return problem.limits.max_turnover
    reach = np.maximum(problem.high - problem.current, problem.current - problem.low)
    return float(reach.sum()) + 1.0


def _scale(problem: Problem) -> float:
    """Return what brings the objective, near 1e-4 a day, to the order of 1.

    Solvers stop at absolute tolerances, which would otherwise be large against the utility.
    """
    utility = problem.utility
    mean_variance = float(np.diag(problem.sigma).mean())
    size = max(
        float(np.abs(problem.alpha).max()),
        utility.cost,
        utility.cvar_aversion * 0.01,
        2.0 * utility.risk_aversion * mean_variance * problem.limits.max_single,
    )
    return 1.0 / size if size > 0.0 else 1.0


def _run(programme: cp.Problem) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Solution may be inaccurate")
        try:
            programme.solve(solver=cp.CLARABEL, **TOLERANCES)
        except cp.error.SolverError as error:
            raise SolverError(
                f"CLARABEL failed: {error}; the same numbers will fail again"
            ) from error
    if programme.status not in USABLE:
        raise SolverError(
            f"CLARABEL stopped with {programme.status!r} although the limits can be met; "
            "look for returns or expected returns out of all proportion"
        )


def _spread(values: Floats | None, free: Flags) -> Floats:
    spread = np.zeros(len(free))
    if values is not None:
        spread[free] = values
    return spread
