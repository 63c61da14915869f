"""The limits that target and rounding keep, from the settings and what is known of each name."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

import pandas as pd

from core.settings import LimitSettings
from core.tables.columns import texts
from optimiser.lots.share_portfolio import BookLimits
from risk.gate import MIN_DAYS
from risk.measures import UNKNOWN, beta, mean_return
from tasks.day import Day
from tasks.ingest.ingested import Ingested


def book_limits(day: Day, ingested: Ingested, names: Collection[int]) -> BookLimits:
    """Return the limits for positions in these names, wanted or held."""
    limits = day.settings.limits
    sectors = texts(ingested.universe_table(day).set_index("con_id")["sector"])
    groups = {con_id: sectors.get(con_id, UNKNOWN) for con_id in sorted(names)}
    betas = betas_of(ingested.returns(day), names)
    return BookLimits(
        max_single=limits.max_single,
        max_gross=limits.max_gross,
        cash_buffer=limits.cash_buffer,
        max_net=limits.max_net,
        max_turnover=limits.max_turnover,
        groups=groups,
        max_group=sector_caps(limits, groups.values()),
        betas=betas,
        beta_range=beta_range(limits, betas),
    )


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
