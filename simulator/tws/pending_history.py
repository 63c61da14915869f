"""Requests for bars under way: refused by the limits, or answered after as long as IBKR takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from core.errors import RequestRefused
from simulator.tws.handler_context import ClientSession, SharedState
from simulator.tws.protocol.frames import Fields
from simulator.tws.queries.history_limits import REFUSED, Asked, SmallBarPacing, refuse_step

TOO_MANY = "Only 50 simultaneous API historical data requests allowed."
PROCESSING_FAILED = 322
DUPLICATE = "Error processing request.-'bT' : cause - Duplicate ticker id"
CANCELLED = "Historical Market Data Service error message:API historical data query cancelled: {}"


class PendingHistory:
    """What all clients wait for together; IBKR counts it per login."""

    def __init__(self, gateway: SharedState) -> None:
        self._gateway = gateway
        self._pacing = SmallBarPacing()
        self._waiting: dict[tuple[ClientSession, int], asyncio.TimerHandle] = {}

    def take(self, client: ClientSession, fields: Fields, answer: Callable[[], None]) -> None:
        """Call ``answer`` when the bars would be there. Raises `RequestRefused` by the limits.

        ``fields`` are read from the request's id on; ``answer`` needs a copy of its own.
        """
        limits = self._gateway.limits
        asked = Asked.read(fields)
        if limits.step_sizes:
            refuse_step(asked)
        if limits.small_bar_pacing:
            self._pacing.refuse_violation(asked)
        if limits.open_histories is not None and len(self._waiting) >= limits.open_histories:
            raise RequestRefused(
                f"Historical Market Data Service error message:{TOO_MANY}", code=REFUSED
            )
        if (client, fields.request_id) in self._waiting:
            raise RequestRefused(DUPLICATE, code=PROCESSING_FAILED)
        if limits.history_seconds:
            self._later(client, fields.request_id, answer, limits.history_seconds)
        else:
            answer()

    def cancel(self, client: ClientSession, request_id: int) -> bool:
        """Drop a request that was not answered yet; return whether there was one."""
        timer = self._waiting.pop((client, request_id), None)
        if timer is None:
            return False
        timer.cancel()
        client.error(request_id, REFUSED, CANCELLED.format(request_id))
        return True

    def forget(self, client: ClientSession) -> None:
        """Drop what a client that has gone was waiting for."""
        for key in [key for key in self._waiting if key[0] is client]:
            self._waiting.pop(key).cancel()

    def _later(
        self, client: ClientSession, request_id: int, answer: Callable[[], None], seconds: float
    ) -> None:
        key = client, request_id

        def now() -> None:
            self._waiting.pop(key, None)
            answer()

        loop = asyncio.get_running_loop()
        self._waiting[key] = loop.call_later(seconds, now)
