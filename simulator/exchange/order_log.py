"""What clients asked for and the broker accepted: one JSON line each, on disk before it counts.

The account is never stored. It is replayed from these events, the market and the clock, so that
the simulator can be started at any date and shows the account as of then.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from core.canonical import canonical_json
from core.errors import ConfigurationError, DataError, StorageError
from simulator.exchange.orders import OrderTerms

FILE_NAME = "ledger.jsonl"


@dataclass(frozen=True, slots=True)
class Placed:
    """An order was accepted."""

    at: AwareDatetime
    perm_id: int
    order_id: int
    client_id: int
    terms: OrderTerms
    event: Literal["placed"] = "placed"


@dataclass(frozen=True, slots=True)
class Modified:
    """A working order got new terms."""

    at: AwareDatetime
    perm_id: int
    terms: OrderTerms
    event: Literal["modified"] = "modified"


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A working order was cancelled by its client."""

    at: AwareDatetime
    perm_id: int
    event: Literal["cancelled"] = "cancelled"


@dataclass(frozen=True, slots=True)
class Exercised:
    """The holder of options exercised some of them, or said that some shall lapse."""

    at: AwareDatetime
    con_id: int
    quantity: int
    lapse: bool = False
    account: str = ""  # empty: the first account of the market
    event: Literal["exercised"] = "exercised"


Event = Placed | Modified | Cancelled | Exercised
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


class Ledger:
    """The events of one market, oldest line first. One process at a time may hold it."""

    def __init__(self, folder: Path) -> None:
        """Open or create the ledger in ``folder``.

        A torn last line, the trace of a power cut, is dropped: its order was never acknowledged.
        Raises `DataError` for any other unreadable line, `StorageError` when the disk refuses,
        `ConfigurationError` when another simulator holds the folder.
        """
        self._path = folder / FILE_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise StorageError(f"cannot open {self._path}: {error.strerror}") from error
        try:
            self._lock()
            self._events = self._read()
        except BaseException:
            os.close(self._file)
            raise

    @property
    def events(self) -> tuple[Event, ...]:
        """All events in the order of their lines."""
        return tuple(self._events)

    def append(self, event: Event) -> None:
        """Write one event so that it survives a power cut. Raises `StorageError`."""
        line = canonical_json(event)
        size = os.fstat(self._file).st_size
        try:
            written = os.write(self._file, line)
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, size)
            raise StorageError(f"cannot write {self._path}: {error.strerror}") from error
        if written != len(line):
            os.ftruncate(self._file, size)
            raise StorageError(f"cannot write {self._path}: the disk is full")
        self._events.append(event)

    def close(self) -> None:
        """Let another process hold the ledger."""
        os.close(self._file)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigurationError(
                f"another simulator is running on {self._path.parent}, in a run of daybook or as "
                "daybook simulator; wait until it ends, or use another folder: DAYBOOK_HOME for "
                "daybook, --state for daybook simulator"
            ) from error

    def _read(self) -> list[Event]:
        content = self._path.read_bytes()
        whole, newline, torn = content.rpartition(b"\n")
        if torn:
            os.ftruncate(self._file, len(whole) + len(newline))
        lines = whole.split(b"\n") if whole else []
        return [self._event(number, line) for number, line in enumerate(lines, start=1)]

    def _event(self, number: int, line: bytes) -> Event:
        try:
            return _EVENT.validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise DataError(
                f"{self._path}, line {number}: {where}: {first['msg']}; move the file away to "
                "begin with an empty account"
            ) from error
