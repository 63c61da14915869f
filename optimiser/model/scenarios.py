"""Return scenarios without holes: what is known, and a careful stand-in for what is not.

A name listed for a hundred days has no return two hundred days ago, and yet each scenario needs
one for every name. Zero would understate its risk. The stand-in for name i on day t is

    sigma_i * sign(mean_j z_jt) * sqrt(mean_j z_jt^2),    z_jt = r_jt / sigma_j

over the names j known that day: the day's typical move, in the market's direction, at the name's
own volatility. So it has about the name's variance and no diversification is invented.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import NoData
from core.text.counts import count
from optimiser.model.terms import Flags, Floats, Key

MIN_KNOWN = 60  # returns of its own that a name needs to be bought
MIN_VOLATILITY = 1e-9  # daily; below it a price never moved and is not a price
CLEARLY_MOVES = 1e-10  # daily variance, far beyond what rounding makes of none
LOWEST_RETURN, HIGHEST_RETURN = -1.0, 10.0  # beyond it is a wrong price or a missed split
UNMEASURED_QUANTILE = 0.9  # a holding of unknown risk is taken as one of the riskier names


@dataclass(frozen=True, slots=True, eq=False)
class Scenarios:
    """Daily returns of T days for n names, none missing."""

    returns: Floats  # (T, n), a name's days side by side, as pandas keeps them
    days: Flags  # which of the days given these are
    unmeasured: dict[Key, str]  # names whose risk cannot be told, and why; all stood in
    stood_in: dict[Key, int]  # number of stood-in days of the other names, where there are any


def complete_scenarios(returns: pd.DataFrame) -> Scenarios:
    """Judge every column and fill its holes.

    Parameters
    ----------
    returns
        Shape (T, n), daily returns as fractions, newest last; NaN where not known.

    Raises
    ------
    NoData
        No column has a usable history.
    """
    raw = plain_numbers(returns)
    if _sound(raw):
        return Scenarios(np.asfortranarray(raw), np.ones(len(raw), dtype=np.bool_), {}, {})
    names: list[Key] = list(returns.columns.tolist())
    days: Flags = np.logical_not(
        np.isnan(raw).all(axis=1)
    )  # a day on which nobody traded is no scenario
    raw = raw[days]
    unmeasured = {
        name: fault for i, name in enumerate(names) if (fault := _fault(raw[:, i])) is not None
    }
    measured = np.array([name not in unmeasured for name in names], dtype=bool)
    if not measured.any():
        raise NoData(
            f"none of {count(len(names), 'symbol')} has a usable return history; "
            f"for example {_example(unmeasured)}"
        )
    known = np.where(measured, raw, np.nan)
    volatility = np.full(len(names), np.nan)
    volatility[measured] = np.nanstd(known[:, measured], axis=0)
    volatility[~measured] = np.quantile(volatility[measured], UNMEASURED_QUANTILE)
    holes = np.isnan(known)
    filled = np.where(holes, np.outer(_typical_move(known, volatility), volatility), known)
    stood_in = {
        name: int(count)
        for name, count in zip(names, holes.sum(axis=0), strict=True)
        if count and name not in unmeasured
    }
    return Scenarios(np.asfortranarray(filled), days, unmeasured, stood_in)


def plain_numbers(frame: pd.DataFrame) -> Floats:
    """Return the numbers of a frame, NaN for whatever is missing; no copy where that is all."""
    values = frame.to_numpy()
    if values.dtype == np.float64:
        return values
    return np.asarray(frame.to_numpy(dtype=np.float64, na_value=np.nan))


def _sound(raw: Floats) -> bool:
    """Tell, quickly, whether `_fault` has nothing to say about any column."""
    if not raw.size or len(raw) < 2:
        return False
    if not (raw.min() > LOWEST_RETURN and raw.max() <= HIGHEST_RETURN):  # NaN and infinity are not
        return False
    mean = raw.mean(axis=0)
    variance = np.einsum("ij,ij->j", raw, raw) / len(raw) - mean**2
    return bool((variance > CLEARLY_MOVES).all())


def _fault(column: Floats) -> str | None:
    """Say why this history cannot be used, or None if it can."""
    days = len(column)
    known = column[~np.isnan(column)]
    if len(known) < max(2, min(MIN_KNOWN, days)):
        return f"{len(known)} of {days} returns known, {max(2, min(MIN_KNOWN, days))} needed"
    if not np.isfinite(known).all():
        return count(int(np.isinf(known).sum()), "infinite return")
    odd = known[(known <= LOWEST_RETURN) | (known > HIGHEST_RETURN)]
    if odd.size:
        return f"a return of {odd[0]:g} in a day cannot be right"
    if np.isnan(column[-1]):
        return "no return on the newest day"
    if not known.std() > MIN_VOLATILITY:
        return "its price never moved"
    return None


def _typical_move(known: Floats, volatility: Floats) -> Floats:
    """Return each day's typical standardised move, signed like the market's; shape (T,)."""
    scaled = known / volatility
    count = (~np.isnan(scaled)).sum(axis=1)
    filled = np.nan_to_num(scaled, nan=0.0)
    # Days on which only unmeasured names are known have count 0: they move nothing.
    size = np.sqrt((filled**2).sum(axis=1) / np.maximum(count, 1))
    return np.asarray(np.where(filled.sum(axis=1) < 0.0, -size, size))


def _example(reasons: dict[Key, str]) -> str:
    name, reason = next(iter(reasons.items()))
    return f"{name}: {reason}"
