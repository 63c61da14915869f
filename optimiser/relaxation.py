"""When the limits cannot all be met: which one gives, and by how much.

With w = 0 allowed every limit holds, so only a cap on turnover and holdings that cannot be
traded make a problem infeasible. The cap on turnover gives first, then cash and gross together;
a single weight beyond its limit stays only where the holding cannot be traded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cvxpy as cp
import numpy as np

from core.errors import SolverError
from optimiser.problem import Problem

# Selling one unit of excess exposure costs one unit of turnover, so any price well above 1 puts
# turnover first.
PRICE_OF_TURNOVER, PRICE_OF_EXPOSURE = 1.0, 100.0
STEP = 1e-4  # relaxations are whole basis points: the solver needs room, people round numbers
NEGLIGIBLE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """A problem that can be solved, and what had to give for it (fractions of net asset value)."""

    problem: Problem
    relaxations: dict[str, float]


def relax(problem: Problem) -> Relaxed:
    """Give way as little as possible; nothing at all where the limits can be met."""
    amounts = _immovable(problem)
    if problem.limits.max_turnover is None and not problem.fixed.any():
        return Relaxed(problem, amounts)
    needed = {name: _round_up(need) for name, need in _needed(problem).items()}
    amounts |= {name: amount for name, amount in needed.items() if amount > 0.0}
    limits = problem.limits
    turnover = limits.max_turnover
    wider = replace(
        limits,
        max_gross=limits.max_gross + needed["gross"],
        cash_buffer=limits.cash_buffer - needed["cash"],
        max_turnover=None if turnover is None else turnover + needed["turnover"],
    )
    return Relaxed(replace(problem, limits=wider), amounts)


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


def _needed(problem: Problem) -> dict[str, float]:
    """Return the least room each limit needs, by a linear programme with elastic limits."""
    limits = problem.limits
    w = cp.Variable(len(problem.symbols))
    gross, cash, turnover = (cp.Variable(nonneg=True) for _ in range(3))
    spent = cp.sum(w if limits.cash_mode == "net" else cp.pos(w))
    constraints = [
        cp.norm1(w) <= limits.max_gross + gross,
        spent <= limits.max_invested + cash,
        problem.low <= w,
        w <= problem.high,
    ]
    if limits.max_turnover is not None:
        constraints.append(cp.norm1(w - problem.current) <= limits.max_turnover + turnover)
    price = PRICE_OF_EXPOSURE * (gross + cash) + PRICE_OF_TURNOVER * turnover
    programme = cp.Problem(cp.Minimize(price), constraints)
    try:
        programme.solve(solver=cp.HIGHS)
    except cp.error.SolverError as error:
        raise SolverError(f"HIGHS failed on the feasibility of the limits: {error}") from error
    if programme.status != cp.OPTIMAL:
        raise SolverError(f"HIGHS stopped with {programme.status!r} on the limits' feasibility")
    room = {"gross": gross, "cash": cash, "turnover": turnover}
    return {name: float(variable.value) for name, variable in room.items()}


def _round_up(need: float) -> float:
    """Return the next whole step strictly above the need, or 0 where there is none."""
    if need <= NEGLIGIBLE:
        return 0.0
    return round((math.floor(need / STEP + 1e-3) + 1) * STEP, 9)
