"""From a solver's answer to weights that can be written down: round, and inside every limit."""

from __future__ import annotations

import numpy as np

from optimiser.problem import Problem
from optimiser.terms import Flags, Floats

DIGITS = 9
DUST = 1e-6  # a weight below this is none: 1 dollar in a million
HEADROOM = 1e-9  # left below a limit, so that no order of summation comes out above it


def round_into_limits(problem: Problem, weights: Floats) -> Floats:
    """Round to 1e-9 and remove what the solver's tolerance left beyond a limit.

    Dust goes to 0, trades of dust do not happen, and gross and cash come out exactly within
    their limits. Only turnover may end beyond its limit, by no more than the rounding.
    """
    fixed = problem.fixed
    rounded = np.round(weights, DIGITS)
    rounded = np.where(np.abs(rounded - problem.current) < DUST, problem.current, rounded)
    rounded = np.where(np.abs(rounded) < DUST, 0.0, rounded)
    rounded = np.where(fixed, problem.low, np.clip(rounded, problem.low, problem.high))
    limits = problem.limits
    # Gross before cash: smaller shorts could raise the net sum, smaller longs lower both.
    rounded = _shrink(rounded, ~fixed, float(np.abs(rounded).sum()) - limits.max_gross)
    spending = ~fixed & (rounded > 0.0)
    rounded = _shrink(rounded, spending, limits.invested(rounded) - limits.max_invested)
    return rounded + 0.0  # -0.0 becomes 0.0


def _shrink(weights: Floats, where: Flags, excess: float) -> Floats:
    """Scale some weights towards 0 so that their sum of sizes falls by the excess."""
    size = float(np.abs(weights[where]).sum())
    if excess <= 0.0 or size == 0.0:
        return weights
    factor = max(0.0, 1.0 - (excess + HEADROOM) / size)
    shrunk = weights.copy()
    shrunk[where] = np.trunc(weights[where] * factor * 10.0**DIGITS) / 10.0**DIGITS
    return shrunk
