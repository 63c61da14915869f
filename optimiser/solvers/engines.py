"""Who solves the problem, and what it takes for an answer to be believed.

`auto` asks one engine after the other until an answer passes: the fast one; the same with Clarabel
for the small problems; the definition in cvxpy. Whose answer it is, and what became of those asked
before, is part of the result: no solver is ever changed in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from core.clock import stopwatch
from core.errors import SolverError
from core.limits import Engine
from optimiser.certificate import MAX_VIOLATION, Certificate, certify, max_violation
from optimiser.model.problem import Problem
from optimiser.model.terms import Floats
from optimiser.solvers.active_set import solve_by_working_sets
from optimiser.solvers.clarabel_backend import Conic
from optimiser.solvers.interior_point import InteriorPoint
from optimiser.solvers.solution import Solution
from optimiser.solvers.weight_rounding import DUST, round_into_limits

GRAINS = DUST, 1e-8, 1e-10  # what counts as dust: less, where removing more costs too much
LEAST_UTILITY = 1e-5  # of a day; the gap is held against this where the utility is smaller


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Weights that were proved, and how they were found."""

    weights: Floats  # (n,)
    solution: Solution
    proof: Certificate
    path: tuple[str, ...]  # what was asked, in order, and what came of it


class NoAnswer(SolverError):
    """No engine gave an answer that could be proved. ``path`` says what each did."""

    def __init__(self, path: tuple[str, ...]) -> None:
        self.path = path
        super().__init__("; ".join(path))


def solve(
    problem: Problem, engine: Engine, *, feasible: Floats, tolerance: float, time_limit: float
) -> Answer:
    """Find weights that are provably best.

    ``feasible``, shape (n,), are weights within the limits; see `optimiser.relaxation`.
    ``tolerance`` is how much of the utility they may miss, as a part of it. ``time_limit`` in
    seconds ends the search: it can cost an answer, never change one. Raises `NoAnswer`.
    """
    started, path = stopwatch(), []
    for name, attempt in _attempts(problem, engine, feasible):
        left = time_limit - (stopwatch() - started)
        if left <= 0.0:
            path.append(f"{name}: not asked, {time_limit:g} s were over")
            break
        try:
            solution = attempt(left)
            weights, proof = _proved(problem, solution, tolerance)
        except SolverError as error:
            path.append(f"{name}: {error}")
            continue
        path.append(f"{name}: accepted")
        return Answer(weights, solution, proof, tuple(path))
    raise NoAnswer(tuple(path))


def _attempts(
    problem: Problem, engine: Engine, feasible: Floats
) -> Iterator[tuple[str, Callable[[float], Solution]]]:
    if engine in {"auto", "fast"}:
        yield (
            "fast",
            lambda _left: solve_by_working_sets(
                problem, InteriorPoint, feasible=feasible, name="fast"
            ),
        )
    if engine in {"auto", "conic"}:
        yield (
            "conic",
            lambda left: solve_by_working_sets(
                problem, partial(Conic, time_limit=left), feasible=feasible, name="conic"
            ),
        )
    if engine in {"auto", "cvxpy"}:
        yield "cvxpy", partial(_as_defined, problem)


def _as_defined(problem: Problem, time_limit: float) -> Solution:
    from optimiser.solvers.cvxpy_reference import solve_as_defined  # noqa: PLC0415 - cvxpy takes a second

    return solve_as_defined(problem, time_limit=time_limit)


def _proved(problem: Problem, solution: Solution, tolerance: float) -> tuple[Floats, Certificate]:
    """Return the solution, rounded as coarsely as the proof allows, and the proof."""
    fault = ""
    for dust in GRAINS:
        weights = round_into_limits(problem, solution.weights, dust=dust)
        proof = certify(problem, weights, solution.prices, solution.tail)
        fault = _fault(problem, weights, proof, tolerance)
        if not fault:
            return weights, proof
    raise SolverError(f"the answer {fault}; it is not used")


def _fault(problem: Problem, weights: Floats, proof: Certificate, tolerance: float) -> str:
    """Say why weights are not within the limits and provably near the best; "" if they are."""
    excess = max_violation(problem, weights)
    if not excess <= MAX_VIOLATION:
        return f"breaks a limit by {excess:.2g}"
    allowed = tolerance * max(abs(proof.utility), LEAST_UTILITY)
    # Below zero by more than rounding would mean that the proof itself is wrong.
    if not -allowed <= proof.gap <= allowed:
        return f"may miss {proof.gap:.2g} of daily utility, more than {allowed:.2g}"
    return ""
