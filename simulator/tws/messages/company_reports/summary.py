"""ReportsFinSummary: sales, earnings and dividends per period, and the dividends themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from xml.etree import ElementTree as ET

from simulator.tws.messages.company_reports.company import Company, written
from simulator.vendors.figures.statements_invented import Accounts

Number = Callable[[Accounts], float]
TWELVE = 4  # quarters


def summary(company: Company) -> str:
    """Return the report."""
    root = ET.Element("FinancialSummary")
    _series(root, company, "EPSs", "EPS", lambda one: one.per_share)
    _series(
        root, company, "DividendPerShares", "DividendPerShare",
        lambda one: one.dividends / one.shares,
    )  # fmt: skip
    _series(root, company, "TotalRevenues", "TotalRevenue", lambda one: one.sales)
    paid = ET.SubElement(root, "Dividends", currency="USD")
    for one in company.dividends:
        days = {"exDate": one.ex_date, "recordDate": one.ex_date, "payDate": one.pay_date}
        dated = {name: f"{day:%Y-%m-%d}" for name, day in days.items()}
        described = {"type": "CD", "declarationDate": "", **dated}
        ET.SubElement(paid, "Dividend", described).text = f"{one.amount:g}"
    return written(root)


def _series(root: ET.Element, company: Company, name: str, each: str, number: Number) -> None:
    series = ET.SubElement(root, name, currency="USD")
    for ended, kind, period, value in _rows(company, number):
        ET.SubElement(
            series, each, asofDate=f"{ended:%Y-%m-%d}", reportType=kind, period=period
        ).text = f"{value:.5f}"


def _rows(company: Company, number: Number) -> Iterator[tuple[date, str, str, float]]:
    """Yield end, kind, length and value, newest first: TTM, and as reported (R) and audited (A)."""
    for at in range(len(company.quarters) - 1, -1, -1):
        quarter = company.quarters[at]
        year = company.quarters[at - TWELVE + 1 : at + 1]
        if len(year) == TWELVE:
            yield quarter.ended, "TTM", "12M", sum(map(number, year))
        yield quarter.ended, "R", "3M", number(quarter)
        yield quarter.ended, "A", "3M", number(quarter)
    for accounts in reversed(company.years):
        for kind in ("R", "A"):
            yield accounts.ended, kind, "12M", number(accounts)
