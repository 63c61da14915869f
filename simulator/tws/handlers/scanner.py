"""Market scans over the last complete bar of every instrument."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from core.errors import RequestRefused
from simulator.instruments.expirations import futures_listed
from simulator.instruments.futures import con_id_of
from simulator.market.market import Instrument
from simulator.prices.market_view import MarketView, phase
from simulator.tws.handler_context import ClientSession
from simulator.tws.messages import scanner as frames
from simulator.tws.messages.numbers import Request
from simulator.tws.protocol.frames import READING_FAILED, Fields
from simulator.tws.queries.scanner_xml import scanner_xml
from simulator.tws.queries.scans import (
    FILTERS,
    LOCATIONS,
    OPTION_FILTERS,
    OPTION_SCANS,
    SCANS,
    STOCK_TYPES,
    Scanned,
    in_location,
)
from simulator.vendors.vendor_facts import VendorFacts

SCAN_FAILED = 162
MOST_ROWS = 50
MOST_SCANS = 10
IN_USD = 1e6  # marketCapAbove is in USD, marketCapAbove1e6 in millions


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """A scan as the client asked for it."""

    request_id: int
    rows: int
    instrument: str
    location: str
    code: str
    bounds: tuple[tuple[str, float], ...]  # filter name and number
    stock_type: str = "ALL"

    @classmethod
    def read(cls, fields: Fields) -> ScanRequest:
        """Decode the request; a filter unknown here is refused, never ignored."""
        request_id = fields.identify()
        rows = fields.optional_whole("numberOfRows")
        instrument, location, code = (
            fields.text(name) for name in ("instrument", "locationCode", "scanCode")
        )
        bounds = {
            "priceAbove": fields.optional_number("abovePrice"),
            "priceBelow": fields.optional_number("belowPrice"),
            "volumeAbove": fields.optional_number("aboveVolume"),
        }
        for name in ("marketCapAbove", "marketCapBelow"):
            bound = fields.optional_number(name)
            bounds[f"{name}1e6"] = None if bound is None else bound / IN_USD
        _refuse_other_filters(fields)
        stock_type = fields.text("stockTypeFilter") or "ALL"
        bounds |= _filter_options(fields.text("scannerSubscriptionFilterOptions"))
        fields.skip("scannerSubscriptionOptions")
        fields.end()
        count = MOST_ROWS if rows is None or rows < 0 else min(rows, MOST_ROWS)
        given = tuple((name, bound) for name, bound in bounds.items() if bound is not None)
        return cls(request_id, count, instrument, location, code, given, stock_type)


def _refuse_other_filters(fields: Fields) -> None:
    for name in (
        "moodyRatingAbove", "moodyRatingBelow", "spRatingAbove", "spRatingBelow",
        "maturityDateAbove", "maturityDateBelow", "couponRateAbove", "couponRateBelow",
        "excludeConvertible", "averageOptionVolumeAbove", "scannerSettingPairs",
    ):  # fmt: skip
        value = fields.text(name)
        if value not in {"", "0", "1.7976931348623157e+308", "2147483647"}:
            raise _failed(f"filter {name}={value} does not go with what is listed here")


def _filter_options(text: str) -> dict[str, float | None]:
    options: dict[str, float | None] = {}
    for pair in filter(None, text.split(";")):
        name, _, number = pair.partition("=")
        if name not in FILTERS:
            raise _failed(f"filter {name} is not one of {', '.join(FILTERS)}")
        try:
            options[name] = float(number)
        except ValueError as error:
            raise RequestRefused(
                f"Error reading request. {number!r} is not a number, for {name}",
                code=READING_FAILED,
            ) from error
    return options


def scanner_parameters(client: ClientSession, fields: Fields) -> None:
    """Answer with the document of all scans."""
    fields.skip("version")
    fields.end()
    client.send(frames.scanner_parameters(scanner_xml()))


def scanner_subscription(client: ClientSession, fields: Fields) -> None:
    """Answer with the best rows of a scan."""
    request = ScanRequest.read(fields)
    if (
        request.request_id not in client.market_streams.scans
        and len(client.market_streams.scans) >= MOST_SCANS
    ):
        raise _failed(f"more than {MOST_SCANS} scans at once; cancel one")
    gateway = client.gateway
    best = scan(request, gateway.view, gateway.clock.now(), vendor_facts=gateway.vendor_facts)
    client.market_streams.scans.add(request.request_id)
    client.send(frames.scanner_data(request.request_id, best))


def scan(
    request: ScanRequest,
    view: MarketView,
    now: datetime,
    *,
    vendor_facts: VendorFacts | None = None,
) -> list[Instrument]:
    """Rank the instruments by their newest complete bar, best first.

    Only the market's own shares are ranked, benchmarks are in no scan. ``vendor_facts`` are needed
    for market capitalisations. Raises `RequestRefused` for a scan or a place that is not known.
    """
    kind, chosen = request.instrument, SCANS.get(request.code)
    if chosen is None:
        raise _failed(f"scan code {request.code!r} is not one of {', '.join(SCANS)}")
    if request.location not in LOCATIONS.get(kind, ()) or kind not in chosen.instruments:
        raise _failed(f"{kind!r} in {request.location!r} cannot be scanned here")
    if request.stock_type not in STOCK_TYPES:
        raise _failed(f"stock type {request.stock_type!r} is not one of {', '.join(STOCK_TYPES)}")
    if view.is_real:
        _refuse_unknown(request, kind, has_figures=bool(vendor_facts and vendor_facts.figures(now)))
    rows = [row for row in _scanned(request, view, now, vendor_facts) if _passes(row, request)]
    # Equal ranks fall back to the symbol, so that the same day always gives the same list.
    rows.sort(key=lambda row: (-chosen.rank(row), row.instrument.local_symbol))
    return [row.instrument for row in rows[: request.rows]]


def _refuse_unknown(request: ScanRequest, kind: str, *, has_figures: bool) -> None:
    """Refuse a scan by what real bars do not tell: an empty answer would say that none fits."""
    named = {name for name, _ in request.bounds}
    if request.code in OPTION_SCANS or named & OPTION_FILTERS or kind == "FUT.US":
        raise _failed("the bars are real, and no file tells of options and futures")
    if not has_figures and any(name.startswith("marketCap") for name in named):
        raise _failed("the bars are real, and no file tells of market capitalisations")


def _scanned(
    request: ScanRequest, view: MarketView, now: datetime, vendor_facts: VendorFacts | None
) -> Iterator[Scanned]:
    newest = phase(now).last_complete
    by_cap = any(name.startswith("marketCap") for name, _ in request.bounds)
    figures = vendor_facts.figures(now) if vendor_facts and by_cap else {}
    stock_type = STOCK_TYPES[request.stock_type]
    for instrument in _candidates(request.instrument, view, now):
        if instrument.currency != "USD" or stock_type not in {None, instrument.stock_type}:
            continue
        if not in_location(instrument, request.instrument, request.location):
            continue
        summary = view.summary(instrument.con_id, now)
        if summary is not None and summary.bar.session == newest:
            yield Scanned(instrument, summary, view, now, figures.get(instrument.symbol))


def _candidates(kind: str, view: MarketView, now: datetime) -> list[Instrument]:
    if kind == "FUT.US":
        days = futures_listed(phase(now).day)
        return [view.instrument(con_id_of(day)) for day in days]
    return list((view.securities.shares if kind == "STK" else view.instruments).values())


def _passes(row: Scanned, request: ScanRequest) -> bool:
    return all(FILTERS[name].passes(row, bound) for name, bound in request.bounds)


def cancel_scanner(client: ClientSession, fields: Fields) -> None:
    """End a scan; nothing is sent after its first answer anyway."""
    fields.skip("version")
    client.market_streams.scans.discard(fields.identify())
    fields.end()


def _failed(reason: str) -> RequestRefused:
    return RequestRefused(
        f"Historical Market Data Service error message:{reason}", code=SCAN_FAILED
    )


HANDLERS = {
    Request.SCANNER_PARAMETERS: scanner_parameters,
    Request.SCANNER_SUBSCRIPTION: scanner_subscription,
    Request.CANCEL_SCANNER: cancel_scanner,
}
