"""The best portfolio under tail-risk limits, and how it was found."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from core.canonical import canonical_json
from core.errors import ConfigurationError, DataError, SolverError
from optimiser.binding import Binding, binding_limits
from optimiser.certificate import MAX_VIOLATION, max_violation, utility_bound, utility_of
from optimiser.expectation import Expectation, expect
from optimiser.problem import Inputs, Problem, Statement, align, state_problem
from optimiser.relaxation import Relaxed, relax
from optimiser.rounding import round_into_limits
from optimiser.solver import solve
from optimiser.terms import CashMode, Floats, Key, Limits, Utility, check_terms

# "failed" is never returned, a failure raises; it is the word for it in records and at the gate.
Status: TypeAlias = Literal["optimal", "optimal_relaxed", "hold", "failed"]
OnInfeasible: TypeAlias = Literal["relax", "raise", "hold"]

MAX_RELATIVE_GAP = 1e-6  # of the daily utility; a worse answer is not accepted
MAX_GAP = 1e-7  # a thousandth of a basis point a day is near enough whatever the utility


@dataclass(frozen=True, slots=True, eq=False)
class TargetResult:
    """Target weights, as fractions of net asset value, and everything needed to judge them."""

    weights: pd.Series[float]  # every name given anywhere, sorted; finite; 0 where dropped
    status: Status
    expectation: Expectation
    objective: float  # daily utility of the weights
    gap: float | None  # at most this much daily utility is missed; None when nothing was solved
    max_violation: float  # of the limits after relaxation, recomputed without the solver
    gross: float
    net: float
    cash: float  # by the cash mode
    turnover: float  # sum of |change|, both ways
    binding: tuple[Binding, ...]
    relaxations: dict[str, float]  # limit -> by how much it had to give
    dropped: dict[Key, str]  # name -> why it cannot be bought
    warnings: tuple[str, ...]
    solver: str
    iterations: int
    inputs_sha256: str


def mean_variance_cvar(  # noqa: PLR0913 - the user's call, each term by its name
    alpha: pd.Series[float],
    returns: pd.DataFrame,
    w_prev: pd.Series[float] | None = None,
    *,
    risk_aversion: float = 2.0,
    cvar_aversion: float = 0.02,
    cvar_level: float = 0.95,
    cost: float = 1e-4,
    max_gross: float = 1.2,
    max_single: float = 0.12,
    cash_buffer: float = 0.05,
    cash_mode: CashMode = "ex_short_proceeds",
    long_only: bool = False,
    max_turnover: float | None = None,
    tradable: pd.Series[bool] | None = None,
    on_infeasible: OnInfeasible = "relax",
) -> TargetResult:
    """Maximise alpha'w - risk_aversion * variance - cvar_aversion * CVaR - cost * turnover.

    Parameters
    ----------
    alpha
        Shape (n,), expected daily return by conId or symbol, as fractions. NaN: the name cannot
        be bought; where held, its weight may only move towards 0.
    returns
        Shape (T, n), daily returns as fractions, newest last, one column per name.
    w_prev
        Weights held now, as fractions of net asset value; absent names are not held.
    tradable
        False fixes a name at the weight it has; absent names are tradable.
    on_infeasible
        What happens when a turnover cap or untradable holdings make the limits impossible:
        give way by name and amount, raise, or keep the current weights with status "hold".

    Raises
    ------
    ConfigurationError
        A term is out of range.
    DataError
        The inputs cannot be used, or the limits cannot be met and ``on_infeasible="raise"``.
    SolverError
        The solver gave up, or its answer is not provably the best.
    """
    utility = Utility(risk_aversion, cvar_aversion, cvar_level, cost)
    limits = Limits(max_gross, max_single, cash_buffer, cash_mode, long_only, max_turnover)
    check_terms(utility, limits)
    if on_infeasible not in {"relax", "raise", "hold"}:
        raise ConfigurationError(f"on_infeasible = {on_infeasible!r}: give relax, raise or hold")
    inputs = align(alpha, returns, w_prev, tradable)
    statement = state_problem(inputs, utility, limits)
    relaxed = relax(statement.problem)
    if relaxed.relaxations and on_infeasible == "raise":
        raise DataError(_infeasible(relaxed))
    report = _Report(inputs, statement, relaxed, on_infeasible)
    if relaxed.relaxations and on_infeasible == "hold":
        return report.hold()
    return report.solved()


def _infeasible(relaxed: Relaxed) -> str:
    needs = ", ".join(f"{name} needs +{room:g}" for name, room in relaxed.relaxations.items())
    return f"no portfolio meets the limits: {needs}; raise the limit or relax it by name"


@dataclass(frozen=True, slots=True, eq=False)
class _Report:
    """Turns weights of a problem into a result about all names."""

    inputs: Inputs
    statement: Statement
    relaxed: Relaxed
    on_infeasible: OnInfeasible

    def solved(self) -> TargetResult:
        problem = self.relaxed.problem
        solution = solve(problem)
        weights = round_into_limits(problem, solution.weights)
        bound = utility_bound(problem, weights, solution.prices, solution.tail)
        gap = bound - utility_of(problem, weights)
        _accept(problem, weights, gap)
        return self._result(
            weights,
            status="optimal_relaxed" if self.relaxed.relaxations else "optimal",
            gap=gap,
            binding=binding_limits(problem, weights, solution.prices),
            solver=solution.solver,
            iterations=solution.iterations,
        )

    def hold(self) -> TargetResult:
        return self._result(
            self.relaxed.problem.current,
            status="hold",
            gap=None,
            binding=(),
            solver="none",
            iterations=0,
        )

    def _result(
        self,
        weights: Floats,
        *,
        status: Status,
        gap: float | None,
        binding: tuple[Binding, ...],
        solver: str,
        iterations: int,
    ) -> TargetResult:
        problem = self.relaxed.problem
        in_play = pd.Series(weights, index=list(problem.symbols), dtype=np.float64)
        return TargetResult(
            weights=in_play.reindex(list(self.inputs.symbols), fill_value=0.0).rename("weight"),
            status=status,
            expectation=expect(problem, weights),
            objective=utility_of(problem, weights),
            gap=gap,
            max_violation=max_violation(problem, weights),
            gross=float(np.abs(weights).sum()),
            net=float(weights.sum()),
            cash=1.0 - problem.limits.invested(weights),
            turnover=float(np.abs(weights - problem.current).sum()),
            binding=binding,
            relaxations=self.relaxed.relaxations,
            dropped=self.statement.dropped,
            warnings=self.statement.warnings,
            solver=solver,
            iterations=iterations,
            inputs_sha256=_hash(self.inputs, self.statement.problem, self.on_infeasible),
        )


def _accept(problem: Problem, weights: Floats, gap: float) -> None:
    """Raise `SolverError` unless the weights are within the limits and provably near the best."""
    excess = max_violation(problem, weights)
    if not excess <= MAX_VIOLATION:
        raise SolverError(f"the answer breaks a limit by {excess:.2g}; it is not used")
    allowed = max(MAX_GAP, MAX_RELATIVE_GAP * abs(utility_of(problem, weights)))
    # Below zero by more than rounding would mean that the proof itself is wrong.
    if not -allowed <= gap <= allowed:
        raise SolverError(
            f"the answer may miss {gap:.2g} of daily utility, more than {allowed:.2g}; not used"
        )


def _hash(inputs: Inputs, problem: Problem, on_infeasible: OnInfeasible) -> str:
    """Return the SHA-256 of everything that decides the weights, however it was ordered."""
    digest = hashlib.sha256()
    terms = {
        "symbols": inputs.symbols,
        "utility": asdict(problem.utility),
        "limits": asdict(problem.limits),
        "on_infeasible": on_infeasible,
    }
    digest.update(canonical_json(terms))
    numbers = inputs.returns.to_numpy(dtype=np.float64, na_value=np.nan)
    for block in (inputs.alpha, inputs.current, numbers, inputs.tradable.astype(np.float64)):
        # One NaN and one zero: their other bit patterns mean the same.
        plain = np.where(np.isnan(block), np.nan, block) + 0.0
        digest.update(np.ascontiguousarray(plain, dtype="<f8").tobytes())
    return digest.hexdigest()
