"""Made-up quarterly accounts that agree with the made-up reports: twelve quarters and three years.

What flows (sales, earnings, dividends) is told by the reports for twelve months at a time. A
quarter's own flow is what its twelve months have more than those of the quarter before, on top of
the same quarter's a year ago: then any four quarters sum to the twelve months that were reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from simulator.vendors.figures.fundamentals_invented import INTEREST, TAX, Report, Reported

QUARTERS = 12
DEPRECIATION, INVESTMENT, COST = 0.04, 0.05, 0.6  # of sales
LIABILITIES, CURRENT, RETAINED = 1.6, 0.15, 0.5  # of debt, of assets, of equity: as the ratios say


@dataclass(frozen=True, slots=True)
class Accounts:
    """One period's accounts, in USD; per-share figures in today's shares."""

    ended: date
    known: date
    fiscal_year: int
    fiscal_quarter: int  # the last one of the period
    months: int  # 3 or 12
    shares: float
    sales: float
    earnings: float
    dividends: float
    equity: float
    debt: float

    @property
    def interest(self) -> float:
        """Interest on the debt for the period."""
        return INTEREST * self.debt * self.months / 12

    @property
    def before_tax(self) -> float:
        """Earnings before tax."""
        return self.earnings / (1.0 - TAX)

    @property
    def assets(self) -> float:
        """All assets: equity and liabilities."""
        return self.equity + LIABILITIES * self.debt

    @property
    def per_share(self) -> float:
        """Earnings per share."""
        return self.earnings / self.shares


def quarters(reported: Sequence[Reported], shares: float) -> list[Accounts]:
    """Return the accounts of the newest quarters, oldest first; of four more the flows start."""
    flows: list[tuple[float, float, float]] = []
    found = []
    for at, one in enumerate(reported):
        twelve = _twelve_months(one.report)
        if at < 4:
            flows.append((twelve[0] / 4, twelve[1] / 4, twelve[2] / 4))
            continue
        before = _twelve_months(reported[at - 1].report) if at > 4 else _sum(flows)
        sales, earnings, dividends = (
            year_ago + now - then
            for year_ago, now, then in zip(flows[at - 4], twelve, before, strict=True)
        )
        flows.append((sales, earnings, dividends))
        found.append(_accounts(one, shares, months=3, flow=flows[-1]))
    return found


def years(reported: Sequence[Reported], shares: float) -> list[Accounts]:
    """Return the accounts of whole fiscal years, oldest first."""
    return [
        _accounts(one, shares, months=12, flow=_twelve_months(one.report))
        for one in reported[4:]
        if one.fiscal_quarter == 4
    ]


def _twelve_months(report: Report) -> tuple[float, float, float]:
    return report.sales, report.earnings, report.dividend or 0.0


def _sum(flows: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
    sales, earnings, dividends = (sum(column) for column in zip(*flows, strict=True))
    return sales, earnings, dividends


def _accounts(
    one: Reported, shares: float, *, months: int, flow: tuple[float, float, float]
) -> Accounts:
    equity = one.report.book * shares
    sales, earnings, dividends = (part * shares for part in flow)
    return Accounts(
        ended=one.ended, known=one.known, fiscal_year=one.fiscal_year,
        fiscal_quarter=one.fiscal_quarter, months=months, shares=shares, sales=sales,
        earnings=earnings, dividends=dividends, equity=equity,
        debt=one.report.debt_to_equity * equity,
    )  # fmt: skip
