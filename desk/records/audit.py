"""The audit trail: who did what to which ticket, order or switch, in the order it happened."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from core.canonical import canonical_json
from core.errors import ConfigurationError
from desk.records.schema import AUDIT
from desk.records.store import DeskStore

DESK = "desk"  # the actor of what nobody in particular did

_NAME = re.compile(r"\S(.{0,62}\S)?")


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the trail."""

    at: datetime
    actor: str
    action: str  # for example "approved", "sent" or "stopped"
    subject: str  # a ticket's or an order's name
    detail: Mapping[str, Any]


def session_name(account: str, session: date) -> str:
    """Return what a session of an account is called in the trail."""
    return f"{account} {session}"


def note(connection: sa.Connection, act: Act) -> None:
    """Add a line to the trail, within the transaction of what it tells."""
    connection.execute(
        sa.insert(AUDIT).values(
            at=act.at.isoformat(),
            actor=act.actor,
            action=act.action,
            subject=act.subject,
            detail=canonical_json(dict(act.detail)).decode().strip(),
        )
    )


def trail(store: DeskStore) -> tuple[Act, ...]:
    """Return the whole trail, oldest first."""
    with store.transaction() as connection:
        rows = connection.execute(sa.select(AUDIT).order_by(AUDIT.c.id)).mappings().all()
    return tuple(_act(row) for row in rows)


def about(store: DeskStore, subject: str) -> tuple[Act, ...]:
    """Return the trail of one ticket, order, switch or session, oldest first."""
    chosen = sa.select(AUDIT).where(AUDIT.c.subject == subject).order_by(AUDIT.c.id)
    with store.transaction() as connection:
        return tuple(_act(row) for row in connection.execute(chosen).mappings())


def newest(store: DeskStore, subject: str, action: str) -> Act | None:
    """Return the last line about a subject that tells of this action; None when there is none."""
    return next((act for act in reversed(about(store, subject)) if act.action == action), None)


def actor(name: str) -> str:
    """Return a person's or program's name after checking it. Raises `ConfigurationError`."""
    if not (_NAME.fullmatch(name) and name.isprintable()):
        raise ConfigurationError(
            f"{name!r} is not a valid name: 1 to 64 printable characters, no blank at either end"
        )
    return name


def _act(row: Any) -> Act:
    return Act(
        at=datetime.fromisoformat(row["at"]),
        actor=row["actor"],
        action=row["action"],
        subject=row["subject"],
        detail=json.loads(row["detail"]),
    )
