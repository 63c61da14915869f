"""The limits that rounding must keep, from the settings and from what is known of each name."""

from __future__ import annotations

import math
from collections.abc import Collection

import pandas as pd

from optimiser.book import BookLimits
from risk.gate import MIN_DAYS
from risk.measures import UNKNOWN, beta, mean_return
from tasks.columns import texts
from tasks.day import Day
from tasks.ingested import Ingested


def book_limits(day: Day, ingested: Ingested, names: Collection[int]) -> BookLimits:
    """Return the limits for positions in these names, wanted or held."""
    limits = day.settings.limits
    sectors = texts(ingested.universe_table(day).set_index("con_id")["sector"])
    groups = {con_id: sectors.get(con_id, UNKNOWN) for con_id in sorted(names)}
    betas = _betas(ingested.returns(day), names)
    return BookLimits(
        max_single=limits.max_single,
        max_gross=limits.max_gross,
        cash_buffer=limits.cash_buffer,
        max_net=limits.max_net,
        max_turnover=limits.max_turnover,
        groups=groups,
        max_group={
            sector: limits.max_unknown_sector if sector == UNKNOWN else limits.max_sector
            for sector in sorted(set(groups.values()))
        },
        betas=betas,
        # A name without a beta cannot be rounded by it; the gate fails what it cannot measure.
        beta_range=(limits.min_beta, limits.max_beta)
        if all(math.isfinite(one) for one in betas.values())
        else None,
    )


def _betas(returns: pd.DataFrame, names: Collection[int]) -> dict[int, float]:
    market = mean_return(returns)
    return {
        con_id: beta(returns[con_id].dropna(), market, min_days=MIN_DAYS)
        if con_id in returns.columns
        else math.nan
        for con_id in sorted(names)
    }
