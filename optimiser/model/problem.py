"""The problem, stated: who may be traded, how far, and what is known about each.

Everything is sorted by name, so the order in which the inputs came cannot matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from core.errors import NoData
from core.text.counts import count
from optimiser.model.covariance import (
    Covariance,
    DeferredCovariance,
    FactorCovariance,
    given_covariance,
    ledoit_wolf,
)
from optimiser.model.inputs import Inputs
from optimiser.model.scenarios import MIN_KNOWN, Scenarios, complete_scenarios
from optimiser.model.terms import Flags, Floats, Key, Limits, Places, Utility

MAX_ALPHA = 1.0  # an expected 100 % a day is a score or a percentage, not a return
MIN_TAIL = 5.0  # scenarios beyond the CVaR level, below which the tail is hardly measured


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """n names in play, T scenarios; returns per day, as fractions.

    Maximise  alpha'w - risk_aversion * w'Sigma w - cvar_aversion * CVaR(-Rw)
              - cost'|w - current| - impact'|w - current|^1.5 - uncertainty'|w|
    within the limits and low <= w <= high.
    """

    symbols: tuple[Key, ...]  # n, sorted
    alpha: Floats  # (n,) expected return
    covariance: Covariance  # (n, n), positive semidefinite
    scenarios: Floats  # (T, n) returns, R
    probabilities: Floats  # (T,) of the scenarios, sum 1
    current: Floats  # (n,) weights held
    low: Floats  # (n,) least weight allowed
    high: Floats  # (n,) largest weight allowed; where low == high the name cannot be traded
    cost: Floats  # (n,) per unit of turnover
    impact: Floats  # (n,) per unit of turnover to the power of 3/2
    uncertainty: Floats  # (n,) of alpha, per unit of weight
    group: Places  # (n,) place in ``limits.group_caps``, -1 where no cap applies
    beta: Floats  # (n,) to the market; 0 where no limit asks for it
    utility: Utility
    limits: Limits

    @property
    def fixed(self) -> Flags:
        """Names whose weight is not for us to choose, shape (n,)."""
        return np.asarray(self.low == self.high)


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """A problem, and what was left out of it or filled in to state it."""

    problem: Problem
    play: Places  # which of the names given are in the problem
    days: Flags  # which of the days given are scenarios
    dropped: dict[Key, str]
    warnings: tuple[str, ...]


def state_problem(inputs: Inputs, utility: Utility, limits: Limits) -> Statement:
    """Decide who is in play and how far each may move.

    A name without a usable alpha or history, or not tradable, is in ``dropped`` with the reason.
    If it is held it stays in the problem: not tradable, its weight is fixed; otherwise it may only
    move towards 0.

    Raises `NoData` when no name can be bought at all, `DataError` where something is not known of
    a name in play that a limit or the covariance needs.
    """
    scenarios = complete_scenarios(inputs.returns)
    dropped = _dropped(inputs, scenarios)
    investable = ~_flags(inputs.symbols, dropped)
    if not investable.any():
        shown = "; ".join(f"{name}: {reason}" for name, reason in list(dropped.items())[:3])
        raise NoData(f"none of {count(len(dropped), 'symbol')} can be invested in ({shown})")
    play = np.flatnonzero(investable | (inputs.current != 0.0))
    low, high = _bounds(inputs, investable, limits)
    inputs.check_known(play)
    everyone = len(play) == len(inputs.symbols)
    names = inputs.symbols if everyone else tuple(inputs.symbols[i] for i in play)
    values = scenarios.returns if everyone else np.asfortranarray(scenarios.returns[:, play])
    problem = Problem(
        symbols=names,
        alpha=np.where(investable, inputs.alpha, 0.0)[play],
        covariance=_covariance(inputs, values, names),
        scenarios=values,
        probabilities=inputs.probabilities(scenarios.days),
        current=inputs.current[play],
        low=low[play],
        high=high[play],
        cost=inputs.cost[play],
        impact=inputs.impact[play],
        uncertainty=inputs.uncertainty[play],
        group=inputs.group[play],
        beta=np.zeros(len(play)) if limits.beta_range is None else inputs.beta[play],
        utility=utility,
        limits=limits,
    )
    return Statement(problem, play, scenarios.days, dropped, tuple(_warnings(problem, scenarios)))


def _covariance(inputs: Inputs, values: Floats, names: tuple[Key, ...]) -> Covariance:
    given = inputs.covariance
    if given is None:
        return DeferredCovariance(partial(ledoit_wolf, values))
    if isinstance(given, FactorCovariance):
        return given.of(names)
    return given_covariance(given, names)


def _dropped(inputs: Inputs, scenarios: Scenarios) -> dict[Key, str]:
    dropped = {}
    usable = inputs.tradable & (np.abs(inputs.alpha) <= MAX_ALPHA)  # NaN is not
    for i in np.flatnonzero(~usable | _flags(inputs.symbols, scenarios.unmeasured)):
        name, alpha = inputs.symbols[i], float(inputs.alpha[i])
        reasons = []
        if not np.isfinite(alpha):
            reasons.append(f"expected return is {alpha:g}")
        elif abs(alpha) > MAX_ALPHA:
            reasons.append(f"expected return of {alpha:g} a day cannot be right")
        if name in scenarios.unmeasured:
            reasons.append(scenarios.unmeasured[name])
        if not inputs.tradable[i]:
            reasons.append("not tradable")
        dropped[name] = "; ".join(reasons)
    return dropped


def _flags(symbols: tuple[Key, ...], some: dict[Key, str]) -> Flags:
    if not some:
        return np.zeros(len(symbols), dtype=np.bool_)
    return np.array([name in some for name in symbols], dtype=np.bool_)


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
            f"{count(len(filled), 'symbol')} with a shorter history, older days stood in by the "
            f"market; most: {worst}, {filled[worst]} of {days} days"
        )
