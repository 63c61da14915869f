"""The best portfolio under tail-risk limits, and how it was found."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal, TypeAlias, get_args

import numpy as np
import pandas as pd

import core.limits as terms
from core.clock import stopwatch
from core.errors import ConfigurationError, DataError
from core.limits import Engine
from optimiser.model.input_hash import inputs_sha256
from optimiser.model.inputs import LEDOIT_WOLF, Caps, CovarianceSource, PerName, Raw, align
from optimiser.model.inputs import group_caps as caps_of
from optimiser.model.problem import state_problem
from optimiser.model.terms import (
    CASH_MODE,
    TIME_LIMIT,
    TOLERANCE,
    CashMode,
    Limits,
    Utility,
    check_terms,
)
from optimiser.relaxation import PRIORITIES, Relaxed, check_priorities, relax
from optimiser.result import Report, TargetResult
from optimiser.single_thread import one_thread
from optimiser.solvers.engines import NoAnswer, solve

OnInfeasible: TypeAlias = Literal["relax", "raise", "hold"]


def mean_variance_cvar(  # noqa: PLR0913 - the user's call, each term by its name
    alpha: pd.Series[float],
    returns: pd.DataFrame,
    w_prev: pd.Series[float] | None = None,
    *,
    risk_aversion: float = terms.RISK_AVERSION.default,
    cvar_aversion: float = terms.CVAR_AVERSION.default,
    cvar_level: float = terms.CVAR_LEVEL.default,
    cost: PerName = terms.COST.default,
    impact: PerName = None,
    alpha_uncertainty: PerName = None,
    max_gross: float = terms.MAX_GROSS.default,
    max_single: float = terms.MAX_SINGLE.default,
    cash_buffer: float = terms.CASH_BUFFER.default,
    cash_mode: CashMode = CASH_MODE,
    long_only: bool = terms.LONG_ONLY.default,
    max_turnover: float | None = None,
    max_net: float | None = None,
    groups: pd.Series[str] | None = None,
    group_caps: Caps = None,
    beta: pd.Series[float] | None = None,
    beta_range: tuple[float, float] | None = None,
    tradable: pd.Series[bool] | None = None,
    cov: CovarianceSource = LEDOIT_WOLF,
    scenario_weights: Sequence[float] | None = None,
    on_infeasible: OnInfeasible = "relax",
    priorities: Sequence[Sequence[str]] = PRIORITIES,
    engine: Engine = terms.ENGINE.default,
    tol: float = TOLERANCE,
    time_limit: float = TIME_LIMIT,
) -> TargetResult:
    """Maximise expected return less variance, tail risk and the costs of trading.

    alpha'w - risk_aversion * w'Sigma w - cvar_aversion * CVaR(-Rw)
    - cost'|w - w_prev| - impact'|w - w_prev|^1.5 - alpha_uncertainty'|w|

    Parameters
    ----------
    alpha
        Shape (n,), expected daily return by conId or symbol, as fractions. NaN: the name cannot
        be bought; where held, its weight may only move towards 0.
    returns
        Shape (T, n), daily returns as fractions, newest last, one column per name.
    w_prev
        Weights held now, as fractions of net asset value; absent names are not held.
    cost, impact, alpha_uncertainty
        One number for all, or one per name: the cost of a unit of turnover, spread over the days
        a position is kept; of a unit to the power of 3/2; and how far alpha may be wrong.
    max_turnover
        Most that may be traded, sum of |change|: a full switch counts twice.
    max_net
        Most that long less short may be, either way.
    groups, group_caps
        The group of each name, for example its sector, and the most that sum|w| of a group may
        be: one number for every group, or one by name of the group. A name without a group is in
        the group ``unknown``.
    beta, beta_range
        The beta of each name, and the least and largest beta of the portfolio.
    tradable
        False fixes a name at the weight it has; absent names are tradable.
    cov
        "ledoit_wolf" of the returns, a `FactorCovariance`, or an (n, n) matrix: a frame by name,
        or an array in the order of the columns of ``returns``.
    scenario_weights
        Shape (T,), how much each day counts in CVaR and VaR; equal where not given.
    on_infeasible
        What happens when a turnover cap, a range of beta or untradable holdings make the limits
        impossible: give way by name and amount, raise, or keep the current weights with status
        "hold".
    priorities
        Which limits give way first; see `optimiser.relaxation`.
    engine
        "auto": "fast", then "conic", then "cvxpy", then hold with status "failed". Each by
        itself raises where its answer cannot be proved.
    tol
        How much of the daily utility the answer may miss, as a part of it.
    time_limit
        Seconds. What takes longer is no answer; no answer ever depends on it.

    Raises
    ------
    ConfigurationError
        A term is out of range.
    DataError
        The inputs cannot be used, or the limits cannot be met and ``on_infeasible="raise"``.
    SolverError
        The engine asked for has no answer that is provably the best.
    """
    started = stopwatch()
    utility = Utility(risk_aversion, cvar_aversion, cvar_level)
    held = pd.Series(dtype=np.float64) if w_prev is None else w_prev
    caps = caps_of(groups, group_caps, (alpha.index, returns.columns, held.index))
    limits = Limits(
        max_gross, max_single, cash_buffer, cash_mode, long_only, max_turnover, max_net, caps,
        beta_range,
    )  # fmt: skip
    costs = {"cost": cost, "impact": impact, "alpha_uncertainty": alpha_uncertainty}
    plain = {name: each for name, each in costs.items() if isinstance(each, float | int)}
    check_terms(utility, limits, tol=tol, time_limit=time_limit, **plain)
    _check_choices(on_infeasible, engine, beta_given=beta is not None, beta_range=beta_range)
    check_priorities(priorities)
    raw = Raw(
        alpha, returns, held, tradable, cost, impact, alpha_uncertainty, groups,
        None if beta_range is None else beta, cov, scenario_weights,
    )  # fmt: skip
    inputs = align(raw, caps)
    with one_thread():
        statement = state_problem(inputs, utility, limits)
        relaxed = relax(statement.problem, priorities)
        if relaxed.relaxations and on_infeasible == "raise":
            raise DataError(_infeasible(relaxed))
        chosen = {
            "on_infeasible": on_infeasible, "priorities": priorities, "engine": engine, "tol": tol,
        }  # fmt: skip
        fingerprint = partial(inputs_sha256, inputs, utility, limits, chosen)
        report = Report(inputs, statement, relaxed, fingerprint, started)
        if relaxed.relaxations and on_infeasible == "hold":
            return report.hold("hold", ("not asked: the limits cannot be met",))
        try:
            answer = solve(
                relaxed.problem,
                engine,
                feasible=relaxed.feasible,
                tolerance=tol,
                time_limit=time_limit,
            )
        except NoAnswer as error:
            if engine != "auto":
                raise
            return report.hold("failed", error.path)
        return report.solved(answer)


def _check_choices(
    on_infeasible: str,
    engine: str,
    *,
    beta_given: bool,
    beta_range: tuple[float, float] | None,
) -> None:
    if on_infeasible not in get_args(OnInfeasible):
        raise ConfigurationError(f"on_infeasible = {on_infeasible!r}: give relax, raise or hold")
    if engine not in get_args(Engine):
        raise ConfigurationError(f"engine = {engine!r}: give {', '.join(get_args(Engine))}")
    if beta_range is not None and not beta_given:
        raise ConfigurationError("beta_range needs beta: give the beta of each name")


def _infeasible(relaxed: Relaxed) -> str:
    needs = ", ".join(f"{name} needs +{room:g}" for name, room in relaxed.relaxations.items())
    return f"no portfolio meets the limits: {needs}; raise the limit or relax it by name"
