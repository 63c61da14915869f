"""The target as it is handed on: weights of all names, and everything needed to judge them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from core.clock import stopwatch
from optimiser.binding_limits import Binding, binding_limits, single_prices
from optimiser.certificate import Certificate, max_violation
from optimiser.expectation import Expectation, expect
from optimiser.model.inputs import Inputs
from optimiser.model.limit_rows import limit_rows
from optimiser.model.objective import look_ahead
from optimiser.model.problem import Problem, Statement
from optimiser.model.terms import Floats, Key
from optimiser.relaxation import Relaxed
from optimiser.single_thread import one_thread
from optimiser.solvers.engines import Answer
from optimiser.solvers.solution import Solution

Status: TypeAlias = Literal["optimal", "optimal_relaxed", "hold", "failed"]


@dataclass(frozen=True, eq=False)
class TargetResult:
    """Target weights, as fractions of net asset value, and everything needed to judge them.

    status: ``optimal``; ``optimal_relaxed``, the best after the limits in ``relaxations`` gave
    way; ``hold``, the limits cannot be met and the current weights were asked for; ``failed``, no
    engine's answer could be proved and the weights are the current ones.

    ``expectation`` and ``inputs_sha256`` are worked out when they are first read: in a loop over
    many problems they would take half of the time.
    """

    weights: pd.Series[float]  # every name given anywhere, sorted; finite; 0 where dropped
    status: Status
    objective: float  # daily utility of the weights
    bound: float | None  # no portfolio within the limits has more; None when nothing was solved
    gap: float | None  # bound - objective: at most this much daily utility is missed
    max_violation: float  # of the limits after relaxation, recomputed without the solver
    gross: float
    net: float
    cash: float  # by the cash mode
    turnover: float  # sum of |change|, both ways
    duals: dict[str, float]  # limit -> what one unit more of it would add to daily utility
    single_duals: pd.Series[float]  # name -> the same for its own bound
    tail: pd.Series[float]  # scenario -> the share of cvar_aversion that it carries
    binding: tuple[Binding, ...]
    relaxations: dict[str, float]  # limit -> by how much it had to give
    dropped: dict[Key, str]  # name -> why it cannot be bought
    warnings: tuple[str, ...]
    solver: str
    engine_path: tuple[str, ...]  # the engines asked, in order, and what came of each
    rounds: int
    iterations: int
    seconds: float  # wall time; the one figure here that is not decided by the inputs
    expect: Callable[[], Expectation] = field(repr=False)
    fingerprint: Callable[[], str] = field(repr=False)

    @cached_property
    def expectation(self) -> Expectation:
        """What the weights promise and threaten, ex ante."""
        return self.expect()

    @cached_property
    def inputs_sha256(self) -> str:
        """SHA-256 of everything that decided the weights."""
        return self.fingerprint()


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """Turns weights of a problem into a result about all names."""

    inputs: Inputs
    statement: Statement
    relaxed: Relaxed
    fingerprint: Callable[[], str]
    started: float

    def solved(self, answer: Answer) -> TargetResult:
        """Return the result of an answer that was proved."""
        status: Status = "optimal_relaxed" if self.relaxed.relaxations else "optimal"
        return self._result(status, answer.weights, answer.solution, answer.path, answer.proof)

    def hold(self, status: Status, path: tuple[str, ...]) -> TargetResult:
        """Return the weights held, and why it is them."""
        problem = self.relaxed.problem
        nothing = Solution(
            weights=problem.current,
            prices=np.zeros(len(limit_rows(problem).names)),
            tail=np.zeros(len(problem.scenarios)),
            solver="none",
            rounds=0,
            iterations=0,
        )
        return self._result(status, problem.current, nothing, path, None)

    def _result(
        self,
        status: Status,
        weights: Floats,
        solution: Solution,
        path: tuple[str, ...],
        proof: Certificate | None,
    ) -> TargetResult:
        problem = self.relaxed.problem
        prices = np.maximum(solution.prices, 0.0)
        singles, binding = _at_limits(problem, weights, prices, proof)
        return TargetResult(
            weights=self._by_name(weights, "weight"),
            status=status,
            objective=look_ahead(problem, weights).utility if proof is None else proof.utility,
            bound=None if proof is None else proof.bound,
            gap=None if proof is None else proof.gap,
            max_violation=max_violation(problem, weights),
            gross=float(np.abs(weights).sum()),
            net=float(weights.sum()),
            cash=1.0 - problem.limits.invested(weights),
            turnover=float(np.abs(weights - problem.current).sum()),
            duals=dict(zip(limit_rows(problem).names, prices.tolist(), strict=True)),
            single_duals=self._by_name(singles, "price"),
            tail=pd.Series(solution.tail, index=self._days()),
            binding=binding,
            relaxations=self.relaxed.relaxations,
            dropped=self.statement.dropped,
            warnings=self.statement.warnings,
            solver=solution.solver,
            engine_path=path,
            rounds=solution.rounds,
            iterations=solution.iterations,
            seconds=stopwatch() - self.started,
            expect=partial(_expect, problem, weights),
            fingerprint=self.fingerprint,
        )

    def _days(self) -> pd.Index[Any]:
        given, used = self.inputs.returns.index, self.statement.days
        return given if used.all() else given[used]

    def _by_name(self, values: Floats, name: str) -> pd.Series[float]:
        everyone = np.zeros(len(self.inputs.symbols))
        everyone[self.statement.play] = values
        return pd.Series(everyone, index=self.inputs.index, name=name)


def _at_limits(
    problem: Problem, weights: Floats, prices: Floats, proof: Certificate | None
) -> tuple[Floats, tuple[Binding, ...]]:
    """Return the price of each single limit, and the limits reached; none without a proof."""
    if proof is None:
        return np.zeros(len(weights)), ()
    singles = single_prices(problem, weights, proof)
    return singles, binding_limits(problem, weights, prices, singles)


def _expect(problem: Problem, weights: Floats) -> Expectation:
    with one_thread():
        return expect(problem, weights)
