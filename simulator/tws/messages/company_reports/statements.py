"""ReportsFinStatements: income, balance sheet and cash flow of years and quarters."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as ET

from simulator.tws.messages.company_reports.company import (
    Company,
    identified,
    in_millions,
    written,
)
from simulator.vendors.figures.statements_invented import (
    COST,
    CURRENT,
    DEPRECIATION,
    INVESTMENT,
    LIABILITIES,
    RETAINED,
    Accounts,
)

# Code of each line, by statement, and what it is called.
LINES: Mapping[str, Mapping[str, str]] = {
    "INC": {
        "SREV": "Revenue", "RTLR": "Total Revenue", "SCOR": "Cost of Revenue, Total",
        "SGRP": "Gross Profit", "ETOE": "Total Operating Expense", "SOPI": "Operating Income",
        "SNIN": "Interest Inc.(Exp.),Net-Non-Op., Total", "EIBT": "Net Income Before Taxes",
        "TTAX": "Provision for Income Taxes", "TIAT": "Net Income After Taxes",
        "NINC": "Net Income", "CIAC": "Income Available to Com Excl ExtraOrd",
        "SDWS": "Diluted Weighted Average Shares", "SDBF": "Diluted EPS Excluding ExtraOrd Items",
        "DDPS1": "DPS - Common Stock Primary Issue", "VDES": "Diluted Normalized EPS",
    },
    "BAL": {
        "ATCA": "Total Current Assets", "ATOT": "Total Assets",
        "LTCL": "Total Current Liabilities", "LTTD": "Total Long Term Debt",
        "STLD": "Total Debt", "LTLL": "Total Liabilities", "QRED": "Retained Earnings",
        "QTLE": "Total Equity", "QTEL": "Total Liabilities & Shareholders' Equity",
        "QTCO": "Total Common Shares Outstanding",
    },
    "CAS": {
        "ONET": "Net Income/Starting Line", "SDED": "Depreciation/Depletion",
        "OTLO": "Cash from Operating Activities", "SCEX": "Capital Expenditures",
        "ITLI": "Cash from Investing Activities", "FCDP": "Total Cash Dividends Paid",
        "FTLF": "Cash from Financing Activities", "SNCC": "Net Change in Cash",
    },
}  # fmt: skip
PER_SHARE = frozenset({"SDBF", "DDPS1", "VDES"})


def statements(company: Company) -> str:
    """Return the report."""
    root = ET.Element("ReportFinancialStatements", Major="1", Minor="0", Revision="1")
    identified(root, company)
    information = ET.SubElement(root, "StatementInfo")
    ET.SubElement(information, "COAType", Code="IND").text = "Industry"
    body = ET.SubElement(root, "FinancialStatements")
    names = ET.SubElement(body, "COAMap")
    for kind, lines in LINES.items():
        for number, (code, name) in enumerate(lines.items(), start=1):
            ET.SubElement(
                names, "mapItem", coaItem=code, statementType=kind, lineID=str(100 * number),
                precision="1",
            ).text = name  # fmt: skip
    annual = ET.SubElement(body, "AnnualPeriods")
    for accounts in reversed(company.years):
        _period(annual, accounts, {"Type": "Annual"}, form="10-K")
    interim = ET.SubElement(body, "InterimPeriods")
    for accounts in reversed(company.quarters):
        quarter = {"Type": "Interim", "FiscalPeriodNumber": str(accounts.fiscal_quarter)}
        form = "10-K" if accounts.fiscal_quarter == 4 else "10-Q"
        _period(interim, accounts, quarter, form=form)
    return written(root)


def _period(
    parent: ET.Element, accounts: Accounts, described: dict[str, str], *, form: str
) -> None:
    ended = f"{accounts.ended:%Y-%m-%d}"
    described = {"EndDate": ended, "FiscalYear": str(accounts.fiscal_year), **described}
    period = ET.SubElement(parent, "FiscalPeriod", described)
    for kind, lines in (("INC", income(accounts)), ("BAL", balance(accounts)),
                        ("CAS", cash_flow(accounts))):  # fmt: skip
        statement = ET.SubElement(period, "Statement", Type=kind)
        header = ET.SubElement(statement, "FPHeader")
        ET.SubElement(header, "PeriodLength").text = str(accounts.months)
        ET.SubElement(header, "periodType", Code="M").text = "Months"
        ET.SubElement(header, "UpdateType", Code="UPD").text = "Updated Normal"
        ET.SubElement(header, "StatementDate").text = ended
        ET.SubElement(header, "Source", Date=f"{accounts.known:%Y-%m-%d}").text = form
        for code, number in lines.items():
            text = f"{number:.5f}" if code in PER_SHARE else in_millions(number)
            ET.SubElement(statement, "lineItem", coaCode=code).text = text


def income(accounts: Accounts) -> dict[str, float]:
    """Return the lines of the income statement: money in USD."""
    operating = accounts.before_tax + accounts.interest
    return {
        "SREV": accounts.sales, "RTLR": accounts.sales, "SCOR": COST * accounts.sales,
        "SGRP": (1 - COST) * accounts.sales, "ETOE": accounts.sales - operating,
        "SOPI": operating, "SNIN": -accounts.interest, "EIBT": accounts.before_tax,
        "TTAX": accounts.before_tax - accounts.earnings, "TIAT": accounts.earnings,
        "NINC": accounts.earnings, "CIAC": accounts.earnings, "SDWS": accounts.shares,
        "SDBF": accounts.per_share, "DDPS1": accounts.dividends / accounts.shares,
        "VDES": accounts.per_share,
    }  # fmt: skip


def balance(accounts: Accounts) -> dict[str, float]:
    """Return the lines of the balance sheet: money in USD, shares in pieces."""
    liabilities = LIABILITIES * accounts.debt
    current = liabilities - accounts.debt
    return {
        "ATCA": CURRENT * accounts.assets + current, "ATOT": accounts.assets, "LTCL": current,
        "LTTD": accounts.debt, "STLD": accounts.debt, "LTLL": liabilities,
        "QRED": RETAINED * accounts.equity, "QTLE": accounts.equity,
        "QTEL": accounts.equity + liabilities, "QTCO": accounts.shares,
    }  # fmt: skip


def cash_flow(accounts: Accounts) -> dict[str, float]:
    """Return the lines of the cash flow statement: money in USD."""
    depreciation = DEPRECIATION * accounts.sales
    operating, invested = accounts.earnings + depreciation, -INVESTMENT * accounts.sales
    return {
        "ONET": accounts.earnings, "SDED": depreciation, "OTLO": operating, "SCEX": invested,
        "ITLI": invested, "FCDP": -accounts.dividends, "FTLF": -accounts.dividends,
        "SNCC": operating + invested - accounts.dividends,
    }  # fmt: skip
