"""What every report about a company begins with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from xml.etree import ElementTree as ET

from simulator.market.market import Dividend, Instrument
from simulator.vendors.figures.fundamentals import Figures
from simulator.vendors.figures.statements_invented import Accounts

MILLION = 1e6


@dataclass(frozen=True, slots=True)
class Company:
    """Everything that reports about a company are made from, as of a moment."""

    instrument: Instrument
    isin: str
    now: datetime
    price: float
    high: float  # of the last year
    low: float
    average_volume: float
    figures: Figures
    quarters: Sequence[Accounts]  # oldest first; none of a real company
    years: Sequence[Accounts]  # oldest first
    dividends: Sequence[Dividend]  # as declared, oldest first
    next_reports: Sequence[date]  # days of coming quarterly reports


def identified(root: ET.Element, company: Company) -> None:
    """Add who the company is and where it is listed."""
    ids = ET.SubElement(root, "CoIDs")
    number = str(company.instrument.con_id)
    named = (("RepNo", number), ("CompanyName", company.instrument.name), ("CIKNo", "0000000000"))
    for kind, value in named:
        ET.SubElement(ids, "CoID", Type=kind).text = value
    issues = ET.SubElement(root, "Issues")
    issue = ET.SubElement(issues, "Issue", ID="1", Type="C", Desc="Common Stock", Order="1")
    ET.SubElement(issue, "IssueID", Type="Name").text = "Ordinary Shares"
    ET.SubElement(issue, "IssueID", Type="Ticker").text = company.instrument.symbol
    ET.SubElement(issue, "IssueID", Type="ISIN").text = company.isin
    exchange = company.instrument.primary_exchange
    ET.SubElement(issue, "Exchange", Code=exchange, Country="USA").text = exchange


def written(root: ET.Element) -> str:
    """Return a report as text."""
    return '<?xml version="1.0" encoding="UTF-8"?>' + ET.tostring(root, encoding="unicode")


def in_millions(amount: float) -> str:
    """Return an amount in millions."""
    return f"{amount / MILLION:.5f}"
