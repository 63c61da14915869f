"""Tools about the market: contracts, quotes, order books, bars, movers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from agent.context import ToolContext
from agent.tool import Answer, Scope, tool
from agent.tools.arguments import Duration, FewSymbols, Symbols
from agent.tools.market_arguments import ConId, ConIds, Exchange
from core.settings import Effect
from core.settings.fields import Instrument
from core.types import Contract
from core.types.sought import read_sought
from ibkr.market.bar_sizes import BarSize
from ibkr.market.bars import Shown
from ibkr.market.live_quotes import LiveQuote
from ibkr.market.snapshots import Source

Listings = Annotated[
    list[Instrument], Field(max_length=100, description="SYMBOL@EXCHANGE:CURRENCY, or ISINs")
]
Scan = Literal["TOP_PERC_GAIN", "TOP_PERC_LOSE", "HOT_BY_VOLUME", "MOST_ACTIVE", "TOP_TRADE_COUNT"]
Scans = Annotated[list[Scan], Field(min_length=1, max_length=5)]
Rows = Annotated[int, Field(ge=1, le=50, description="rows of each scan")]
BookRows = Annotated[int, Field(ge=1, le=50, description="prices on each side")]
BarDuration = Annotated[
    str, Field(pattern=r"^[1-9][0-9]{0,4} [SDWMY]$", description="such as 3600 S, 2 D or 1 Y")
]
USUAL_SCANS: list[Scan] = ["TOP_PERC_GAIN", "TOP_PERC_LOSE", "HOT_BY_VOLUME"]


@tool(Effect.READ, Scope.MARKET)
def resolve_contracts(
    context: ToolContext, symbols: Symbols, listings: Listings | None = None
) -> Answer:
    """Look up US stocks by symbol, and others by listing or ISIN.

    ``listings`` are such as VOD@LSE:GBP, SAP:EUR or US0378331005. Returns ``contracts`` (con_id,
    symbol, name, primary_exchange, currency, min_tick, stock_type) and ``refused``: why each other
    one has none, unknown and ambiguous ones included. The con_id is an instrument's identity;
    symbols get reused.
    """
    with context.connect() as gateway:
        now = gateway.server_time()
        resolved = gateway.market.resolve(symbols)
        found = gateway.market.resolve_listings([read_sought(entry) for entry in listings or []])
    data = {
        "contracts": (*resolved.contracts, *found.contracts.values()),
        "refused": {**resolved.refused, **{str(one): why for one, why in found.refused.items()}},
    }
    return Answer(as_of=now, source=context.broker, data=data)


@tool(Effect.READ, Scope.MARKET)
def quotes(context: ToolContext, symbols: Symbols) -> Answer:
    """Take one snapshot of each stock's market.

    Returns ``quotes`` by symbol: bid, ask, last, close (previous session), mid and
    reference_price per share in the stock's currency; open, high and low of the session; sizes
    and volume in shares; data (live, frozen, delayed), age_seconds since the last trade, halted.
    Null is "not known", never zero. ``missing`` says why a symbol has no quote. Before the US
    open expect the previous session's prices.
    """
    with context.connect() as gateway:
        now = gateway.server_time()
        resolved = gateway.market.resolve(symbols)
        found = gateway.market.quotes(resolved.contracts)
    data = {
        "quotes": {quote.symbol: _shown(quote) for quote in found.quotes},
        "missing": {**resolved.refused, **_by_symbol(found.missing, resolved.contracts)},
    }
    return Answer(as_of=now, source=context.broker, data=data)


@tool(Effect.READ, Scope.MARKET)
def contract_quotes(context: ToolContext, con_ids: ConIds, data: Source = "live") -> Answer:
    """Take one snapshot of instruments of any kind, named by con_id.

    The same fields as quotes, in ``quotes`` by con_id, prices in the contract's currency.
    ``data`` is what to ask for: an account without a live subscription may ask for delayed data,
    a closed market has frozen data. Each quote says what it got.
    """
    with context.connect() as gateway:
        now = gateway.server_time()
        contracts = [gateway.contracts.details(each).contract for each in sorted(set(con_ids))]
        found = gateway.market.quotes(contracts, source=data)
    shown = {
        "quotes": {str(quote.con_id): _shown(quote) for quote in found.quotes},
        "missing": {str(con_id): why for con_id, why in found.missing.items()},
    }
    return Answer(as_of=now, source=context.broker, data=shown)


@tool(Effect.READ, Scope.MARKET)
def order_book(
    context: ToolContext, con_id: ConId, rows: BookRows = 5, exchange: Exchange | None = None
) -> Answer:
    """Return the best bids and asks of one contract, best first.

    ``bids`` and ``asks``: price per share, size in shares or contracts, and the market maker or
    exchange where it is named. An empty side: no quotes. Without ``exchange`` the books of all
    exchanges are joined where IBKR does that (SMART), so it may cross for a moment (``crossed``).
    """
    with context.connect() as gateway:
        contract = gateway.contracts.details(con_id, exchange=exchange or "").contract
        wanted = replace(contract, exchange=exchange or contract.exchange)
        found = gateway.market.order_book(wanted, rows=rows, smart=wanted.exchange == "SMART")
    data = {
        "symbol": contract.symbol,
        "bids": found.bids,
        "asks": found.asks,
        "crossed": found.crossed,
    }
    return Answer(as_of=found.as_of, source=context.broker, data=data)


@tool(Effect.READ, Scope.MARKET)
def bars(
    context: ToolContext,
    con_id: ConId,
    bar_size: BarSize,
    duration: BarDuration,
    shown: Shown = "TRADES",
    end: AwareDatetime | None = None,
    regular: Annotated[bool, Field(description="regular trading hours only")] = True,  # noqa: FBT002 - arguments of tools are passed by name
) -> Answer:
    """Return bars of any size of one contract of any kind, oldest first.

    ``bars``: start (UTC; midnight of the session for daily and longer ones), open, high, low,
    close, volume in shares, average weighted by volume, number of trades; null where ``shown`` is
    no trades. IBKR serves small bars over short durations only: an error names what it serves.
    ``end`` needs a time zone; default: the present.
    """
    with context.connect() as gateway:
        contract = gateway.contracts.details(con_id).contract
        found = gateway.market.bars(
            contract,
            duration=duration,
            bar_size=bar_size,
            shown=shown,
            end=end,
            regular=regular,
        )
    data = {
        "symbol": contract.symbol,
        "bar_size": bar_size,
        "bars": found.bars,
        "left_out": found.left_out,
    }
    return Answer(as_of=_earlier(found.as_of, end), source=context.broker, data=data)


@tool(Effect.READ, Scope.MARKET)
def data_begins(context: ToolContext, con_id: ConId, shown: Shown = "TRADES") -> Answer:
    """Say when the broker's data of a contract begins, UTC."""
    with context.connect() as gateway:
        now = gateway.server_time()
        contract = gateway.contracts.details(con_id).contract
        begins = gateway.market.head_timestamp(contract, shown=shown)
    data = {"symbol": contract.symbol, "begins": begins}
    return Answer(as_of=now, source=context.broker, data=data)


@tool(Effect.READ, Scope.MARKET)
def history(
    context: ToolContext,
    symbols: FewSymbols,
    duration: Duration = "3 M",
    end: AwareDatetime | None = None,
) -> Answer:
    """Return daily bars, oldest first, of up to ten stocks.

    ``bars`` by symbol: session (date), open, high, low, close per share adjusted for splits,
    volume in shares; regular trading hours. ``end`` (with a time zone; default: the present) is
    the last moment a bar may be of; during a session the last bar is that session so far.
    ``missing`` says why a symbol has none.
    """
    with context.connect() as gateway:
        now = gateway.server_time()
        resolved = gateway.market.resolve(symbols)
        found = gateway.market.history(resolved.contracts, duration=duration, end=end)
    data = {
        "bars": dict(_bars(found.bars.to_dict("records"))),
        "missing": {**resolved.refused, **_by_symbol(found.missing, resolved.contracts)},
    }
    return Answer(as_of=_earlier(now, end), source=context.broker, data=data)


@tool(Effect.READ, Scope.MARKET)
def top_movers(context: ToolContext, scans: Scans = USUAL_SCANS, rows: Rows = 10) -> Answer:
    """Run the broker's scanners over US-listed stocks.

    Returns ``movers``: scan, rank (0 is first), con_id, symbol. A scan that found nothing has no
    row. Use it for symbols outside the universe that move today.
    """
    with context.connect() as gateway:
        now = gateway.server_time()
        found = gateway.market.top_movers(scans, rows=rows)
    return Answer(as_of=now, source=context.broker, data={"movers": found.to_dict("records")})


def _shown(quote: LiveQuote) -> dict[str, Any]:
    return {
        "con_id": quote.con_id,
        "symbol": quote.symbol,
        "as_of": quote.as_of,
        "bid": quote.bid,
        "ask": quote.ask,
        "bid_size": quote.bid_size,
        "ask_size": quote.ask_size,
        "last": quote.last,
        "last_size": quote.last_size,
        "close": quote.close,
        "open": quote.open,
        "high": quote.high,
        "low": quote.low,
        "mid": quote.mid,
        "reference_price": quote.reference_price,
        "volume": quote.volume,
        "data": quote.source,
        "last_trade": quote.last_trade,
        "age_seconds": quote.age,
        "halted": quote.halted,
    }


def _by_symbol(missing: Mapping[int, str], contracts: Sequence[Contract]) -> dict[str, str]:
    symbols = {contract.con_id: contract.symbol for contract in contracts}
    return {symbols[con_id]: why for con_id, why in sorted(missing.items())}


def _bars(records: Sequence[Mapping[Any, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    columns = ("session", "open", "high", "low", "close", "volume")
    for symbol in sorted({record["symbol"] for record in records}):
        own = (record for record in records if record["symbol"] == symbol)
        yield symbol, [{column: record[column] for column in columns} for record in own]


def _earlier(now: datetime, end: datetime | None) -> datetime:
    return now if end is None else min(now, end)
