"""What is wanted and what is allowed: the terms of the optimisation, checked by range."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigurationError

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Places: TypeAlias = NDArray[np.intp]  # positions in an array
Key: TypeAlias = int | str  # an instrument: its conId, or its symbol
CashMode: TypeAlias = Literal["ex_short_proceeds", "net"]


@dataclass(frozen=True, slots=True)
class Utility:
    """How much a unit of each risk is worth in expected daily return.

    Utility of weights w = alpha'w - risk_aversion * w'Sigma w - cvar_aversion * CVaR(-Rw)
    - costs of moving there. All per day, as fractions of net asset value.
    """

    risk_aversion: float = 2.0
    cvar_aversion: float = 0.02
    cvar_level: float = 0.95


@dataclass(frozen=True, slots=True)
class Limits:
    """What no portfolio may exceed, as fractions of net asset value.

    gross = sum|w|; turnover = sum|w - current|, so a full switch counts twice. Cash in
    ``ex_short_proceeds`` mode is 1 - sum of the long weights: what a short sale brings in is
    collateral at the broker and buys nothing. In ``net`` mode it is 1 - sum(w). ``max_net`` is
    on sum(w), either way; a group's cap on sum|w| of its names; ``beta_range`` on sum(beta * w).
    """

    max_gross: float = 1.2
    max_single: float = 0.12
    cash_buffer: float = 0.05
    cash_mode: CashMode = "ex_short_proceeds"
    long_only: bool = False
    max_turnover: float | None = None
    max_net: float | None = None
    group_caps: tuple[tuple[str, float], ...] = ()  # sorted by name
    beta_range: tuple[float, float] | None = None

    @property
    def max_invested(self) -> float:
        """How much may be spent once the cash buffer is set aside."""
        return 1.0 - self.cash_buffer

    def invested(self, weights: Floats) -> float:
        """Return how much of net asset value these weights spend, by the cash mode."""
        spent = weights if self.cash_mode == "net" else np.maximum(weights, 0.0)
        return float(spent.sum())


def check_terms(utility: Utility, limits: Limits, **numbers: float) -> None:
    """Raise `ConfigurationError` naming every term, and every further number, out of range."""
    problems = [
        *(_out_of_range(name, number, _RANGES[name]) for name, number in numbers.items()),
        *_range_problems(utility),
        *_range_problems(limits),
        *(_out_of_range(f"cap of {name!r}", cap, _CAP) for name, cap in limits.group_caps),
        *_beta_problems(limits.beta_range),
    ]
    if limits.cash_mode not in {"ex_short_proceeds", "net"}:
        problems.append(f"cash_mode = {limits.cash_mode!r}: give 'ex_short_proceeds' or 'net'")
    found = [problem for problem in problems if problem]
    if found:
        raise ConfigurationError("; ".join(found))


def check_number(name: str, value: float) -> None:
    """Raise `ConfigurationError` if a number with a known range is outside it, or NaN."""
    problem = _out_of_range(name, value, _RANGES[name])
    if problem:
        raise ConfigurationError(problem)


_RANGES = {
    "risk_aversion": (0.0, 1e6),
    "cvar_aversion": (0.0, 1e4),
    "cvar_level": (0.5, 0.9999),
    "cost": (0.0, 0.5),
    "impact": (0.0, 10.0),
    "alpha_uncertainty": (0.0, 1.0),
    "max_gross": (1e-6, 10.0),
    "max_single": (1e-6, 10.0),
    "cash_buffer": (0.0, 1.0),
    "max_turnover": (0.0, 20.0),
    "max_net": (0.0, 10.0),
    "tol": (1e-12, 1e-2),
    "time_limit": (1e-3, 3600.0),
}
_CAP = (0.0, 10.0)
_BETA = 10.0


def _range_problems(terms: Utility | Limits) -> Iterator[str]:
    for name, bounds in _RANGES.items():
        value = getattr(terms, name, None)
        if value is not None:
            yield _out_of_range(name, value, bounds)


def _out_of_range(name: str, value: float, bounds: tuple[float, float]) -> str:
    low, high = bounds
    if math.isfinite(value) and low <= value <= high:
        return ""
    return f"{name} = {value:g}: give a number from {low:g} to {high:g}"


def _beta_problems(beta_range: tuple[float, float] | None) -> Iterator[str]:
    if beta_range is None:
        return
    low, high = beta_range
    if not -_BETA <= low <= high <= _BETA:
        yield f"beta_range = {low:g} to {high:g}: give low <= high within {-_BETA:g} to {_BETA:g}"
