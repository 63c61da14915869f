"""A subproblem handed to Clarabel: slower than `optimiser.solvers.interior_point`, and sturdier."""

from __future__ import annotations

from dataclasses import dataclass

import clarabel
import numpy as np
from scipy import sparse

from core.errors import SolverError
from optimiser.model.terms import Floats, Places
from optimiser.solvers.cvar_subproblem import Subproblem, SubSolution

PERCENT = 100.0
TOLERANCE = 1e-10  # on the scaled problem
SOLVED = {"Solved", "AlmostSolved"}  # the certificate judges, not the solver's word


class Conic:
    """A subproblem for Clarabel; ``scale`` brings its objective to the order of 1."""

    def __init__(self, sub: Subproblem, scale: float, *, time_limit: float) -> None:
        self._sub, self._scale, self._time_limit = sub, scale, time_limit
        self._found: SubSolution | None = None
        self.iterations = 0

    def answer(self, *, rough: bool) -> SubSolution:
        """Return the answer, which Clarabel does not give by halves."""
        del rough
        if self._found is None:
            self._found = self._solve()
        return self._found

    def _solve(self) -> SubSolution:
        sub, programme = self._sub, _Programme.of(self._sub, self._scale)
        settings = clarabel.DefaultSettings()
        settings.verbose, settings.max_threads = False, 1
        settings.time_limit = self._time_limit
        settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = TOLERANCE
        answer = clarabel.DefaultSolver(
            programme.quadratic,
            programme.cost,
            programme.matrix,
            programme.bound,
            programme.cones,
            settings,
        ).solve()
        if str(answer.status) not in SOLVED:
            raise SolverError(f"CLARABEL stopped with {str(answer.status)!r} on a small problem")
        self.iterations = int(answer.iterations)
        x, z = np.array(answer.x), np.array(answer.z) / self._scale
        return SubSolution(
            weights=x[: len(sub.linear)],
            threshold=float(x[programme.threshold]) / PERCENT if len(sub.standing) else -np.inf,
            prices=z[programme.rows],
            tail=z[programme.tail] * PERCENT,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Programme:
    """minimise x'Px/2 + c'x with A x + slack = b, slack in the cones."""

    quadratic: sparse.csc_array
    cost: Floats
    matrix: sparse.csc_array
    bound: Floats
    cones: list[object]
    rows: slice
    tail: slice
    threshold: int

    @classmethod
    def of(cls, sub: Subproblem, scale: float) -> _Programme:
        """Write a subproblem in the columns w, g, r, u, t, and v >= (g or r)^1.5 for impact."""
        k, h, s, m = len(sub.linear), len(sub.current), len(sub.standing), len(sub.limit)
        curved = _curved(sub)
        p = len(curved)
        widths = [k, k, h, s, 1, p]
        matrix, bound = _rows(sub, widths)
        cones: list[object] = [clarabel.NonnegativeConeT(matrix.shape[0])]
        if p:
            matrix = sparse.vstack([matrix, _powers(curved, sum(widths), sum(widths) - p)])
            bound.append(np.tile([0.0, 1.0, 0.0], p))
            cones += [clarabel.PowerConeT(2.0 / 3.0)] * p
        if not s:  # nothing is lost beyond a threshold that nothing is held against
            matrix = sparse.vstack([matrix, _unit(sum(widths), 2 * k + h)])
            bound.append(np.zeros(1))
            cones.append(clarabel.ZeroConeT(1))
        quadratic = sparse.block_diag(
            [scale * np.triu(sub.quadratic), sparse.csr_array((sum(widths[1:]),) * 2)]
        )
        return cls(
            quadratic=sparse.csc_array(quadratic),
            cost=scale * _cost(sub, curved),
            matrix=sparse.csc_array(matrix),
            bound=np.concatenate(bound),
            cones=cones,
            rows=slice(4 * k + 2 * h, 4 * k + 2 * h + m),
            tail=slice(4 * k + 2 * h + m, 4 * k + 2 * h + m + s),
            threshold=2 * k + h + s,
        )


def _rows(sub: Subproblem, widths: list[int]) -> tuple[sparse.csr_array, list[Floats]]:
    """Return the linear rows, whose slacks are not negative, and their right-hand sides."""
    k, h, s, m = len(sub.linear), len(sub.current), len(sub.standing), len(sub.limit)
    eye, few = sparse.eye_array(k), sparse.eye_array(h)
    pick = sparse.eye_array(h, k)
    returns, ones = PERCENT * sub.returns, np.ones((s, 1))
    blocks: list[list[object]] = [
        [eye, -eye, *[None] * 4],
        [-eye, -eye, *[None] * 4],
        [eye, *[None] * 5],
        [-eye, *[None] * 5],
        [pick, None, -few, *[None] * 3],
        [-pick, None, -few, *[None] * 3],
        [sub.on_weight, sub.on_size, sub.on_change, *[None] * 3],
        [-returns, None, None, -sparse.eye_array(s), -ones, None],
        [None, None, None, -sparse.eye_array(s), None, None],
    ]
    heights = [k, k, k, k, h, h, m, s, s]
    filled = [
        [
            sparse.csr_array((height, width)) if part is None else part
            for part, width in zip(row, widths, strict=True)
        ]
        for row, height in zip(blocks, heights, strict=True)
    ]
    bound = [
        np.zeros(2 * k), sub.high, -sub.low, sub.current, -sub.current,
        sub.limit, PERCENT * sub.standing, np.zeros(s),
    ]  # fmt: skip
    return sparse.block_array(filled, format="csr"), bound


def _cost(sub: Subproblem, curved: Places) -> Floats:
    """Return the linear cost of each column."""
    impact = np.concatenate([sub.size_impact, sub.change_impact])[curved - len(sub.linear)]
    tail = sub.tail_total / PERCENT if len(sub.standing) else 0.0
    return np.concatenate(
        [sub.linear, sub.size_cost, sub.change_cost, sub.tail_cap / PERCENT, [tail], impact]
    )


def _curved(sub: Subproblem) -> Places:
    """Return the columns of sizes and changes that carry impact."""
    k = len(sub.linear)
    sizes = k + np.flatnonzero(sub.size_impact)
    return np.concatenate([sizes, 2 * k + np.flatnonzero(sub.change_impact)])


def _powers(curved: Places, width: int, first: int) -> sparse.csr_array:
    """Return the rows whose slack is (v, 1, x), for v^(2/3) >= |x|."""
    p = len(curved)
    row = np.concatenate([3 * np.arange(p), 3 * np.arange(p) + 2])
    column = np.concatenate([first + np.arange(p), curved])
    return sparse.csr_array((-np.ones(2 * p), (row, column)), shape=(3 * p, width))


def _unit(width: int, place: int) -> sparse.csr_array:
    return sparse.csr_array(([1.0], ([0], [place])), shape=(1, width))
