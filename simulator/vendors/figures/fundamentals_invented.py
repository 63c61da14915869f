"""Made-up quarterly reports, consistent with each company's price and trading volume.

A company's earnings, sales and book value are a slowly wandering share of what its stock has cost
over the past three years, so that ratios stay plausible for ever and nothing looks ahead.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from simulator.market.market import DailyBar, Instrument
from simulator.prices.market_view import MarketView, phase
from simulator.vendors.figures.fundamentals import AnnualGrowth, Figures
from simulator.vendors.members import members

FIRST_YEAR = 2000  # quarter 0 is its first
MEMORY, PERSISTENCE = 12, 0.9  # quarters that a figure remembers, and how well
LEVEL_EVERY, LEVEL_SAMPLES = 21, 36  # a price a month, over three years
LISTING_BARS = 60  # whose volume tells how many shares there are
TURNOVER = 0.005  # share of the company traded on a usual day
SHORTEST_DELAY, DELAYS = 25, 30  # days from the end of a quarter to its report
YEAR_END_DELAY = 20  # days more for a whole year
MISSING_ABOVE = 2.0  # standard normal: a figure is missing in about 2 % of the reports
TAX, INTEREST = 0.21, 0.04

# Unit variance: a wandering figure stays within a few standard deviations.
_DECAY = PERSISTENCE ** np.arange(MEMORY - 1, -1, -1)
WEIGHTS = _DECAY / np.linalg.norm(_DECAY)


@dataclass(frozen=True, slots=True)
class Report:
    """One quarter's trailing figures of one company, per share in today's shares."""

    earnings: float
    sales: float
    book: float
    dividend: float | None
    debt_to_equity: float
    quality: float  # standard normal; good accounts are above zero
    gaps: NDArray[np.float64]  # (6,) standard normal; which figures are missing


@dataclass(frozen=True, slots=True)
class Reported:
    """One quarter's report: when it ended, when it was known, and its fiscal place."""

    ended: date
    known: date
    fiscal_year: int
    fiscal_quarter: int  # 1 to 4
    report: Report


class InventedFundamentals:
    """A `FundamentalsSource` that invents reports from a seed and the market view."""

    def __init__(self, view: MarketView, seed: int) -> None:
        self._view, self._seed = view, seed

    def figures(self, now: datetime) -> list[Figures]:
        """Return the newest figures of every constituent that has reported."""
        found = []
        for instrument in members(self._view, now):
            bars = self._view.daily(instrument.con_id, now)
            quarter = _newest_quarter(phase(now).last_complete, _delay(instrument))
            report = self._report(instrument, bars, quarter)
            if report is not None:
                shares = _shares(instrument, bars)
                found.append(_figures(instrument.symbol, report, bars[-1].close, shares))
        return found

    def growth(self, fiscal_year: int, now: datetime) -> list[AnnualGrowth]:
        """Return the growth of a fiscal year for every constituent that has reported it."""
        found = []
        for instrument in members(self._view, now):
            quarter = _year_end(instrument, fiscal_year)
            known_on = _ends(quarter) + timedelta(days=_delay(instrument) + YEAR_END_DELAY)
            if quarter < 0 or known_on > phase(now).last_complete:
                continue
            bars = self._view.daily(instrument.con_id, now)
            newer = self._report(instrument, bars, quarter)
            older = self._report(instrument, bars, quarter - 4)
            if newer is not None and older is not None:
                found.append(_annual(instrument.symbol, fiscal_year, quarter, newer, older))
        return found

    def history(
        self, instrument: Instrument, now: datetime, *, quarters: int
    ) -> tuple[list[Reported], float]:
        """Return a company's newest reports, oldest first, and its shares outstanding."""
        bars = self._view.daily(instrument.con_id, now)
        delay = _delay(instrument)
        newest = _newest_quarter(phase(now).last_complete, delay)
        found = []
        for quarter in range(newest - quarters + 1, newest + 1):
            report = self._report(instrument, bars, quarter)
            if report is not None:
                year, number = _fiscal(instrument, quarter)
                known = _ends(quarter) + timedelta(days=delay)
                found.append(Reported(_ends(quarter), known, year, number, report))
        return found, _shares(instrument, bars) if bars else 0.0

    def _report(
        self, instrument: Instrument, bars: Sequence[DailyBar], quarter: int
    ) -> Report | None:
        """Return a quarter's report; None when the stock was not listed yet."""
        ended = _ends(quarter)
        closes = [bar.close for bar in bars[::LEVEL_EVERY] if bar.session <= ended]
        if not closes or quarter < 0:
            return None
        level = sum(closes[-LEVEL_SAMPLES:]) / len(closes[-LEVEL_SAMPLES:])
        rng = np.random.default_rng([self._seed, instrument.con_id])
        nature = rng.standard_normal(7)
        # Drawn quarter by quarter: a later quarter never changes an earlier one.
        walk = rng.standard_normal((quarter + MEMORY, 11))
        wander = WEIGHTS @ walk[-MEMORY:, :5]
        earnings = 0.05 + 0.02 * nature[0] + 0.012 * wander[0]
        payout = 0.35 + 0.12 * nature[5]
        return Report(
            earnings=level * earnings,
            sales=level * math.exp(-0.8 + 0.5 * nature[1] + 0.08 * wander[1]),
            book=level * math.exp(-1.1 + 0.5 * nature[2] + 0.06 * wander[2]),
            dividend=level * max(earnings, 0.01) * payout if nature[4] > -0.8 < payout else None,
            debt_to_equity=math.exp(-0.4 + 0.6 * nature[3] + 0.05 * wander[3]),
            quality=0.7 * nature[6] + 0.7 * wander[4],
            gaps=walk[-1, 5:],
        )


def _figures(symbol: str, report: Report, price: float, shares: float) -> Figures:
    revenue, equity = report.sales * shares, report.book * shares
    debt = report.debt_to_equity * equity
    net_income = report.earnings * shares
    ebit = net_income / (1.0 - TAX) + INTEREST * debt
    market_cap = price * shares
    liabilities = 1.6 * debt
    assets = equity + liabilities
    working_capital, retained = 0.15 * assets, 0.5 * equity
    whole = Figures(
        symbol=symbol,
        market_cap=market_cap,
        price_earnings=price / report.earnings,
        price_book=price / report.book,
        price_sales=price / report.sales,
        dividend_yield=None if report.dividend is None else report.dividend / price,
        earnings_per_share=report.earnings,
        enterprise_value=market_cap + 0.8 * debt,
        ebitda=ebit + 0.04 * revenue,
        net_margin=report.earnings / report.sales,
        return_on_equity=report.earnings / report.book,
        debt_to_equity=report.debt_to_equity,
        revenue=revenue,
        ebit=ebit,
        total_assets=assets,
        total_liabilities=liabilities,
        working_capital=working_capital,
        retained_earnings=retained,
        piotroski=round(min(max(5.2 + 1.6 * report.quality, 0.0), 9.0)),
        # Altman (1968), for listed manufacturers.
        altman_z=1.2 * working_capital / assets
        + 1.4 * retained / assets
        + 3.3 * ebit / assets
        + 0.6 * market_cap / liabilities
        + revenue / assets,
    )
    return _with_gaps(whole, report.gaps)


def _with_gaps(figures: Figures, gaps: NDArray[np.float64]) -> Figures:
    missing = gaps > MISSING_ABOVE
    if missing[0]:
        figures = replace(figures, price_earnings=None, earnings_per_share=None)
    if missing[1]:
        figures = replace(figures, price_book=None)
    if missing[2]:
        figures = replace(figures, ebitda=None)
    if missing[3]:
        figures = replace(figures, return_on_equity=None)
    if missing[4]:
        figures = replace(figures, debt_to_equity=None)
    if missing[5]:
        figures = replace(figures, piotroski=None, altman_z=None)
    return figures


def _annual(
    symbol: str, fiscal_year: int, quarter: int, newer: Report, older: Report
) -> AnnualGrowth:
    # Of a loss there is no growth rate.
    earned = newer.earnings / older.earnings - 1.0 if older.earnings > 0 else None
    return AnnualGrowth(
        symbol=symbol,
        fiscal_year=fiscal_year,
        ended=_ends(quarter),
        revenue=newer.sales / older.sales - 1.0,
        net_income=earned,
    )


def _shares(instrument: Instrument, bars: Sequence[DailyBar]) -> float:
    """Return the shares outstanding, in today's shares, judged by the volume after listing."""
    early = bars[:LISTING_BARS]
    usual = sum(bar.volume for bar in early) / len(early)
    return max(usual, 1.0) / (TURNOVER * (0.7 + 0.6 * (instrument.con_id % 97) / 97))


def _delay(instrument: Instrument) -> int:
    return SHORTEST_DELAY + instrument.con_id % DELAYS


def _year_end(instrument: Instrument, fiscal_year: int) -> int:
    """Return the last quarter of a fiscal year: December's for three companies of four."""
    quarter = (3, 3, 3, 3, 3, 3, 2, 1)[instrument.con_id % 8]
    return 4 * (fiscal_year - FIRST_YEAR) + quarter


def _fiscal(instrument: Instrument, quarter: int) -> tuple[int, int]:
    """Return the fiscal year of a quarter, and which of its four it is, from 1."""
    year = FIRST_YEAR + quarter // 4
    year += quarter > _year_end(instrument, year)
    return year, 4 - (_year_end(instrument, year) - quarter)


def _ends(quarter: int) -> date:
    year, number = divmod(quarter, 4)
    first_after = date(FIRST_YEAR + year + (number == 3), (3 * number + 3) % 12 + 1, 1)
    return first_after - timedelta(days=1)


def report_days(instrument: Instrument, first: date, last: date) -> Iterator[date]:
    """Yield the days on which a company's quarterly reports come out, a few around the range."""
    quarter = _newest_quarter(first, _delay(instrument))
    while (out := _ends(quarter) + timedelta(days=_delay(instrument))) <= last + timedelta(days=3):
        yield out
        quarter += 1


def _newest_quarter(day: date, delay: int) -> int:
    """Return the newest quarter whose report was out on a day."""
    quarter = 4 * (day.year - FIRST_YEAR) + (day.month - 1) // 3
    while _ends(quarter) + timedelta(days=delay) > day:
        quarter -= 1
    return quarter
