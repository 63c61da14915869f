"""The lock of one journal: one appender at a time, and no reading in between."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import JournalError, StorageError
from core.storage.locks import acquire

PATIENCE_S = 30.0


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the journal for one append, creating its folder if need be.

    Raises `JournalError` when another process keeps it for half a minute, `StorageError` when
    the folder cannot be written. The kernel releases the lock of a process that dies.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StorageError(
            f"cannot write the journal {folder}: {error.strerror}; permit or free the space, "
            "then run the same command again"
        ) from error
    with _held(handle, folder, shared=False):
        yield


@contextmanager
def shared(folder: Path) -> Iterator[None]:
    """Keep appends away while reading. A journal copied without its lock has no appender."""
    try:
        handle = os.open(folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield
        return
    with _held(handle, folder, shared=True):
        yield


@contextmanager
def _held(handle: int, folder: Path, *, shared: bool) -> Iterator[None]:
    busy = JournalError(
        f"another process has held {folder / 'lock'} for {PATIENCE_S:.0f} s; wait for its run to "
        "end, then run the same command again"
    )
    try:
        acquire(handle, shared=shared, within=PATIENCE_S, busy=busy)
        yield
    finally:
        os.close(handle)
