"""The market-data lines of a connection, and the snapshots that are taken on them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Literal, get_args

import ib_async

from core.types import Contract
from ibkr.wire.convert import to_wire
from ibkr.wire.messages import Computed, DataType, Generic, Text, Tick
from ibkr.wire.requests import Requests

Ticks = Sequence[Tick | DataType | Generic | Text | Computed]
Source = Literal["live", "frozen", "delayed", "delayed-frozen"]

# A quote is whole once each of these was told, be it as "none": bid, ask, last, close, volume;
# the second number is the same tick of delayed data.
_WHOLE = ((1, 66), (2, 67), (4, 68), (9, 75), (8, 74))
_MODEL = frozenset({13, 83})
_LOOK_EVERY = 0.05  # seconds


class SnapshotLines:
    """Takes snapshots, never more at a time than the account has lines.

    IBKR ends a snapshot after 11 seconds although the ticks come within one, and holds its line
    until then.
    """

    def __init__(self, requests: Requests, *, most: int) -> None:
        self.requests = requests
        self.most = most
        self._free = most
        # Answered and not yet ended, the oldest first.
        self._whole: dict[int, asyncio.Task[list[Any]]] = {}
        self._changed = asyncio.Event()
        self._source: Source = "live"

    async def ticks(
        self,
        contract: Contract,
        *,
        what: str,
        within: float,
        release: bool = False,
        source: Source = "live",
    ) -> list[Any]:
        """Return the ticks of one snapshot.

        Up to IBKR's end of it; with ``release`` up to the moment at which the quote is whole. A
        line is then given back when another snapshot needs it, for one more message.
        """
        await self._take_line()
        taken = _Taken()
        asking = asyncio.create_task(self._ask(taken, contract, what, within, source))
        # Of a snapshot that was already answered nobody wants to know how it ended.
        asking.add_done_callback(lambda over: over.cancelled() or over.exception())
        try:
            if not release:
                return await asking
            return await self._answered(taken, asking, option=contract.sec_type in {"OPT", "FOP"})
        except asyncio.CancelledError:
            asking.cancel()
            raise

    async def _answered(
        self, taken: _Taken, asking: asyncio.Task[list[Any]], *, option: bool
    ) -> list[Any]:
        was_whole = False
        while not asking.done():
            await asyncio.wait({asking}, timeout=_LOOK_EVERY)
            told = self.requests.replies.so_far(taken.request)
            # A second look lets an end that is already on its way arrive.
            if was_whole and not asking.done():
                self._whole[taken.request] = asking
                self._changed.set()
                return list(told)
            was_whole = is_whole(told, option=option)
        return asking.result()

    async def _ask(
        self, taken: _Taken, contract: Contract, what: str, within: float, source: Source
    ) -> list[Any]:
        client = self.requests.client

        def send(request: int) -> None:
            taken.request = request
            self._choose(source)
            _request_snapshot(client, request, to_wire(contract))

        try:
            return await self.requests.by_id(
                send, what=what, within=within, withdraw=client.cancelMktData
            )
        finally:
            self._whole.pop(taken.request, None)
            self._free += 1
            self._changed.set()

    async def _take_line(self) -> None:
        while not self._free:
            # Giving a line back costs a message: not while many wait to send theirs.
            pacer = self.requests.pacer
            if self._whole and pacer.waiting < pacer.burst:
                await self._give_back()
            else:
                await self._change()
        self._free -= 1

    async def _change(self) -> None:
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_EVERY):
                await self._changed.wait()

    async def _give_back(self) -> None:
        """End the snapshot that was answered first."""
        request = next(iter(self._whole))
        asking = self._whole.pop(request)
        await self.requests.turn()
        if request in self.requests.replies:
            self.requests.client.cancelMktData(request)
            self.requests.replies.finish(request)
        await asyncio.wait({asking})

    def _choose(self, source: Source) -> None:
        # The kind of data is one for the whole connection, and counts from when it is sent.
        if source != self._source:
            self._source = source
            self.requests.delayed = source.startswith("delayed")
            self.requests.client.reqMarketDataType(1 + get_args(Source).index(source))
            self.requests.pacer.passed()


class _Taken:
    """One snapshot under way. It has no request id until it was sent."""

    request = -1


def is_whole(ticks: Sequence[Any], *, option: bool = False) -> bool:
    """Tell whether all of a quote was told; of an option also what IBKR's model says."""
    told = set(_kinds(ticks))
    return all(told & set(kinds) for kinds in _WHOLE) and (not option or bool(told & _MODEL))


def _kinds(ticks: Sequence[Any]) -> Iterator[int]:
    return (tick.kind for tick in ticks if isinstance(tick, (Tick, Computed)))


def _request_snapshot(client: Any, request: int, contract: ib_async.Contract) -> None:
    client.reqMktData(
        request,
        contract,
        "",
        True,  # noqa: FBT003 - ib_async's signature: a snapshot,
        False,  # noqa: FBT003 - not a regulatory one, which costs money
        [],
    )
