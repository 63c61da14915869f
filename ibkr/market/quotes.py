"""Snapshots of the market: from ticks to quotes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from core.errors import DataError, RequestRefused
from core.types import LIVE, Contract, Quote
from ibkr.market.snapshots import SnapshotLines, Source, Ticks
from ibkr.wire.concurrent_requests import Progress, ask_each
from ibkr.wire.convert import number, price
from ibkr.wire.error_codes import NO_MARKET_DATA
from ibkr.wire.messages import DataType, Generic, Tick

_SOURCES = {1: LIVE, 2: "frozen", 3: "delayed", 4: "delayed-frozen"}
# A price of -1 or 0 says "none"; so does any price with size 0 on a side of the book.
_BOOK = {1: "bid", 66: "bid", 2: "ask", 67: "ask"}
_PRICES = {4: "last", 68: "last", 9: "close", 75: "close"}
_SIZES = {0: "bid", 69: "bid", 3: "ask", 70: "ask"}
_VOLUMES = frozenset({8, 74})
_HALTED = frozenset({49, 90})
_DELAYED = frozenset(range(66, 77))


@dataclass(frozen=True, slots=True)
class Quotes:
    """The quotes, sorted by symbol, and why the other contracts have none, by conId."""

    quotes: tuple[Quote, ...]
    missing: dict[int, str]


async def bulk_quote(
    lines: SnapshotLines,
    contracts: Sequence[Contract],
    *,
    within: float,
    release: bool = False,
    as_of: datetime | None = None,
    kinds: Sequence[Source] = ("live",),
    progress: Progress | None = None,
) -> Quotes:
    """Take one snapshot of each contract, as many at a time as there are lines.

    ``kinds`` of market data are asked for in turn: the next one of what the account may not see of
    the one before, or where that has no price in it. Each quote says which kind it is.

    All quotes carry the gateway's time from before the first was asked: none is older than it.
    ``as_of`` is that time where the caller has asked for it already; None asks.
    A real gateway ends a snapshot after 11 seconds, so ``within`` must be longer than that; for
    ``release`` see `ibkr.market.snapshots.SnapshotLines.ticks`.
    """
    asked_at = as_of or await lines.requests.current_time(within=within)

    async def ask(contract: Contract, kind: Source) -> Quote:
        what = f"quote of {contract.symbol}"
        ticks = await lines.ticks(contract, what=what, within=within, release=release, source=kind)
        return quote(contract, ticks, as_of=asked_at)

    return await _kind_after_kind(by_symbol(contracts), ask, kinds, lines.most, progress)


async def _kind_after_kind(
    wanted: Sequence[Contract],
    ask: Callable[[Contract, Source], Awaitable[Quote]],
    kinds: Sequence[Source],
    at_once: int,
    progress: Progress | None,
) -> Quotes:
    forbidden: set[Contract] = set()
    unpriced: set[Contract] = set()

    async def noting(contract: Contract, kind: Source) -> Quote:
        try:
            return await ask(contract, kind)
        except RequestRefused as refused:
            if refused.code in NO_MARKET_DATA:
                forbidden.add(contract)
            raise
        except DataError:
            unpriced.add(contract)
            raise

    found: dict[Contract, Quote] = {}
    failed: dict[Contract, str] = {}
    for kind in kinds:
        # Frozen data is the last of live data: who may not see the one may not see the other.
        may_have = forbidden | unpriced if kind.startswith("delayed") else unpriced
        asked = [c for c in wanted if kind == kinds[0] or (c in failed and c in may_have)]
        more, refused = await ask_each(
            asked, partial(noting, kind=kind), at_once=at_once, progress=progress
        )
        found |= more
        failed = {c: why for c, why in (failed | refused).items() if c not in found}
    return quotes_of(wanted, found, failed)


def by_symbol(contracts: Iterable[Contract]) -> list[Contract]:
    """Return the contracts in the order of quotes, each once."""
    return sorted(set(contracts), key=lambda c: (c.symbol, c.con_id))


def quotes_of(
    wanted: Sequence[Contract],
    found: Mapping[Contract, Quote],
    failed: Mapping[Contract, str],
) -> Quotes:
    """Return the quotes in the order asked, and what has none."""
    return Quotes(
        quotes=tuple(found[c] for c in wanted if c in found),
        missing={c.con_id: failed[c] for c in wanted if c in failed},
    )


def quote(contract: Contract, ticks: Ticks, *, as_of: datetime) -> Quote:
    """Fold the ticks of one snapshot. Raises `DataError` when there is no price in it."""
    result = folded(contract, ticks, as_of=as_of)
    refuse_unpriced(result)
    return result


def refuse_unpriced(found: Quote) -> None:
    """Raise `DataError` for a quote that does not say what a share is worth."""
    if found.reference_price is None:
        raise DataError(f"quote of {found.symbol}: no bid and ask, no last trade, no close")


def folded(contract: Contract, ticks: Ticks, *, as_of: datetime) -> Quote:
    """Fold the ticks of one snapshot, be there a price in it or not."""
    values: dict[str, float | None] = {}
    source, halted = LIVE, None
    for tick in ticks:
        if isinstance(tick, DataType):
            source = _SOURCES.get(tick.kind, source)
        if isinstance(tick, Generic) and tick.kind in _HALTED and tick.value >= 0:
            halted = tick.value > 0  # 0 trades, 1 and 2 halted; -1 says "not known"
        if not isinstance(tick, Tick):
            continue
        if tick.price is None:
            _fold_size(values, tick)
        elif tick.kind in _BOOK:
            values[_BOOK[tick.kind]] = price(tick.price) if tick.size > 0 else None
        elif tick.kind in _PRICES:
            values[_PRICES[tick.kind]] = price(tick.price)
        if tick.kind in _DELAYED and source == LIVE:
            source = "delayed"
    return Quote(
        con_id=contract.con_id,
        symbol=contract.symbol,
        as_of=as_of,
        bid=values.get("bid"),
        ask=values.get("ask"),
        last=values.get("last"),
        close=values.get("close"),
        volume=values.get("volume"),
        source=source,
        halted=halted,
    )


def _fold_size(values: dict[str, float | None], tick: Tick) -> None:
    if tick.kind in _SIZES and not tick.size > 0:
        values[_SIZES[tick.kind]] = None
    elif tick.kind in _VOLUMES:
        volume = number(tick.size)
        values["volume"] = volume if volume is not None and volume >= 0 else None
