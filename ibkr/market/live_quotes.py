"""Quotes with everything a person asks of one: sizes, the day's range, halts, and how old."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from core.types import Contract, Quote
from ibkr.market.quotes import by_symbol, folded, refuse_unpriced
from ibkr.market.snapshots import SnapshotLines, Source, Ticks
from ibkr.wire.concurrent_requests import Progress, ask_each
from ibkr.wire.convert import price
from ibkr.wire.messages import Text, Tick

_PRICES = {14: "open", 76: "open", 6: "high", 72: "high", 7: "low", 73: "low"}
# Sizes come with their price, and again by themselves when only they change.
_WITH_PRICE = {
    1: "bid_size", 66: "bid_size", 2: "ask_size", 67: "ask_size", 4: "last_size", 68: "last_size",
}  # fmt: skip
_SIZES = {
    0: "bid_size", 69: "bid_size", 3: "ask_size", 70: "ask_size", 5: "last_size", 71: "last_size",
}  # fmt: skip
_LAST_TRADE = frozenset({45, 88})


@dataclass(frozen=True, slots=True)
class LiveQuote(Quote):
    """A quote with its sizes, its day and its age. None is "not known"."""

    bid_size: float | None = None
    ask_size: float | None = None
    last_size: float | None = None
    open: float | None = None  # of this session, as high and low
    high: float | None = None
    low: float | None = None
    last_trade: datetime | None = None  # aware, UTC

    @property
    def age(self) -> float | None:
        """Seconds between the last trade and ``as_of``."""
        if self.last_trade is None:
            return None
        return (self.as_of - self.last_trade).total_seconds()


@dataclass(frozen=True, slots=True)
class LiveQuotes:
    """The quotes, sorted by symbol, and why the other contracts have none, by conId."""

    quotes: tuple[LiveQuote, ...]
    missing: dict[int, str]


async def live_quotes(
    lines: SnapshotLines,
    contracts: Sequence[Contract],
    *,
    source: Source,
    within: float,
    progress: Progress | None = None,
) -> LiveQuotes:
    """Take one snapshot of each contract, of any kind; each ends as soon as it is whole."""
    as_of = await lines.requests.current_time(within=within)

    async def ask(contract: Contract) -> LiveQuote:
        what = f"quote of {contract.symbol}"
        ticks = await lines.ticks(contract, what=what, within=within, release=True, source=source)
        return live_quote(contract, ticks, as_of=as_of)

    wanted = by_symbol(contracts)
    found, failed = await ask_each(wanted, ask, at_once=lines.most, progress=progress)
    return LiveQuotes(
        quotes=tuple(found[contract] for contract in wanted if contract in found),
        missing={contract.con_id: failed[contract] for contract in wanted if contract in failed},
    )


def live_quote(contract: Contract, ticks: Ticks, *, as_of: datetime) -> LiveQuote:
    """Fold the ticks of one snapshot. Raises `DataError` when there is no price in it."""
    result = live_folded(contract, ticks, as_of=as_of)
    refuse_unpriced(result)
    return result


def live_folded(contract: Contract, ticks: Ticks, *, as_of: datetime) -> LiveQuote:
    """Fold the ticks of one snapshot, be there a price in it or not."""
    plain = folded(contract, ticks, as_of=as_of)
    more: dict[str, Any] = {}
    for tick in ticks:
        more |= dict(_told_by(tick))
    return LiveQuote(**{f.name: getattr(plain, f.name) for f in fields(Quote)}, **more)


def _told_by(tick: object) -> Sequence[tuple[str, Any]]:
    if isinstance(tick, Tick):
        told: list[tuple[str, Any]] = []
        if tick.price is not None and tick.kind in _PRICES:
            told.append((_PRICES[tick.kind], price(tick.price)))
        names = _SIZES if tick.price is None else _WITH_PRICE
        if tick.kind in names:
            told.append((names[tick.kind], price(tick.size)))  # a size of 0 is none as well
        return told
    if isinstance(tick, Text) and tick.kind in _LAST_TRADE and tick.value.isdigit():
        return [("last_trade", datetime.fromtimestamp(int(tick.value), UTC))]
    return []
