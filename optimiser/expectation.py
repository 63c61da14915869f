"""What the target is expected to earn and to risk, before it is traded."""

from __future__ import annotations

import math
from dataclasses import dataclass

from optimiser.model.cvar import tail_mean, tail_threshold
from optimiser.model.objective import losses_of, trading_cost
from optimiser.model.problem import Problem
from optimiser.model.terms import Floats

SESSIONS_A_YEAR = 252


@dataclass(frozen=True, slots=True)
class Expectation:
    """Ex-ante figures as fractions of net asset value; risks and costs are positive numbers.

    Annual figures assume independent days: the return times 252, the risks times sqrt(252). For
    VaR and CVaR that is the customary reading, not a forecast of a year's tail.
    """

    expected_return: float  # daily, before costs
    volatility: float  # daily, from the covariance that was asked for
    value_at_risk: float  # daily loss not exceeded at ``level``, over the scenarios
    cvar: float  # mean daily loss beyond it
    trading_cost: float  # once, of moving there from the current weights
    level: float

    @property
    def annual_return(self) -> float:
        """Expected return a year, without compounding."""
        return self.expected_return * SESSIONS_A_YEAR

    @property
    def annual_volatility(self) -> float:
        """Volatility a year."""
        return self.volatility * math.sqrt(SESSIONS_A_YEAR)

    @property
    def annual_value_at_risk(self) -> float:
        """Value at risk a year, by the square root of time."""
        return self.value_at_risk * math.sqrt(SESSIONS_A_YEAR)

    @property
    def annual_cvar(self) -> float:
        """Conditional value at risk a year, by the square root of time."""
        return self.cvar * math.sqrt(SESSIONS_A_YEAR)


def expect(problem: Problem, weights: Floats) -> Expectation:
    """Return what these weights, shape (n,), promise and threaten."""
    level, losses = problem.utility.cvar_level, losses_of(problem, weights)
    variance = float(weights @ problem.covariance.times(weights))
    return Expectation(
        expected_return=float(problem.alpha @ weights),
        volatility=math.sqrt(max(0.0, variance)),
        value_at_risk=tail_threshold(losses, problem.probabilities, level),
        cvar=tail_mean(losses, problem.probabilities, level),
        trading_cost=trading_cost(problem, weights),
        level=level,
    )
