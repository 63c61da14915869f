"""Which limits bind, and what each costs, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from optimiser.problem import Problem
from optimiser.solver import ShadowPrices
from optimiser.terms import Floats

NEAR = 1e-6  # within this of its limit a limit is reached


@dataclass(frozen=True, slots=True)
class Binding:
    """A limit that is reached. ``price`` is what one unit more would add to daily utility."""

    name: str
    value: float
    limit: float
    price: float

    def __str__(self) -> str:
        gain = self.price * 0.01 * 1e4
        return (
            f"{self.name} {self.value:.3f} of {self.limit:.3f}; "
            f"one point (0.01) more would add {gain:.3g} bp a day"
        )


def binding_limits(problem: Problem, weights: Floats, prices: ShadowPrices) -> tuple[Binding, ...]:
    """Return the limits that are reached: the portfolio's first, then names by price."""
    singles = sorted(_singles(problem, weights, prices), key=lambda b: (-b.price, b.name))
    return (*_portfolio(problem, weights, prices), *singles)


def _portfolio(problem: Problem, weights: Floats, prices: ShadowPrices) -> Iterator[Binding]:
    limits = problem.limits
    gross, invested = float(np.abs(weights).sum()), limits.invested(weights)
    if gross >= limits.max_gross - NEAR:
        yield Binding("gross", gross, limits.max_gross, prices.gross)
    if invested >= limits.max_invested - NEAR:
        yield Binding("invested", invested, limits.max_invested, prices.cash)
    if limits.max_turnover is not None:
        turnover = float(np.abs(weights - problem.current).sum())
        if turnover >= limits.max_turnover - NEAR:
            yield Binding("turnover", turnover, limits.max_turnover, prices.turnover)


def _singles(problem: Problem, weights: Floats, prices: ShadowPrices) -> Iterator[Binding]:
    for i in np.flatnonzero(~problem.fixed & (np.abs(weights) >= problem.limits.max_single - NEAR)):
        price = prices.high[i] if weights[i] > 0.0 else prices.low[i]
        name = f"single {problem.symbols[i]}"
        yield Binding(name, float(abs(weights[i])), problem.limits.max_single, float(price))
