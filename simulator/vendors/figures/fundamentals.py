"""What a fundamentals vendor knows of a company, and the two kinds of such a vendor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A company's newest figures. Money in USD, per-share figures in today's shares.

    None where the vendor has no figure.
    """

    symbol: str  # IBKR's
    market_cap: float | None = None
    price_earnings: float | None = None
    price_book: float | None = None
    price_sales: float | None = None
    dividend_yield: float | None = None  # fraction
    earnings_per_share: float | None = None
    enterprise_value: float | None = None
    ebitda: float | None = None
    net_margin: float | None = None  # fraction
    return_on_equity: float | None = None  # fraction
    debt_to_equity: float | None = None
    revenue: float | None = None
    ebit: float | None = None
    total_assets: float | None = None
    total_liabilities: float | None = None
    working_capital: float | None = None
    retained_earnings: float | None = None
    piotroski: int | None = None  # F-score, 0 to 9
    altman_z: float | None = None


@dataclass(frozen=True, slots=True)
class AnnualGrowth:
    """Growth of one fiscal year over the one before, as fractions."""

    symbol: str  # IBKR's
    fiscal_year: int
    ended: date
    revenue: float
    net_income: float | None


class FundamentalsSource(Protocol):
    """A fundamentals vendor's archive. Nothing published after ``now`` is ever returned."""

    def figures(self, now: datetime) -> Sequence[Figures]:
        """Return the newest figures of every company, sorted by symbol."""

    def growth(self, fiscal_year: int, now: datetime) -> Sequence[AnnualGrowth]:
        """Return the growth of a fiscal year for every company that has reported it."""
