"""Reports about companies, as XML, from the same figures the vendors serve."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from core.errors import RequestRefused
from simulator.market.market import Instrument
from simulator.tws.client_session import ClientSession
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.messages.fundamentals import fundamental_data
from simulator.tws.messages.numbers import Request
from simulator.tws.protocol.frames import Fields
from simulator.tws.protocol.refusals import VALIDATION_FAILED
from simulator.vendors.figures.fundamentals import Figures

NOT_AVAILABLE = 430
SERVED = "ReportSnapshot"
KNOWN = frozenset(
    {SERVED, "ReportsFinSummary", "ReportRatios", "ReportsFinStatements", "RESC", "CalendarReport"}
)


def company_report(client: ClientSession, fields: Fields) -> None:
    """Send a snapshot of a company; other reports need a subscription nobody has here."""
    fields.skip("version")
    request_id = fields.identify()
    query = ContractQuery(
        con_id=fields.optional_whole("conId") or 0,
        symbol=fields.text("symbol"),
        sec_type=fields.text("secType"),
        exchange=fields.text("exchange"),
        primary_exchange=fields.text("primaryExchange"),
        currency=fields.text("currency"),
        local_symbol=fields.text("localSymbol"),
    )
    report = fields.text("reportType")
    fields.skip("optionsCount", "options")
    fields.end()
    if report not in KNOWN:
        raise RequestRefused(
            f"Error validating request.-'bU' : cause - {report!r} is no report type: "
            f"{', '.join(sorted(KNOWN))}",
            code=VALIDATION_FAILED,
        )
    gateway = client.gateway
    instrument = gateway.directory.one(query)
    figures = gateway.vendor_facts.figures(gateway.clock.now()).get(instrument.symbol)
    if report != SERVED or figures is None:
        raise RequestRefused(
            "We are sorry, but fundamentals data for the security specified is not available."
            "Not allowed",
            code=NOT_AVAILABLE,
        )
    client.send(fundamental_data(request_id, snapshot(instrument, figures)))


def snapshot(instrument: Instrument, figures: Figures) -> str:
    """Return a report in the shape of a Reuters snapshot: identity, industry, ratios."""
    root = ET.Element("ReportSnapshot", Major="1", Minor="0", Revision="1")
    ids = ET.SubElement(root, "CoIDs")
    ET.SubElement(ids, "CoID", Type="CompanyName").text = instrument.name
    issue = ET.SubElement(ET.SubElement(root, "Issues"), "Issue", ID="1", Type="C")
    ET.SubElement(issue, "IssueID", Type="Ticker").text = instrument.symbol
    ET.SubElement(issue, "Exchange", Code=instrument.primary_exchange)
    industry = ET.SubElement(ET.SubElement(root, "peerInfo"), "IndustryInfo")
    ET.SubElement(industry, "Industry", type="TRBC").text = instrument.industry
    ratios = ET.SubElement(root, "Ratios", ReportingCurrency="USD", ExchangeRate="1.00000")
    group = ET.SubElement(ratios, "Group", ID="Price and Volume")
    named = {
        "MKTCAP": None if figures.market_cap is None else figures.market_cap / 1e6,
        "PEEXCLXOR": figures.price_earnings,
        "PRICE2BK": figures.price_book,
        "TTMPR2REV": figures.price_sales,
        "TTMEPSXCLX": figures.earnings_per_share,
        "TTMREV": None if figures.revenue is None else figures.revenue / 1e6,
    }
    for name, value in named.items():
        if value is not None:
            ET.SubElement(group, "Ratio", FieldName=name, Type="N").text = f"{value:.5f}"
    return '<?xml version="1.0" encoding="UTF-8"?>' + ET.tostring(root, encoding="unicode")


def cancel_fundamental_data(client: ClientSession, fields: Fields) -> None:
    """Accept a cancellation that comes too late: the answer has already left."""
    del client
    fields.skip("version")
    fields.identify()
    fields.end()


HANDLERS = {
    Request.FUNDAMENTAL_DATA: company_report,
    Request.CANCEL_FUNDAMENTAL_DATA: cancel_fundamental_data,
}
