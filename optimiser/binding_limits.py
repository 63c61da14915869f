"""Which limits bind, and what each costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from optimiser.certificate import Certificate
from optimiser.model.limit_rows import limit_rows
from optimiser.model.problem import Problem
from optimiser.model.terms import Floats, Key

NEAR = 1e-6  # within this of its limit a limit is reached


@dataclass(frozen=True, slots=True)
class Binding:
    """A limit that is reached. ``price`` is what one unit more would add to daily utility."""

    kind: str  # "single", or the portfolio's own: "gross", "net high", "group Energy"
    key: Key | None  # the name whose weight it holds; None: the whole portfolio's
    value: float
    limit: float
    price: float

    @property
    def name(self) -> str:
        """The limit and what it holds: ``single A``."""
        return self.kind if self.key is None else f"{self.kind} {self.key}"


def single_prices(problem: Problem, weights: Floats, proof: Certificate) -> Floats:
    """Return what one unit more of room for each single weight would add, shape (n,)."""
    at_high = ~problem.fixed & (weights >= problem.high - NEAR)
    at_low = ~problem.fixed & (weights <= problem.low + NEAR)
    # At a bound that is also a kink, the weight would rather stay than go on: no price.
    price = np.where(at_high, proof.upward, np.where(at_low, proof.downward, 0.0))
    return np.maximum(price, 0.0)


def binding_limits(
    problem: Problem, weights: Floats, prices: Floats, singles: Floats
) -> tuple[Binding, ...]:
    """Return the limits that are reached: the portfolio's first, then names by price."""
    names = sorted(_singles(problem, weights, singles), key=lambda b: (-b.price, b.name))
    return (*_portfolio(problem, weights, prices), *names)


def _portfolio(problem: Problem, weights: Floats, prices: Floats) -> Iterator[Binding]:
    rows = limit_rows(problem)
    values = rows.values(weights, problem.current)
    for name, value, limit, price in zip(rows.names, values, rows.limit, prices, strict=True):
        if value >= limit - NEAR:
            sign = -1.0 if name.endswith(" low") else 1.0  # held as -value <= -limit
            shown = "invested" if name == "cash" else name
            yield Binding(
                shown, None, sign * float(value), sign * float(limit), max(float(price), 0.0)
            )


def _singles(problem: Problem, weights: Floats, singles: Floats) -> Iterator[Binding]:
    for i in np.flatnonzero(~problem.fixed & (np.abs(weights) >= problem.limits.max_single - NEAR)):
        size = float(abs(weights[i]))
        yield Binding(
            "single", problem.symbols[i], size, problem.limits.max_single, float(singles[i])
        )
