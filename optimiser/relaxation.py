"""When the limits cannot all be met: which one gives, and by how much.

With w = 0 allowed every limit on sizes holds, so only a cap on turnover, a range of beta and
holdings that cannot be traded make a problem infeasible. Limits give in an order of priority, and
none gives before those ahead of it have given all that helps: first of all the last ones are kept
as near as can be, then those before them, and so on. Each step is a linear programme.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from core.errors import ConfigurationError, SolverError
from optimiser.model.limit_rows import Rows, limit_rows
from optimiser.model.problem import Problem
from optimiser.model.terms import Floats, Limits

# What gives first stands first. "group" is every group's cap, "beta" and "net" both ends
# of their ranges.
PRIORITIES = (("turnover",), ("group", "beta", "net"), ("single",), ("gross", "cash"))
STEP = 1e-4  # relaxations are whole basis points: the solver needs room, people round numbers
NEGLIGIBLE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """A problem that can be solved, and what had to give for it (fractions of net asset value)."""

    problem: Problem
    relaxations: dict[str, float]
    feasible: Floats  # (n,) weights within the limits of the problem


def check_priorities(priorities: Sequence[Sequence[str]]) -> None:
    """Raise `ConfigurationError` unless every kind of limit stands exactly once."""
    known = sorted(kind for kinds in PRIORITIES for kind in kinds)
    if sorted(kind for kinds in priorities for kind in kinds) != known:
        raise ConfigurationError(
            f"priorities = {[list(kinds) for kinds in priorities]}: name each of "
            f"{', '.join(known)} exactly once, what gives first in front"
        )


def relax(problem: Problem, priorities: Sequence[Sequence[str]] = PRIORITIES) -> Relaxed:
    """Give way as little as possible; nothing at all where the limits can be met."""
    amounts = _immovable(problem)
    obvious = _obvious(problem)
    if obvious is not None:
        return Relaxed(problem, amounts, obvious)
    needed = _needed(problem, priorities)
    rows = {name: _round_up(need) for name, need in needed.rows.items()}
    singles = np.array([_round_up(need) for need in needed.singles.tolist()])
    amounts |= {name: amount for name, amount in rows.items() if amount > 0.0}
    for i in np.flatnonzero(singles):
        amounts[f"single {problem.symbols[i]}"] = float(singles[i])
    return Relaxed(
        replace(
            problem,
            limits=_wider(problem.limits, rows),
            low=problem.low - np.where(problem.current < 0.0, singles, 0.0),
            high=problem.high + np.where(problem.current > 0.0, singles, 0.0),
        ),
        amounts,
        needed.weights,
    )


def _wider(limits: Limits, room: dict[str, float]) -> Limits:
    turnover, net, beta = limits.max_turnover, limits.max_net, limits.beta_range
    return replace(
        limits,
        max_gross=limits.max_gross + room["gross"],
        cash_buffer=limits.cash_buffer - room["cash"],
        max_turnover=None if turnover is None else turnover + room["turnover"],
        max_net=None if net is None else net + max(room["net high"], room["net low"]),
        group_caps=tuple((name, cap + room[f"group {name}"]) for name, cap in limits.group_caps),
        beta_range=None
        if beta is None
        else (beta[0] - room["beta low"], beta[1] + room["beta high"]),
    )


def _immovable(problem: Problem) -> dict[str, float]:
    """Return the excess of holdings that cannot be traded over the limits of one name."""
    amounts = {}
    held = problem.fixed & (problem.low != 0.0)
    for i in np.flatnonzero(held):
        name, weight = problem.symbols[i], float(problem.low[i])
        if abs(weight) > problem.limits.max_single + NEGLIGIBLE:
            amounts[f"single {name}"] = round(abs(weight) - problem.limits.max_single, 9)
        if problem.limits.long_only and weight < 0.0:
            amounts[f"long only {name}"] = round(-weight, 9)
    return amounts


def _obvious(problem: Problem) -> Floats | None:
    """Return nothing or what is held, as near as the bounds allow, where that meets the limits."""
    rows = limit_rows(problem)
    for candidate in (np.zeros_like(problem.current), problem.current):
        weights = np.clip(candidate, problem.low, problem.high)
        if (rows.values(weights, problem.current) <= rows.limit).all():
            return weights
    return None


@dataclass(frozen=True, slots=True, eq=False)
class _Needed:
    rows: dict[str, float]
    singles: Floats  # (n,)
    weights: Floats  # (n,) that need no more


def _needed(problem: Problem, priorities: Sequence[Sequence[str]]) -> _Needed:
    """Return the least room each limit needs, the dearest limits first."""
    rows = limit_rows(problem)
    programme = _Programme.of(problem, rows)
    kinds = [name.split()[0] for name in rows.names] + ["single"] * len(problem.symbols)
    weights, room = problem.current, np.zeros(len(kinds))
    caps = np.full(len(kinds), np.inf)
    caps[len(rows.names) :] = programme.single_room
    for together in reversed(priorities):
        settled = np.array([kind in together for kind in kinds])
        if not (caps[settled] > 0.0).any():
            continue
        weights, room = programme.solve(settled.astype(np.float64), caps)
        # What these need is known now; a hair more keeps the next programme feasible.
        caps[settled] = np.where(room[settled] > NEGLIGIBLE, room[settled] + NEGLIGIBLE, 0.0)
    return _Needed(
        rows=dict(zip(rows.names, room[: len(rows.names)].tolist(), strict=True)),
        singles=room[len(rows.names) :],
        weights=weights,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Programme:
    """Long, short and change of each name, then the room of each row and of each name."""

    count: int
    matrix: sparse.csr_array
    limit: Floats
    reach: Floats  # (2n,) most long and most short
    single_room: Floats  # (n,) most that a name's own bound can usefully give

    @classmethod
    def of(cls, problem: Problem, rows: Rows) -> _Programme:
        n, m = len(problem.symbols), len(rows.names)
        eye, none = sparse.eye_array(n), sparse.csr_array((n, m))
        low, high, current = problem.low, problem.high, problem.current
        blocks = [
            [
                rows.on_weight + rows.on_size,
                rows.on_size - rows.on_weight,
                rows.on_change,
                -np.eye(m),
                None,
            ],
            [eye, -eye, -eye, none, None],  # w - current <= change
            [-eye, eye, -eye, none, None],
            [eye, -eye, None, none, -eye],  # w <= high + room
            [-eye, eye, None, none, -eye],
        ]
        useful = np.where(current > 0.0, current - high, low - current)
        return cls(
            count=n,
            matrix=sparse.csr_array(sparse.block_array(blocks, format="csr")),
            limit=np.concatenate([rows.limit, current, -current, high, -low]),
            reach=np.concatenate([np.maximum(high, current), np.maximum(-low, -current)]).clip(0.0),
            single_room=np.where(problem.fixed, 0.0, np.maximum(useful, 0.0)),
        )

    def solve(self, price: Floats, caps: Floats) -> tuple[Floats, Floats]:
        """Return weights, (n,), and the room they take, (m + n,), at the least price."""
        variables = 3 * self.count
        answer = linprog(
            np.concatenate([np.zeros(variables), price]),
            A_ub=self.matrix,
            b_ub=self.limit,
            bounds=np.column_stack(
                [
                    np.zeros(variables + len(price)),
                    np.concatenate([self.reach, np.full(self.count, np.inf), caps]),
                ]
            ),
            method="highs",
        )
        if answer.status != 0:
            raise SolverError(f"HIGHS failed on the feasibility of the limits: {answer.message}")
        long, short = answer.x[: self.count], answer.x[self.count : 2 * self.count]
        return np.asarray(long - short), np.asarray(answer.x[variables:])


def _round_up(need: float) -> float:
    """Return the next whole step strictly above the need, or 0 where there is none."""
    if need <= 10.0 * NEGLIGIBLE:
        return 0.0
    return round((math.floor(need / STEP + 1e-3) + 1) * STEP, 9)
