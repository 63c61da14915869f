"""The order book of one instrument at one moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.errors import GatewayError
from core.types import Contract
from ibkr.wire.convert import number, price, to_wire
from ibkr.wire.messages import DepthRow
from ibkr.wire.requests import Requests

_BID = 1
_LOOK_EVERY = 0.05  # seconds


@dataclass(frozen=True, slots=True)
class Level:
    """One price at which somebody would trade."""

    price: float
    size: float  # shares or contracts
    market_maker: str = ""  # or exchange; empty when IBKR does not name it


@dataclass(frozen=True, slots=True)
class OrderBook:
    """The best bids and asks, best first, each sorted."""

    contract: Contract
    as_of: datetime
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]

    @property
    def crossed(self) -> bool:
        """Whether a bid is above an ask: of several exchanges that happens for moments."""
        return bool(self.bids and self.asks) and self.bids[0].price > self.asks[0].price


async def order_book(
    requests: Requests,
    contract: Contract,
    *,
    rows: int,
    smart: bool,
    quiet: float,
    within: float,
) -> OrderBook:
    """Watch the book until nothing has changed for ``quiet`` seconds, then stop watching.

    IBKR has no end marker for it. A book that never comes to rest is taken after ``within``
    seconds as it is; one of which nothing at all came raises `GatewayTimeout`.
    """
    as_of = await requests.current_time(within=within)
    client = requests.client
    resting: list[asyncio.Task[None]] = []

    def send(request: int) -> None:
        client.reqMktDepth(request, to_wire(contract), rows, smart, [])
        resting.append(asyncio.create_task(_finish_at_rest(requests, request, quiet, within)))

    try:
        changes = await requests.by_id(
            send,
            what=f"order book of {contract.symbol}",
            within=within,
            withdraw=lambda request: client.cancelMktDepth(request, smart),
            standing=True,
        )
    finally:
        for task in resting:
            task.cancel()
    return fold(contract, changes, as_of=as_of)


async def _finish_at_rest(requests: Requests, request: int, quiet: float, within: float) -> None:
    loop = asyncio.get_running_loop()
    last = loop.time() + within - 2 * _LOOK_EVERY  # before the request's own time is over
    seen, since = 0, loop.time()
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        now, count = loop.time(), len(requests.replies.so_far(request))
        if count != seen:
            seen, since = count, now
        if seen and (now - since >= quiet or now >= last):
            requests.replies.finish(request)
            return


def fold(contract: Contract, changes: Sequence[DepthRow], *, as_of: datetime) -> OrderBook:
    """Play the changes in order. Raises `GatewayError` when one does not fit the book so far."""
    sides: tuple[list[DepthRow], list[DepthRow]] = ([], [])
    for row in changes:
        side = sides[row.side == _BID]
        fits = row.place < len(side) or (row.operation == 0 and row.place == len(side))
        if row.place < 0 or not fits or row.operation not in {0, 1, 2}:
            raise GatewayError(
                f"order book of {contract.symbol}: {row} does not fit a side of {len(side)} "
                "rows, so the book would be wrong; ask again"
            )
        if row.operation == 0:
            side.insert(row.place, row)
        elif row.operation == 1:
            side[row.place] = row
        else:
            del side[row.place]
    asks, bids = ([level for row in side if (level := _level(row))] for side in sides)
    return OrderBook(
        contract=contract,
        as_of=as_of,
        bids=tuple(sorted(bids, key=lambda level: -level.price)),
        asks=tuple(sorted(asks, key=lambda level: level.price)),
    )


def _level(row: DepthRow) -> Level | None:
    at, size = price(row.price), number(row.size)
    return Level(at, size, row.maker) if at is not None and size is not None and size > 0 else None
