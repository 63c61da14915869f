"""A subproblem as an interior-point method sees it: constraints, residuals and a first point.

The constraints are A x + slack = bound with slacks and multipliers above 0, where
x = (w, g, r, u, t) as in `optimiser.solvers.cvar_subproblem`, in nine blocks:

    0   w - g <= 0       2   w <= high       4   w - r <= current      6  the rows     8  -u <= 0
    1  -w - g <= 0       3  -w <= -low       5  -w - r <= -current     7  the tail
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from optimiser.model.terms import Floats
from optimiser.solvers.cvar_subproblem import Subproblem

PERCENT = 100.0  # returns are scaled to the order of 1
START = 0.05  # least first slack of a row, on the scaled problem


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """An iterate with all that is measured of it."""

    x: Floats
    pair: Floats  # slacks and, in the second row, their multipliers
    dual: Floats  # residual of x
    primal: Floats  # residual of the constraints
    objective: float
    gap: float  # slack'multiplier
    dual_error: float
    primal_error: float

    @property
    def slack(self) -> Floats:
        """What is left of each bound."""
        return np.asarray(self.pair[0])

    @property
    def multiplier(self) -> Floats:
        """The price of each bound."""
        return np.asarray(self.pair[1])

    @property
    def error(self) -> float:
        """How far it is from an answer, in one number."""
        return self.gap + self.dual_error + self.primal_error


class Barrier:
    """A subproblem with its objective brought to the order of 1 by ``scale``."""

    def __init__(self, sub: Subproblem, scale: float) -> None:
        self.sub, self.scale = sub, scale
        self.names, self.moves = len(sub.linear), len(sub.current)
        self.tail, self.limits = len(sub.standing), len(sub.limit)
        k, h, s, m = self.names, self.moves, self.tail, self.limits
        self.w, self.g, self.r, self.u, self.t = _blocks(k, k, h, s, 1)
        self.block = _blocks(k, k, k, k, h, h, m, s, s)
        self.held = slice(0, h)  # of the names
        self.sized = slice(0, 2 * k + h)  # w, g and r, which the rows are about
        self.rows = np.hstack([sub.on_weight, sub.on_size, sub.on_change])
        self.returns = PERCENT * sub.returns
        self.quadratic = scale * sub.quadratic
        self.cost = scale * np.concatenate(
            [
                sub.linear,
                sub.size_cost,
                sub.change_cost,
                sub.tail_cap / PERCENT,
                [sub.tail_total / PERCENT if s else 0.0],
            ]
        )
        self.impact = scale * np.concatenate([sub.size_impact, sub.change_impact])
        self.has_impact = bool(self.impact.any())
        self.bound = np.concatenate(
            [
                np.zeros(2 * k),
                sub.high,
                -sub.low,
                sub.current,
                -sub.current,
                sub.limit,
                PERCENT * sub.standing,
                np.zeros(s),
            ]
        )

    def start(self) -> Point:
        """Return a point inside all bounds, with multipliers that nearly explain it.

        From such a point the method needs two thirds of the steps that it takes from a constant
        one. Rows need not hold yet.
        """
        x = self._first_x()
        slack = self.bound - self.times(x)
        rows = self.block[6]
        slack[rows] = np.maximum(slack[rows], START)
        return self.measure(x, np.array([slack, self._first_multipliers(x)]))

    def _first_x(self) -> Floats:
        sub, k = self.sub, self.names
        width = sub.high - sub.low
        w = np.zeros(k)
        w[self.held] = 0.5 * sub.current
        w = np.clip(w, sub.low + 0.02 * width, sub.high - 0.02 * width)
        used, gross = float(np.abs(w).sum()), float(sub.limit[0])
        room = np.minimum(0.15 * width, 0.5 * max(gross - used, 0.2 * abs(gross)) / k)
        x = np.zeros(len(self.cost))
        x[self.w] = w
        x[self.g] = np.abs(w) + room
        x[self.r] = np.abs(w[self.held] - sub.current) + 0.5 * room[self.held]
        if self.tail:
            losses = -(self.returns @ w) - PERCENT * sub.standing
            x[-1] = np.sort(losses)[self.tail // 2]
            x[self.u] = np.maximum(losses - x[-1], 0.0) + 0.2
        return x

    def _first_multipliers(self, x: Floats) -> Floats:
        sub, b = self.sub, self.block
        gradient = self.gradient(x)
        force, size, change = -gradient[self.w], gradient[self.g], gradient[self.r]
        z = np.empty(len(self.bound))
        if self.tail:  # every scenario carries its part of the tail
            cap = self.cost[self.u]
            z[b[7]] = np.minimum(cap * self.cost[-1] / cap.sum(), 0.95 * cap)
            z[b[8]] = cap - z[b[7]]
            force += z[b[7]] @ self.returns
        # A price of gross at which about two in five of the names would be held.
        prices = np.full(self.limits, 0.4 * START)
        pulls = np.sort(np.abs(force) - size)
        prices[0] = max(prices[0], float(pulls[int(0.6 * self.names)]))
        z[b[6]] = prices
        force -= prices @ sub.on_weight
        reach = np.maximum(size + prices @ sub.on_size, 1e-3)  # force that no trade answers
        taken = np.clip(force, -0.9 * reach, 0.9 * reach)
        z[b[0]], z[b[1]] = 0.5 * (reach + taken), 0.5 * (reach - taken)
        left = force - taken
        z[b[2]] = np.maximum(left, 0.0) + 0.4 * START
        z[b[3]] = np.maximum(-left, 0.0) + 0.4 * START
        z[b[4]] = z[b[5]] = np.maximum(0.5 * (change + prices @ sub.on_change), 1e-3)
        return z

    def gradient(self, x: Floats) -> Floats:
        """Return the derivative of the objective."""
        gradient = self.cost.copy()
        gradient[self.w] += self.quadratic @ x[self.w]
        if self.has_impact:
            curved = slice(self.names, self.sized.stop)
            gradient[curved] += 1.5 * self.impact * np.sqrt(x[curved])
        return gradient

    def times(self, x: Floats) -> Floats:
        """Return A x."""
        w, g = x[self.w], x[self.g]
        out = np.empty(len(self.bound))
        b = self.block
        out[b[0]], out[b[1]], out[b[2]], out[b[3]] = w - g, -w - g, w, -w
        if self.moves:
            held, r = w[self.held], x[self.r]
            out[b[4]], out[b[5]] = held - r, -held - r
        out[b[6]] = self.rows @ x[self.sized]
        if self.tail:
            u = x[self.u]
            out[b[7]], out[b[8]] = -(self.returns @ w) - x[-1] - u, -u
        return out

    def transposed_times(self, y: Floats) -> Floats:
        """Return A'y."""
        b = self.block
        y0, y1 = y[b[0]], y[b[1]]
        out = np.zeros(len(self.cost))
        out[self.sized] = y[b[6]] @ self.rows
        out[self.w] += y0 - y1 + y[b[2]] - y[b[3]]
        out[self.g] -= y0 + y1
        if self.moves:
            y4, y5 = y[b[4]], y[b[5]]
            out[self.held] += y4 - y5
            out[self.r] -= y4 + y5
        if self.tail:
            y7 = y[b[7]]
            out[self.w] -= y7 @ self.returns
            out[self.u] = -y7 - y[b[8]]
            out[self.t] = -y7.sum()
        return out

    def measure(self, x: Floats, pair: Floats) -> Point:
        """Return a point with its residuals."""
        slack, multiplier = pair
        gradient = self.gradient(x)
        # For a quadratic the value is the mean of the linear part and the gradient, times x; the
        # impact's gradient is 3/2 of its value over x, and so counts a third too much of itself.
        objective = 0.5 * float((self.cost + gradient) @ x)
        if self.has_impact:
            objective += 0.25 * float(self.impact @ x[self.names : self.sized.stop] ** 1.5)
        dual = gradient + self.transposed_times(multiplier)
        primal = self.times(x) + slack - self.bound
        return Point(
            x=x,
            pair=pair,
            dual=dual,
            primal=primal,
            objective=objective,
            gap=float(slack @ multiplier),
            dual_error=float(np.abs(dual).max()),
            primal_error=float(np.abs(primal).max()),
        )


def _blocks(*sizes: int) -> list[slice]:
    return [slice(low, high) for low, high in pairwise(accumulate(sizes, initial=0))]
