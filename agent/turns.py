"""Taking turns: the broker lets a client id connect once, however many calls come at a time."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from core.clock import stopwatch
from core.errors import GatewayTimeout, StorageError

PATIENCE = 60.0  # seconds a call waits for the calls before it
_LOOK_AGAIN_AFTER = 0.02


@contextmanager
def one_at_a_time(path: Path, *, within: float = PATIENCE) -> Iterator[None]:
    """Hold the lock file while the block lasts; other calls of all processes wait for it.

    The system takes the lock back from a process that dies. Raises `GatewayTimeout` when the turn
    does not come within so many seconds.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("w")
    except OSError as error:
        raise StorageError(f"cannot open {path}: {error.strerror}") from error
    with stream:
        _wait(stream, path, within)
        yield


def _wait(stream: IO[str], path: Path, within: float) -> None:
    deadline = stopwatch() + within
    while True:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if stopwatch() > deadline:
                raise GatewayTimeout(
                    f"other tool calls kept the broker busy for {within:g} s ({path.name} is "
                    "locked); call again later"
                ) from None
            time.sleep(_LOOK_AGAIN_AFTER)
        else:
            return
