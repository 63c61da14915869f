"""The problem, restricted to some names and some scenarios; all others stand still.

In the form that a minimiser wants. Variables: w, the k weights; g >= |w|; r >= |w - current| of
the h names held, whose trades differ from their size; t, the threshold of the tail; u, the excess
of each of the s scenarios over it.

    minimise  w'Qw/2 + q'w + size_cost'g + change_cost'r + size_impact'g^1.5 + change_impact'r^1.5
              + tail_total t + tail_cap'u
    rows      on_weight w + on_size g + on_change r <= limit        (m of them)
    tail      -returns w - t - u <= standing
    bounds    low <= w <= high,  u >= 0
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from optimiser.model.limit_rows import limit_rows
from optimiser.model.problem import Problem
from optimiser.model.terms import Floats, Places


@dataclass(frozen=True, slots=True, eq=False)
class Subproblem:
    """k names, of which the h held stand first, s scenarios, m rows."""

    quadratic: Floats  # (k, k)
    linear: Floats  # (k,)
    size_cost: Floats  # (k,)
    change_cost: Floats  # (h,)
    size_impact: Floats  # (k,)
    change_impact: Floats  # (h,)
    current: Floats  # (h,) weights held
    low: Floats  # (k,)
    high: Floats  # (k,)
    on_weight: Floats  # (m, k)
    on_size: Floats  # (m, k)
    on_change: Floats  # (m, h)
    limit: Floats  # (m,)
    returns: Floats  # (s, k)
    standing: Floats  # (s,) what the names that stand still earn in each scenario
    tail_cap: Floats  # (s,)
    tail_total: float


@dataclass(frozen=True, slots=True, eq=False)
class SubSolution:
    """The answer to a subproblem, in its order of names and scenarios."""

    weights: Floats  # (k,)
    threshold: float  # loss at which the tail begins
    prices: Floats  # (m,)
    tail: Floats  # (s,)


class Search(Protocol):
    """A subproblem being solved."""

    @property
    def iterations(self) -> int:
        """Steps taken so far."""

    def answer(self, *, rough: bool) -> SubSolution:
        """Return the answer; ``rough`` where it need only tell what is missing.

        Raises `SolverError` where there is none.
        """


class Restriction:
    """Makes the subproblems of a problem; what they share is worked out once."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._still = np.where(problem.fixed, problem.low, 0.0)
        self._rows = limit_rows(problem)
        utility = problem.utility
        stands = bool(self._still.any())
        fixed = np.flatnonzero(problem.fixed)
        # A name fixed at 0 may be held now, where it may not be: its sale is turnover too.
        self._left = self._rows.limit - self._rows.of(fixed).values(
            problem.low[fixed], problem.current[fixed]
        )
        self._pull = (
            2.0 * utility.risk_aversion * problem.covariance.times(self._still)
            if stands
            else np.zeros(len(self._still))
        )
        self._standing = (
            problem.scenarios @ self._still if stands else np.zeros(len(problem.scenarios))
        )
        # Where a change costs nothing and no limit is on it, there is no need to know it.
        counts = (problem.cost > 0.0) | (problem.impact > 0.0) | self._rows.on_change.any(axis=0)
        self._moves = (problem.current != 0.0) & counts
        # Those held stand first: a subproblem can then take them as one slice.
        self.free = np.concatenate(
            [np.flatnonzero(~problem.fixed & some) for some in (self._moves, ~self._moves)]
        )
        self._cap = utility.cvar_aversion * problem.probabilities / (1.0 - utility.cvar_level)

    def to(self, names: Places, scenarios: Places) -> Subproblem:
        """Return the problem over these of ``free``, in its order, and these scenarios.

        The other free names are at 0.
        """
        problem, rows = self.problem, self._rows.of(names)
        as_size = ~self._moves[names]  # not held: what is traded is the whole size
        held = slice(0, int(self._moves[names].sum()))
        cost, impact = problem.cost[names], problem.impact[names]
        risk = problem.utility.risk_aversion
        block = problem.covariance.block(names) if risk > 0.0 else np.zeros((len(names),) * 2)
        return Subproblem(
            quadratic=2.0 * risk * block,
            linear=self._pull[names] - problem.alpha[names],
            size_cost=problem.uncertainty[names] + cost * as_size,
            change_cost=cost[held],
            size_impact=impact * as_size,
            change_impact=impact[held],
            current=problem.current[names[held]],
            low=problem.low[names],
            high=problem.high[names],
            on_weight=rows.on_weight,
            on_size=rows.on_size + rows.on_change * as_size,
            on_change=rows.on_change[:, held],
            limit=self._left,
            returns=problem.scenarios[np.ix_(scenarios, names)],
            standing=self._standing[scenarios],
            tail_cap=self._cap[scenarios],
            tail_total=problem.utility.cvar_aversion,
        )

    def whole(self, names: Places, weights: Floats) -> Floats:
        """Return the weights of all n names."""
        everyone = self._still.copy()
        everyone[names] = weights
        return everyone
