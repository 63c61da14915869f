"""The home of one replay: a record and a ticket for each session that is done.

A session counts once its record is there, which is written last and whole. The record holds the
account as of the close, so a replay that was killed goes on after the last record, and everything
half done lies in the scratch folder, which is emptied first.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from core.canonical import canonical_json
from core.errors import ConfigurationError, DataError, StorageError
from core.storage.artefacts import write_atomically
from core.storage.locks import lock_file
from ibkr.replay.world import Account, Held, Settlement


@dataclass(frozen=True, slots=True)
class ReplayedDay:
    """One session of a replay. Money in base currency."""

    session: date
    verdict: str  # of the ticket
    failed_checks: tuple[str, ...]  # of the day, which then only recommends
    held_back: str  # why the desk did not send, where it did not
    orders: int  # sent
    ticket_sha256: str
    net_asset_value: float  # when it was decided
    settlement: Settlement


class ReplayHome:
    """The folder of one replay; nothing outside it is touched while sessions are replayed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def alone(self) -> AbstractContextManager[None]:
        """Hold the replay. Raises `ConfigurationError` when another process does."""
        lock = self.folder.with_name(f"{self.folder.name}.lock")
        busy = ConfigurationError(
            f"this replay is being run by another process ({lock.name} is locked)"
        )
        return lock_file(lock, busy=busy)

    def forget(self) -> None:
        """Delete everything that was replayed."""
        _remove(self.folder)

    def scratch(self) -> Path:
        """Return the folder for the session under way, empty."""
        folder = self.folder / "work"
        _remove(folder)
        return folder

    def tidy(self) -> None:
        """Delete what only the session under way needed."""
        _remove(self.folder / "work")

    def done(self, sessions: Sequence[date]) -> int:
        """Return how many of the sessions are done, counted from the first."""
        return next(
            (number for number, day in enumerate(sessions) if not self._record(day).is_file()),
            len(sessions),
        )

    def put(self, day: ReplayedDay, ticket: bytes) -> None:
        """Keep a session: its ticket, and then the record that makes it done."""
        write_atomically(self.ticket(day.session), ticket)
        write_atomically(self._record(day.session), canonical_json(_plain(day), indent=1))

    def get(self, session: date) -> ReplayedDay:
        """Read a session back. Raises `DataError` when its record cannot be used."""
        path = self._record(session)
        try:
            return _day(json.loads(path.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{path} is not the record of a session ({error}); run with --fresh"
            ) from error

    def ticket(self, session: date) -> Path:
        """Return where the ticket of a session is."""
        return self.folder / "tickets" / f"order_ticket_{session.isoformat()}.json"

    def _record(self, session: date) -> Path:
        return self.folder / "days" / f"{session.isoformat()}.json"


def _plain(day: ReplayedDay) -> dict[str, Any]:
    plain = asdict(day)
    account = plain["settlement"]["account"]
    if not account["balances"]:  # as in the records of accounts with one currency only
        del account["balances"]
    return plain


def _day(plain: dict[str, Any]) -> ReplayedDay:
    settlement = plain["settlement"]
    account = settlement["account"]
    held = tuple(Held(**each) for each in account["holdings"])
    settled = {**settlement, "account": Account(account["cash"], held, account.get("balances", {}))}
    return ReplayedDay(
        **{
            **plain,
            "session": date.fromisoformat(plain["session"]),
            "failed_checks": tuple(plain["failed_checks"]),
            "settlement": Settlement(**settled),
        }
    )


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError(f"cannot delete {folder}: {error.strerror}") from error
