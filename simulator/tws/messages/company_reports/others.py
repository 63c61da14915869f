"""CalendarReport and ReportsOwnership: coming reports and dividends; who holds the shares."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from simulator.prices.quotes import drawn
from simulator.tws.messages.company_reports.company import Company, identified, written

# Invented holders: name, and the largest share of the company each may have.
HOLDERS = (("Larkmoor Asset Management", 0.09), ("Quillstone Index Funds", 0.07),
           ("Ostrander Pension Trust", 0.04), ("Fenwick Hollow Partners", 0.03))  # fmt: skip
FREE_FLOAT = 0.94
INSTITUTION = "3"


def calendar(company: Company) -> str:
    """Return the report. IBKR describes no layout of it: this one names each event and its day."""
    root = ET.Element("CalendarReport", Major="1", Minor="0")
    identified(root, company)
    events = ET.SubElement(root, "Events")
    for day in company.next_reports:
        ET.SubElement(events, "Event", Type="Earnings", Date=f"{day:%Y-%m-%d}")
    for one in company.dividends:
        if one.ex_date >= company.now.date():
            ET.SubElement(
                events, "Event", Type="Dividend", Date=f"{one.ex_date:%Y-%m-%d}",
                PayDate=f"{one.pay_date:%Y-%m-%d}",
            ).text = f"{one.amount:g}"  # fmt: skip
    return written(root)


def ownership(company: Company) -> str:
    """Return the report."""
    root = ET.Element("OwnershipDetails")
    ET.SubElement(root, "ISIN").text = company.isin
    newest = company.quarters[-1]
    day = f"{newest.ended:%Y-%m-%d}"
    shares = round(newest.shares * FREE_FLOAT)
    ET.SubElement(root, "floatShares", asofDate=day).text = str(shares)
    draws = drawn(company.instrument.con_id, "holders", newest.ended)
    for number, ((name, most), draw) in enumerate(zip(HOLDERS, draws, strict=True), start=1):
        owner = ET.SubElement(root, "Owner", ownerId=f"{number:04d}")
        ET.SubElement(owner, "type").text = INSTITUTION
        ET.SubElement(owner, "name").text = name
        held = round(newest.shares * most * (0.3 + 0.7 * draw))
        ET.SubElement(owner, "quantity", asofDate=day).text = f"{held}.0"
        ET.SubElement(owner, "currency").text = "USD"
    return written(root)
