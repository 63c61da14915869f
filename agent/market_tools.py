"""Tools about the market: contracts, quotes, bars, movers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from agent.arguments import Duration, FewSymbols, Symbols
from agent.context import ToolContext
from agent.tool import Answer, Scope, tool
from core.settings import Effect
from core.types import Contract, Quote

Scan = Literal["TOP_PERC_GAIN", "TOP_PERC_LOSE", "HOT_BY_VOLUME", "MOST_ACTIVE", "TOP_TRADE_COUNT"]
Scans = Annotated[list[Scan], Field(min_length=1, max_length=5)]
Rows = Annotated[int, Field(ge=1, le=50, description="rows of each scan")]
USUAL_SCANS: list[Scan] = ["TOP_PERC_GAIN", "TOP_PERC_LOSE", "HOT_BY_VOLUME"]


@tool(Effect.READ, Scope.MARKET)
def resolve_contracts(context: ToolContext, symbols: Symbols) -> Answer:
    """Look up US stocks by symbol.

    Returns ``contracts`` (con_id, symbol, name, primary_exchange, currency, min_tick,
    stock_type) and ``refused``: why each other symbol has none, unknown and ambiguous ones
    included. The con_id is an instrument's identity; symbols get reused.
    """
    with context.connect() as gateway:
        now = gateway.server_time()
        resolved = gateway.market.resolve(symbols)
    data = {"contracts": resolved.contracts, "refused": resolved.refused}
    return Answer(as_of=now, source=context.broker, data=data)


@tool(Effect.READ, Scope.MARKET)
def quotes(context: ToolContext, symbols: Symbols) -> Answer:
    """Take one snapshot of each stock's market.

    Returns ``quotes`` by symbol: bid, ask, last, close (previous session), mid and
    reference_price per share in the stock's currency, volume in shares, and data (live, frozen,
    delayed). Null is "not known", never zero. ``missing`` says why a symbol has no quote. Before
    the US open expect the previous session's prices.
    """
    with context.connect() as gateway:
        now = gateway.server_time()
        resolved = gateway.market.resolve(symbols)
        found = gateway.market.bulk_quote(resolved.contracts)
    data = {
        "quotes": {quote.symbol: _shown(quote) for quote in found.quotes},
        "missing": {**resolved.refused, **_by_symbol(found.missing, resolved.contracts)},
    }
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


def _shown(quote: Quote) -> dict[str, Any]:
    return {
        "con_id": quote.con_id,
        "as_of": quote.as_of,
        "bid": quote.bid,
        "ask": quote.ask,
        "last": quote.last,
        "close": quote.close,
        "mid": quote.mid,
        "reference_price": quote.reference_price,
        "volume": quote.volume,
        "data": quote.source,
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
