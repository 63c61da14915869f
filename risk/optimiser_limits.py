"""The limits that target and rounding keep, from the settings and what is known of each name."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

import pandas as pd

from core.settings import LimitSettings
from risk.limits import is_restricted
from risk.loss_limits import MIN_DAYS
from risk.measures import UNKNOWN, beta, mean_return


def sector_caps(limits: LimitSettings, sectors: Iterable[str]) -> dict[str, float]:
    """Return the most that each of these sectors may hold, sorted."""
    return {
        sector: limits.max_unknown_sector if sector == UNKNOWN else limits.max_sector
        for sector in sorted(set(sectors))
    }


def beta_range(limits: LimitSettings, betas: Mapping[int, float]) -> tuple[float, float] | None:
    """Return the range that the portfolio's beta is kept in; None where a beta is not known.

    Nothing can be kept that cannot be measured: the gate fails it.
    """
    known = all(math.isfinite(one) for one in betas.values())
    return (limits.min_beta, limits.max_beta) if known else None


def betas_of(returns: pd.DataFrame, names: Collection[int]) -> dict[int, float]:
    """Return the beta of each name to the mean of all; NaN where its past is too short."""
    market = mean_return(returns)
    return {
        con_id: beta(returns[con_id].dropna(), market, min_days=MIN_DAYS)
        if con_id in returns.columns
        else math.nan
        for con_id in sorted(names)
    }


def tradable(
    symbols: Mapping[int, str], looked_at: Collection[int], *, restricted: Collection[str]
) -> dict[int, bool]:
    """Tell what may be traded: nothing restricted, and no holding that was not looked at."""
    return {
        con_id: con_id in looked_at and not is_restricted(con_id, symbol, restricted)
        for con_id, symbol in symbols.items()
    }


def sectors_of(known: Mapping[int, str], names: Collection[int]) -> dict[int, str]:
    """Return the sector of each name, "unknown" where it has none."""
    return {con_id: known.get(con_id) or UNKNOWN for con_id in sorted(names)}
