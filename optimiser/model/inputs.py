"""What the caller gave, brought to one sorted list of names and checked.

Nothing that is not known is taken as zero or as yes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from core.errors import ConfigurationError, DataError, NoData
from core.limits import COST
from core.text.counts import count
from optimiser.model.covariance import FactorCovariance
from optimiser.model.scenarios import MIN_KNOWN
from optimiser.model.terms import Flags, Floats, Key, Places, check_number

PerName: TypeAlias = "float | pd.Series[float] | None"
Caps: TypeAlias = "float | Mapping[str, float] | None"
CovarianceSource: TypeAlias = "str | FactorCovariance | pd.DataFrame"

LEDOIT_WOLF = "ledoit_wolf"
NO_GROUP = "unknown"  # the group of a name that has none


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """The inputs as they came; `mean_variance_cvar` says what each is."""

    alpha: pd.Series[float]
    returns: pd.DataFrame
    w_prev: pd.Series[float] | None = None
    tradable: pd.Series[bool] | None = None
    cost: PerName = COST.default
    impact: PerName = None
    alpha_uncertainty: PerName = None
    groups: pd.Series[str] | None = None
    beta: pd.Series[float] | None = None
    cov: CovarianceSource = LEDOIT_WOLF
    scenario_weights: Sequence[float] | pd.Series[float] | None = None

    @property
    def current(self) -> pd.Series[float]:
        """The weights held now; nothing is held where none were given."""
        return pd.Series(dtype=np.float64) if self.w_prev is None else self.w_prev

    @property
    def numbers(self) -> dict[str, float]:
        """The costs that are one number for every name."""
        costs = {
            "cost": self.cost,
            "impact": self.impact,
            "alpha_uncertainty": self.alpha_uncertainty,
        }
        return {name: each for name, each in costs.items() if isinstance(each, float | int)}

    @property
    def indexes(self) -> tuple[pd.Index[Any], ...]:
        """Where names come from: expected returns, past returns and holdings."""
        return self.alpha.index, self.returns.columns, self.current.index


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """The same, aligned and sorted by name. NaN means not known."""

    symbols: tuple[Key, ...]  # n, sorted: all names of alpha, returns and holdings
    index: pd.Index[Any]  # the same, for pandas
    alpha: Floats  # (n,)
    returns: pd.DataFrame  # (T, n)
    current: Floats  # (n,), finite
    tradable: Flags  # (n,)
    cost: Floats  # (n,)
    impact: Floats  # (n,)
    uncertainty: Floats  # (n,)
    group: Places  # (n,) place in the caps, -1 where no cap applies
    beta: Floats  # (n,)
    covariance: FactorCovariance | pd.DataFrame | None  # None: from the returns
    scenario_weights: Floats | None  # (T,), not negative

    def check_known(self, play: Places) -> None:
        """Raise `DataError` where a cost or a beta of a name in play is not known."""
        columns = {
            "cost": self.cost,
            "impact": self.impact,
            "alpha_uncertainty": self.uncertainty,
            "beta": self.beta,
        }
        problems = []
        for what, column in columns.items():
            odd = play[~np.isfinite(column[play])]
            if len(odd):
                name = self.symbols[odd[0]]
                problems.append(
                    f"{what} is not known for {count(len(odd), 'name')}, for example {name!r}"
                )
        if problems:
            raise DataError("; ".join(problems) + "; give a finite number for each name")

    def probabilities(self, days: Flags) -> Floats:
        """Return the probability of each scenario that is used; ``days`` tells which, (T,)."""
        if self.scenario_weights is None:
            return np.full(int(days.sum()), 1.0 / days.sum())
        used = self.scenario_weights[days]
        if not used.sum() > 0.0:
            raise DataError("the scenario weights are all zero on the days that are used")
        return np.asarray(used / used.sum())


def align(raw: Raw, caps: tuple[tuple[str, float], ...] = ()) -> Inputs:
    """Bring the inputs to one sorted list of names: everything named anywhere.

    ``caps`` are the capped groups, sorted. Raises `DataError` with every repeated name, every
    holding without a finite weight, and every unknown tradability.
    """
    problems = list(_input_problems(raw))
    if problems:
        raise DataError("; ".join(problems))
    alpha, returns, held = raw.alpha, raw.returns, raw.current
    columns = _keys(returns.columns)
    others = [each for each in (alpha.index, held.index) if not each.equals(returns.columns)]
    names = set(columns).union(*map(_keys, others))
    if len(set(map(type, names))) > 1:
        raise DataError("names are partly numbers, partly text; give conIds or symbols, not both")
    if not names:
        raise NoData("no symbols at all: there is nothing to optimise")
    symbols = tuple(sorted(names))
    order = list(symbols)
    index = returns.columns if columns == order else pd.Index(order)
    free = raw.tradable
    return Inputs(
        symbols=symbols,
        index=index,
        alpha=_numbers(_in_order(alpha, index)),
        # A copy in name: pandas copies in truth only if somebody writes into either.
        returns=returns.copy(deep=False) if columns == order else returns.reindex(columns=order),
        current=_numbers(_in_order(held, index, 0.0)),
        tradable=np.ones(len(order), dtype=np.bool_)
        if free is None
        else _in_order(free, index, fill=True).to_numpy(dtype=np.bool_),
        cost=_per_name("cost", raw.cost, symbols),
        impact=_per_name("impact", raw.impact, symbols),
        uncertainty=_per_name("alpha_uncertainty", raw.alpha_uncertainty, symbols),
        group=_places(raw.groups, caps, symbols),
        beta=_numbers(raw.beta.reindex(order)) if raw.beta is not None else np.zeros(len(names)),
        covariance=_covariance(raw.cov, raw.returns),
        scenario_weights=_weights(raw.scenario_weights, len(returns)),
    )


def _keys(index: pd.Index[Any]) -> list[Key]:
    # By way of an array: pandas hands out text from Arrow one by one, which takes a millisecond.
    keys: list[Key] = index.to_numpy(dtype=object).tolist()
    return keys


def _in_order(column: pd.Series[Any], index: pd.Index[Any], fill: float = np.nan) -> pd.Series[Any]:
    if not len(column):
        return pd.Series(np.full(len(index), fill))
    # To look whether the order is right already takes a tenth of the time of bringing it about.
    return column if column.index.equals(index) else column.reindex(index, fill_value=fill)


def group_caps(
    groups: pd.Series[str] | None, caps: Caps, indexes: Sequence[pd.Index[Any]]
) -> tuple[tuple[str, float], ...]:
    """Return the cap of each group, sorted; one number caps every group alike.

    A name without a group is in the group ``unknown``: not to know a sector is no way around it.
    Raises `ConfigurationError` for caps without groups, and for a cap on a group without members.
    """
    if caps is None:
        return ()
    if groups is None:
        raise ConfigurationError("group_caps need groups: give the group of each name")
    present = {_group(groups, name) for index in indexes for name in _keys(index)}
    if not isinstance(caps, Mapping):
        return tuple((name, float(caps)) for name in sorted(present))
    strange = sorted(set(caps) - present)
    if strange:
        known = ", ".join(sorted(present))
        raise ConfigurationError(f"no name is in the capped group {strange[0]!r}; known: {known}")
    return tuple((name, float(caps[name])) for name in sorted(caps))


def _group(groups: pd.Series[str], name: Key) -> str:
    group = groups.get(name)
    return group if isinstance(group, str) and group else NO_GROUP


def _places(
    groups: pd.Series[str] | None, caps: tuple[tuple[str, float], ...], symbols: tuple[Key, ...]
) -> Places:
    if groups is None or not caps:
        return np.full(len(symbols), -1, dtype=np.intp)
    place = {name: number for number, (name, _) in enumerate(caps)}
    return np.array([place.get(_group(groups, name), -1) for name in symbols], dtype=np.intp)


def _numbers(column: pd.Series[float]) -> Floats:
    """Return plain float64 numbers; whatever pandas calls missing is NaN, and -0.0 is 0.0."""
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0, dtype=np.float64)


def _per_name(what: str, value: PerName, symbols: tuple[Key, ...]) -> Floats:
    """Return one number per name; a single number is everyone's, None is 0."""
    if not isinstance(value, pd.Series):
        return np.full(len(symbols), 0.0 if value is None else float(value))
    column = _numbers(value.reindex(list(symbols)))
    for number in column[~np.isnan(column)]:  # one that is missing matters only where in play
        check_number(what, float(number))
    return column


def _covariance(
    source: CovarianceSource, returns: pd.DataFrame
) -> FactorCovariance | pd.DataFrame | None:
    if isinstance(source, FactorCovariance | pd.DataFrame):
        return source
    if isinstance(source, np.ndarray):
        names = returns.columns
        if source.shape != (len(names), len(names)):
            raise DataError(
                f"the covariance given has the shape {source.shape}, the returns name "
                f"{len(names)}; give one row and column for each column of returns, in that order"
            )
        return pd.DataFrame(source, index=names, columns=names)
    if source != LEDOIT_WOLF:
        raise ConfigurationError(
            f"cov = {source!r}: give {LEDOIT_WOLF!r}, a FactorCovariance or a matrix"
        )
    return None


def _weights(given: Sequence[float] | pd.Series[float] | None, days: int) -> Floats | None:
    if given is None:
        return None
    weights = np.asarray(given, dtype=np.float64)
    if weights.shape != (days,):
        raise DataError(f"{count(len(weights), 'scenario weight')} for {count(days, 'scenario')}")
    if not (np.isfinite(weights).all() and (weights >= 0.0).all() and weights.sum() > 0.0):
        raise DataError("scenario weights are to be finite, not negative, and not all zero")
    return weights


def _input_problems(raw: Raw) -> Iterator[str]:
    indexes = {
        "alpha": raw.alpha.index,
        "returns": raw.returns.columns,
        "w_prev": raw.current.index,
    }
    optional = {
        "tradable": raw.tradable, "groups": raw.groups, "beta": raw.beta, "cost": raw.cost,
        "impact": raw.impact, "alpha_uncertainty": raw.alpha_uncertainty,
    }  # fmt: skip
    indexes |= {name: each.index for name, each in optional.items() if isinstance(each, pd.Series)}
    for what, index in indexes.items():
        if not index.is_unique:
            yield f"{what} names {index[index.duplicated()][0]!r} more than once"
    if len(raw.returns) < 2:
        scenarios = count(len(raw.returns), "return scenario")
        yield f"{scenarios}; at least 2 are needed, {MIN_KNOWN} to be of use"
    held = raw.current
    weights = pd.to_numeric(held, errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(weights).all():
        unknown = held.index[~np.isfinite(weights)]
        holdings = count(len(unknown), "holding")
        yield f"{holdings} without a finite weight, for example {unknown[0]!r}"
    told = () if raw.tradable is None else raw.tradable.items()
    vague = [name for name, yes in told if not isinstance(yes, bool | np.bool_)]
    if vague:
        yield f"tradable is neither true nor false for {len(vague)}, for example {vague[0]!r}"
