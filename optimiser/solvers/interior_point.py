"""A primal-dual interior-point method that knows the structure of a subproblem.

Mehrotra's predictor and corrector (S. Mehrotra, "On the implementation of a primal-dual interior
point method", SIAM Journal on Optimization 2, 1992), on the system of `optimiser.solvers.kkt`.
"""

from __future__ import annotations

import numpy as np

from core.errors import SolverError
from optimiser.model.terms import Floats
from optimiser.solvers.cvar_subproblem import Subproblem, SubSolution
from optimiser.solvers.ipm_problem import PERCENT, Barrier, Point
from optimiser.solvers.kkt import NewtonSystem

TO_THE_WALL = 0.995  # part of the way to the nearest bound that a step goes
RELATIVE_GAP, LEAST_GAP = 5e-9, 1e-13  # of the objective, and of daily utility
RESIDUAL = 1e-8  # on the scaled problem
ROUGH = 1e7  # times further off: enough to tell which names and scenarios are missing
STALLED = 1e3  # times further off: what the certificate may still accept
NEARER = 0.99  # of the distance to the limits: a step that leaves more of it is no progress
NEAR = 1e-5  # of residuals: from here on three steps without progress are the end, before twelve
MAX_ITERATIONS = 80


class InteriorPoint:
    """A subproblem being minimised; ``scale`` brings its objective to the order of 1.

    It can be stopped early for a rough answer and taken up again where it stood.
    """

    def __init__(self, sub: Subproblem, scale: float) -> None:
        self._barrier = Barrier(sub, scale)
        self._point = self._best = self._barrier.start()
        self._since = 0  # steps without progress
        self.iterations = 0

    def answer(self, *, rough: bool) -> SubSolution:
        """Return the point reached, `ROUGH` times further from the optimum where asked for.

        Raises `SolverError` when the numbers stall short of that.
        """
        with np.errstate(all="ignore"):  # a step into infinity is none
            while not self._solved(self._point, ROUGH if rough else 1.0):
                if not self._advance():
                    return self._nearly()
        return _answer(self._barrier, self._point)

    def _nearly(self) -> SubSolution:
        """Return the best point, where it is near enough for the certificate to judge it."""
        best = self._best
        if self._nearly_solved(best):
            return _answer(self._barrier, best)
        raise SolverError(
            f"interior point: stalled after {self.iterations} iterations at a gap of "
            f"{best.gap:.1e}, residuals {best.dual_error:.1e} and {best.primal_error:.1e}"
        )

    def _advance(self) -> bool:
        """Take a step. Says whether there is any sense in another."""
        if self.iterations >= MAX_ITERATIONS:
            return False
        step = _step(self._barrier, self._point)
        if step is None:
            return False
        self.iterations += 1
        before, self._point = self._point, step
        if step.error < self._best.error:
            self._best, self._since = step, 0
        # Where there is hardly room within the limits, it takes a while to get there.
        elif step.error < NEAR or step.primal_error > NEARER * before.primal_error:
            self._since += 1
        return self._since < (3 if self._best.error < NEAR else 12)

    def _solved(self, point: Point, slack: float) -> bool:
        return (
            point.gap <= slack * self._allowed_gap(point)
            and point.dual_error <= slack * RESIDUAL
            and point.primal_error <= slack * RESIDUAL
        )

    def _nearly_solved(self, point: Point) -> bool:
        return (
            point.gap <= STALLED * self._allowed_gap(point)
            and point.dual_error <= 1e5 * RESIDUAL  # impact bends most where nothing is traded
            and point.primal_error <= 10.0 * RESIDUAL
        )

    def _allowed_gap(self, point: Point) -> float:
        return RELATIVE_GAP * abs(point.objective) + LEAST_GAP * self._barrier.scale


def _step(barrier: Barrier, point: Point) -> Point | None:
    """Return the next point, or None where the system cannot be solved any more."""
    system = NewtonSystem.at(barrier, point)
    if system is None:
        return None
    products = point.slack * point.multiplier
    mean = point.gap / len(products)
    _, step = system.solve(products)
    slack, multiplier = point.pair + _reach(point.pair, step) * step
    centre = (slack @ multiplier / len(products) / mean) ** 3 * mean
    dx, step = system.solve(products + step[0] * step[1] - centre)
    length = min(1.0, TO_THE_WALL * _reach(point.pair, step))
    reached = barrier.measure(point.x + length * dx, point.pair + length * step)
    return reached if np.isfinite(reached.error) else None


def _answer(barrier: Barrier, point: Point) -> SubSolution:
    multiplier = point.multiplier / barrier.scale
    return SubSolution(
        weights=point.x[barrier.w],
        threshold=float(point.x[-1]) / PERCENT if barrier.tail else -np.inf,
        prices=multiplier[barrier.block[6]],
        tail=multiplier[barrier.block[7]] * PERCENT,
    )


def _reach(pair: Floats, step: Floats) -> float:
    """Return the part of a step, at most all of it, that keeps every slack and multiplier > 0."""
    fastest = float((step / pair).min())
    return 1.0 if fastest >= -1.0 else -1.0 / fastest
