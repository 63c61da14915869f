"""Fundamentals as the bulk CSV files of FMP's stable API: one row per company.

The columns are FMP's; those for which this vendor never has a figure are left out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from simulator.vendors.figures.fundamentals import AnnualGrowth, Figures
from simulator.vendors.members import fmp_symbol

Value = float | str | None

RATIOS = (
    "symbol",
    "netProfitMarginTTM",
    "priceToEarningsRatioTTM",
    "priceToBookRatioTTM",
    "priceToSalesRatioTTM",
    "debtToEquityRatioTTM",
    "dividendYieldTTM",
    "netIncomePerShareTTM",
)
METRICS = (
    "symbol",
    "marketCap",
    "enterpriseValueTTM",
    "evToEBITDATTM",
    "returnOnEquityTTM",
    "earningsYieldTTM",
)
SCORES = (
    "symbol",
    "reportedCurrency",
    "altmanZScore",
    "piotroskiScore",
    "workingCapital",
    "totalAssets",
    "retainedEarnings",
    "ebit",
    "marketCap",
    "totalLiabilities",
    "revenue",
)
GROWTH = (
    "symbol",
    "date",
    "fiscalYear",
    "period",
    "reportedCurrency",
    "growthRevenue",
    "growthNetIncome",
)


def ratios(figures: Sequence[Figures]) -> bytes:
    """Return ``ratios-ttm-bulk``."""
    return _csv(
        RATIOS,
        (
            (
                fmp_symbol(one.symbol),
                one.net_margin,
                one.price_earnings,
                one.price_book,
                one.price_sales,
                one.debt_to_equity,
                one.dividend_yield,
                one.earnings_per_share,
            )
            for one in figures
        ),
    )


def metrics(figures: Sequence[Figures]) -> bytes:
    """Return ``key-metrics-ttm-bulk``."""
    return _csv(
        METRICS,
        (
            (
                fmp_symbol(one.symbol),
                one.market_cap,
                one.enterprise_value,
                _quotient(one.enterprise_value, one.ebitda),
                one.return_on_equity,
                _quotient(1.0, one.price_earnings),
            )
            for one in figures
        ),
    )


def scores(figures: Sequence[Figures]) -> bytes:
    """Return ``scores-bulk``."""
    return _csv(
        SCORES,
        (
            (
                fmp_symbol(one.symbol),
                "USD",
                one.altman_z,
                one.piotroski,
                one.working_capital,
                one.total_assets,
                one.retained_earnings,
                one.ebit,
                one.market_cap,
                one.total_liabilities,
                one.revenue,
            )
            for one in figures
        ),
    )


def growth(rows: Sequence[AnnualGrowth]) -> bytes:
    """Return ``income-statement-growth-bulk`` of one fiscal year."""
    return _csv(
        GROWTH,
        (
            (
                fmp_symbol(one.symbol),
                one.ended.isoformat(),
                str(one.fiscal_year),
                "FY",
                "USD",
                one.revenue,
                one.net_income,
            )
            for one in rows
        ),
    )


def _quotient(number: float | None, divisor: float | None) -> float | None:
    return number / divisor if number is not None and divisor else None


def _csv(header: Sequence[str], rows: Iterable[Sequence[Value]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: Value) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    # As the vendor writes them: whole dollars for large amounts, never an exponent.
    return f"{value:.0f}" if abs(value) >= 1e6 else f"{value:.8f}".rstrip("0").rstrip(".")
