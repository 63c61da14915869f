# ruff: noqa: D102 - what `MarketTools` describes is not described again
"""Market data from the market view of an exchange in this process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TypeVar

import ib_async
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import DataError, GatewayError, NoData, RequestRefused
from core.limits import MAX_UNREADABLE
from core.tables import BARS
from core.types import Contract, Quote, TradingTerms
from core.types.sought import Sought
from core.types.trading_terms import without_terms
from ibkr.contracts.resolution import (
    Described,
    Found,
    Resolved,
    checked_symbols,
    listing_of,
    only_listing,
    resolved,
)
from ibkr.contracts.search import no_contract
from ibkr.market.bars import Readable, read_bars
from ibkr.market.history import History, left_out_note
from ibkr.market.movers import SCANS, movers_table
from ibkr.market.quotes import Quotes, by_symbol, quote, quotes_of
from ibkr.market.scanner import MOST_ROWS
from ibkr.market.tools import MarketTools
from ibkr.replay.contracts import contract_of, details, trading_terms
from ibkr.replay.received import all_received, received, refused_as, whole_seconds
from ibkr.wire.concurrent_requests import Progress
from ibkr.wire.convert import duration as checked_duration
from ibkr.wire.convert import end_time
from ibkr.wire.error_codes import NOTHING_FOUND_BY_SCAN
from ibkr.wire.messages import Tick
from simulator.market.market import SMART, DailyBar
from simulator.prices.bar_sizes import DAY
from simulator.prices.market_view import MarketView
from simulator.prices.quotes import Quote as Market
from simulator.prices.quotes import quote as market_of
from simulator.tws.handlers.scanner import ScanRequest, scan
from simulator.tws.messages.contracts import NOT_FOUND, UNKNOWN_CONTRACT, ContractQuery
from simulator.tws.messages.market_data import Tick as TickNumber
from simulator.tws.queries.bar_queries import bars_for
from simulator.tws.queries.contract_lookup import ContractLookup
from simulator.tws.queries.history_request import HistoryRequest
from simulator.untidy.names import as_told

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

Columns = tuple[Sequence[date], NDArray[np.float64]]
"""T sessions, and shape (5, T): open, high, low and close per share, volume in shares."""


class ReplayMarketData(MarketTools):
    """The `ibkr.gateway.MarketTools` of one moment."""

    def __init__(self, view: MarketView, directory: ContractLookup, now: datetime) -> None:
        self._view, self._directory, self._now = view, directory, now

    def resolve(
        self, symbols: Sequence[str], *, currency: str = "USD", progress: Progress | None = None
    ) -> Resolved:
        def ask(symbol: str) -> Contract:
            query = ContractQuery(0, symbol, "STK", SMART, "", currency, "")
            with refused_as(f"contract {symbol}"):
                found = self._directory.find(query)
                if not found:
                    raise RequestRefused(NOT_FOUND, code=UNKNOWN_CONTRACT)
            return only_listing(symbol, currency, [details(item) for item in found])

        askable, odd = checked_symbols(symbols)
        answers, failed = ask_in_turn(askable, ask, progress)
        return resolved(answers.values(), {**odd, **failed})

    def resolve_listings(
        self, sought: Sequence[Sought], *, progress: Progress | None = None
    ) -> Found:
        def ask(one: Sought) -> Contract:
            number = f"ISIN:{one.isin}" if one.isin else ""
            with refused_as(f"contract {one}"):
                found = self._directory.find(
                    ContractQuery(
                        0, one.symbol, "STK", SMART, one.exchange, one.currency, "",
                        security_id=number,
                    )
                )  # fmt: skip
                if not found:
                    raise RequestRefused(NOT_FOUND, code=UNKNOWN_CONTRACT)
            return listing_of(one, [details(item) for item in found])

        return Found(*ask_in_turn(sorted(set(sought)), ask, progress))

    def describe(self, con_ids: Collection[int], *, progress: Progress | None = None) -> Described:
        def ask(con_id: int) -> Contract:
            with refused_as(f"contract conId {con_id}"):
                found = self._directory.find(ContractQuery(con_id, "", "", "", "", "", ""))
            if not found:
                raise NoData(no_contract(con_id))
            return contract_of(as_told(found[0], self._view.untidy))

        return Described(*ask_in_turn(sorted(set(con_ids)), ask, progress))

    def trading_terms(
        self, contracts: Sequence[Contract], *, progress: Progress | None = None
    ) -> dict[int, TradingTerms]:
        def ask(contract: Contract) -> TradingTerms:
            with refused_as(f"contract conId {contract.con_id}"):
                instrument = self._directory.one(query_of(contract))
            return trading_terms(instrument, self._view, self._now)

        known, failed = ask_in_turn(contracts, ask, progress)
        found = [*known.values(), *(without_terms(one, why) for one, why in failed.items())]
        return {one.con_id: one for one in sorted(found, key=lambda one: one.con_id)}

    def bulk_quote(
        self, contracts: Sequence[Contract], *, progress: Progress | None = None
    ) -> Quotes:
        def ask(contract: Contract) -> Quote:
            with refused_as(f"quote of {contract.symbol}"):
                con_id = self._directory.one(query_of(contract)).con_id
            market = market_of(self._view, con_id, self._now)
            return quote(contract, _ticks(market), as_of=whole_seconds(self._now))

        wanted = by_symbol(contracts)
        return quotes_of(wanted, *ask_in_turn(wanted, ask, progress))

    def history(
        self,
        contracts: Sequence[Contract],
        *,
        duration: str = "2 Y",
        end: datetime | None = None,
        most_unreadable: float = MAX_UNREADABLE.default,
        progress: Progress | None = None,
    ) -> History:
        left_out: dict[int, str] = {}
        until, length = end_time(end), checked_duration(duration)

        def ask(contract: Contract) -> Columns:
            request = HistoryRequest(
                request_id=0,
                query=query_of(contract),
                end=until,
                bar_size=DAY,
                duration=length,
                what="TRADES",
                keep_up_to_date=False,
            )
            with refused_as(f"bars of {contract.symbol}"):
                found = bars_for(request, self._directory, self._view, self._now)
            columns, told = readable_columns(contract, found.bars, most_unreadable)
            if told:
                left_out[contract.con_id] = left_out_note(told)
            return columns

        wanted = sorted(set(contracts), key=lambda c: c.con_id)
        answers, failed = ask_in_turn(wanted, ask, progress)
        return History(
            bars=bars_table([(c, answers[c]) for c in wanted if c in answers]),
            missing={c.con_id: failed[c] for c in wanted if c in failed},
            left_out=left_out,
        )

    def top_movers(self, scans: Sequence[str] = SCANS, *, rows: int = 10) -> pd.DataFrame:
        return movers_table({name: self._scan(name, rows) for name in scans if rows > 0})

    def _scan(self, name: str, rows: int) -> list[tuple[int, str]]:
        request = ScanRequest(0, min(rows, MOST_ROWS), "STK", "STK.US.MAJOR", name, ())
        try:
            with refused_as(f"scan {name}"):
                found = scan(request, self._view, self._now)
        except RequestRefused as refused:
            if refused.code == NOTHING_FOUND_BY_SCAN:
                return []
            raise
        return [(instrument.con_id, instrument.symbol) for instrument in found]


def ask_in_turn(
    items: Sequence[K], ask: Callable[[K], T], progress: Progress | None
) -> tuple[dict[K, T], dict[K, str]]:
    """Ask about every item; return the answers, and the failures in words."""
    answers: dict[K, T] = {}
    failures: dict[K, str] = {}
    for done, item in enumerate(items, start=1):
        try:
            answers[item] = ask(item)
        except (GatewayError, DataError) as error:
            failures[item] = str(error)
        if progress:
            progress(done, len(items))
    return answers, failures


def query_of(contract: Contract) -> ContractQuery:
    """Return what the gateway is asked about a contract: conId and exchange identify it."""
    return ContractQuery(
        con_id=contract.con_id,
        symbol=contract.symbol,
        sec_type=contract.sec_type,
        exchange=contract.exchange,
        primary_exchange="",
        currency=contract.currency,
        local_symbol="",
    )


def readable_columns(
    contract: Contract, bars: Sequence[DailyBar], most_unreadable: float
) -> tuple[Columns, tuple[str, ...]]:
    """Return bars as they arrive, and why others are left out; see `read_bars`."""
    sessions, *columns = zip(*bars, strict=True)
    values = all_received(np.array(columns, dtype=np.float64))
    opened, high, low, close, volume = values
    sound = np.isfinite(values).all() and (values[:4] > 0).all() and (volume >= 0).all()
    inside = (low <= np.minimum(opened, close)) & (np.maximum(opened, close) <= high)
    if sound and inside.all() and len(set(sessions)) == len(sessions):
        return (sessions, values), ()
    read = _read_one_by_one(contract, bars, most_unreadable)
    kept = [(one.open, one.high, one.low, one.close, one.volume) for one in read.bars]
    days = tuple(one.start.date() for one in read.bars)
    return (days, np.array(kept, dtype=np.float64).T), read.left_out


def bars_table(found: Sequence[tuple[Contract, Columns]]) -> pd.DataFrame:
    """Return the bars of several contracts with the columns of `core.tables.BARS`."""
    names = [column.name for column in BARS.columns]
    if not found:
        return pd.DataFrame.from_records([], columns=names)
    lengths = [len(sessions) for _, (sessions, _) in found]
    days = [day for _, (sessions, _) in found for day in sessions]
    columns = [
        np.repeat([contract.con_id for contract, _ in found], lengths),
        np.repeat(np.array([contract.symbol for contract, _ in found], dtype=object), lengths),
        np.array(days, dtype=object),
        *np.concatenate([values for _, (_, values) in found], axis=1),
    ]
    return pd.DataFrame(dict(zip(names, columns, strict=True)))


def _read_one_by_one(
    contract: Contract, bars: Iterable[DailyBar], most_unreadable: float
) -> Readable:
    rows = [
        ib_async.BarData(
            date=f"{bar.session:%Y%m%d}",  # type: ignore[arg-type]  # a text on the wire
            open=received(bar.open),
            high=received(bar.high),
            low=received(bar.low),
            close=received(bar.close),
            volume=received(bar.volume),
        )
        for bar in bars
    ]
    return read_bars(
        contract, rows, bar_size="1 day", shown="TRADES", most_unreadable=most_unreadable
    )


def _ticks(market: Market | None) -> list[Tick]:
    if market is None:
        return []
    sides: Mapping[TickNumber, tuple[float | None, int]] = {
        TickNumber.BID: (market.bid, market.bid_size),
        TickNumber.ASK: (market.ask, market.ask_size),
        TickNumber.LAST: (market.last, 100),
        TickNumber.CLOSE: (market.close, 0),
    }
    ticks = [
        Tick(number, received(price), size)
        for number, (price, size) in sides.items()
        if price is not None
    ]
    if market.volume is not None:
        ticks.append(Tick(TickNumber.VOLUME, None, received(market.volume)))
    return ticks
