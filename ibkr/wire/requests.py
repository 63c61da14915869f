"""The one place that sends a request and waits for its answer."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from core.errors import DataError, GatewayTimeout, GatewayUnreachable, RequestRefused
from ibkr.wire.link_status import LinkStatus
from ibkr.wire.pacing import Pacer
from ibkr.wire.replies import Replies
from ibkr.wire.request_types import CURRENT_TIME

# TWS does not answer a second question for the time within one second (ib_insync#479).
_ASK_TIME_AGAIN_AFTER = 1.5


class Requests:
    """Sends requests at the pace IBKR allows; each has its own time-out, from when it was sent.

    Every method raises `DataError` for a request that is not fit to be sent, `RequestRefused` as
    soon as the gateway answers with an error, `GatewayTimeout` when it stays silent, and
    `GatewayUnreachable` as soon as the connection is lost. Used on the connection's own loop only.
    """

    def __init__(self, client: Any, replies: Replies, pacer: Pacer, *, address: str) -> None:
        self.client = client  # ib_async's Client, which carries no types
        self.replies = replies
        self.pacer = pacer
        self.address = address
        self.time_zone = ""  # of TWS, by the name that its greeting gives it
        self.delayed = False  # delayed market data is asked for, by the whole connection
        self.link_status = LinkStatus()
        self._one_at_a_time: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @property
    def upstream_lost(self) -> str:
        """What the gateway said when it lost IBKR's servers; empty while it has them."""
        return self.link_status.upstream_lost

    def alone(self, kind: str) -> asyncio.Lock:
        """Return the lock of a kind of request of which only one may be under way."""
        return self._one_at_a_time[kind]

    async def by_id(
        self,
        send: Callable[[int], None],
        *,
        what: str,
        within: float,
        withdraw: Callable[[int], None] | None = None,
        standing: bool = False,
    ) -> list[Any]:
        """Send a request that carries an id and return everything up to its end marker.

        ``withdraw`` tells the gateway to stop; it is sent after a time-out and, for a
        ``standing`` request, which the gateway would go on answering, always.
        """
        await self.turn()
        request: int = self.client.getReqId()
        answer = self.replies.open(request)
        unfinished = True
        try:
            send(request)
            items = await self._answer(answer, what, within)
            unfinished = standing
        except RequestRefused:
            unfinished = False
            raise
        finally:
            self.replies.forget(request)
            if withdraw and unfinished and self.client.isReady():
                withdraw(request)
                self.pacer.passed()
        return items

    async def by_kind(
        self,
        kind: str,
        send: Callable[[], None],
        *,
        what: str,
        within: float,
        withdraw: Callable[[], None] | None = None,
    ) -> list[Any]:
        """Send a request without an id and return everything up to its end marker.

        One at a time per kind: the gateway's answers could not be told apart. ``withdraw`` ends a
        request that the gateway would go on answering.
        """
        async with self._one_at_a_time[kind]:
            try:
                async with asyncio.timeout(within):
                    await self.replies.ended(kind)
            except TimeoutError:
                raise GatewayTimeout(
                    f"{what}: {self.address} has not answered an earlier request; "
                    "open a new connection"
                ) from None
            await self.turn()
            answer = self.replies.open(kind)
            try:
                send()
            except DataError:
                self.replies.forget(kind)  # nothing was asked, so no answer is owed
                raise
            items = await self._answer(answer, what, within)
            if withdraw and self.client.isReady():
                withdraw()
                self.pacer.passed()
            return items

    async def current_time(self, *, within: float) -> datetime:
        """Return the gateway's clock, in UTC. An answer proves that the link works both ways."""
        async with self._one_at_a_time[CURRENT_TIME]:
            await self.turn()
            answer = self.replies.open(CURRENT_TIME)
            asking = asyncio.create_task(self._keep_asking_the_time())
            try:
                (epoch,) = await self._answer(answer, "the gateway's time", within)
            finally:
                asking.cancel()
                self.replies.forget(CURRENT_TIME)
        return datetime.fromtimestamp(epoch, UTC)

    async def turn(self) -> None:
        """Wait for this message's turn. Raises `GatewayUnreachable` when the link is down."""
        await self.pacer.turn()
        if not self.client.isReady():
            raise GatewayUnreachable(f"the connection to {self.address} is lost; open a new one")

    async def _keep_asking_the_time(self) -> None:
        while self.client.isReady():
            self.client.reqCurrentTime()
            await asyncio.sleep(_ASK_TIME_AGAIN_AFTER)
            await self.pacer.turn()

    async def _answer(
        self, answer: asyncio.Future[list[Any]], what: str, within: float
    ) -> list[Any]:
        try:
            async with asyncio.timeout(within):
                return await answer
        except RequestRefused as refused:
            raise RequestRefused(f"{what}: {refused}", code=refused.code) from None
        except TimeoutError:
            upstream = f" (the gateway says: {self.upstream_lost})" if self.upstream_lost else ""
            raise GatewayTimeout(
                f"{what}: no answer from {self.address} within {within:g} s{upstream}"
            ) from None
