"""A primal-dual interior-point method that knows the structure of a subproblem.

Mehrotra's predictor and corrector (S. Mehrotra, "On the implementation of a primal-dual interior
point method", SIAM Journal on Optimization 2, 1992). A general solver factors a sparse system in
all variables; here sizes, changes and tail excesses are eliminated as diagonals, so that one
Cholesky factor of the k weights and a border of 1 + m is all there is to an iteration.

The constraints are A x + slack = bound with slacks and multipliers above 0, where
x = (w, g, r, u, t) as in `optimiser.subproblem`, in nine blocks:

    0   w - g <= 0       2   w <= high       4   w - r <= current      6  the rows     8  -u <= 0
    1  -w - g <= 0       3  -w <= -low       5  -w - r <= -current     7  the tail
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from scipy.linalg import lapack

from core.errors import SolverError
from optimiser.subproblem import Subproblem, SubSolution
from optimiser.terms import Floats, Places

PERCENT = 100.0  # returns are scaled to the order of 1
START = 0.05  # least first slack of a row, on the scaled problem
TO_THE_WALL = 0.995  # part of the way to the nearest bound that a step goes
NEAR = 1e-5  # of residuals: from here on three steps without progress are the end, before twelve
RELATIVE_GAP, LEAST_GAP = 5e-9, 1e-13  # of the objective, and of daily utility
RESIDUAL = 1e-8  # on the scaled problem
ROUGH = 1e4  # times further off: enough to tell which names and scenarios are missing
STALLED = 1e3  # times further off: what the certificate may still accept
MAX_ITERATIONS = 80


class InteriorPoint:
    """A subproblem being minimised; ``scale`` brings its objective to the order of 1.

    It can be stopped early for a rough answer and taken up again where it stood.
    """

    def __init__(self, sub: Subproblem, scale: float) -> None:
        self._method = _Method(sub, scale)
        self._point = self._best = self._method.start()
        self._since = 0  # steps without progress
        self.iterations = 0

    def answer(self, *, rough: bool) -> SubSolution:
        """Return the best point, a thousand times further from the optimum where ``rough``.

        Raises `SolverError` when the numbers stall short of that.
        """
        slack = ROUGH if rough else 1.0
        while not self._point.solved(slack * self._method.scale, slack):
            if not self._advance():
                if self._best.nearly_solved(self._method.scale):
                    return self._method.answer(self._best)  # the certificate judges
                raise SolverError(
                    f"interior point: stalled after {self.iterations} iterations at a gap of "
                    f"{self._best.gap:.1e}, residuals {self._best.dual_error:.1e} and "
                    f"{self._best.primal_error:.1e}"
                )
        return self._method.answer(self._point)

    def _advance(self) -> bool:
        """Take a step. Says whether there is any sense in it."""
        if self.iterations >= MAX_ITERATIONS:
            return False
        with np.errstate(all="ignore"):  # a step into infinity is none
            step = self._method.step(self._point)
        if step is None:
            return False
        self.iterations += 1
        self._point = step
        if step.error < self._best.error:
            self._best, self._since = step, 0
        else:
            self._since += 1
        return self._since < (3 if self._best.error < NEAR else 12)


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """An iterate with all that is measured of it."""

    x: Floats
    slack: Floats
    multiplier: Floats
    dual: Floats  # residual of x
    primal: Floats  # residual of the constraints
    objective: float
    gap: float  # slack'multiplier
    dual_error: float
    primal_error: float

    @property
    def error(self) -> float:
        return self.gap + self.dual_error + self.primal_error

    def solved(self, scale: float, slack: float) -> bool:
        """Tell whether the residuals are small, up to a factor ``slack``."""
        return (
            self.gap <= slack * (RELATIVE_GAP * abs(self.objective) + LEAST_GAP * scale)
            and self.dual_error <= slack * RESIDUAL
            and self.primal_error <= slack * RESIDUAL
        )

    def nearly_solved(self, scale: float) -> bool:
        """Tell whether the certificate may still accept it, though the numbers end here."""
        return (
            self.gap <= STALLED * (RELATIVE_GAP * abs(self.objective) + LEAST_GAP * scale)
            and self.dual_error <= 1e5 * RESIDUAL  # impact bends most where nothing is traded
            and self.primal_error <= 10.0 * RESIDUAL
        )


class _Method:
    def __init__(self, sub: Subproblem, scale: float) -> None:
        self.sub, self.scale = sub, scale
        self.names, self.moves = len(sub.linear), len(sub.held)
        self.tail, self.limits = len(sub.standing), len(sub.limit)
        k, h, s, m = self.names, self.moves, self.tail, self.limits
        self.w, self.g, self.r, self.u, self.t = _blocks(k, k, h, s, 1)
        self.block = _blocks(k, k, k, k, h, h, m, s, s)
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

    def start(self) -> _Point:
        """Return a point inside all bounds, with multipliers that nearly explain it.

        From such a point the method needs two thirds of the steps that it takes from a constant
        one. Rows need not hold yet.
        """
        x = self._first_x()
        slack = self.bound - self.times(x)
        rows = self.block[6]
        slack[rows] = np.maximum(slack[rows], START)
        return self.measure(x, slack, self._first_multipliers(x))

    def _first_x(self) -> Floats:
        sub, k = self.sub, self.names
        width = sub.high - sub.low
        w = np.zeros(k)
        w[sub.held] = 0.5 * sub.current
        w = np.clip(w, sub.low + 0.02 * width, sub.high - 0.02 * width)
        used, gross = float(np.abs(w).sum()), float(sub.limit[0])
        room = np.minimum(0.15 * width, 0.5 * max(gross - used, 0.2 * abs(gross)) / k)
        x = np.zeros(len(self.cost))
        x[self.w] = w
        x[self.g] = np.abs(w) + room
        x[self.r] = np.abs(w[sub.held] - sub.current) + 0.5 * room[sub.held]
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
            held, r = w[self.sub.held], x[self.r]
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
            out[self.sub.held] += y4 - y5
            out[self.r] -= y4 + y5
        if self.tail:
            y7 = y[b[7]]
            out[self.w] -= y7 @ self.returns
            out[self.u] = -y7 - y[b[8]]
            out[self.t] = -y7.sum()
        return out

    def measure(self, x: Floats, slack: Floats, multiplier: Floats) -> _Point:
        gradient = self.gradient(x)
        # For a quadratic the value is the mean of the linear part and the gradient, times x; the
        # impact's gradient is 3/2 of its value over x, and so counts a third too much of itself.
        objective = 0.5 * float((self.cost + gradient) @ x)
        if self.has_impact:
            objective += 0.25 * float(self.impact @ x[self.names : self.sized.stop] ** 1.5)
        dual = gradient + self.transposed_times(multiplier)
        primal = self.times(x) + slack - self.bound
        return _Point(
            x=x,
            slack=slack,
            multiplier=multiplier,
            dual=dual,
            primal=primal,
            objective=objective,
            gap=float(slack @ multiplier),
            dual_error=float(np.abs(dual).max()),
            primal_error=float(np.abs(primal).max()),
        )

    def step(self, point: _Point) -> _Point | None:
        """Return the next point, or None where the system cannot be solved any more."""
        system = _System.at(self, point)
        if system is None:
            return None
        slack, multiplier = point.slack, point.multiplier
        mean = point.gap / len(slack)
        _, d_slack, d_multiplier = system.solve(slack * multiplier)
        reach = min(_reach(slack, d_slack), _reach(multiplier, d_multiplier))
        then = (slack + reach * d_slack) @ (multiplier + reach * d_multiplier) / len(slack)
        centre = (then / mean) ** 3 * mean
        dx, d_slack, d_multiplier = system.solve(
            slack * multiplier + d_slack * d_multiplier - centre
        )
        if not (np.isfinite(dx).all() and np.isfinite(d_multiplier).all()):
            return None
        reach = min(_reach(slack, d_slack), _reach(multiplier, d_multiplier))
        length = min(1.0, TO_THE_WALL * reach)
        return self.measure(
            point.x + length * dx, slack + length * d_slack, multiplier + length * d_multiplier
        )

    def answer(self, point: _Point) -> SubSolution:
        multiplier = point.multiplier / self.scale
        return SubSolution(
            weights=point.x[self.w],
            threshold=float(point.x[-1]) / PERCENT if self.tail else -np.inf,
            prices=multiplier[self.block[6]],
            tail=multiplier[self.block[7]] * PERCENT,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _System:
    """The Newton system at a point, factored."""

    method: _Method
    point: _Point
    factor: Floats  # Cholesky factor over the weights
    border: Floats  # (k, 1 + m)
    solved_border: Floats
    corner: tuple[Floats, Places]  # its Schur complement, (1 + m, 1 + m), as L and U
    size: Floats  # curvature of g
    move: Floats  # curvature of r
    excess: Floats  # curvature of u
    pull: Floats  # how w and g go together, over the curvature of g
    shift: Floats  # how w and r go together, over the curvature of r
    weight: Floats  # how w and u go together, over the curvature of u
    on_size: Floats  # (m, k) of the rows, over the curvature of g
    on_change: Floats  # (m, h), over the curvature of r

    @classmethod
    def at(cls, method: _Method, point: _Point) -> _System | None:
        sub, k, m = method.sub, method.names, method.limits
        ratio = point.multiplier / point.slack
        d = [ratio[block] for block in method.block]
        curvature = np.zeros(k + method.moves)
        if method.has_impact:
            curvature = 0.75 * method.impact / np.sqrt(point.x[k : method.sized.stop])
        of_size, of_move = curvature[:k], curvature[k:]

        # Written without differences of near-equal numbers, which is what a plain Schur
        # complement would be: (d0 + d1) - (d1 - d0)^2 / (d0 + d1) = 4 d0 d1 / (d0 + d1).
        both = d[0] + d[1]
        size = both + of_size
        pull = (d[1] - d[0]) / size
        diagonal = (4.0 * d[0] * d[1] + both * of_size) / size + d[2] + d[3]
        both = d[4] + d[5]
        move = both + of_move
        shift = (d[5] - d[4]) / move
        diagonal[sub.held] += (4.0 * d[4] * d[5] + both * of_move) / move
        system = method.quadratic.copy()
        system.reshape(-1)[:: k + 1] += diagonal

        border, corner = np.zeros((k, 1 + m)), np.zeros((1 + m, 1 + m))
        excess = d[7] + d[8]
        weight = d[7] / excess
        corner[0, 0] = 1.0
        if method.tail:
            left = weight * d[8]
            weighted = method.returns * np.sqrt(left)[:, None]
            system += weighted.T @ weighted
            border[:, 0], corner[0, 0] = left @ method.returns, left.sum()
        border[:, 1:] = (sub.on_weight - sub.on_size * pull).T
        border[sub.held, 1:] -= (sub.on_change * shift).T
        on_size, on_change = sub.on_size / size, sub.on_change / move
        corner[1:, 1:] = -(on_size @ sub.on_size.T) - on_change @ sub.on_change.T
        corner.reshape(-1)[m + 2 :: m + 2] -= 1.0 / d[6]

        factor, failed = lapack.dpotrf(system.T, lower=1, overwrite_a=1, clean=0)
        if failed:
            return None
        solved = lapack.dpotrs(factor, border, lower=1)[0]
        lower_upper, pivots, failed = lapack.dgetrf(corner - border.T @ solved)
        if failed:
            return None
        return cls(
            method=method,
            point=point,
            factor=factor,
            border=border,
            solved_border=solved,
            corner=(lower_upper, pivots),
            size=size,
            move=move,
            excess=excess,
            pull=pull,
            shift=shift,
            weight=weight,
            on_size=on_size,
            on_change=on_change,
        )

    def solve(self, complementarity: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the step of x, slacks and multipliers that meets all residuals."""
        method, point, sub = self.method, self.point, self.method.sub
        rows = method.block[6]
        slack, multiplier = point.slack, point.multiplier
        given = (multiplier * point.primal - complementarity) / slack
        row_target = complementarity[rows] / multiplier[rows] - point.primal[rows]
        given[rows] = 0.0
        force = -point.dual - method.transposed_times(given)
        f_w, f_g, f_r = force[method.w], force[method.g], force[method.r]

        right = f_w - self.pull * f_g
        right[sub.held] -= self.shift * f_r
        edge = np.empty(1 + method.limits)
        edge[0] = force[-1]
        edge[1:] = row_target - self.on_size @ f_g - self.on_change @ f_r
        if method.tail:
            through = self.weight * force[method.u]
            right -= through @ method.returns
            edge[0] -= through.sum()
        alone = lapack.dpotrs(self.factor, right, lower=1)[0]
        outer = lapack.dgetrs(*self.corner, edge - self.border.T @ alone)[0]

        dx = np.empty(len(method.cost))
        dw = alone - self.solved_border @ outer
        dt, prices = outer[0], outer[1:]
        dx[method.w] = dw
        dx[method.g] = f_g / self.size - self.pull * dw - prices @ self.on_size
        dx[method.r] = f_r / self.move - self.shift * dw[sub.held] - prices @ self.on_change
        if method.tail:
            dx[method.u] = force[method.u] / self.excess - self.weight * (method.returns @ dw + dt)
        dx[-1] = dt if method.tail else 0.0
        d_slack = -point.primal - method.times(dx)
        d_multiplier = (-complementarity - multiplier * d_slack) / slack
        # Unknowns of the system itself: by way of the slacks they would be lost to cancellation.
        d_multiplier[rows] = prices
        return dx, d_slack, d_multiplier


def _blocks(*sizes: int) -> list[slice]:
    return [slice(low, high) for low, high in pairwise(accumulate(sizes, initial=0))]


def _reach(value: Floats, step: Floats) -> float:
    """Return the part of a step, at most all of it, that keeps every value above 0."""
    fastest = float((step / value).min())
    return 1.0 if fastest >= -1.0 else -1.0 / fastest
