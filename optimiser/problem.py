"""The problem, stated: who may be traded, how far, and what is known about each.

Everything is sorted by name, so the order in which the inputs came cannot matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import DataError, NoData
from optimiser.covariance import ledoit_wolf
from optimiser.scenarios import MIN_KNOWN, Scenarios, complete_scenarios
from optimiser.terms import Flags, Floats, Key, Limits, Utility

MAX_ALPHA = 1.0  # an expected 100 % a day is a score or a percentage, not a return
MIN_TAIL = 5.0  # scenarios beyond the CVaR level, below which the tail is hardly measured


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """n names in play, T scenarios; returns per day, as fractions."""

    symbols: tuple[Key, ...]  # n, sorted
    alpha: Floats  # (n,) expected return
    sigma: Floats  # (n, n) covariance, positive semidefinite
    scenarios: Floats  # (T, n) returns
    current: Floats  # (n,) weights held
    low: Floats  # (n,) least weight allowed
    high: Floats  # (n,) largest weight allowed; where low == high the name cannot be traded
    utility: Utility
    limits: Limits

    @property
    def fixed(self) -> Flags:
        """Names whose weight is not for us to choose, shape (n,)."""
        return np.asarray(self.low == self.high)


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """What the caller gave, aligned and sorted by name. NaN means not known."""

    symbols: tuple[Key, ...]  # n, sorted: all names of alpha, returns and holdings
    alpha: Floats  # (n,)
    returns: pd.DataFrame  # (T, n)
    current: Floats  # (n,), finite
    tradable: Flags  # (n,)


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """A problem, and what was left out of it or filled in to state it."""

    problem: Problem
    dropped: dict[Key, str]
    warnings: tuple[str, ...]


def align(
    alpha: pd.Series[float],
    returns: pd.DataFrame,
    w_prev: pd.Series[float] | None,
    tradable: pd.Series[bool] | None,
) -> Inputs:
    """Bring the inputs to one sorted list of names: everything named anywhere.

    Raises `DataError` with every repeated name, every holding without a finite weight, and every
    unknown tradability: those are never taken as zero or as yes.
    """
    held = pd.Series(dtype=np.float64) if w_prev is None else w_prev
    free = pd.Series(dtype=np.bool_) if tradable is None else tradable
    problems = list(_input_problems(alpha, returns, held, free))
    if problems:
        raise DataError("; ".join(problems))
    names = {*alpha.index.tolist(), *returns.columns.tolist(), *held.index.tolist()}
    if len({type(name) for name in names}) > 1:
        raise DataError("names are partly numbers, partly text; give conIds or symbols, not both")
    if not names:
        raise NoData("no symbols at all: there is nothing to optimise")
    symbols = tuple(sorted(names))
    return Inputs(
        symbols=symbols,
        alpha=_numbers(alpha.reindex(symbols)),
        returns=returns.reindex(columns=list(symbols)),
        current=_numbers(held.reindex(symbols, fill_value=0.0)),
        tradable=np.array([bool(free.get(name, True)) for name in symbols], dtype=np.bool_),
    )


def _numbers(column: pd.Series[float]) -> Floats:
    """Return plain float64 numbers; whatever pandas calls missing is NaN, and -0.0 is 0.0."""
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0, dtype=np.float64)


def _input_problems(
    alpha: pd.Series[float],
    returns: pd.DataFrame,
    held: pd.Series[float],
    free: pd.Series[bool],
) -> Iterator[str]:
    indexes = {
        "alpha": alpha.index,
        "returns": returns.columns,
        "w_prev": held.index,
        "tradable": free.index,
    }
    for what, index in indexes.items():
        repeated = [name for name, count in Counter(index.tolist()).items() if count > 1]
        if repeated:
            yield f"{what} names {repeated[0]!r} more than once"
    if len(returns) < 2:
        yield f"{len(returns)} return scenario(s); at least 2 are needed, {MIN_KNOWN} to be of use"
    weights = pd.to_numeric(held, errors="coerce").to_numpy(dtype=np.float64)
    unknown = [name for name, w in zip(held.index, weights, strict=True) if not np.isfinite(w)]
    if unknown:
        yield f"{len(unknown)} holding(s) without a finite weight, for example {unknown[0]!r}"
    vague = [name for name, yes in free.items() if not isinstance(yes, bool | np.bool_)]
    if vague:
        yield f"tradable is neither true nor false for {len(vague)}, for example {vague[0]!r}"


def state_problem(inputs: Inputs, utility: Utility, limits: Limits) -> Statement:
    """Decide who is in play and how far each may move.

    A name without a usable alpha or history, or not tradable, is in ``dropped`` with the reason.
    If it is held it stays in the problem: not tradable, its weight is fixed; otherwise it may only
    move towards 0.

    Raises `NoData` when no name can be bought at all.
    """
    scenarios = complete_scenarios(inputs.returns)
    dropped = _dropped(inputs, scenarios)
    investable = np.array([name not in dropped for name in inputs.symbols], dtype=np.bool_)
    if not investable.any():
        shown = "; ".join(f"{name}: {reason}" for name, reason in list(dropped.items())[:3])
        raise NoData(f"none of {len(dropped)} symbols can be invested in ({shown})")
    play = investable | (inputs.current != 0.0)
    low, high = _bounds(inputs, investable, limits)
    values = np.ascontiguousarray(scenarios.returns[:, play])
    problem = Problem(
        symbols=tuple(name for name, plays in zip(inputs.symbols, play, strict=True) if plays),
        alpha=np.where(investable, inputs.alpha, 0.0)[play],
        sigma=ledoit_wolf(values),
        scenarios=values,
        current=inputs.current[play],
        low=low[play],
        high=high[play],
        utility=utility,
        limits=limits,
    )
    return Statement(problem, dropped, tuple(_warnings(problem, scenarios)))


def _dropped(inputs: Inputs, scenarios: Scenarios) -> dict[Key, str]:
    dropped = {}
    for i, name in enumerate(inputs.symbols):
        reasons = []
        if not np.isfinite(inputs.alpha[i]):
            reasons.append(f"expected return is {inputs.alpha[i]:g}")
        elif abs(inputs.alpha[i]) > MAX_ALPHA:
            reasons.append(f"expected return of {inputs.alpha[i]:g} a day cannot be right")
        if name in scenarios.unmeasured:
            reasons.append(scenarios.unmeasured[name])
        if not inputs.tradable[i]:
            reasons.append("not tradable")
        if reasons:
            dropped[name] = "; ".join(reasons)
    return dropped


def _bounds(inputs: Inputs, investable: Flags, limits: Limits) -> tuple[Floats, Floats]:
    least = 0.0 if limits.long_only else -limits.max_single
    towards_zero = np.clip(inputs.current, least, limits.max_single)
    low = np.where(investable, least, np.minimum(towards_zero, 0.0))
    high = np.where(investable, limits.max_single, np.maximum(towards_zero, 0.0))
    # What cannot be traded stays, even beyond a limit: the relaxation names it, the gate sees it.
    low = np.where(inputs.tradable, low, inputs.current)
    high = np.where(inputs.tradable, high, inputs.current)
    return low, high


def _warnings(problem: Problem, scenarios: Scenarios) -> Iterator[str]:
    days = len(problem.scenarios)
    tail = days * (1.0 - problem.utility.cvar_level)
    if days < MIN_KNOWN:
        yield f"only {days} return scenarios; risk is hardly measured below {MIN_KNOWN}"
    if tail < MIN_TAIL:
        yield f"the tail beyond {problem.utility.cvar_level:g} is {tail:.1f} scenarios of {days}"
    filled = {name: days for name, days in scenarios.stood_in.items() if name in problem.symbols}
    if filled:
        worst = max(filled, key=lambda name: (filled[name], str(name)))
        yield (
            f"{len(filled)} symbol(s) with a shorter history, older days stood in by the market; "
            f"most: {worst}, {filled[worst]} of {days} days"
        )
