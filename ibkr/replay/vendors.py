"""The simulator's vendors on a loopback port of this process, so that feeds ask them as ever."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 3  # that a request under way is waited for


@contextmanager
def serve(vendors: Starlette) -> Iterator[str]:
    """Serve the vendors in a thread of their own while the block runs; yields their address."""
    config = uvicorn.Config(
        vendors,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()  # from here on a request waits until the thread is ready for it
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="vendors", daemon=True
        )
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
