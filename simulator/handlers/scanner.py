"""Market scans over the last complete bar of every instrument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.errors import RequestRefused
from simulator.client import Client
from simulator.market import Instrument
from simulator.messages import scanner as frames
from simulator.messages.numbers import Request
from simulator.tape import Summary, Tape, phase
from simulator.valuation import BASE
from simulator.wire import READING_FAILED, Fields

SCAN_FAILED = 162
MOST_ROWS = 50
LOCATIONS = {"STK.US.MAJOR", "STK.US"}


@dataclass(frozen=True, slots=True)
class Scanned:
    """One instrument as the scans see it."""

    instrument: Instrument
    summary: Summary

    @property
    def change(self) -> float:
        """Change of the close, as a fraction."""
        before = self.summary.previous_close
        return self.summary.bar.close / before - 1 if before else 0.0

    @property
    def relative_volume(self) -> float:
        """Volume against its average."""
        average = self.summary.average_volume
        return self.summary.bar.volume / average if average else 0.0


SCANS: dict[str, Callable[[Scanned], float]] = {
    "HOT_BY_VOLUME": lambda row: row.relative_volume,
    "MOST_ACTIVE": lambda row: row.summary.bar.volume,
    "TOP_PERC_GAIN": lambda row: row.change,
    "TOP_PERC_LOSE": lambda row: -row.change,
}
FILTERS: dict[str, Callable[[Scanned, float], bool]] = {
    "priceAbove": lambda row, bound: row.summary.bar.close > bound,
    "priceBelow": lambda row, bound: row.summary.bar.close < bound,
    "volumeAbove": lambda row, bound: row.summary.bar.volume > bound,
    "avgVolumeAbove": lambda row, bound: row.summary.average_volume > bound,
    "avgUsdVolumeAbove": lambda row, bound: row.summary.average_value > bound,
}


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """A scan as the client asked for it."""

    request_id: int
    rows: int
    instrument: str
    location: str
    code: str
    bounds: tuple[tuple[str, float], ...]  # filter name and number

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
        _refuse_other_filters(fields)
        bounds |= _filter_options(fields.text("scannerSubscriptionFilterOptions"))
        fields.skip("scannerSubscriptionOptions")
        fields.end()
        count = MOST_ROWS if rows is None or rows < 0 else min(rows, MOST_ROWS)
        given = tuple((name, bound) for name, bound in bounds.items() if bound is not None)
        return cls(request_id, count, instrument, location, code, given)


def _refuse_other_filters(fields: Fields) -> None:
    for name in (
        "marketCapAbove", "marketCapBelow", "moodyRatingAbove", "moodyRatingBelow",
        "spRatingAbove", "spRatingBelow", "maturityDateAbove", "maturityDateBelow",
        "couponRateAbove", "couponRateBelow", "excludeConvertible", "averageOptionVolumeAbove",
        "scannerSettingPairs", "stockTypeFilter",
    ):  # fmt: skip
        value = fields.text(name)
        if value not in {"", "0", "ALL", "1.7976931348623157e+308", "2147483647"}:
            raise _failed(f"filter {name}={value} is not available in the simulator")


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


def scanner_parameters(client: Client, fields: Fields) -> None:
    """Answer with a document that names the scans, the location and the filters."""
    fields.skip("version")
    fields.end()
    scans = "".join(f"<ScanType><scanCode>{code}</scanCode></ScanType>" for code in SCANS)
    filters = "".join(f"<RangeFilter><id>{name}</id></RangeFilter>" for name in FILTERS)
    client.send(
        frames.scanner_parameters(
            '<?xml version="1.0" encoding="UTF-8"?><ScanParameterResponse>'
            "<InstrumentList><Instrument><name>US Stocks</name><type>STK</type></Instrument>"
            "</InstrumentList><LocationTree><Location><locationCode>STK.US.MAJOR</locationCode>"
            f"</Location></LocationTree><ScanTypeList>{scans}</ScanTypeList>"
            f"<FilterList>{filters}</FilterList></ScanParameterResponse>"
        )
    )


def scanner_subscription(client: Client, fields: Fields) -> None:
    """Answer with the best rows of a scan."""
    request = ScanRequest.read(fields)
    best = scan(request, client.gateway.tape, client.gateway.clock.now())
    client.send(frames.scanner_data(request.request_id, best))


def scan(request: ScanRequest, tape: Tape, now: datetime) -> list[Instrument]:
    """Rank the instruments by their newest complete bar, best first.

    Raises `RequestRefused` for a scan or a place that is not known.
    """
    if request.code not in SCANS:
        raise _failed(f"scan code {request.code!r} is not one of {', '.join(SCANS)}")
    if request.instrument != "STK" or request.location not in LOCATIONS:
        raise _failed(f"{request.instrument!r} in {request.location!r} cannot be scanned here")
    rank = SCANS[request.code]
    rows = [row for row in _scanned(tape, now) if _passes(row, request)]
    # Equal ranks fall back to the symbol, so that the same day always gives the same list.
    rows.sort(key=lambda row: (-rank(row), row.instrument.symbol))
    return [row.instrument for row in rows[: request.rows]]


def _scanned(tape: Tape, now: datetime) -> list[Scanned]:
    newest = phase(now).last_complete
    rows = []
    for con_id, instrument in tape.instruments.items():
        summary = tape.summary(con_id, now)
        in_location = instrument.currency == BASE
        if in_location and summary is not None and summary.bar.session == newest:
            rows.append(Scanned(instrument, summary))
    return rows


def _passes(row: Scanned, request: ScanRequest) -> bool:
    return all(FILTERS[name](row, bound) for name, bound in request.bounds)


def cancel_scanner(client: Client, fields: Fields) -> None:
    """End a scan; nothing is sent after its first answer anyway."""
    del client
    fields.skip("version")
    fields.identify()
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
