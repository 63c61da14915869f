"""The linear system of a step: one Cholesky factor of the weights and a border of 1 + m.

A general solver would factor a sparse system in all variables. Here sizes, changes and tail
excesses are eliminated as diagonals; what is left are the k weights, the threshold of the tail and
the prices of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from optimiser.model.terms import Floats, Places
from optimiser.solvers.ipm_problem import Barrier, Point


@dataclass(frozen=True, slots=True, eq=False)
class _Eliminated:
    """What is left of sizes g, changes r and tail excesses u once they are taken out."""

    size: Floats  # curvature of g
    move: Floats  # curvature of r
    excess: Floats  # curvature of u
    pull: Floats  # how w and g go together, over the curvature of g
    shift: Floats  # how w and r go together, over the curvature of r
    weight: Floats  # how w and u go together, over the curvature of u
    on_size: Floats  # (m, k) of the rows, over the curvature of g
    on_change: Floats  # (m, h), over the curvature of r

    @classmethod
    def at(cls, barrier: Barrier, ratio: list[Floats], curvature: Floats) -> _Eliminated:
        """Eliminate; ``ratio`` is multiplier over slack by block, ``curvature`` that of impact."""
        sub, k = barrier.sub, barrier.names
        size = (ratio[0] + ratio[1]) + curvature[:k]
        move = (ratio[4] + ratio[5]) + curvature[k:]
        excess = ratio[7] + ratio[8]
        return cls(
            size=size,
            move=move,
            excess=excess,
            pull=(ratio[1] - ratio[0]) / size,
            shift=(ratio[5] - ratio[4]) / move,
            weight=ratio[7] / excess,
            on_size=sub.on_size / size,
            on_change=sub.on_change / move,
        )


@dataclass(frozen=True, slots=True, eq=False)
class NewtonSystem:
    """The Newton system at a point, factored."""

    barrier: Barrier
    point: Point
    gone: _Eliminated
    factor: Floats  # Cholesky factor over the weights
    border: Floats  # (k, 1 + m)
    solved_border: Floats
    corner: tuple[Floats, Places]  # its Schur complement, (1 + m, 1 + m), as L and U

    @classmethod
    def at(cls, barrier: Barrier, point: Point) -> NewtonSystem | None:
        """Return the system at a point, or None where it cannot be solved any more."""
        k = barrier.names
        ratio = point.multiplier / point.slack
        d = [ratio[block] for block in barrier.block]
        curvature = np.zeros(k + barrier.moves)
        if barrier.has_impact:
            curvature = 0.75 * barrier.impact / np.sqrt(point.x[k : barrier.sized.stop])
        gone = _Eliminated.at(barrier, d, curvature)
        system = barrier.quadratic.copy()
        system.reshape(-1)[:: k + 1] += _diagonal(barrier, d, curvature, gone)
        border, corner = _border(barrier, d, gone, system)
        factor, failed = lapack.dpotrf(system.T, lower=1, overwrite_a=1, clean=0)
        if failed:
            return None
        solved = lapack.dpotrs(factor, border, lower=1)[0]
        lower_upper, pivots, failed = lapack.dgetrf(corner - border.T @ solved)
        if failed:
            return None
        return cls(
            barrier=barrier,
            point=point,
            gone=gone,
            factor=factor,
            border=border,
            solved_border=solved,
            corner=(lower_upper, pivots),
        )

    def solve(self, complementarity: Floats) -> tuple[Floats, Floats]:
        """Return the step of x, and that of the slacks and multipliers, to meet all residuals."""
        barrier, point, gone = self.barrier, self.point, self.gone
        rows = barrier.block[6]
        slack, multiplier = point.slack, point.multiplier
        given = (multiplier * point.primal - complementarity) / slack
        row_target = complementarity[rows] / multiplier[rows] - point.primal[rows]
        given[rows] = 0.0
        force = -point.dual - barrier.transposed_times(given)
        f_w, f_g, f_r = force[barrier.w], force[barrier.g], force[barrier.r]

        right = f_w - gone.pull * f_g
        right[barrier.held] -= gone.shift * f_r
        edge = np.empty(1 + barrier.limits)
        edge[0] = force[-1]
        edge[1:] = row_target - gone.on_size @ f_g - gone.on_change @ f_r
        if barrier.tail:
            through = gone.weight * force[barrier.u]
            right -= through @ barrier.returns
            edge[0] -= through.sum()
        alone = lapack.dpotrs(self.factor, right, lower=1)[0]
        outer = lapack.dgetrs(*self.corner, edge - self.border.T @ alone)[0]

        dx = np.empty(len(barrier.cost))
        dw = alone - self.solved_border @ outer
        dt, prices = outer[0], outer[1:]
        dx[barrier.w] = dw
        dx[barrier.g] = f_g / gone.size - gone.pull * dw - prices @ gone.on_size
        dx[barrier.r] = f_r / gone.move - gone.shift * dw[barrier.held] - prices @ gone.on_change
        if barrier.tail:
            further = barrier.returns @ dw + dt
            dx[barrier.u] = force[barrier.u] / gone.excess - gone.weight * further
        dx[-1] = dt if barrier.tail else 0.0
        step = np.empty_like(point.pair)
        step[0] = -point.primal - barrier.times(dx)
        step[1] = (-complementarity - multiplier * step[0]) / slack
        # Unknowns of the system itself: by way of the slacks they would be lost to cancellation.
        step[1, rows] = prices
        return dx, step


def _diagonal(barrier: Barrier, d: list[Floats], curvature: Floats, gone: _Eliminated) -> Floats:
    """Return what bounds, sizes and changes add to the curvature of each weight, (k,)."""
    of_size, of_move = curvature[: barrier.names], curvature[barrier.names :]
    # Written without differences of near-equal numbers, which is what a plain Schur
    # complement would be: (d0 + d1) - (d1 - d0)^2 / (d0 + d1) = 4 d0 d1 / (d0 + d1).
    both = d[0] + d[1]
    diagonal: Floats = (4.0 * d[0] * d[1] + both * of_size) / gone.size + d[2] + d[3]
    both = d[4] + d[5]
    diagonal[barrier.held] += (4.0 * d[4] * d[5] + both * of_move) / gone.move
    return diagonal


def _border(
    barrier: Barrier, d: list[Floats], gone: _Eliminated, system: Floats
) -> tuple[Floats, Floats]:
    """Return the border (k, 1 + m) and its corner, and add the tail to ``system``, in place."""
    sub, k, m = barrier.sub, barrier.names, barrier.limits
    border, corner = np.zeros((k, 1 + m)), np.zeros((1 + m, 1 + m))
    corner[0, 0] = 1.0
    if barrier.tail:
        left = gone.weight * d[8]
        weighted = barrier.returns * np.sqrt(left)[:, None]
        system += weighted.T @ weighted
        border[:, 0], corner[0, 0] = left @ barrier.returns, left.sum()
    border[:, 1:] = (sub.on_weight - sub.on_size * gone.pull).T
    border[barrier.held, 1:] -= (sub.on_change * gone.shift).T
    corner[1:, 1:] = -(gone.on_size @ sub.on_size.T) - gone.on_change @ sub.on_change.T
    corner.reshape(-1)[m + 2 :: m + 2] -= 1.0 / d[6]
    return border, corner
