"""Fundamental features: what the company earns, owns and owes, per unit of its price.

Ratios are turned into yields, because a ratio jumps from +infinity to -infinity where earnings
pass through zero while the yield stays continuous and ordered: a loss is a negative yield.

=========================  ==========================================================
feature                    formula
=========================  ==========================================================
earnings_yield             1 / price_earnings; without it, earnings_per_share / price
earnings_yield_vs_sector   earnings_yield - median of its sector (of the universe when
                           fewer than 5 members of the sector are known)
book_yield                 1 / price_book; negative equity is a negative yield
sales_yield                1 / price_sales
ebitda_yield               ebitda / market_cap
dividend_yield             as published, fraction
revenue_growth             as published, fraction, year on year
return_on_equity           as published, fraction
debt_to_equity             as published
piotroski                  as published, 0 to 9
=========================  ==========================================================
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.errors import DataError
from core.tables import FUNDAMENTAL_FEATURES
from core.text.counts import count

SMALLEST_SECTOR = 5  # members a sector median needs
PUBLISHED = ("dividend_yield", "revenue_growth", "return_on_equity", "debt_to_equity", "piotroski")


def fundamental_features(
    fundamentals: pd.DataFrame, sectors: pd.Series[str], prices: pd.Series[float]
) -> pd.DataFrame:
    """Compute the fundamental features of every symbol that has a price.

    Parameters
    ----------
    fundamentals
        Columns of `core.tables.FUNDAMENTALS`, one row per symbol.
    sectors
        GICS sector by symbol; missing where not known.
    prices
        Price per share by symbol: the symbols of the answer.

    Returns
    -------
    Indexed by ``symbol`` as ``prices``; columns `core.tables.FUNDAMENTAL_FEATURES`, NaN where
    unknown. Ratios of exactly 0 are how vendors write "not available".

    Raises
    ------
    DataError
        A symbol occurs twice.
    """
    _refuse_repeated("fundamentals", fundamentals["symbol"])
    _refuse_repeated("prices", prices.index.to_series())
    table = fundamentals.set_index("symbol").reindex(prices.index)
    table = table.drop(columns="known_on", errors="ignore").astype(float)
    earnings = _inverse(table["price_earnings"])
    earnings = earnings.fillna(table["earnings_per_share"] / prices.where(prices > 0))
    features = table[list(PUBLISHED)].assign(
        earnings_yield=earnings,
        earnings_yield_vs_sector=earnings - _peer_median(earnings, sectors),
        book_yield=_inverse(table["price_book"]),
        sales_yield=_inverse(table["price_sales"].where(table["price_sales"] > 0)),
        ebitda_yield=table["ebitda"] / table["market_cap"].where(table["market_cap"] > 0),
    )
    features.index.name = "symbol"
    return features[list(FUNDAMENTAL_FEATURES)].replace([np.inf, -np.inf], np.nan)


def _inverse(ratio: pd.Series[float]) -> pd.Series[float]:
    return 1 / ratio.where(ratio != 0)


def _peer_median(earnings: pd.Series[float], sectors: pd.Series[str]) -> pd.Series[float]:
    groups = earnings.groupby(sectors.reindex(earnings.index))
    median = groups.transform("median").where(groups.transform("count") >= SMALLEST_SECTOR)
    return median.fillna(earnings.median())


def _refuse_repeated(name: str, symbols: pd.Series[str]) -> None:
    repeated = sorted(set(symbols[symbols.duplicated()]))
    if repeated:
        raise DataError(
            f"{name}: {count(len(repeated), 'symbol')} given twice, for example {repeated[0]}; "
            "keep one row per symbol"
        )
