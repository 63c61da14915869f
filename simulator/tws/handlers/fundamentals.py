"""Reports about companies, as XML, from the same figures the vendors serve."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from core.errors import RequestRefused
from simulator.market.market import Instrument
from simulator.prices.market_view import phase
from simulator.tws.handler_context import ClientSession
from simulator.tws.messages.company_reports.company import Company
from simulator.tws.messages.company_reports.estimates import estimates
from simulator.tws.messages.company_reports.others import calendar, ownership
from simulator.tws.messages.company_reports.snapshot import snapshot
from simulator.tws.messages.company_reports.statements import statements
from simulator.tws.messages.company_reports.summary import summary
from simulator.tws.messages.contracts import ContractQuery
from simulator.tws.messages.fundamentals import fundamental_data
from simulator.tws.messages.numbers import Request
from simulator.tws.protocol.frames import Fields
from simulator.tws.protocol.refusals import VALIDATION_FAILED
from simulator.vendors.figures.earnings_invented import earnings_dates

NOT_AVAILABLE = 430
SNAPSHOT = "ReportSnapshot"
REPORTS: Mapping[str, Callable[[Company], str]] = {
    SNAPSHOT: snapshot,
    "ReportsFinSummary": summary,
    "ReportsFinStatements": statements,
    "RESC": estimates,
    "CalendarReport": calendar,
    "ReportsOwnership": ownership,
}
KNOWN = {*REPORTS, "ReportRatios"}  # TWS knows this one as well, and has it of nobody
YEAR = 252  # sessions
AHEAD = timedelta(days=100)  # of coming reports


def company_report(client: ClientSession, fields: Fields) -> None:
    """Send a report about a company: of a real one a snapshot at most, if a file has figures."""
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
    fields.skip_options()
    fields.end()
    if report not in KNOWN:
        raise RequestRefused(
            f"Error validating request.-'bU' : cause - {report!r} is no report type: "
            f"{', '.join(sorted(KNOWN))}",
            code=VALIDATION_FAILED,
        )
    instrument = client.gateway.directory.one(query)
    company = _company(client, instrument) if report in REPORTS else None
    # A file of fundamentals tells the figures of a snapshot and no accounts.
    if company is None or not (company.quarters or report == SNAPSHOT):
        raise RequestRefused(
            "We are sorry, but fundamentals data for the security specified is not available."
            "Not allowed",
            code=NOT_AVAILABLE,
        )
    client.send(fundamental_data(request_id, REPORTS[report](company)))


def _company(client: ClientSession, instrument: Instrument) -> Company | None:
    """Return what is known of a company, None of one that nobody has figures of."""
    gateway, now = client.gateway, client.gateway.clock.now()
    figures = gateway.vendor_facts.figures(now).get(instrument.symbol)
    quarters, years = gateway.vendor_facts.accounts(instrument, now)
    bars = gateway.view.daily(instrument.con_id, now)[-YEAR:]
    if figures is None or not bars:
        return None
    today = phase(now).day
    coming = earnings_dates(gateway.view, now, first=today, last=today + AHEAD)
    return Company(
        instrument=instrument,
        isin=gateway.directory.security_ids.of(instrument).get("ISIN", ""),
        now=now,
        price=bars[-1].close,
        high=max(bar.high for bar in bars),
        low=min(bar.low for bar in bars),
        average_volume=sum(bar.volume for bar in bars[-10:]) / len(bars[-10:]),
        figures=figures,
        quarters=quarters,
        years=years,
        dividends=gateway.view.securities.dividends(instrument.con_id),
        next_reports=[one.on for one in coming if one.symbol == instrument.symbol],
    )


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
