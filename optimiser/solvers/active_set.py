"""The fast engine: exact, by solving small problems that grow until they are the whole one.

1. Begin with the names held, those that the limits need and the most promising ones, and with the
   scenarios that hurt most.
2. Solve the problem over these names and scenarios alone.
3. Price every name left out, and measure every scenario left out, with the answer's shadow
   prices: the certificate of the full problem does both.
4. A name that could add utility joins, a scenario beyond the threshold joins; back to 2. The
   first time, what the answer did not need goes: those sets were guesses. From then on they grow.
5. When the certificate leaves nothing to gain, the answer is that of the full problem.

A portfolio under a gross limit holds few of many names, and its tail is made of few of many days,
so two to five small problems are the rule. Where most names want to be held the whole problem is
solved at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from core.errors import SolverError
from optimiser.certificate import Certificate, certify
from optimiser.model.problem import Problem
from optimiser.model.terms import Flags, Floats, Places
from optimiser.solvers.cvar_subproblem import Restriction, Search, Subproblem
from optimiser.solvers.solution import Solution, scale_of

SubSolver: TypeAlias = Callable[[Subproblem, float], Search]

SEED_NAMES = 40  # best by alpha, and as many by alpha per volatility
RECENT = 126  # scenarios that tell the volatility
TAIL_ROOM = 3.0  # scenarios to begin with, in sizes of the tail
JOIN = 20  # names that join at a time, at the least
JOIN_SHARE = 1.0 / 3.0  # or so many for each that is in
HELD = 3e-5  # a rough answer gives every name a little; from this weight on it holds it
DENSE = 0.5  # part of all names from which on the whole problem is solved at once
MANY = 150  # names, below which that is no question
MAX_ROUNDS = 30
CLOSE = 1e-7, 1e-6  # gap that ends the rounds, relative to the bound and to at least this bound


def solve_by_working_sets(
    problem: Problem, sub_solver: SubSolver, *, feasible: Floats, name: str
) -> Solution:
    """Maximise the utility within the limits.

    ``feasible``, shape (n,), are weights within the limits: the names that it takes to meet the
    limits at all are among the first ones.

    Raises `SolverError` where a small problem cannot be solved. How good an answer is says the
    certificate, not this engine.
    """
    restriction, scale = Restriction(problem), scale_of(problem)
    names, scenarios = _Names(problem, restriction.free, feasible), _Scenarios(problem)
    iterations = 0
    for rounds in range(1, MAX_ROUNDS + 1):
        search = sub_solver(restriction.to(names.chosen, scenarios.chosen), scale)
        for rough in (True, False):
            sub = search.answer(rough=rough)
            weights = restriction.whole(names.chosen, sub.weights)
            tail = np.zeros(len(problem.scenarios))
            tail[scenarios.chosen] = sub.tail
            proof = certify(problem, weights, sub.prices, tail)
            if _close(proof):
                continue
            anew = rounds == 1  # the first sets were guesses
            grew = names.grow(proof, anew=anew)
            grew |= scenarios.grow(proof.outlook.losses, sub.threshold, anew=anew)
            if grew:
                break
        else:
            total = iterations + search.iterations
            return Solution(weights, sub.prices, tail, name, rounds, total)
        iterations += search.iterations
        if names.dense:
            names.take_all()
            scenarios.take_all()
    raise SolverError(f"{name}: the sets still grew after {MAX_ROUNDS} rounds")


def _close(proof: Certificate) -> bool:
    relative, least = CLOSE
    return proof.gap <= relative * max(abs(proof.bound), least)


class _Names:
    """The names in the small problem."""

    def __init__(self, problem: Problem, free: Places, feasible: Floats) -> None:
        self._free = free
        self._may_rise, self._may_fall = problem.high[free] > 0.0, problem.low[free] < 0.0
        alpha = np.where(self._may_fall, np.abs(problem.alpha[free]), problem.alpha[free])
        newest = problem.scenarios[-RECENT:]  # enough for a guess
        squares = np.einsum("ij,ij->j", newest, newest)
        volatility = np.sqrt(np.maximum(squares[free], 1e-300))
        self._needed = feasible[free] != 0.0  # with these in, some answer is within the limits
        held = problem.current[free] != 0.0
        self._in = self._needed | held | _top(alpha) | _top(alpha / volatility)
        self.dense = False
        self._watch()

    @property
    def chosen(self) -> Places:
        return np.asarray(self._free[self._in])

    def grow(self, proof: Certificate, *, anew: bool) -> bool:
        """Let the names join that could add utility, or nearly. Says whether any could.

        ``anew``: of those in, only the ones that the answer holds stay.
        """
        missing = ~self._in & (proof.missed[self._free] > 0.0)
        if not missing.any():
            return False
        wanted = int(self._in.sum()) + int(missing.sum())
        if anew:
            self._in &= self._needed | (np.abs(proof.outlook.weights[self._free]) > HELD)
        # Those next in line would be missing once these are in.
        eager = np.maximum(
            np.where(self._may_rise, proof.upward[self._free], -np.inf),
            np.where(self._may_fall, proof.downward[self._free], -np.inf),
        )
        in_line = np.argsort(-np.where(self._in, -np.inf, eager), kind="stable")
        self._in[in_line[: max(JOIN, int(JOIN_SHARE * self._in.sum()))]] = True
        self.dense = wanted > 0.75 * len(self._free) and len(self._free) > MANY
        self._watch()
        return True

    def take_all(self) -> None:
        self._in[:] = True
        self.dense = False

    def _watch(self) -> None:
        if len(self._free) > MANY and not self._in.all():
            self.dense = self.dense or bool(self._in.mean() > DENSE)


class _Scenarios:
    """The scenarios in the small problem: none where the tail does not count."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._in: Flags = np.zeros(len(problem.scenarios), dtype=np.bool_)
        if problem.utility.cvar_aversion > 0.0:
            liked = np.sign(problem.alpha) * np.minimum(problem.high, -problem.low)
            basket = np.where(problem.low < 0.0, liked, problem.high * (problem.alpha > 0.0))
            for weights in (problem.current, basket):
                if weights.any():  # nothing loses nothing, in every scenario alike
                    self._in |= self._worst(-(problem.scenarios @ weights))
            if not self._in.any():
                self._in |= self._worst(-problem.scenarios.mean(axis=1))

    @property
    def chosen(self) -> Places:
        return np.flatnonzero(self._in)

    def grow(self, losses: Floats, threshold: float, *, anew: bool) -> bool:
        """Let the scenarios join that lose most beyond the threshold. Says whether any does.

        ``anew``: those that do not lose most go.
        """
        if not self._in.any():
            return False
        beyond = ~self._in & (losses > threshold)
        if not beyond.any():
            return False
        if anew:
            self._in[:] = False
        before = int(self._in.sum())
        self._in |= self._worst(losses)
        if int(self._in.sum()) == before:  # among equal losses the worst are in already
            self._in |= beyond
        return True

    def take_all(self) -> None:
        self._in[:] = bool(self._in.any())

    def _worst(self, losses: Floats) -> Flags:
        """Flag the scenarios with the largest losses, together three times the tail."""
        worst_first = np.argsort(-losses, kind="stable")
        reached = np.cumsum(self._problem.probabilities[worst_first])
        size = TAIL_ROOM * (1.0 - self._problem.utility.cvar_level)
        count = 1 + int(np.searchsorted(reached, size))
        flags = np.zeros(len(losses), dtype=np.bool_)
        flags[worst_first[:count]] = True
        return flags


def _top(score: Floats) -> Flags:
    flags = np.zeros(len(score), dtype=np.bool_)
    flags[np.argsort(-score, kind="stable")[:SEED_NAMES]] = True
    return flags
