"""An event loop in a thread of its own, for callers in any other thread.

An ib_async object belongs to one loop: awaited from another one it only wakes at its time-out
(ib_async#73), and its blocking methods refuse to run inside a running loop, which is where an
async Prefect task calls from.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from typing import Any, TypeVar

from core.errors import GatewayUnreachable

T = TypeVar("T")


class LoopThread:
    """Runs coroutines for callers of other threads until it is closed."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._closed = False
        self._gate = threading.Lock()  # nothing is handed to the loop after it was told to stop
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and return its result.

        Raises `GatewayUnreachable` when the connection is closed before or meanwhile.
        """
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError("called on the connection's own thread, which would wait for itself")
        with self._gate:
            if self._closed:
                work.close()
                raise GatewayUnreachable("this connection is closed; open a new one")
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except CancelledError:
            raise GatewayUnreachable("the connection was closed while it was in use") from None
        finally:
            future.cancel()  # no effect when done; ends the work after an interrupt

    def close(self) -> None:
        """Cancel what is running, stop the loop and wait for its thread."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            self._loop.run_until_complete(_cancel_the_rest())
        finally:
            self._loop.close()


async def _cancel_the_rest() -> None:
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
