"""Other ways to the same weights: cvxpy as one would write it, and four libraries.

Each goes from returns and alpha to weights, its own data preparation included, as its
documentation says. A library that is not installed is None in `PEERS`.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable

import cvxpy as cp
import numpy as np
import pandas as pd
from sklearn.covariance import LedoitWolf

from benchmarks._portfolios import Floats, Portfolio

Solve = Callable[[Portfolio], Floats]
PACKAGES = {
    "skfolio": "skfolio",
    "Riskfolio-Lib": "riskfolio",
    "PyPortfolioOpt": "pypfopt",
    "cvxportfolio": "cvxportfolio",
}


class GaveUp(RuntimeError):
    """A solver has no answer; the message is its status."""


def is_installed(peer: str) -> bool:
    return importlib.util.find_spec(PACKAGES[peer]) is not None


def naive(problem: Portfolio, *, time_limit: float | None = None) -> Floats:
    """The textbook in cvxpy: a dense covariance, Rockafellar and Uryasev's CVaR, Clarabel."""
    terms, held = problem.terms, problem.held.to_numpy()
    scenarios = problem.returns.to_numpy()
    days, names = scenarios.shape
    w, tail = cp.Variable(names), cp.Variable()
    utility = problem.alpha.to_numpy() @ w
    if terms.risk_aversion:
        sigma = LedoitWolf().fit(scenarios).covariance_
        # psd_wrap spares the baseline a test of what is known: this matrix is positive.
        utility -= terms.risk_aversion * cp.quad_form(w, cp.psd_wrap(sigma))
    if terms.cvar_aversion:
        excess = cp.sum(cp.pos(-(scenarios @ w) - tail))
        cvar = tail + excess / (days * (1.0 - terms.cvar_level))
        utility -= terms.cvar_aversion * cvar
    if terms.cost:
        utility -= terms.cost * cp.norm1(w - held)
    limits = [
        cp.norm1(w) <= terms.max_gross,
        cp.abs(w) <= terms.max_single,
        cp.sum(w) <= terms.budget,
    ]
    if terms.long_only:
        limits.append(w >= 0.0)
    solved = cp.Problem(cp.Maximize(utility), limits)
    options = {} if time_limit is None else {"time_limit": time_limit}
    solved.solve(solver=cp.CLARABEL, **options)
    if w.value is None or solved.status not in {cp.OPTIMAL, cp.OPTIMAL_INACCURATE}:
        raise GaveUp(str(solved.status))
    return np.asarray(w.value)


def skfolio_cvar(problem: Portfolio) -> Floats:
    from skfolio import RiskMeasure  # noqa: PLC0415 - an optional package

    return _skfolio(
        problem,
        risk_measure=RiskMeasure.CVAR,
        risk_aversion=problem.terms.cvar_aversion,
        cvar_beta=problem.terms.cvar_level,
        budget=problem.terms.budget,
    )


def skfolio_variance(problem: Portfolio) -> Floats:
    from skfolio import RiskMeasure  # noqa: PLC0415

    return _skfolio(
        problem,
        risk_measure=RiskMeasure.VARIANCE,
        risk_aversion=problem.terms.risk_aversion,
        budget=None,
        max_budget=problem.terms.budget,
        transaction_costs=problem.terms.cost,
        previous_weights=problem.held.to_numpy(),
    )


def _skfolio(problem: Portfolio, **options: object) -> Floats:
    from skfolio.moments import BaseMu, EmpiricalCovariance  # noqa: PLC0415
    from skfolio.moments import LedoitWolf as SkfolioLedoitWolf  # noqa: PLC0415
    from skfolio.optimization import MeanRisk, ObjectiveFunction  # noqa: PLC0415
    from skfolio.prior import EmpiricalPrior  # noqa: PLC0415

    class Given(BaseMu):  # type: ignore[misc]
        """Expected returns from elsewhere."""

        def __init__(self, mu: Floats) -> None:
            self.mu = mu

        def fit(self, X: pd.DataFrame, y: object = None) -> Given:  # noqa: ARG002, N803
            self.mu_ = np.asarray(self.mu)
            return self

    # The linear program needs no covariance: the cheapest estimate is its own.
    covariance = SkfolioLedoitWolf() if "transaction_costs" in options else EmpiricalCovariance()
    model = MeanRisk(
        objective_function=ObjectiveFunction.MAXIMIZE_UTILITY,
        prior_estimator=EmpiricalPrior(
            mu_estimator=Given(problem.alpha.to_numpy()), covariance_estimator=covariance
        ),
        min_weights=0.0,
        max_weights=problem.terms.max_single,
        **options,
    )
    return np.asarray(model.fit(problem.returns).weights_)


def riskfolio_cvar(problem: Portfolio) -> Floats:
    import riskfolio  # noqa: PLC0415

    terms, names = problem.terms, len(problem.alpha)
    found = riskfolio.Portfolio(
        returns=problem.returns, alpha=1.0 - terms.cvar_level, budget=terms.budget
    )
    found.assets_stats(method_mu="hist", method_cov="hist")
    found.mu = problem.alpha.to_frame().T
    found.ainequality = np.eye(names)
    found.binequality = np.full((names, 1), terms.max_single)
    found.solvers = ["CLARABEL"]
    weights = found.optimization(
        model="Classic", rm="CVaR", obj="Utility", rf=0, l=terms.cvar_aversion, hist=True
    )
    if weights is None:
        raise GaveUp("no weights")
    return np.asarray(weights["weights"].reindex(problem.alpha.index), dtype=np.float64)


def pypfopt_cvar(problem: Portfolio) -> Floats:
    from pypfopt import EfficientCVaR  # noqa: PLC0415

    terms, alpha = problem.terms, problem.alpha.to_numpy()
    frontier = EfficientCVaR(
        problem.alpha,
        problem.returns,
        beta=terms.cvar_level,
        weight_bounds=(0, terms.max_single),
        solver="CLARABEL",
    )
    # Least CVaR less expected return over the aversion: the utility over minus the aversion.
    frontier.add_objective(lambda w: -(alpha @ w) / terms.cvar_aversion)
    found = frontier.min_cvar()
    return np.array([found[name] for name in problem.alpha.index])


def cvxportfolio_variance(problem: Portfolio) -> Floats:
    import cvxportfolio as cvx  # noqa: PLC0415

    terms, names = problem.terms, problem.returns.columns
    sigma = pd.DataFrame(
        LedoitWolf().fit(problem.returns.to_numpy()).covariance_, index=names, columns=names
    )
    policy = cvx.SinglePeriodOptimization(
        cvx.ReturnsForecast(problem.alpha)
        - terms.risk_aversion * cvx.FullCovariance(sigma)
        - cvx.TransactionCost(a=terms.cost),
        [
            cvx.LongOnly(),
            cvx.MaxWeights(terms.max_single),
            cvx.MinCashBalance(terms.cash_buffer),
        ],
        include_cash_return=False,
        solver="CLARABEL",
    )
    # Holdings of an account worth 1, its cash last.
    held = pd.concat([problem.held, pd.Series({"cash": 1.0 - problem.held.sum()})])
    trades, _, _ = policy.execute(h=held, market_data=None, t=pd.Timestamp("2026-01-02"))
    return np.asarray((held + trades).iloc[:-1])


def quietly(solve: Solve) -> Solve:
    """Return the same without the warnings of code that is not ours."""

    def solved(problem: Portfolio) -> Floats:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return solve(problem)

    return solved
