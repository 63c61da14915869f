"""A tiny vendor on loopback whose answers a test writes down."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import stamina

from core.settings import VendorSettings
from feeds.http import Fetcher

KEY = "CANARY-9f31c2e8d7b6a5f4"


@dataclass(frozen=True)
class Answer:
    body: bytes = b"[]"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    path: str
    query: dict[str, str]


Script = Callable[[Asked], Answer]


class LocalVendor:
    """Answers every GET by the script and remembers what was asked."""

    def __init__(self, script: Script) -> None:
        self.asked: list[Asked] = []
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                parts = urlsplit(self.path)
                query = {k: v[0] for k, v in parse_qs(parts.query).items()}
                asked = Asked(parts.path, query)
                vendor.asked.append(asked)
                answer = script(asked)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def serve() -> Iterator[Callable[[Script], LocalVendor]]:
    vendors: list[LocalVendor] = []

    def start(script: Script) -> LocalVendor:
        vendors.append(LocalVendor(script))
        return vendors[-1]

    yield start
    for vendor in vendors:
        vendor.close()


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    """Three attempts, without the waits between them."""
    with stamina.set_testing(True, attempts=3):
        yield Fetcher(VendorSettings(timeout=2.0, attempts=3))


@contextmanager
def raw_server(respond):
    """A TCP server that answers its first connection with whatever ``respond`` writes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                respond(connection, connection.recv(65536))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
