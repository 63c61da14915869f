"""The part of Financial Modeling Prep's stable API that a day needs, as of the virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache, wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import DataError
from simulator.clock import VirtualClock
from simulator.market.market import Instrument
from simulator.prices.market_view import MarketView, phase
from simulator.untidy.documents import odd_rows
from simulator.vendors.figures.earnings_invented import earnings_dates
from simulator.vendors.figures.fundamentals import Figures, FundamentalsSource
from simulator.vendors.figures.gauges import GaugeSource
from simulator.vendors.fmp import bulk
from simulator.vendors.fmp.quotes import closes, quote
from simulator.vendors.members import fmp_symbol, members
from simulator.vendors.unknown import unknown

INVALID_KEY = (
    "Invalid API KEY. Feel free to create a Free API Key or visit "
    "https://site.financialmodelingprep.com/faqs?search=why-is-my-api-key-invalid "
    "for more information."
)
NOT_IN_PLAN = "Special Endpoint: this endpoint is not available under your current subscription"
SECTOR_NAMES = {
    "Communication Services": "Communication Services",
    "Consumer Discretionary": "Consumer Cyclical",
    "Consumer Staples": "Consumer Defensive",
    "Energy": "Energy",
    "Financials": "Financial Services",
    "Health Care": "Healthcare",
    "Industrials": "Industrials",
    "Information Technology": "Technology",
    "Materials": "Basic Materials",
    "Real Estate": "Real Estate",
    "Utilities": "Utilities",
}  # GICS -> FMP
MATURITIES = (
    "month1", "month2", "month3", "month6", "year1", "year2",
    "year3", "year5", "year7", "year10", "year20", "year30",
)  # fmt: skip


EARNINGS_FIGURES = ("epsActual", "epsEstimated", "revenueActual", "revenueEstimated")
NO_FUNDAMENTALS = "name a file with simulator.fundamentals"
NO_GAUGES = "name a file with simulator.macro"


class BadQuery(DataError):
    """A query parameter is missing or cannot be read."""


class FinancialModelingPrep:
    """Routes under ``/stable``. Every one needs a key; any non-empty key will do."""

    def __init__(
        self,
        view: MarketView,
        clock: VirtualClock,
        *,
        fundamentals: FundamentalsSource | None,
        gauges: GaugeSource | None,
        knows_earnings: bool,
    ) -> None:
        self._view, self._clock = view, clock
        self._fundamentals, self._gauges = fundamentals, gauges
        self._knows_earnings = knows_earnings
        # One moment is asked several times: ratios, metrics, scores, quotes.
        self._figures = lru_cache(maxsize=1)(fundamentals.figures if fundamentals else _no_figures)
        self._by_symbol = {
            fmp_symbol(instrument.symbol): instrument
            for instrument in view.market.instruments
            if instrument.currency == "USD"
        }

    def routes(self) -> list[Route]:
        """Return the routes, without the leading ``/stable``."""
        answers: dict[str, Callable[[Request], Response]] = {
            "/sp500-constituent": self._constituents,
            "/batch-quote": self._quotes,
            "/ratios-ttm-bulk": self._bulk(bulk.ratios),
            "/key-metrics-ttm-bulk": self._bulk(bulk.metrics),
            "/scores-bulk": self._bulk(bulk.scores),
            "/income-statement-growth-bulk": self._growth,
            "/treasury-rates": self._rates,
            "/earnings-calendar": self._earnings,
            "/historical-price-eod/light": self._history,
        }
        return [Route(path, _guarded(answer), methods=["GET"]) for path, answer in answers.items()]

    def _constituents(self, request: Request) -> Response:
        del request
        found = members(self._view, self._clock.now())
        rows = [_constituent(instrument) for instrument in found]
        if self._view.is_real:  # a company is in the file from a day on, not in an index
            rows = [{**row, "dateFirstAdded": None} for row in rows]
        return JSONResponse(rows)

    def _quotes(self, request: Request) -> Response:
        now = self._clock.now()
        asked = _text(request.query_params, "symbols").split(",")
        caps = {fmp_symbol(one.symbol): one.market_cap for one in self._figures(now)}
        known = [(name, self._by_symbol[name]) for name in asked if name in self._by_symbol]
        quotes = [
            quote(self._view, instrument, now, market_cap=caps.get(name))
            for name, instrument in known
        ]
        return JSONResponse([one for one in quotes if one is not None])

    def _bulk(self, table: Callable[[Sequence[Figures]], bytes]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            del request
            if self._fundamentals is None:
                return unknown(NO_FUNDAMENTALS)
            rows = table(self._figures(self._clock.now()))
            return _csv(odd_rows(rows, self._view.untidy, table.__name__))

        return answer

    def _growth(self, request: Request) -> Response:
        year = _text(request.query_params, "year")
        if not (year.isascii() and year.isdigit() and len(year) == 4):
            raise BadQuery(f"year={year} is not a year")
        if _text(request.query_params, "period") != "FY":
            raise BadQuery("this vendor knows the growth of whole years only: period=FY")
        if self._fundamentals is None:
            return unknown(NO_FUNDAMENTALS)
        rows = bulk.growth(self._fundamentals.growth(int(year), self._clock.now()))
        return _csv(odd_rows(rows, self._view.untidy, "growth"))

    def _earnings(self, request: Request) -> Response:
        if self._view.is_real:
            return unknown()
        if not self._knows_earnings:
            return JSONResponse({"Error Message": NOT_IN_PLAN}, status_code=402)
        first, last = _range(request.query_params)
        now = self._clock.now()
        dates = earnings_dates(self._view, now, first=first, last=last)
        updated = phase(now).last_complete.isoformat()
        no_figures = dict.fromkeys(EARNINGS_FIGURES)
        return JSONResponse(
            [
                {"symbol": fmp_symbol(one.symbol), "date": one.on.isoformat(), **no_figures,
                 "lastUpdated": updated}
                for one in dates
            ]
        )  # fmt: skip

    def _rates(self, request: Request) -> Response:
        if self._gauges is None:
            return unknown(NO_GAUGES)
        first, last = _range(request.query_params)
        other_maturities = dict.fromkeys(MATURITIES)
        return JSONResponse(
            [
                {"date": day.isoformat(), **other_maturities, "year2": year2, "year10": year10}
                for day, year2, year10 in reversed(self._gauges.rates(self._clock.now()))
                if first <= day <= last
            ]
        )

    def _history(self, request: Request) -> Response:
        now = self._clock.now()
        symbol = _text(request.query_params, "symbol")
        first, last = _range(request.query_params)
        instrument = self._by_symbol.get(symbol)
        if instrument is not None:
            rows = closes(self._view, instrument, now)
        elif self._gauges is None:
            return unknown(NO_GAUGES)
        else:
            rows = [(day, value, 0) for day, value in self._gauges.prices(symbol, now) or ()]
        return JSONResponse(
            [
                {"symbol": symbol, "date": day.isoformat(), "price": price, "volume": volume}
                for day, price, volume in reversed(rows)
                if first <= day <= last
            ]
        )


def _guarded(answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """Ask for a key first, and say in FMP's own way what is wrong with a query."""

    @wraps(answer)
    def guarded(request: Request) -> Response:
        if not (request.query_params.get("apikey") or request.headers.get("apikey")):
            return JSONResponse({"Error Message": INVALID_KEY}, status_code=401)
        try:
            return answer(request)
        except BadQuery as error:
            return JSONResponse({"Error Message": f"Query Error: {error}"}, status_code=400)

    return guarded


def _constituent(instrument: Instrument) -> dict[str, Any]:
    since = instrument.member_since
    return {
        "symbol": fmp_symbol(instrument.symbol),
        "name": instrument.name,
        "sector": SECTOR_NAMES.get(instrument.sector or "", instrument.sector),
        "subSector": instrument.industry,
        "headQuarter": None,
        "dateFirstAdded": None if since is None else since.isoformat(),
        "cik": None,
        "founded": None,
    }


def _no_figures(now: datetime) -> Sequence[Figures]:
    del now
    return ()


def _text(query: Mapping[str, str], name: str) -> str:
    value = query.get(name, "")
    if not value:
        raise BadQuery(f"the parameter {name} is missing")
    return value


def _range(query: Mapping[str, str]) -> tuple[date, date]:
    return _day(query, "from", date.min), _day(query, "to", date.max)


def _day(query: Mapping[str, str], name: str, default: date) -> date:
    value = query.get(name)
    try:
        return date.fromisoformat(value) if value else default
    except ValueError as error:
        raise BadQuery(f"{name}={value} is not a date like 2026-06-15") from error


def _csv(content: bytes) -> Response:
    return Response(content, media_type="text/csv")
