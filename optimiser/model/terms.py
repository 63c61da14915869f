"""What is wanted and what is allowed: the terms of the optimisation, checked by range."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

import core.limits as terms
from core.errors import ConfigurationError
from core.limits import Range

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Places: TypeAlias = NDArray[np.intp]  # positions in an array
Key: TypeAlias = int | str  # an instrument: its conId, or its symbol
CashMode: TypeAlias = Literal["ex_short_proceeds", "net"]

CASH_MODE: CashMode = "ex_short_proceeds"
TOLERANCE = 1e-6  # of the utility: how much of it an answer may miss
TIME_LIMIT = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Utility:
    """How much a unit of each risk is worth in expected daily return.

    Utility of weights w = alpha'w - risk_aversion * w'Sigma w - cvar_aversion * CVaR(-Rw)
    - costs of moving there. All per day, as fractions of net asset value.
    """

    risk_aversion: float = terms.RISK_AVERSION.default
    cvar_aversion: float = terms.CVAR_AVERSION.default
    cvar_level: float = terms.CVAR_LEVEL.default


@dataclass(frozen=True, slots=True)
class Limits:
    """What no portfolio may exceed, as fractions of net asset value.

    gross = sum|w|; turnover = sum|w - current|, so a full switch counts twice. Cash in
    ``ex_short_proceeds`` mode is 1 - sum of the long weights: what a short sale brings in is
    collateral at the broker and buys nothing. In ``net`` mode it is 1 - sum(w). ``max_net`` is
    on sum(w), either way; a group's cap on sum|w| of its names; ``beta_range`` on sum(beta * w).
    """

    max_gross: float = terms.MAX_GROSS.default
    max_single: float = terms.MAX_SINGLE.default
    cash_buffer: float = terms.CASH_BUFFER.default
    cash_mode: CashMode = CASH_MODE
    long_only: bool = terms.LONG_ONLY.default
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
    each.name: each.solvable
    for each in (
        terms.RISK_AVERSION, terms.CVAR_AVERSION, terms.CVAR_LEVEL, terms.COST, terms.IMPACT,
        terms.MAX_GROSS, terms.MAX_SINGLE, terms.CASH_BUFFER, terms.MAX_TURNOVER, terms.MAX_NET,
    )
} | {
    "alpha_uncertainty": Range(0.0, 1.0), "tol": Range(1e-12, 1e-2),
    "time_limit": Range(1e-3, 3600.0),
}  # fmt: skip

_CAP = terms.MAX_SECTOR.solvable


def _range_problems(given: Utility | Limits) -> Iterator[str]:
    for name, bounds in _RANGES.items():
        value = getattr(given, name, None)
        if value is not None:
            yield _out_of_range(name, value, bounds)


def _out_of_range(name: str, value: float, accepted: Range) -> str:
    if math.isfinite(value) and accepted.low <= value <= accepted.high:
        return ""
    return f"{name} = {value:g}: give a number from {accepted.low:g} to {accepted.high:g}"


def _beta_problems(beta_range: tuple[float, float] | None) -> Iterator[str]:
    if beta_range is None:
        return
    low, high = beta_range
    least, most = terms.MIN_BETA.solvable.low, terms.MAX_BETA.solvable.high
    if not least <= low <= high <= most:
        yield f"beta_range = {low:g} to {high:g}: give low <= high within {least:g} to {most:g}"
