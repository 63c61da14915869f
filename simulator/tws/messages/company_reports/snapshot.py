"""ReportSnapshot: identity, industry, ratios and what analysts expect."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from simulator.tws.messages.company_reports.company import MILLION, Company, identified, written
from simulator.tws.messages.company_reports.estimates import expected_growth


def snapshot(company: Company) -> str:
    """Return the report."""
    root = ET.Element("ReportSnapshot", Major="1", Minor="0", Revision="1")
    identified(root, company)
    industry = ET.SubElement(ET.SubElement(root, "peerInfo"), "IndustryInfo")
    ET.SubElement(industry, "Industry", type="TRBC").text = company.instrument.industry
    money = {"PriceCurrency": "USD", "ReportingCurrency": "USD", "ExchangeRate": "1.00000"}
    ratios = ET.SubElement(root, "Ratios", money)
    _group(ratios, "Price and Volume", _price_and_volume(company), day=company)
    _group(ratios, "Income Statement", _income(company))
    _group(ratios, "Other Ratios", _others(company))
    if company.quarters:
        _forecast(root, company)
    return written(root)


def _forecast(root: ET.Element, company: Company) -> None:
    forecast = ET.SubElement(
        root, "ForecastData", ConsensusType="Mean", CurFiscalYear=f"{_fiscal_year(company)}"
    )
    for name, number in _expected(company).items():
        ratio = ET.SubElement(forecast, "Ratio", FieldName=name, Type="N")
        ET.SubElement(ratio, "Value", PeriodType="CURR").text = f"{number:.5f}"


Numbers = dict[str, float | None]


def _group(ratios: ET.Element, name: str, numbers: Numbers, *, day: Company | None = None) -> None:
    group = ET.SubElement(ratios, "Group", ID=name)
    if day is not None:
        stamp = f"{day.now:%Y-%m-%dT00:00:00}"
        ET.SubElement(group, "Ratio", FieldName="PDATE", Type="D").text = stamp
    for field, number in numbers.items():
        if number is not None:
            ET.SubElement(group, "Ratio", FieldName=field, Type="N").text = f"{number:.5f}"


def _price_and_volume(company: Company) -> Numbers:
    figures = company.figures
    value = figures.enterprise_value
    return {
        "NPRICE": company.price, "NHIG": company.high, "NLOW": company.low,
        "VOL10DAVG": company.average_volume / MILLION,
        "EV": None if value is None else value / MILLION,
        "MKTCAP": None if figures.market_cap is None else figures.market_cap / MILLION,
    }  # fmt: skip


def _income(company: Company) -> Numbers:
    figures, year = company.figures, company.quarters[-4:]
    return {
        "TTMREV": None if figures.revenue is None else figures.revenue / MILLION,
        "TTMEBITD": None if figures.ebitda is None else figures.ebitda / MILLION,
        "TTMNIAC": sum(one.earnings for one in year) / MILLION if year else None,
        "TTMEPSXCLX": figures.earnings_per_share,
    }


def _others(company: Company) -> Numbers:
    figures, back = company.figures, company.figures.return_on_equity
    book = next((one.equity / one.shares for one in company.quarters[-1:]), None)
    return {
        "PEEXCLXOR": figures.price_earnings, "PRICE2BK": figures.price_book,
        "TTMPR2REV": figures.price_sales, "QBVPS": book,
        "TTMROEPCT": None if back is None else 100 * back,
    }  # fmt: skip


def _fiscal_year(company: Company) -> int:
    newest = company.quarters[-1]
    return newest.fiscal_year + (newest.fiscal_quarter == 4)


def _expected(company: Company) -> dict[str, float]:
    growth, year = expected_growth(company), company.quarters[-4:]
    sales = sum(one.sales for one in year) * (1 + growth)
    earnings = sum(one.per_share for one in year) * (1 + growth)
    paid = sum(one.dividends for one in year) / year[-1].shares
    return {
        "ConsRecom": 2.5 - 4 * growth, "TargetPrice": company.price * (1 + growth),
        "ProjLTGrowthRate": 100 * growth, "ProjPE": company.price / earnings,
        "ProjSales": sales / MILLION, "ProjSalesQ": sales / 4 / MILLION, "ProjEPS": earnings,
        "ProjEPSQ": earnings / 4, "ProjProfit": sum(one.before_tax for one in year) / MILLION,
        "ProjDPS": paid,
    }  # fmt: skip
