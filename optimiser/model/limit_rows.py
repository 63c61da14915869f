"""The limits of a portfolio as rows, all of one form.

Every limit but the bounds of single names is

    on_weight'w + on_size'|w| + on_change'|w - current| <= limit

so one piece of code can price, prove, relax and repair all of them. The definition in
`optimiser.solvers.cvxpy_reference` does not use this form: the two are held against each other by
the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from optimiser.model.terms import Floats, Places

if TYPE_CHECKING:
    from optimiser.model.problem import Problem


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """m limits over n names."""

    names: tuple[str, ...]
    on_weight: Floats  # (m, n)
    on_size: Floats  # (m, n), not negative
    on_change: Floats  # (m, n), not negative
    limit: Floats  # (m,)

    def values(self, weights: Floats, current: Floats) -> Floats:
        """Return what is to be held against each limit, shape (m,)."""
        return np.asarray(
            self.on_weight @ weights
            + self.on_size @ np.abs(weights)
            + self.on_change @ np.abs(weights - current)
        )

    def slopes(self, weights: Floats, current: Floats) -> Floats:
        """Return the derivative of each value by each weight, shape (m, n), away from kinks."""
        return np.asarray(
            self.on_weight
            + self.on_size * np.sign(weights)
            + self.on_change * np.sign(weights - current)
        )

    def of(self, names: Places) -> Rows:
        """Return the rows over some of the names only; the limits stay."""
        return Rows(
            self.names,
            self.on_weight[:, names],
            self.on_size[:, names],
            self.on_change[:, names],
            self.limit,
        )


def limit_rows(problem: Problem) -> Rows:
    """Return the limits of a problem: gross, cash, turnover, net, groups, beta; in this order."""
    limits, count = problem.limits, len(problem.symbols)
    nothing, everything = np.zeros(count), np.ones(count)
    found: list[tuple[str, Floats, Floats, Floats, float]] = [
        ("gross", nothing, everything, nothing, limits.max_gross)
    ]
    if limits.cash_mode == "net":
        found.append(("cash", everything, nothing, nothing, limits.max_invested))
    else:  # the long weights alone: (w + |w|) / 2
        found.append(("cash", everything / 2, everything / 2, nothing, limits.max_invested))
    if limits.max_turnover is not None:
        found.append(("turnover", nothing, nothing, everything, limits.max_turnover))
    if limits.max_net is not None:
        found.append(("net high", everything, nothing, nothing, limits.max_net))
        found.append(("net low", -everything, nothing, nothing, limits.max_net))
    for number, (name, cap) in enumerate(limits.group_caps):
        members = (problem.group == number).astype(np.float64)
        found.append((f"group {name}", nothing, members, nothing, cap))
    if limits.beta_range is not None:
        low, high = limits.beta_range
        found.append(("beta high", problem.beta, nothing, nothing, high))
        found.append(("beta low", -problem.beta, nothing, nothing, -low))
    names, on_weight, on_size, on_change, limit = zip(*found, strict=True)
    return Rows(names, np.array(on_weight), np.array(on_size), np.array(on_change), np.array(limit))
