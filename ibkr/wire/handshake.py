"""Opening the socket: from "nothing listens" to a client that is ready, or an error that helps."""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass
from typing import Any

from core.errors import GatewayTimeout, GatewayUnreachable
from ibkr.wire.callbacks import Callbacks
from ibkr.wire.error_codes import CLIENT_ID_TAKEN
from ibkr.wire.order_messages import OrderMessages
from ibkr.wire.pacing import Pacer
from ibkr.wire.ports import HTTP
from ibkr.wire.replies import Replies
from ibkr.wire.requests import Requests
from ibkr.wire.validation import StrictClient, StrictDecoder

# A first frame longer than this is no greeting. Anything that answers in text would announce
# gigabytes (its first four letters), and ib_async would wait for all of them.
_LONGEST_GREETING = 4096
_FAREWELL_SECONDS = 1.0


class ClientIdTaken(GatewayUnreachable):
    """Another connection uses this client id."""


class NothingListens(GatewayUnreachable):
    """The port is closed, or the host is not known."""


@dataclass(frozen=True, slots=True)
class Line:
    """An open line to a gateway, used on its own loop only."""

    client: Any
    requests: Requests
    order_messages: OrderMessages
    accounts: tuple[str, ...]

    async def hang_up(self) -> None:
        """Close the socket and wait until it is closed."""
        await _hang_up(self.client)


async def open_line(
    host: str, port: int, *, client_id: int, within: float, messages_per_second: float
) -> Line:
    """Connect and return a ready line.

    Nothing is fetched here, so nothing can be silently missing later: every answer is asked for
    when it is needed. Raises `NothingListens`, `ClientIdTaken`, `GatewayUnreachable` or
    `GatewayTimeout`.
    """
    address = f"{host}:{port}"
    client, requests, messages, callbacks = _build(address, client_id, messages_per_second)
    broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    # Trouble that comes after another failure is of no interest, and asyncio would log it.
    broken.add_done_callback(lambda over: over.cancelled() or over.exception())
    _listen_for_trouble(client, callbacks, broken, address=address, client_id=client_id)
    _listen_for_zone(client, requests)
    ready = asyncio.create_task(client.connectAsync(host, port, client_id, within))
    try:
        await asyncio.wait({ready, broken}, return_when=asyncio.FIRST_COMPLETED)
        await (ready if ready.done() else broken)
        requests.pacer.passed()  # the greeting
    except TimeoutError:
        raise _silence(client, address, within) from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise NothingListens(f"cannot reach IBKR at {address} ({reason})") from error
    finally:
        if not (ready.done() and not ready.cancelled() and ready.exception() is None):
            ready.cancel()
            await asyncio.gather(ready, return_exceptions=True)
            await _hang_up(client)
        broken.cancel()
    return Line(client, requests, messages, tuple(client.getAccounts()))


def _build(
    address: str, client_id: int, messages_per_second: float
) -> tuple[Any, Requests, OrderMessages, Callbacks]:
    pacer = Pacer(messages_per_second)
    messages = OrderMessages()
    requests = Requests(None, Replies(), pacer, address=address)  # the client follows below
    callbacks = Callbacks(requests, messages, client_id=client_id)
    client: Any = StrictClient(callbacks)  # type: ignore[no-untyped-call]
    client.decoder = StrictDecoder(callbacks)
    # Our own pacer decides; this one, a shade looser, holds back what does not wait for a turn.
    client.MaxRequests, client.RequestsInterval = pacer.burst, 0.98 * pacer.interval
    requests.client = client
    return client, requests, messages, callbacks


def _listen_for_trouble(
    client: Any,
    callbacks: Callbacks,
    broken: asyncio.Future[None],
    *,
    address: str,
    client_id: int,
) -> None:
    """Break off as soon as it is clear that this will not work: ib_async waits its whole time."""

    def fail(error: GatewayUnreachable) -> None:
        if not broken.done():
            broken.set_exception(error)

    def heard(data: bytes) -> None:
        error = None if client.serverVersion() else _no_greeting(data, address)
        if error:
            fail(error)

    def stumbled(_event: Any, error: Exception) -> None:
        fail(GatewayUnreachable(f"what listens at {address} does not speak TWS: {error!r}"))

    def said(code: int, _text: str) -> None:
        if code == CLIENT_ID_TAKEN:
            fail(ClientIdTaken(f"client id {client_id} is already in use at {address}"))

    def hung_up(_message: str) -> None:
        fail(
            GatewayUnreachable(
                f"{address} closed the connection at once: enable its API for socket clients "
                "and add this computer to its trusted addresses"
            )
        )

    client.conn.hasData.connect(heard, stumbled, keep_ref=True)
    client.conn.disconnected.connect(hung_up, keep_ref=True)
    callbacks.on_unaddressed = said


def _listen_for_zone(client: Any, requests: Requests) -> None:
    greeting = bytearray()

    def heard(data: bytes) -> None:
        if len(greeting) < _LONGEST_GREETING and not requests.time_zone:
            greeting.extend(data[:_LONGEST_GREETING])
            requests.time_zone = _zone_of(bytes(greeting))

    client.conn.hasData.connect(heard, keep_ref=True)


def _zone_of(greeting: bytes) -> str:
    """Return the zone that TWS keeps its clock in, which ends its greeting; empty if unsaid.

    The greeting is the version of the server and a time, ``20260615 09:30:00 EST`` for example;
    ib_async drops the second. Times without a zone, in executions for example, are in this one.
    """
    _version, _, rest = greeting[4:].partition(b"\0")
    told, end, _ = rest.partition(b"\0")
    found = re.fullmatch(rb"\d{8} +\d\d:\d\d:\d\d +(\S.*)", told) if end else None
    return found[1].decode("ascii", "replace") if found else ""


def _no_greeting(data: bytes, address: str) -> GatewayUnreachable | None:
    if data.startswith(HTTP):
        return web_server(address)
    if int.from_bytes(data[:4], "big") > _LONGEST_GREETING:
        return GatewayUnreachable(f"what listens at {address} is not an IBKR gateway")
    return None


def web_server(address: str) -> GatewayUnreachable:
    """Return the error for a port that belongs to a web server."""
    return GatewayUnreachable(
        f"what listens at {address} is a web server (it answers HTTP), not an IBKR gateway: set "
        "gateway.port to the API port of IB Gateway (4002 paper, 4001 live) or TWS (7497, 7496)"
    )


def _silence(client: Any, address: str, within: float) -> GatewayTimeout:
    if not client.conn.numMsgSent:
        return GatewayTimeout(
            f"no connection to {address} within {within:g} s: check the address and the firewall"
        )
    return GatewayTimeout(
        f"connected to {address}, but no answer in {within:g} s: TWS or Gateway is probably "
        'showing "Accept incoming connection?"; accept it there, or trust this address'
    )


async def _hang_up(client: Any) -> None:
    client.disconnect()
    try:
        async with asyncio.timeout(_FAREWELL_SECONDS):
            while client.conn.isConnected():  # noqa: ASYNC110 - ib_async offers no event for it
                await asyncio.sleep(0.001)
    except TimeoutError:  # a peer that reads nothing: what is still to be sent is dropped
        client.conn.transport.abort()
        await asyncio.sleep(0)
