"""The tickets the desk knows, and how far each got.

::

    waiting → approved → committed        its orders are on disk, some may have been sent
       │          └→ rejected             an approval can be withdrawn until then
       ├→ rejected → waiting              a rejection can be taken back
       ├→ expired                         nobody answered by the order cut-off
       └→ superseded                      the session was decided anew
    recommendation                        never to be sent: a check failed, or it came too late
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core.canonical import sha256_of, sha256_of_file
from desk.errors import NoTicketName, TicketChanged, UnknownTicket
from desk.records.audit import DESK, Act, note
from desk.records.schema import TICKETS
from desk.records.store import DeskStore
from desk.tickets.order_ticket import Ticket, read_ticket

SHORT = 12  # digits of a hash that people are shown
_SHORTEST = 6  # digits by which a ticket can be named


class TicketState(StrEnum):
    """How far a ticket got."""

    WAITING = "waiting"
    APPROVED = "approved"
    COMMITTED = "committed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    RECOMMENDATION = "recommendation"


OPEN = (TicketState.WAITING, TicketState.APPROVED)


@dataclass(frozen=True, slots=True)
class Holding:
    """What was held of one name when the ticket was decided, in signed shares."""

    con_id: int
    symbol: str
    quantity: float
    price: float


@dataclass(frozen=True, slots=True)
class TicketRecord:
    """A ticket and how far it got."""

    ticket: Ticket
    sha256: str
    state: TicketState
    path: str  # where people read it, below the home folder
    holdings: tuple[Holding, ...]
    world: Mapping[str, Any]  # settings of the embedded simulator; empty elsewhere
    registered_at: datetime

    @property
    def short(self) -> str:
        """The hash as people are shown it."""
        return self.sha256[:SHORT]

    @property
    def held(self) -> dict[str, float]:
        """The shares held of each order's name when the ticket was decided, by order_ref."""
        shares = {holding.con_id: holding.quantity for holding in self.holdings}
        return {o.order_ref: shares.get(o.con_id, 0.0) for o in self.ticket.orders}

    def refuse_if_changed(self, home: Path) -> None:
        """Raise `TicketChanged` unless the file people read is still the one that is known here."""
        path = home / self.path
        if not path.is_file():
            raise TicketChanged(f"{self.path} is gone; run the day again")
        found = sha256_of_file(path)
        if found != self.sha256:
            raise TicketChanged(
                f"{self.path} was changed: sha256 {found[:SHORT]}… instead of {self.short}…; "
                "nothing was sent. Run the day again"
            )


def fetch(store: DeskStore, sha256: str) -> TicketRecord:
    """Return a ticket by its whole hash. Raises `UnknownTicket`, `TicketChanged`."""
    with store.transaction() as connection:
        return load(connection, sha256)


def load(connection: sa.Connection, sha256: str) -> TicketRecord:
    """Return a ticket within a transaction; see `fetch`."""
    row = connection.execute(sa.select(TICKETS).where(TICKETS.c.sha256 == sha256)).mappings()
    found = row.first()
    if found is None:
        raise UnknownTicket(f"the desk knows no ticket {sha256[:SHORT]}; see: daybook orders")
    return _record(found)


def find(store: DeskStore, which: str | date | None, *, today: date | None = None) -> TicketRecord:
    """Return the newest ticket of a day, the one of a hash (six digits do), or the newest of all.

    ``today``: a later session, such as one that was only tried, is not the newest while there is
    a ticket of today or of a day before. Raises `UnknownTicket` when there is none, or when the
    digits fit more than one.
    """
    return fetch(store, name_of(store, which, today=today))


def name_of(store: DeskStore, which: str | date | None, *, today: date | None = None) -> str:
    """Return the hash of the ticket that `find` returns, without reading the ticket itself."""
    to_come = TICKETS.c.session > (today or date.max)
    chosen = sa.select(TICKETS.c.sha256).order_by(
        sa.case((to_come, 1), else_=0),
        sa.case((to_come, TICKETS.c.session)),  # the nearest of those to come
        TICKETS.c.session.desc(),
        _newest_open_first(),
        TICKETS.c.registered_at.desc(),
    )
    if isinstance(which, date):
        chosen = chosen.where(TICKETS.c.session == which)
    elif which is not None:
        chosen = chosen.where(TICKETS.c.sha256.startswith(_hash(which).lower()))
    with store.transaction() as connection:
        names = connection.scalars(chosen).all()
    if not names:
        raise UnknownTicket(f"the desk knows no ticket {_words(which)}; see: daybook orders")
    if isinstance(which, str) and len(names) > 1:
        told = ", ".join(name[: SHORT + 4] for name in names)
        raise UnknownTicket(f"{which} is the beginning of {len(names)} tickets: {told}")
    return str(names[0])


def named(text: str | None) -> str | date | None:
    """Return what a person's name for a ticket means: a session, a hash, or none for the newest.

    Raises `NoTicketName` for what is neither.
    """
    if text is None:
        return text
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else _hash(text)
    except ValueError as error:
        raise NoTicketName(f"{text} is not a date; see: daybook orders") from error


def committed(store: DeskStore, account: str, session: date) -> TicketRecord | None:
    """Return the ticket of a session that the account is committed to, if there is one."""
    chosen = sa.select(TICKETS).where(
        TICKETS.c.account == account,
        TICKETS.c.session == session,
        TICKETS.c.state == TicketState.COMMITTED.value,
    )
    with store.transaction() as connection:
        row = connection.execute(chosen).mappings().first()
    return None if row is None else _record(row)


def listed(
    store: DeskStore, day: date | None = None, *, last: int = 50
) -> tuple[TicketRecord, ...]:
    """Return the ``last`` tickets of a day, or of all days, oldest first."""
    chosen = (
        sa.select(TICKETS)
        .order_by(TICKETS.c.session.desc(), TICKETS.c.registered_at.desc())
        .limit(last)
    )
    if day is not None:
        chosen = chosen.where(TICKETS.c.session == day)
    with store.transaction() as connection:
        newest_first = [_record(row) for row in connection.execute(chosen).mappings()]
    return tuple(reversed(newest_first))


def set_state(connection: sa.Connection, sha256: str, state: TicketState) -> None:
    """Move a ticket on, within a transaction."""
    connection.execute(
        sa.update(TICKETS).where(TICKETS.c.sha256 == sha256).values(state=state.value)
    )


def expire(store: DeskStore, sha256: str, *, now: datetime) -> None:
    """Let a ticket that nobody acted on in time become a recommendation."""
    with store.transaction() as connection:
        if load(connection, sha256).state in OPEN:
            set_state(connection, sha256, TicketState.EXPIRED)
            note(connection, Act(now, DESK, "expired", sha256, {}))


def _newest_open_first() -> sa.ColumnElement[int]:
    live = (*OPEN, TicketState.COMMITTED)
    return sa.case((TICKETS.c.state.in_([state.value for state in live]), 0), else_=1)


def _record(row: Any) -> TicketRecord:
    stored: bytes | str = row["content"]  # an editor may have stored the bytes as text
    content = stored.encode() if isinstance(stored, str) else stored
    if sha256_of(content) != row["sha256"]:
        raise TicketChanged(
            f"ticket {row['sha256'][:SHORT]} was changed inside the desk: nothing was sent. "
            "Keep a copy of the desk's folder, then run the day again"
        )
    try:
        return TicketRecord(
            ticket=read_ticket(content),
            sha256=row["sha256"],
            state=TicketState(row["state"]),
            path=os.fspath(Path(row["path"])),
            holdings=tuple(Holding(**each) for each in json.loads(row["holdings"])),
            world=dict(json.loads(row["world"])),
            registered_at=datetime.fromisoformat(row["registered_at"]),
        )
    except (ValueError, TypeError) as error:
        raise TicketChanged(
            f"the desk's row of ticket {row['sha256'][:SHORT]} cannot be read ({error}): nothing "
            "was sent. Keep a copy of the desk's folder, then run the day again"
        ) from error


def _hash(text: str) -> str:
    digits = set("0123456789abcdefABCDEF")
    if not (_SHORTEST <= len(text) <= 64 and set(text) <= digits):
        raise NoTicketName(
            f"{text!r} names no ticket: give its session (2026-06-15) or at least {_SHORTEST} "
            "digits of its hash"
        )
    return text


def _words(which: str | date | None) -> str:
    if which is None:
        return "yet"
    return f"of {which}" if isinstance(which, date) else which
