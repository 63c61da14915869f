"""Proof, without the solver, that weights are within the limits and how far from the best.

The problem is a concave maximisation, so any guess at the shadow prices gives an upper bound on
the utility of every portfolio there is. The gap between that bound and the utility of the given
weights cannot be negative, and it is what at most could still be gained.
"""

from __future__ import annotations

import numpy as np

from optimiser.problem import Problem
from optimiser.solver import ShadowPrices
from optimiser.terms import Floats

MAX_VIOLATION = 1e-6  # what rounding to 1e-9 may add to the turnover of a thousand names


def utility_of(problem: Problem, weights: Floats) -> float:
    """Return the daily utility of these weights, a fraction of net asset value."""
    terms = problem.utility
    return float(
        problem.alpha @ weights
        - terms.risk_aversion * (weights @ problem.sigma @ weights)
        - terms.cvar_aversion * tail_mean(-problem.scenarios @ weights, terms.cvar_level)
        - terms.cost * np.abs(weights - problem.current).sum()
    )


def tail_mean(losses: Floats, level: float) -> float:
    """Return the mean of the worst 1 - level of the losses, the last one counted in part."""
    size = len(losses) * (1.0 - level)
    worst_first = np.sort(losses)[::-1]
    whole = int(size + 1e-9)
    part = max(size - whole, 0.0) * worst_first[whole] if whole < len(losses) else 0.0
    return float((worst_first[:whole].sum() + part) / size)


def violations(problem: Problem, weights: Floats) -> dict[str, float]:
    """Return by how much each limit is exceeded; negative where there is room."""
    limits = problem.limits
    found = {
        "gross": float(np.abs(weights).sum()) - limits.max_gross,
        "cash": limits.invested(weights) - limits.max_invested,
        "low": float((problem.low - weights).max()),
        "high": float((weights - problem.high).max()),
    }
    if limits.max_turnover is not None:
        found["turnover"] = float(np.abs(weights - problem.current).sum()) - limits.max_turnover
    return found


def max_violation(problem: Problem, weights: Floats) -> float:
    """Return the largest excess over any limit, 0 where all are met; NaN weights give infinity."""
    if not np.isfinite(weights).all():
        return float("inf")
    return max(0.0, *violations(problem, weights).values())


def utility_bound(problem: Problem, weights: Floats, prices: ShadowPrices, tail: Floats) -> float:
    """Return a utility that no portfolio within the limits can exceed, whatever the guesses.

    Parameters
    ----------
    weights
        Shape (n,), where the variance is linearised; the closer to the best, the tighter.
    prices
        Guesses at the shadow prices of gross, cash and turnover; negative ones count as 0.
    tail
        Shape (T,), guess at the share of ``cvar_aversion`` that each scenario carries.
    """
    terms, limits = problem.utility, problem.limits
    gross, cash = max(prices.gross, 0.0), max(prices.cash, 0.0)
    turnover = max(prices.turnover, 0.0) if limits.max_turnover is not None else 0.0
    slope = (
        problem.alpha
        - 2.0 * terms.risk_aversion * (problem.sigma @ weights)
        + _tail_shares(tail, terms.cvar_aversion, terms.cvar_level) @ problem.scenarios
    )
    constant = (
        terms.risk_aversion * float(weights @ problem.sigma @ weights)
        + gross * limits.max_gross
        + cash * limits.max_invested
        + turnover * (limits.max_turnover or 0.0)
    )

    def gain(x: Floats) -> Floats:
        spent = x if limits.cash_mode == "net" else np.maximum(x, 0.0)
        moved = (terms.cost + turnover) * np.abs(x - problem.current)
        return np.asarray(slope * x - moved - gross * np.abs(x) - cash * spent)

    # Concave and piecewise linear in each weight alone: best at a bound or at a kink.
    kinks = (
        problem.low,
        problem.high,
        np.clip(0.0, problem.low, problem.high),
        np.clip(problem.current, problem.low, problem.high),
    )
    best = np.max([gain(np.asarray(x, dtype=np.float64)) for x in kinks], axis=0)
    return float(best.sum()) + constant


def _tail_shares(guess: Floats, total: float, level: float) -> Floats:
    """Return the nearest valid shares: each in [0, total / tail size], together ``total``."""
    most = total / (len(guess) * (1.0 - level))
    shares = np.clip(guess, 0.0, most)
    excess = shares.sum() - total
    # Scaled down, or every share raised towards its cap by the same part of its room.
    if excess > 0.0:
        return np.asarray(shares * (total / shares.sum()))
    room = most - shares
    return np.asarray(shares - excess * room / room.sum()) if room.sum() > 0.0 else shares
