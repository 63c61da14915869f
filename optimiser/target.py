"""The best portfolio under tail-risk limits, and how it was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Literal, TypeAlias, TypeVar, get_args

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

T = TypeVar("T", Raw, Limits, Utility, "Choices")
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

    Mean and variance after H. Markowitz, "Portfolio Selection" (1952); CVaR as a convex term after
    R. T. Rockafellar and S. Uryasev, "Optimization of conditional value-at-risk" (2000); impact to
    the power of 3/2, the square-root law of price impact, after R. Grinold and R. Kahn, "Active
    Portfolio Management"; the worst case of an uncertain alpha after A. Ben-Tal and A. Nemirovski,
    "Robust convex optimization" (1998).

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

    Two names of unlike promise, and no view on the third:

    >>> import numpy as np
    >>> random = np.random.default_rng(7)
    >>> returns = pd.DataFrame(random.normal(0.0, 0.01, (120, 3)), columns=["A", "B", "C"])
    >>> alpha = pd.Series({"A": 0.001, "B": -0.001, "C": float("nan")})
    >>> target = mean_variance_cvar(alpha, returns)
    >>> target.weights.round(4).to_dict()
    {'A': 0.12, 'B': -0.12, 'C': 0.0}
    >>> target.status, sorted(each.name for each in target.binding)
    ('optimal', ['single A', 'single B'])
    """
    started, given = stopwatch(), locals()
    raw = _picked(Raw, given, beta=None if beta_range is None else beta)
    limits = _picked(Limits, given, group_caps=caps_of(groups, group_caps, raw.indexes))
    utility, choices = _picked(Utility, given), _picked(Choices, given)
    check_terms(utility, limits, **choices.numbers, **raw.numbers)
    choices.check(beta_given=beta is not None, beta_range=beta_range)
    return _target(raw, utility, limits, choices, started)


@dataclass(frozen=True, slots=True)
class Choices:
    """How an answer is looked for, and what happens when there is none."""

    on_infeasible: OnInfeasible
    priorities: Sequence[Sequence[str]]
    engine: Engine
    tol: float
    time_limit: float

    @property
    def numbers(self) -> dict[str, float]:
        """What has a range."""
        return {"tol": self.tol, "time_limit": self.time_limit}

    @property
    def decisive(self) -> dict[str, Any]:
        """What an answer depends on: no answer ever depends on the time limit."""
        return {
            "on_infeasible": self.on_infeasible,
            "priorities": self.priorities,
            "engine": self.engine,
            "tol": self.tol,
        }

    def check(self, *, beta_given: bool, beta_range: tuple[float, float] | None) -> None:
        """Raise `ConfigurationError` for a choice that there is not."""
        if self.on_infeasible not in get_args(OnInfeasible):
            raise ConfigurationError(
                f"on_infeasible = {self.on_infeasible!r}: give relax, raise or hold"
            )
        if self.engine not in get_args(Engine):
            raise ConfigurationError(
                f"engine = {self.engine!r}: give {', '.join(get_args(Engine))}"
            )
        if beta_range is not None and not beta_given:
            raise ConfigurationError("beta_range needs beta: give the beta of each name")
        check_priorities(self.priorities)


def _picked(kind: type[T], given: Mapping[str, Any], **changed: Any) -> T:
    """Build one group of terms from the arguments of the same names."""
    values = {**given, **changed}
    return kind(**{each.name: values[each.name] for each in fields(kind)})


def _target(
    raw: Raw, utility: Utility, limits: Limits, choices: Choices, started: float
) -> TargetResult:
    inputs = align(raw, limits.group_caps)
    with one_thread():
        statement = state_problem(inputs, utility, limits)
        relaxed = relax(statement.problem, choices.priorities)
        if relaxed.relaxations and choices.on_infeasible == "raise":
            raise DataError(_infeasible(relaxed))
        fingerprint = partial(inputs_sha256, inputs, utility, limits, choices.decisive)
        report = Report(inputs, statement, relaxed, fingerprint, started)
        if relaxed.relaxations and choices.on_infeasible == "hold":
            return report.hold("hold", ("not asked: the limits cannot be met",))
        try:
            answer = solve(
                relaxed.problem,
                choices.engine,
                feasible=relaxed.feasible,
                tolerance=choices.tol,
                time_limit=choices.time_limit,
            )
        except NoAnswer as error:
            if choices.engine != "auto":
                raise
            return report.hold("failed", error.path)
        return report.solved(answer)


def _infeasible(relaxed: Relaxed) -> str:
    needs = ", ".join(f"{name} needs +{room:g}" for name, room in relaxed.relaxations.items())
    return f"no portfolio meets the limits: {needs}; raise the limit or relax it by name"
