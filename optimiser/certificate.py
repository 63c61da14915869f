"""Proof, without the solver, that weights are within the limits and how far from the best.

The problem is a concave maximisation, so any guess at the shadow prices gives an upper bound on
the utility of every portfolio there is: linearise the variance, put the limits into the objective
at their prices and the tail at the shares that the scenarios carry, and what is left falls apart
into one small problem for each name. The gap between that bound and the utility of the given
weights cannot be negative, and it is what at most could still be gained.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.model.limit_rows import limit_rows
from optimiser.model.objective import Outlook, look_ahead
from optimiser.model.problem import Problem
from optimiser.model.terms import Floats

MAX_VIOLATION = 1e-9  # a tenth of a cent in a million


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """What was proved of some weights, and the figures that it was proved with."""

    outlook: Outlook  # of the weights
    bound: float  # no portfolio within the limits has more
    missed: Floats  # (n,) what each weight by itself could still add at these prices, >= 0
    upward: Floats  # (n,) what one unit more of each weight would add at these prices
    downward: Floats  # (n,) what one unit less would add

    @property
    def utility(self) -> float:
        """What the weights are worth a day."""
        return self.outlook.utility

    @property
    def gap(self) -> float:
        """At most this much daily utility is missed."""
        return self.bound - self.utility


def violations(problem: Problem, weights: Floats) -> dict[str, float]:
    """Return by how much each limit is exceeded; negative where there is room."""
    rows = limit_rows(problem)
    excess = rows.values(weights, problem.current) - rows.limit
    return {
        **dict(zip(rows.names, excess.tolist(), strict=True)),
        "low": float((problem.low - weights).max()),
        "high": float((weights - problem.high).max()),
    }


def max_violation(problem: Problem, weights: Floats) -> float:
    """Return the largest excess over any limit, 0 where all are met; NaN weights give infinity."""
    if not np.isfinite(weights).all():
        return float("inf")
    return max(0.0, *violations(problem, weights).values())


def certify(problem: Problem, weights: Floats, prices: Floats, tail: Floats) -> Certificate:
    """Bound the utility of every portfolio within the limits, whatever the guesses.

    Parameters
    ----------
    weights
        Shape (n,), where the variance is linearised; the closer to the best, the tighter.
    prices
        Shape (m,), guesses at the shadow prices of `limit_rows`; negative ones count as 0.
    tail
        Shape (T,), guess at the share of ``cvar_aversion`` that each scenario carries.
    """
    terms, rows, outlook = problem.utility, limit_rows(problem), look_ahead(problem, weights)
    price = np.maximum(prices, 0.0)
    constant = float(price @ rows.limit)
    slope = problem.alpha - price @ rows.on_weight
    if terms.cvar_aversion > 0.0:
        slope = slope + tail_slope(problem, tail)
    if terms.risk_aversion > 0.0:
        slope = slope - 2.0 * terms.risk_aversion * outlook.covariances
        constant += terms.risk_aversion * float(weights @ outlook.covariances)
    names = _Names(
        slope=slope,
        change=problem.cost + price @ rows.on_change,
        impact=problem.impact,
        size=problem.uncertainty + price @ rows.on_size,
        current=problem.current,
        low=problem.low,
        high=problem.high,
    )
    best = names.best()
    upward, downward = names.marginal(weights)
    return Certificate(
        outlook=outlook,
        bound=float(best.sum()) + constant,
        missed=best - names.gain(weights),
        upward=upward,
        downward=downward,
    )


def tail_slope(problem: Problem, tail: Floats) -> Floats:
    """Return what the tail takes from a unit of each weight, for the nearest valid shares."""
    terms = problem.utility
    most = terms.cvar_aversion * problem.probabilities / (1.0 - terms.cvar_level)
    return np.asarray(tail_shares(tail, terms.cvar_aversion, most) @ problem.scenarios)


def tail_shares(guess: Floats, total: float, most: Floats) -> Floats:
    """Return the nearest valid shares: each in [0, most], together ``total``.

    >>> tail_shares(np.array([0.9, 0.0, 0.0]), 1.0, np.array([0.5, 0.5, 0.5])).tolist()
    [0.5, 0.25, 0.25]
    """
    shares = np.clip(guess, 0.0, most)
    excess = shares.sum() - total
    # Scaled down, or every share raised towards its cap by the same part of its room.
    if excess > 0.0:
        return np.asarray(shares * (total / shares.sum()))
    room = most - shares
    return np.asarray(shares - excess * room / room.sum()) if room.sum() > 0.0 else shares


@dataclass(frozen=True, slots=True, eq=False)
class _Names:
    """For each name x: slope x - change |x - current| - impact |x - current|^1.5 - size |x|."""

    slope: Floats
    change: Floats
    impact: Floats
    size: Floats
    current: Floats
    low: Floats
    high: Floats

    def gain(self, x: Floats) -> Floats:
        moved = np.abs(x - self.current)
        gain = self.slope * x - self.change * moved - self.size * np.abs(x)
        if self.impact.any():
            gain = gain - self.impact * moved**1.5
        return np.asarray(gain)

    def best(self) -> Floats:
        """Return the most that each name can add. Concave: at a bound, a kink or a flat point."""
        flat = self._flat_points() if self.impact.any() else ()
        candidates = (np.zeros_like(self.current), self.current, *flat)
        inside = (np.clip(x, self.low, self.high) for x in candidates)
        best = np.maximum(self.gain(self.low), self.gain(self.high))
        for x in inside:
            best = np.maximum(best, self.gain(np.asarray(x)))
        return best

    def _flat_points(self) -> tuple[Floats, ...]:
        """Return where the derivative vanishes on each side of 0 and of the current weight."""
        points = []
        for side in (1.0, -1.0):
            for way in (1.0, -1.0):
                pull = way * (self.slope - side * self.size) - self.change
                root = np.divide(
                    np.maximum(pull, 0.0),
                    1.5 * self.impact,
                    out=np.zeros_like(pull),
                    where=self.impact > 0.0,
                )
                points.append(self.current + way * root**2)
        return tuple(points)

    def marginal(self, x: Floats) -> tuple[Floats, Floats]:
        """Return what a unit more and a unit less of each weight would add at ``x``."""
        moved = x - self.current
        more = self.slope - np.where(x < 0.0, -1.0, 1.0) * self.size
        more -= np.where(moved < 0.0, -1.0, 1.0) * self.change
        less = -self.slope - np.where(x > 0.0, -1.0, 1.0) * self.size
        less -= np.where(moved > 0.0, -1.0, 1.0) * self.change
        if self.impact.any():
            drag = 1.5 * self.impact * np.sign(moved) * np.sqrt(np.abs(moved))
            more, less = more - drag, less + drag
        return more, less
