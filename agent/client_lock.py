"""Taking turns: the broker lets a client id connect once, however many calls come at a time."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from core.errors import GatewayTimeout
from core.storage.locks import lock_file

PATIENCE = 60.0  # seconds a call waits for the calls before it


def one_at_a_time(path: Path, *, within: float = PATIENCE) -> AbstractContextManager[None]:
    """Hold the lock file while the block lasts; other calls of all processes wait for it.

    Raises `GatewayTimeout` when the turn does not come within so many seconds.
    """
    busy = GatewayTimeout(
        f"other tool calls kept the client id busy for {within:g} s ({path.name} is locked); "
        "call again later"
    )
    return lock_file(path, within=within, busy=busy)
