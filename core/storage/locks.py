"""Lock files: what one process at a time may do.

The kernel takes a lock back from a process that dies, however it dies.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.clock import stopwatch
from core.errors import DaybookError, StorageError

_LOOK_AGAIN_AFTER = 0.02  # seconds


@contextmanager
def lock_file(path: Path, *, within: float = 0.0, busy: DaybookError) -> Iterator[None]:
    """Hold a lock file while the block lasts, creating it with its folder.

    Raises ``busy`` when another process still holds it after ``within`` seconds, `StorageError`
    when the file cannot be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("w")
    except OSError as error:
        raise StorageError(f"cannot open {path}: {error.strerror}") from error
    with stream:
        acquire(stream.fileno(), within=within, busy=busy)
        yield


def acquire(handle: int, *, shared: bool = False, within: float = 0.0, busy: DaybookError) -> None:
    """Lock an open file until it is closed; ``shared`` admits other shared holders.

    Raises ``busy`` when it is still held elsewhere after ``within`` seconds.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    deadline = stopwatch() + within
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if stopwatch() >= deadline:
                raise busy from None
            time.sleep(_LOOK_AGAIN_AFTER)
        else:
            return
