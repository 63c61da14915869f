"""Serving the clients' requests: what limits refuse, what faults do, what the handler answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from core.errors import DaybookError, RequestRefused
from simulator.faults.effects import NO_EFFECTS, Ending, FaultEffects, effects_of
from simulator.tws.client_connection import Client
from simulator.tws.gateway_faults import GatewayFaults
from simulator.tws.handler_context import Handler, SharedState
from simulator.tws.messages.numbers import Request
from simulator.tws.messages.session import NOT_A_REQUEST
from simulator.tws.notifications import Notifications
from simulator.tws.pending_history import PendingHistory
from simulator.tws.protocol.frames import Fields
from simulator.tws.protocol.refusals import invalid_request
from simulator.tws.rate_limits import TOO_FAST, TOO_FAST_TEXT, MessageRate

log = logging.getLogger(__name__)

UNKNOWN_MESSAGE, NOT_STARTED = 505, 504
PLAUSIBLE = 6  # digits of a message number

# What TWS answers by itself while it cannot reach IBKR.
LOCAL = frozenset(
    {Request.START_API, Request.IDS, Request.MANAGED_ACCOUNTS, Request.CURRENT_TIME,
     Request.MARKET_DATA_TYPE}
)  # fmt: skip
# Where a request's id stands: behind a version in these, nowhere in those, else at once.
_ID_AFTER_VERSION = frozenset({1, 2, 4, 7, 9, 10, 11, 21, 23, 25, *range(50, 58), 62, 63, 76, 77})
_NO_ID = frozenset({5, 6, 8, 12, 13, 15, 16, 17, 24, 49, 58, 59, 61, 64, 71, 82, 85, 91, 99})


class Service:
    """Takes the requests of all clients, one at a time."""

    def __init__(
        self,
        gateway: SharedState,
        handlers: Mapping[int, Handler],
        *,
        notifications: Notifications,
        gateway_faults: GatewayFaults,
    ) -> None:
        self.rate = MessageRate()
        self.pending_history = PendingHistory(gateway)
        self._gateway = gateway
        self._handlers = handlers
        self._notifications = notifications
        self._gateway_faults = gateway_faults

    def serve(self, client: Client, payload: bytes) -> None:
        """Act on one request, as limits and faults allow."""
        gateway = self._gateway
        if gateway.log is not None:
            gateway.log.received(client.client_id, payload)
        limit = gateway.limits.messages_per_second
        if not self.rate.admits(limit):
            _refuse_above_rate(client, limit)
            return
        effects = effects_of(gateway.faults.on_request(number_of(payload), payload))
        client.outbox.effects = effects
        if effects.acted_on:
            self._answer(client, Fields(payload, version=client.version), effects)
        client.outbox.effects = NO_EFFECTS
        if effects.restart is not None:
            self._gateway_faults.trigger(effects.restart)
        match effects.ending:
            case Ending.CLOSED:
                client.hang_up()
            case Ending.RESET:
                client.abort()

    def _answer(self, client: Client, fields: Fields, effects: FaultEffects) -> None:
        self._guarded(client, fields, lambda: self._act(client, fields, effects))
        for warning in effects.warnings:
            client.error(fields.request_id, warning.code, str(warning))

    def _guarded(self, client: Client, fields: Fields, act: Callable[[], None]) -> None:
        """Act; a request that cannot be served is an error message to its client, nothing else."""
        try:
            act()
        except RequestRefused as refusal:
            client.error(fields.request_id, refusal.code, str(refusal))
        except DaybookError as error:
            said = invalid_request(error)
            client.error(fields.request_id, said.code, str(said))
        self._notifications.flush()

    def _act(self, client: Client, fields: Fields, effects: FaultEffects) -> None:
        number = fields.whole("message id")
        if number not in self._handlers:
            raise RequestRefused(f"Fatal Error: Unknown message id. {number}", code=UNKNOWN_MESSAGE)
        if client.client_id is None and number != Request.START_API:
            raise RequestRefused("Not connected", code=NOT_STARTED)
        if effects.refusal is not None:
            identify(number, fields)
            raise effects.refusal
        if self._gateway.is_cut_off and number not in LOCAL:
            return  # lost on the way to IBKR
        if number == Request.HISTORICAL_DATA and self._gateway.limits.concern_histories:
            self._queue_history(client, fields)
        elif number != Request.CANCEL_HISTORICAL_DATA or not self._cancels_queued(client, fields):
            self._handlers[number](client, fields)

    def _queue_history(self, client: Client, fields: Fields) -> None:
        ahead = fields.copy()
        handler = self._handlers[Request.HISTORICAL_DATA]

        def answer() -> None:
            self._guarded(client, fields, lambda: handler(client, fields))

        try:
            self.pending_history.take(client, ahead, answer)
        finally:
            fields.request_id = ahead.request_id

    def _cancels_queued(self, client: Client, fields: Fields) -> bool:
        ahead = fields.copy()
        ahead.skip("version")
        return self.pending_history.cancel(client, ahead.identify())


def _refuse_above_rate(client: Client, limit: int | None) -> None:
    over = client.overruns.strike()
    said = TOO_FAST_TEXT.format(limit, (limit or 0) + 1, client.overruns.strikes)
    client.error(NOT_A_REQUEST, TOO_FAST, said)
    if over:
        log.warning("client %s disconnected: it sends too fast", client.client_id)
        client.hang_up()


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
