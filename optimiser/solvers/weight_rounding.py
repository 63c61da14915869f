"""From a solver's answer to weights that can be written down: round, and inside every limit."""

from __future__ import annotations

import numpy as np

from optimiser.model.limit_rows import Rows, limit_rows
from optimiser.model.problem import Problem
from optimiser.model.terms import Flags, Floats

DUST = 1e-6  # a weight below this is none: 1 dollar in a million
DIGITS = 3  # kept beyond the size of dust
FIRM = 20.0  # in sizes of dust: a weight above this moves a little and does not pass 0
NEAR_MISS = 1e3  # in sizes of dust: a larger excess is no matter of rounding


def round_into_limits(problem: Problem, weights: Floats, *, dust: float = DUST) -> Floats:
    """Round to a thousandth of ``dust`` and remove what is left beyond a limit.

    Weights of dust go to 0, trades of dust do not happen, and every limit is met where a small
    move of the larger weights can bring that about.
    """
    digits = DIGITS - round(np.log10(dust))
    headroom = dust / 10.0**DIGITS  # below a limit, so that no order of summation is above it
    fixed = problem.fixed
    rounded = np.round(weights, digits)
    rounded = np.where(np.abs(rounded - problem.current) < dust, problem.current, rounded)
    rounded = np.where(np.abs(rounded) < dust, 0.0, rounded)
    rounded = np.where(fixed, problem.low, np.clip(rounded, problem.low, problem.high))
    if np.array_equal(rounded, problem.current):
        return rounded + 0.0  # what is held needs no rounding, and no trade is there to shrink
    rounded = _pull_back(problem, rounded, limit_rows(problem), dust)
    limits = problem.limits
    # Gross before cash: smaller shorts could raise the net sum, smaller longs lower both.
    gross = float(np.abs(rounded).sum()) - limits.max_gross
    rounded = _shrink(rounded, ~fixed, gross, headroom, digits)
    invested = limits.invested(rounded) - limits.max_invested
    rounded = _shrink(rounded, ~fixed & (rounded > 0.0), invested, headroom, digits)
    return rounded + 0.0  # -0.0 becomes 0.0


def _pull_back(problem: Problem, weights: Floats, rows: Rows, dust: float) -> Floats:
    """Take away a small excess by the least move, in squares, of the weights that have room."""
    firm = FIRM * dust
    digits = DIGITS - round(np.log10(dust))
    for headroom in (dust / 1e3, dust / 1e2, dust / 1e1):  # more, where rounding undid the first
        excess = rows.values(weights, problem.current) - rows.limit
        if not 0.0 < excess.max() <= NEAR_MISS * dust:
            return weights
        room = ~problem.fixed & (np.abs(weights) > firm)
        room &= np.abs(weights - problem.current) > firm
        room &= (weights > problem.low + firm) & (weights < problem.high - firm)
        beyond = excess > -headroom
        some = rows.of(np.flatnonzero(room))
        slopes = some.slopes(weights[room], problem.current[room])[beyond]
        if not slopes.size:
            return weights
        move, *_ = np.linalg.lstsq(slopes, -(excess[beyond] + headroom), rcond=1e-6)
        if not np.abs(move).max() < firm:
            return weights
        moved = weights.copy()
        moved[room] = np.round(moved[room] + move, digits)
        weights = np.where(problem.fixed, weights, np.clip(moved, problem.low, problem.high))
    return weights


def _shrink(weights: Floats, where: Flags, excess: float, headroom: float, digits: int) -> Floats:
    """Scale some weights towards 0 so that their sum of sizes falls by the excess."""
    size = float(np.abs(weights[where]).sum())
    if excess <= 0.0 or size == 0.0:
        return weights
    factor = max(0.0, 1.0 - (excess + headroom) / size)
    shrunk = weights.copy()
    shrunk[where] = np.trunc(weights[where] * factor * 10.0**digits) / 10.0**digits
    return shrunk
