"""Which commands have begun for a session, and how they ended: what the watch judges by.

One small file for each attempt, written before anything else is tried and again at its end. While
the command runs it holds a lock that the kernel takes back however the process dies: an attempt
without an end whose lock is free was killed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from core import clock
from core.canonical import canonical_json
from core.errors import DaybookError, StorageError
from core.storage.artefacts import write_atomically
from core.storage.locks import lock_file
from core.storage.paths import Paths

DONE, FAILED, STOPPED = "done", "failed", "stopped"


class StillRunning(DaybookError):
    """Another process holds the attempt: it is at work."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One start of a command for a session."""

    command: str  # "run", "execute", "close"
    session: date
    begun_at: datetime
    ended_at: datetime | None = None
    end: str = ""  # DONE, FAILED or STOPPED (by a person); empty: it has not ended
    alert: Mapping[str, Any] = field(default_factory=dict)  # what people are to be told of it
    running: bool = False  # whether a process still holds it; known when read

    @property
    def killed(self) -> bool:
        """Whether its process is gone without having written an end."""
        return not self.end and not self.running


class Running:
    """An attempt under way, for the command itself."""

    def __init__(self, path: Path, attempt: Attempt) -> None:
        self._path, self.attempt = path, attempt

    def ended(self, end: str, alert: Mapping[str, Any] | None = None) -> None:
        """Write down how it ended. Raises `StorageError` when the disk refuses."""
        self.attempt = replace(self.attempt, ended_at=clock.now(), end=end, alert=dict(alert or {}))
        _write(self._path, self.attempt)


@contextmanager
def begun(paths: Paths, command: str, session: date) -> Iterator[Running]:
    """Write down that a command has begun for a session; its lock is held while the block lasts.

    Raises `StorageError` when the disk refuses.
    """
    attempt = Attempt(command, session, clock.now())
    path = _folder(paths, session) / f"{attempt.begun_at:%Y%m%dT%H%M%S%fZ}-{command}.json"
    lock = path.with_suffix(".lock")
    with lock_file(lock, busy=StillRunning(f"{path.name} was begun twice in a microsecond")):
        _write(path, attempt)
        try:
            yield Running(path, attempt)
        finally:
            lock.unlink(missing_ok=True)


def attempts(paths: Paths, session: date) -> tuple[Attempt, ...]:
    """Return the attempts for a session, oldest first. Raises `StorageError`."""
    return tuple(_seen(path) for path in sorted(_folder(paths, session).glob("*.json")))


def _folder(paths: Paths, session: date) -> Path:
    return paths.data / "attempts" / session.isoformat()


def _write(path: Path, attempt: Attempt) -> None:
    plain = {name: value for name, value in asdict(attempt).items() if name != "running"}
    moments = {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in plain.items()
    }
    write_atomically(path, canonical_json(moments, indent=1))


def _seen(path: Path) -> Attempt:
    attempt = _read(path)
    if attempt.end:
        return attempt
    if _held(path.with_suffix(".lock")):
        return replace(attempt, running=True)
    return _read(path)  # it may have ended between the first look and the lock


def _read(path: Path) -> Attempt:
    try:
        plain = json.loads(path.read_bytes())
        ended = plain["ended_at"]
        return Attempt(
            command=plain["command"],
            session=date.fromisoformat(plain["session"]),
            begun_at=datetime.fromisoformat(plain["begun_at"]),
            ended_at=None if ended is None else datetime.fromisoformat(ended),
            end=plain["end"],
            alert=plain["alert"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageError(f"{path} cannot be read: {error}; move it away") from error


def _held(lock: Path) -> bool:
    if not lock.exists():
        return False
    try:
        with lock_file(lock, busy=StillRunning(lock.name)):
            return False
    except StillRunning:
        return True
