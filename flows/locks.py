"""Work that one process at a time may do."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import ConfigurationError, StorageError


@contextmanager
def held_alone(path: Path, *, busy: str | None = None) -> Iterator[None]:
    """Hold a lock file while the block runs; it is let go however the process ends.

    Where another process holds it: wait, or raise `ConfigurationError` with the text ``busy``.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("w")
    except OSError as error:
        raise StorageError(f"cannot open {path}: {error.strerror}") from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX if busy is None else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(f"{busy} ({path.name} is locked)") from error
        yield
