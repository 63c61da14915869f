"""Fundamentals from a parquet of dated vendor files: the newest one that is out at the moment."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import DataError
from simulator.market.bars_table import ibkr_symbol
from simulator.vendors.figures.fundamentals import AnnualGrowth, Figures
from simulator.vendors.figures.parquet import read_columns

NUMBERS = (
    "market_cap",
    "price_earnings",
    "price_book",
    "price_sales",
    "dividend_yield",
    "earnings_share",
    "ebitda",
)


class RecordedFundamentals:
    """A `FundamentalsSource` of stamped snapshots, one row per symbol and stamp.

    Columns: symbol, as_of (ISO 8601 with zone) and those of `NUMBERS`. Growth is in no such file.
    """

    def __init__(self, path: Path) -> None:
        frame = read_columns(path, ["symbol", "as_of", *NUMBERS])
        try:
            stamps = pd.to_datetime(frame["as_of"].astype(str), utc=True, format="ISO8601")
        except ValueError as error:
            raise DataError(f"{path.name}: column 'as_of' holds no times: {error}") from error
        self._frames = {
            stamp.to_pydatetime(): group.sort_values("symbol")
            for stamp, group in frame.assign(symbol=frame["symbol"].astype(str)).groupby(stamps)
        }
        self._stamps = sorted(self._frames)

    def figures(self, now: datetime) -> list[Figures]:
        """Return the newest snapshot stamped at or before ``now``; none before the first."""
        count = bisect_right(self._stamps, now)
        if count == 0:
            return []
        frame = self._frames[self._stamps[count - 1]]
        columns = (frame["symbol"].tolist(), *(_known(frame[name]) for name in NUMBERS))
        return [_figures(*row) for row in zip(*columns, strict=True)]

    def growth(self, fiscal_year: int, now: datetime) -> list[AnnualGrowth]:
        """Return nothing: such files hold no growth."""
        del fiscal_year, now
        return []


def _known(column: pd.Series) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in column.tolist()]


def _figures(symbol: str, *values: float | None) -> Figures:
    market_cap, earnings, book, sales, dividend, per_share, ebitda = values
    return Figures(
        symbol=ibkr_symbol(symbol),
        market_cap=market_cap,
        price_earnings=earnings,
        price_book=book,
        price_sales=sales,
        dividend_yield=dividend,
        earnings_per_share=per_share,
        ebitda=ebitda,
        # The file has no debt. Taking it as nil makes enterprise value over its multiple, which
        # is how the vendor's clients find EBITDA, give back the file's own figure.
        enterprise_value=market_cap,
    )
