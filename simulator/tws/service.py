"""Serving one client's requests: what limits refuse, what faults do, what the handler answers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.errors import DaybookError, RequestRefused
from simulator.faults.effects import PLAIN, Ending, Treatment, treatment_of
from simulator.messages.numbers import Request
from simulator.messages.session import NOT_A_REQUEST
from simulator.tws.outbox import Outbox
from simulator.tws.protocol.frames import Fields
from simulator.tws.protocol.refusals import invalid_request
from simulator.tws.rate_limits import TOO_FAST, TOO_FAST_TEXT, Overruns

if TYPE_CHECKING:
    from simulator.tws.client import Client

log = logging.getLogger(__name__)

UNKNOWN_MESSAGE, NOT_STARTED = 505, 504
PLAUSIBLE = 6  # digits of a message number

# What TWS answers by itself while it cannot reach IBKR.
LOCAL = frozenset(
    {Request.START_API, Request.IDS, Request.MANAGED_ACCOUNTS, Request.CURRENT_TIME,
     Request.MARKET_DATA_TYPE}
)  # fmt: skip
# Where a request's id stands: behind a version in these, nowhere in those, else at once.
_ID_AFTER_VERSION = frozenset({1, 2, 4, 7, 9, 10, 11, 23, 25, *range(52, 58), 62, 63, 76, 77})
_NO_ID = frozenset({5, 6, 8, 15, 16, 17, 24, 49, 58, 59, 61, 64, 71, 82, 85, 91, 99})


class Service:
    """Takes one client's requests, one at a time."""

    def __init__(self, client: Client, outbox: Outbox) -> None:
        self._client = client
        self._gateway = client.gateway
        self._outbox = outbox
        self._overruns = Overruns()

    def serve(self, payload: bytes) -> None:
        """Act on one request, as limits and faults allow."""
        gateway = self._gateway
        if gateway.log is not None:
            gateway.log.received(self._client.client_id, payload)
        limit = gateway.limits.messages_per_second
        if not gateway.rate.admits(limit):
            self._refuse_haste(limit)
            return
        treatment = treatment_of(gateway.faults.on_request(number_of(payload), payload))
        self._outbox.treatment = treatment
        if treatment.acted_on:
            self._answer(Fields(payload, version=self._client.version), treatment)
        self._outbox.treatment = PLAIN
        if treatment.restart is not None:
            gateway.outages.strike(treatment.restart)
        match treatment.ending:
            case Ending.CLOSED:
                self._client.hang_up()
            case Ending.RESET:
                self._client.abort()

    def _refuse_haste(self, limit: int | None) -> None:
        over = self._overruns.strike()
        said = TOO_FAST_TEXT.format(limit, (limit or 0) + 1, self._overruns.strikes)
        self._client.error(NOT_A_REQUEST, TOO_FAST, said)
        if over:
            log.warning("client %s disconnected: it sends too fast", self._client.client_id)
            self._client.hang_up()

    def _answer(self, fields: Fields, treatment: Treatment) -> None:
        self._guarded(fields, lambda: self._act(fields, treatment))
        for warning in treatment.warnings:
            self._client.error(fields.request_id, warning.code, str(warning))

    def _guarded(self, fields: Fields, act: Callable[[], None]) -> None:
        """Act; what cannot be served is said to the client and harms nobody."""
        try:
            act()
        except RequestRefused as refusal:
            self._client.error(fields.request_id, refusal.code, str(refusal))
        except DaybookError as error:
            said = invalid_request(error)
            self._client.error(fields.request_id, said.code, str(said))
        self._gateway.pushes.flush()

    def _act(self, fields: Fields, treatment: Treatment) -> None:
        number = fields.whole("message id")
        if number not in self._gateway.handlers:
            raise RequestRefused(f"Fatal Error: Unknown message id. {number}", code=UNKNOWN_MESSAGE)
        if self._client.client_id is None and number != Request.START_API:
            raise RequestRefused("Not connected", code=NOT_STARTED)
        if treatment.refusal is not None:
            identify(number, fields)
            raise treatment.refusal
        if self._gateway.is_cut_off and number not in LOCAL:
            return  # lost on the way to IBKR
        if number == Request.HISTORICAL_DATA and self._gateway.limits.concern_histories:
            self._queue_history(fields)
        elif number != Request.CANCEL_HISTORICAL_DATA or not self._cancels_queued(fields):
            self._gateway.handlers[number](self._client, fields)

    def _queue_history(self, fields: Fields) -> None:
        ahead = fields.copy()
        handler = self._gateway.handlers[Request.HISTORICAL_DATA]

        def answer() -> None:
            self._guarded(fields, lambda: handler(self._client, fields))

        try:
            self._gateway.histories.take(self._client, ahead, answer)
        finally:
            fields.request_id = ahead.request_id

    def _cancels_queued(self, fields: Fields) -> bool:
        ahead = fields.copy()
        ahead.skip("version")
        return self._gateway.histories.cancel(self._client, ahead.identify())


def number_of(payload: bytes) -> int:
    """Return a request's message number, -1 when it has none."""
    head = payload.partition(b"\0")[0]
    return int(head) if head.isdigit() and len(head) < PLAUSIBLE else -1


def identify(number: int, fields: Fields) -> None:
    """Read a request's id, where it has one, so that an error can name it."""
    if number in _NO_ID:
        return
    if number in _ID_AFTER_VERSION:
        fields.skip("version")
    fields.identify()
