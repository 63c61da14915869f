"""One connected client: its handshake, its requests, its subscriptions."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import TYPE_CHECKING

from core.errors import DataError, DaybookError, RequestRefused
from simulator.messages import session as frames
from simulator.messages.market_data import DataType
from simulator.messages.numbers import SERVER_VERSION, Request
from simulator.wire import Fields, read_frame

if TYPE_CHECKING:
    from simulator.gateway import Gateway

log = logging.getLogger(__name__)

MAGIC = b"API\0"
HANDSHAKE_LIMIT = 256  # bytes of the version range
HANDSHAKE_SECONDS = 30.0
DRAIN_SECONDS = 10.0
BACKLOG_LIMIT = 256 << 20  # bytes a client may leave unread before it is cut off
VALIDATION_FAILED, UNKNOWN_MESSAGE, NOT_STARTED, ID_IN_USE = 321, 505, 504, 326

_VERSIONS = re.compile(rb"v(\d{1,4})\.\.(\d{1,4})(?: .*)?", re.DOTALL)


class Client:
    """A connection. What it subscribed to ends with it; what it ordered does not."""

    def __init__(
        self, gateway: Gateway, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.gateway = gateway
        self.client_id: int | None = None  # none until startApi
        self.data_type = DataType.LIVE
        self.lines: dict[int, int] = {}  # streaming requests: request id -> conId
        self.snapshots: dict[int, asyncio.TimerHandle] = {}  # not yet ended
        self.wants_positions = False
        self.wants_account = False
        self.account_multi: set[int] = set()
        self.summaries: dict[int, frozenset[str]] = {}  # request id -> tags
        self._reader = reader
        self._writer = writer
        self._lost_answers = False

    async def run(self) -> None:
        """Serve the client until it goes, or sends what is no TWS protocol."""
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                understood = await self._handshake()
            while understood and not self._writer.is_closing():
                payload = await read_frame(self._reader)
                if not self._serve(payload):
                    self.abort()
                    return
                await self._writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass  # gone: an ordinary end
        except DataError as error:
            self._cut_off(str(error))
        finally:
            self.gateway.forget(self)
            for timer in self.snapshots.values():
                timer.cancel()
            self._writer.close()

    def send(self, *answers: bytes) -> None:
        """Write frames, unless a fault swallows them or the client does not read any more."""
        if self._lost_answers or self.gateway.faults.mute or self._writer.is_closing():
            return
        self._writer.write(b"".join(answers))
        if self._writer.transport.get_write_buffer_size() > BACKLOG_LIMIT:
            self._cut_off("it does not read")

    def error(self, request_id: int, code: int, text: str) -> None:
        """Send an error, a warning or a notice."""
        self.send(frames.error(request_id, code, text))

    def hang_up(self) -> None:
        """Close the connection after what was written."""
        self._writer.close()

    def abort(self) -> None:
        """Reset the connection."""
        self._writer.transport.abort()

    async def drain(self) -> None:
        """Wait until the client has taken what was written, has gone, or is cut off as too slow."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._writer.drain()
        except ConnectionError:
            self.abort()
        except TimeoutError:
            self._cut_off("it does not read")

    def _cut_off(self, reason: str) -> None:
        log.warning("client %s cut off: %s", self.client_id, reason)
        self.abort()

    async def _handshake(self) -> bool:
        if await self._reader.readexactly(len(MAGIC)) != MAGIC:
            return False
        offer = _VERSIONS.fullmatch(await read_frame(self._reader, limit=HANDSHAKE_LIMIT))
        if offer is None or not int(offer[1]) <= SERVER_VERSION <= int(offer[2]):
            return False
        self.send(frames.handshake(self.gateway.clock.now()))
        return True

    def _serve(self, payload: bytes) -> bool:
        """Act on one request. False when a fault resets the connection after it."""
        fields = Fields(payload)
        try:
            number = fields.whole("message id")
            self._lost_answers = self.gateway.faults.drops_on(number)
            self._act(number, fields)
        except RequestRefused as refusal:
            self.error(fields.request_id, refusal.code, str(refusal))
        except DaybookError as error:
            said = invalid_request(error)
            self.error(fields.request_id, said.code, str(said))
        self.gateway.pushes.flush()
        return not self._lost_answers

    def _act(self, number: int, fields: Fields) -> None:
        handler = self.gateway.handlers.get(number)
        if handler is None:
            raise RequestRefused(f"Fatal Error: Unknown message id. {number}", code=UNKNOWN_MESSAGE)
        if self.client_id is None and number != Request.START_API:
            raise RequestRefused("Not connected", code=NOT_STARTED)
        handler(self, fields)


def invalid_request(error: DaybookError) -> RequestRefused:
    """Return what TWS would say of a request that cannot be served for this reason."""
    return RequestRefused(
        f"Error validating request.-'sim' : cause - {error}", code=VALIDATION_FAILED
    )
