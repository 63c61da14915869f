"""RESC: what analysts expect of the coming fiscal years, and what came of the past ones."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from simulator.prices.quotes import drawn
from simulator.tws.messages.company_reports.company import MILLION, Company, written
from simulator.vendors.figures.statements_invented import Accounts

KINDS = {"REVENUE": "M", "EPS": "U", "NPROFIT": "M"}  # and its unit: millions, or as it is
AHEAD = 2  # fiscal years
SPREAD = 0.06  # standard deviation of the estimates, of their mean
WIDEST = 2.0  # standard deviations to the highest and the lowest


def expected_growth(company: Company) -> float:
    """Return the growth a year that analysts expect, as a fraction: from the name alone."""
    return 0.02 + 0.1 * drawn(company.instrument.con_id, "growth")[0]


def estimates(company: Company) -> str:
    """Return the report."""
    root = ET.Element("REarnEstCons", Major="1", Minor="0")
    about = ET.SubElement(root, "Company", name=company.instrument.name)
    security = ET.SubElement(ET.SubElement(about, "SecurityInfo"), "Security", code="1")
    ids = ET.SubElement(security, "SecIds")
    ET.SubElement(ids, "SecId", type="TICKER", set="RFT").text = company.instrument.symbol
    price = ET.SubElement(security, "MarketData")
    ET.SubElement(price, "MarketDataItem", type="CLPRICE", unit="U").text = f"{company.price:.2f}"
    actuals = ET.SubElement(ET.SubElement(root, "Actuals"), "FYActuals")
    for kind, unit in KINDS.items():
        series = ET.SubElement(actuals, "FYActual", type=kind, unit=unit)
        for year in company.years:
            known = f"{year.known:%Y-%m-%dT08:00:00}"
            ET.SubElement(
                _period(series, year, 0), "ActValue", updated=known
            ).text = f"{_value(kind, year):.5f}"
    forecasts = ET.SubElement(ET.SubElement(root, "ConsEstimates"), "FYEstimates")
    for kind, unit in KINDS.items():
        series = ET.SubElement(forecasts, "FYEstimate", type=kind, unit=unit)
        for ahead in range(1, AHEAD + 1) if company.years else ():
            _consensus(_period(series, company.years[-1], ahead), company, kind, ahead)
    return written(root)


def _period(series: ET.Element, newest: Accounts, ahead: int) -> ET.Element:
    return ET.SubElement(
        series, "FYPeriod", periodType="A", fYear=str(newest.fiscal_year + ahead),
        endMonth=str(newest.ended.month), endCalYear=str(newest.ended.year + ahead),
    )  # fmt: skip


def _consensus(period: ET.Element, company: Company, kind: str, ahead: int) -> None:
    mean = _value(kind, company.years[-1]) * (1 + expected_growth(company)) ** ahead
    deviation = SPREAD * ahead * abs(mean)
    analysts = 5 + int(20 * drawn(company.instrument.con_id, "analysts")[0])
    numbers = {
        "High": mean + WIDEST * deviation, "Low": mean - WIDEST * deviation, "Mean": mean,
        "Median": mean, "StdDev": deviation, "NumOfEst": analysts,
    }  # fmt: skip
    for name, number in numbers.items():
        estimate = ET.SubElement(period, "ConsEstimate", type=name)
        ET.SubElement(estimate, "ConsValue", dateType="CURR").text = f"{number:.5f}"


def _value(kind: str, year: Accounts) -> float:
    values = {
        "REVENUE": year.sales / MILLION, "EPS": year.per_share, "NPROFIT": year.earnings / MILLION,
    }  # fmt: skip
    return values[kind]
