"""The desk's memory: one SQLite file, and one lock per account.

A transaction takes the write lock when it begins, so two processes never decide on the same old
state, and is on disk before it ends. The account's lock is held by whoever sends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from core.closeable import Closeable
from core.errors import StorageError
from core.storage.locks import lock_file
from core.storage.paths import Paths
from desk.errors import DeskBusy, DeskHeld
from desk.records.schema import DESK_SCHEMA, METADATA, VERSION

SYNCHRONOUS = "FULL"  # on disk before a transaction ends; tests about something else do without
_BUSY_SECONDS = 30.0  # how long a transaction waits for another process's
_WITHOUT_COMBINATIONS = 1  # the version before orders could have legs
_WITHOUT_CURRENCIES = 2  # and the one before a commission said its currency
_CURRENCY = "commission_currency"
_COMPILED: dict[Any, Any] = {}  # statements as SQL, whichever file they are for


class DeskStore(Closeable):
    """The desk's tables, in `desk.records.schema`. Every change is on disk when its block ends."""

    def __init__(
        self, path: Path, *, journal: Path | None = None, patience: float = _BUSY_SECONDS
    ) -> None:
        """Open the file, or create it with its folder; incidents are sealed in ``journal``.

        ``patience`` is how many seconds a transaction waits for another program's.

        Raises `StorageError` when the disk refuses or another version of daybook wrote it.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"cannot make {path.parent}: {error.strerror}") from error
        self._path = path
        self.journal = journal
        self._patience = patience
        self._engine = _engine(path, patience)
        sa.event.listen(self._engine, "connect", _durable)
        sa.event.listen(self._engine, "begin", _begin)
        try:
            with self.transaction() as connection:
                _check_version(connection, path)
        except BaseException:
            self.close()
            raise

    @classmethod
    def of(cls, paths: Paths, *, patience: float = _BUSY_SECONDS) -> Self:
        """Open the desk of one mode; ``patience`` as for opening a file."""
        path = paths.data / "desk" / "desk.sqlite"
        return cls(path, journal=paths.journal, patience=patience)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Do everything in the block or nothing of it.

        An `IntegrityError` passes, for the caller to name; any other trouble is `StorageError`.
        """
        try:
            with self._engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            if _is_held(error):
                raise DeskHeld(
                    f"another program has held {self._path} for {self._patience:g} s (a database "
                    "viewer, a backup, a command that hangs): nothing was changed. Close it, then "
                    "try again"
                ) from error
            raise StorageError(f"the desk cannot use {self._path}: {error}") from error

    @contextmanager
    def alone(self, account: str, *, patience: float = 0.0) -> Iterator[None]:
        """Hold the account: as long as the block lasts, nobody else sends for it.

        The system takes the lock back from a process that dies. Raises `DeskBusy` when another
        process still holds it after ``patience`` seconds.
        """
        path = self._path.with_name(f"{account}.lock")
        busy = DeskBusy(
            f"another process is sending for {account} ({path.name} is locked); wait for it, then "
            "look at: daybook orders"
        )
        with lock_file(path, within=patience, busy=busy):
            yield


def _engine(path: Path, patience: float) -> sa.Engine:
    """Return an engine for a file; each statement is compiled once per process, not per file."""

    def connected() -> Any:
        return sqlite3.connect(path.absolute(), timeout=patience, check_same_thread=False)

    return sa.Engine(
        sa.QueuePool(connected),
        _dialect(),  # compiled statements belong to a dialect
        sa.make_url(f"sqlite:///{path}"),
        execution_options={"compiled_cache": _COMPILED},
    )


@cache
def _dialect() -> sa.Dialect:
    engine = sa.create_engine("sqlite://")
    with engine.connect():  # here a dialect learns what the library can do
        return engine.dialect


def _is_held(error: SQLAlchemyError) -> bool:
    """Tell whether the file could not be had because another connection holds it."""
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0)
    return code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}  # the rest says how


def _durable(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver would begin transactions by its own rules
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = DELETE")
    cursor.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _check_version(connection: sa.Connection, path: Path) -> None:
    tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    known = set(tables.scalars())
    if not known:
        METADATA.create_all(connection, checkfirst=False)
        connection.execute(sa.insert(DESK_SCHEMA).values(version=VERSION))
        return
    found = None
    if DESK_SCHEMA.name in known:
        found = connection.scalar(sa.select(DESK_SCHEMA.c.version))
    if found in {_WITHOUT_COMBINATIONS, _WITHOUT_CURRENCIES}:
        METADATA.create_all(connection)  # only adds tables, and one column: no row is rewritten
        if not any(c["name"] == _CURRENCY for c in sa.inspect(connection).get_columns("fills")):
            connection.exec_driver_sql(f"ALTER TABLE fills ADD COLUMN {_CURRENCY} VARCHAR")
        connection.execute(sa.update(DESK_SCHEMA).values(version=VERSION))
        return
    if found != VERSION:
        raise StorageError(
            f"{path} has desk schema {found or 'unknown'}, this daybook reads {VERSION}: use the "
            "daybook that wrote it; or, when nothing of it is open any more, move the file away"
        )
