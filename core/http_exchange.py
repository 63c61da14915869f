"""One HTTP exchange: one deadline over all of its parts, one bound on memory, nothing logged.

The time-outs of httpx, as of urllib, are those of a single wait: a server that sends a byte now
and then is never late. Here every wait - for the name, the connection, the TLS handshake, each
piece of the request, the headers and the body - gets what is left of one deadline. A body is
unpacked piece by piece, so that no more of it is ever in memory than was allowed.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from core import clock
from core.errors import VendorError
from core.text.packed import PackedError, gunzipped

REFUSAL_LIMIT = 2_000  # bytes read of an answer that is no success: enough to quote
_SEND_PIECE = 4_096  # bytes: the kernel takes so much at once or not at all

# At DEBUG it writes down whole headers, where a redirect repeats our address, key and all.
logging.getLogger("httpcore").setLevel(logging.INFO)


class NoAnswer(VendorError):
    """Nothing usable arrived: no connection, or not in time. Another try may help."""


class UnusableAnswer(VendorError):
    """An answer arrived that must not be read: too large, damaged, or packed in an odd way."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one exchange may take."""

    wait: float  # seconds for any single wait
    total: float  # seconds for the whole exchange
    limit: int  # bytes of a success's body, as sent and as unpacked


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered. The body of anything but a success is cut at `REFUSAL_LIMIT`."""

    status: int
    headers: httpx.Headers
    body: bytes = field(repr=False)


def exchange(request: httpx.Request, allowance: Allowance, *, proxies: bool = False) -> Reply:
    """Send a request and return the answer. Redirects are not followed, nothing is repeated.

    ``proxies`` honours the proxy variables of the environment. Raises `NoAnswer` or
    `UnusableAnswer`; their texts may quote what the server sent, never the address asked.
    """
    deadline = _Deadline(allowance.total)
    # Called directly, below httpx's client: it would log the address and the server's own
    # words, and follow the environment.
    with _transport(request.url, proxies=proxies) as transport:
        # httpcore takes a backend when a pool is made; httpx makes the pool and passes none on.
        transport._pool._network_backend = _Backend(deadline)  # noqa: SLF001
        request.extensions = {"timeout": httpx.Timeout(allowance.wait).as_dict()}
        try:
            response = transport.handle_request(request)
            try:
                return _read(response, allowance.limit)
            finally:
                response.close()
        except httpx.TimeoutException as error:
            raise NoAnswer(deadline.said(error)) from None
        except httpx.TransportError as error:
            raise NoAnswer(_said(error)) from None


def _said(error: httpx.TransportError) -> str:
    text = str(error) or "no text"
    if "b'" in text or 'b"' in text:  # h11 quotes the line; a broken server repeats ours in it
        return "the answer is not HTTP"
    return f"{type(error).__name__}: {text}"


def _read(response: httpx.Response, limit: int) -> Reply:
    assert isinstance(response.stream, Iterable)
    if not response.is_success:
        body = bytearray()
        try:
            for piece in _unpacked(response, REFUSAL_LIMIT):
                body += piece
        except (UnusableAnswer, httpx.TransportError):
            pass  # the status says enough
        return Reply(response.status_code, response.headers, bytes(body[:REFUSAL_LIMIT]))
    whole = bytearray()
    for piece in _unpacked(response, limit):
        whole += piece
    return Reply(response.status_code, response.headers, bytes(whole))


def _unpacked(response: httpx.Response, limit: int) -> Iterator[bytes]:
    """Yield the body, never more than ``limit`` bytes of it, however small it was packed."""
    packing = response.headers.get("Content-Encoding", "").strip().lower()
    if packing not in {"", "identity", "gzip", "x-gzip"}:
        raise UnusableAnswer(f"the answer is packed as {packing[:80]!r}; only gzip was offered")
    received = _bounded(response.stream, limit)  # type: ignore[arg-type]  # a sync stream
    pieces = _gunzipped(received) if packing.endswith("gzip") else received
    yield from _bounded(pieces, limit)


def _bounded(pieces: Iterable[bytes], limit: int) -> Iterator[bytes]:
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > limit:
            yield piece[: len(piece) - (total - limit)]
            raise UnusableAnswer(f"the answer is larger than {limit / 1e6:g} MB")
        yield piece


def _gunzipped(received: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack in pieces; httpx unpacks whatever a piece grows to."""
    try:
        yield from gunzipped(received)
    except PackedError as error:
        raise UnusableAnswer(f"the compressed answer is {error}") from None


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = clock.stopwatch() + seconds

    def left(self, wait: float | None = None) -> float:
        """Return how long the next wait may be. Raises `httpcore.ReadTimeout` when none may."""
        left = self._end - clock.stopwatch()
        if left <= 0.0:
            raise httpcore.ReadTimeout
        return left if wait is None else min(left, wait)

    def said(self, error: Exception) -> str:
        if clock.stopwatch() >= self._end:
            return f"no complete answer within {self._seconds:g} s"
        return f"{type(error).__name__}: {error or 'timed out'}"


class _Backend(httpcore.NetworkBackend):
    """Connects within a deadline, the look-up of the name included."""

    def __init__(self, deadline: _Deadline) -> None:
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that takes the connection."""
        failed: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in _addresses(host, port, self._deadline.left(timeout)):
            wait = self._deadline.left(timeout)
            try:
                stream = self._sockets.connect_tcp(
                    address, port, wait, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return _Stream(stream, self._deadline)
        raise failed or httpcore.ConnectError(f"{host} has no address")


class _Stream(httpcore.NetworkStream):
    """A connection whose every wait is cut to what is left of the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _SEND_PIECE):
            piece = buffer[start : start + _SEND_PIECE]
            self._stream.write(piece, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        wait = self._deadline.left(timeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, wait), self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _addresses(host: str, port: int, wait: float) -> list[str]:
    """Look a name up; the resolver knows no time-out, so it is left behind when it is late."""
    found: list[str] = []
    failed: list[OSError] = []

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(str(answer[4][0]) for answer in answers)
        except (OSError, UnicodeError) as error:  # UnicodeError: a name no resolver can be asked
            failed.append(OSError(str(error)))

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(wait)
    if failed:
        raise httpcore.ConnectError(str(failed[0]))
    if thread.is_alive():
        raise httpcore.ConnectTimeout(f"the name {host} was not found in {wait:g} s")
    return list(dict.fromkeys(found))


@cache
def _authorities() -> ssl.SSLContext:
    """Return whom we trust; read once, since it takes time."""
    return httpx.create_ssl_context()


def _transport(url: httpx.URL, *, proxies: bool) -> httpx.HTTPTransport:
    proxy = None
    if proxies and not proxy_bypass(url.host):
        proxy = getproxies().get(url.scheme)
    verify = _authorities() if url.scheme == "https" else False
    try:
        return httpx.HTTPTransport(verify=verify, proxy=proxy)
    except (ValueError, ImportError, httpx.InvalidURL):
        # Its text would show the proxy's address, which may hold a password.
        raise NoAnswer(f"the {url.scheme} proxy of the environment cannot be used") from None
