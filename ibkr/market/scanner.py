"""Market scans: what to ask them by, and what they find."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import ib_async

from core.errors import ConfigurationError, DataError, RequestRefused
from ibkr.market.scanner_codes import ScannerCodes, read_codes
from ibkr.wire.connection import Connection
from ibkr.wire.error_codes import NOTHING_FOUND_BY_SCAN
from ibkr.wire.messages import Ranked
from ibkr.wire.request_types import SCANNER_PARAMETERS
from ibkr.wire.requests import Requests

MOST_ROWS = 50  # IBKR ranks no more than this

_CODE = re.compile(r"[A-Za-z0-9_.@%-]{1,60}")


@dataclass(frozen=True, slots=True)
class Scan:
    """What to scan for. Prices per share, volume in shares, market value in millions.

    ``filters`` takes any filter that `Scanner.codes` names, such as ``{"avgVolumeAbove": 1e6}``.
    """

    code: str
    instrument: str = "STK"
    location: str = "STK.US.MAJOR"
    rows: int = MOST_ROWS
    price_above: float | None = None
    price_below: float | None = None
    volume_above: int | None = None
    market_cap_above: float | None = None
    market_cap_below: float | None = None
    stock_type: str = ""  # ALL, STOCK or ETF, among others
    filters: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScanRow:
    """One instrument that a scan found. IBKR tells no company's name here."""

    rank: int  # 0 is first
    con_id: int
    symbol: str
    sec_type: str
    exchange: str
    currency: str


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a scan found, best first; no row when nothing passes its filters."""

    as_of: datetime
    rows: tuple[ScanRow, ...]


class Scanner:
    """Runs scans and lists their codes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def codes(self) -> ScannerCodes:
        """Return every code a scan can be asked by, as the gateway lists them."""
        return self._connection.run(scanner_codes(self._requests, within=self._within))

    def run(self, scan: Scan) -> ScanResult:
        """Run a scan. Raises `RequestRefused` for one that IBKR does not know.

        Raises `ConfigurationError` for values that must not go on the wire.
        """
        return self._connection.run(run_scan(self._requests, scan, within=self._within))

    @property
    def _requests(self) -> Requests:
        return self._connection.line.requests

    @property
    def _within(self) -> float:
        return self._connection.settings.request_timeout


async def scanner_codes(requests: Requests, *, within: float) -> ScannerCodes:
    """Ask for the scanner's document and read it."""
    (document,) = await requests.by_kind(
        SCANNER_PARAMETERS,
        requests.client.reqScannerParameters,
        what="scanner parameters",
        within=within,
    )
    return read_codes(document)


async def run_scan(requests: Requests, scan: Scan, *, within: float) -> ScanResult:
    """Ask for the rows of a scan, once."""
    subscription, filters = to_wire(scan)
    as_of = await requests.current_time(within=within)
    found = await ranked_rows(requests, subscription, filters, within=within)
    return ScanResult(as_of, tuple(_row(ranked) for ranked in found[: scan.rows]))


async def ranked_rows(
    requests: Requests,
    subscription: ib_async.ScannerSubscription,
    filters: Sequence[ib_async.TagValue] = (),
    *,
    within: float,
) -> list[Ranked]:
    """Ask for the rows of a scan, best first; none when nothing passes its filters.

    Raises `RequestRefused` for a scan that IBKR does not know, and `DataError` when a row names
    no contract.
    """
    what = f"scan {subscription.scanCode}"
    try:
        found: list[Ranked] = await requests.by_id(
            lambda request: requests.client.reqScannerSubscription(
                request, subscription, [], list(filters)
            ),
            what=what,
            within=within,
            withdraw=requests.client.cancelScannerSubscription,
            standing=True,
        )
    except RequestRefused as refused:
        if refused.code == NOTHING_FOUND_BY_SCAN:
            return []
        raise
    if any(row.contract.conId < 1 or not row.contract.symbol for row in found):
        raise DataError(f"{what}: a row names no contract")
    return sorted(found, key=lambda row: row.rank)


def to_wire(scan: Scan) -> tuple[ib_async.ScannerSubscription, list[ib_async.TagValue]]:
    """Return ib_async's scan. Raises `ConfigurationError` naming everything wrong."""
    wrong = [*_wrong_codes(scan), *_wrong_bounds(scan)]
    if not 1 <= scan.rows <= MOST_ROWS:
        wrong.append(f"rows = {scan.rows} is not within 1 and {MOST_ROWS}, all that IBKR ranks")
    if wrong:
        raise ConfigurationError("; ".join(wrong))
    given = {
        "abovePrice": scan.price_above, "belowPrice": scan.price_below,
        "aboveVolume": scan.volume_above, "marketCapAbove": scan.market_cap_above,
        "marketCapBelow": scan.market_cap_below,
    }  # fmt: skip
    subscription = ib_async.ScannerSubscription(
        numberOfRows=scan.rows,
        instrument=scan.instrument,
        locationCode=scan.location,
        scanCode=scan.code,
        stockTypeFilter=scan.stock_type,
    )
    for name, bound in given.items():
        if bound is not None:
            setattr(subscription, name, bound)
    return subscription, [
        ib_async.TagValue(name, f"{bound:.15g}") for name, bound in sorted(scan.filters.items())
    ]


def _wrong_codes(scan: Scan) -> Iterator[str]:
    codes = (scan.code, scan.instrument, scan.location, *filter(None, [scan.stock_type]))
    for code in (*codes, *scan.filters):
        if not _CODE.fullmatch(code):
            yield f"{code!r} is not a code"


def _wrong_bounds(scan: Scan) -> Iterator[str]:
    bounds = {
        "price_above": scan.price_above, "price_below": scan.price_below,
        "volume_above": scan.volume_above, "market_cap_above": scan.market_cap_above,
        "market_cap_below": scan.market_cap_below, **scan.filters,
    }  # fmt: skip
    for name, bound in bounds.items():
        if bound is not None and not (math.isfinite(bound) and bound >= 0):
            yield f"{name} = {bound} must be a number of zero or more"
    for low, high in (("price_above", "price_below"), ("market_cap_above", "market_cap_below")):
        least, most = bounds[low], bounds[high]
        if least is not None and most is not None and least >= most:
            yield f"{low} = {least:g} is not below {high} = {most:g}"


def _row(ranked: Ranked) -> ScanRow:
    contract = ranked.contract
    return ScanRow(
        rank=ranked.rank,
        con_id=contract.conId,
        symbol=contract.symbol,
        sec_type=contract.secType,
        exchange=contract.exchange,
        currency=contract.currency,
    )
