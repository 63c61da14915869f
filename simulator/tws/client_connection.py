"""One connected client: its handshake, its requests, its subscriptions."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable

from core.errors import DataError
from simulator.tws.handler_context import AccountStreams, MarketStreams, SharedState
from simulator.tws.messages import session as frames
from simulator.tws.messages.market_data import DataType
from simulator.tws.outbox import Outbox
from simulator.tws.protocol.frames import read_frame
from simulator.tws.protocol.versions import NEWEST, OLDEST, negotiate
from simulator.tws.rate_limits import Overruns

log = logging.getLogger(__name__)

MAGIC = b"API\0"
HANDSHAKE_LIMIT = 256  # bytes of the version range
HANDSHAKE_SECONDS = 30.0
MOST_SHOWN = 40  # bytes of a version range that the log repeats
DRAIN_SECONDS = 10.0
BACKLOG_LIMIT = 256 << 20  # bytes a client may leave unread before it is cut off

_VERSIONS = re.compile(rb"v(\d{1,4})\.\.(\d{1,4})(?: .*)?", re.DOTALL)


class Client:
    """A connection. What it subscribed to ends with it; what it ordered does not."""

    def __init__(
        self,
        gateway: SharedState,
        serve: Callable[[Client, bytes], None],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.gateway = gateway
        self.version = NEWEST  # of the protocol; encoders of frames that differ take it
        self.client_id: int | None = None  # none until startApi
        self.data_type = DataType.LIVE
        self.account_streams = AccountStreams()
        self.market_streams = MarketStreams()
        self.snapshots: dict[int, asyncio.TimerHandle] = {}  # not yet ended
        self.outbox = Outbox(self._write, gateway)
        self.overruns = Overruns()
        self._serve = serve
        self._reader = reader
        self._writer = writer

    async def run(self) -> None:
        """Serve the client until it goes, or sends what is no TWS protocol."""
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                understood = await self._handshake()
            while understood and not self._writer.is_closing():
                self._serve(self, await read_frame(self._reader))
                await self._writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass  # gone: an ordinary end
        except DataError as error:
            self.cut_off(str(error))
        finally:
            for timer in self.snapshots.values():
                timer.cancel()
            self._writer.close()

    def send(self, *answers: bytes) -> None:
        """Write frames, unless a fault swallows them or the client does not read any more."""
        self.outbox.put(answers)

    def error(self, request_id: int, code: int, text: str) -> None:
        """Send an error, a warning or a notice."""
        self.send(frames.error(request_id, code, text, version=self.version))

    def hang_up(self) -> None:
        """Close the connection after what was written."""
        self._writer.close()

    def abort(self) -> None:
        """Reset the connection."""
        self._writer.transport.abort()

    def forget_subscriptions(self) -> None:
        """End every stream, as when TWS lost its line to IBKR and the data with it."""
        self.market_streams.end()
        self.account_streams.end()

    async def drain(self) -> None:
        """Wait until the client has taken what was written, has gone, or is cut off as too slow."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._writer.drain()
        except ConnectionError:
            self.abort()
        except TimeoutError:
            self.cut_off("it does not read")

    def _write(self, content: bytes) -> None:
        if self._writer.is_closing():
            return
        self._writer.write(content)
        if self.gateway.log is not None:
            self.gateway.log.sent(self.client_id, content)
        if self._writer.transport.get_write_buffer_size() > BACKLOG_LIMIT:
            self.cut_off("it does not read")

    def cut_off(self, reason: str) -> None:
        """Reset the connection and say why in the simulator's own log."""
        log.warning("client %s cut off: %s", self.client_id, reason)
        self.abort()

    async def _handshake(self) -> bool:
        if await self._reader.readexactly(len(MAGIC)) != MAGIC:
            return False
        said = await read_frame(self._reader, limit=HANDSHAKE_LIMIT)
        offer = _VERSIONS.fullmatch(said)
        version = None if offer is None else negotiate(int(offer[1]), int(offer[2]))
        if version is None:
            log.warning(
                "client asked for %s, this gateway serves %d and %d; closed",
                _shown(said), OLDEST, NEWEST,
            )  # fmt: skip
            return False
        self.version = version
        self.send(frames.handshake(version, self.gateway.clock.now()))
        return True


def _shown(said: bytes) -> str:
    """Return what a client asked for as text: printable, and short enough for one line."""
    text = said[:MOST_SHOWN].decode("ascii", "backslashreplace")
    return "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in text) or "nothing"
