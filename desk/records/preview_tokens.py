"""Tokens: what a preview hands out, and what placing an order takes instead of terms."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.calendar import local_time
from core.canonical import canonical_json, sha256_of
from desk.errors import TokenAltered, TokenExpired, TokenForeign, TokenUsed
from desk.records.audit import Act, note
from desk.records.schema import AUDIT, PREVIEWS
from desk.records.store import DeskStore

LIFETIME = timedelta(seconds=120)
RANDOM_BYTES = 16


@dataclass(frozen=True, slots=True)
class Token:
    """A secret that stands for terms: good once, for one caller, until it expires."""

    secret: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Used:
    """The terms of a token that was just used up."""

    terms: Mapping[str, Any]
    token_sha256: str


def issue(store: DeskStore, terms: bytes, *, caller: str, now: datetime) -> Token:
    """Issue a token for these terms, canonical JSON. Only its hash is kept.

    The token itself tells what it stands for: its second half is a hash of terms, caller and
    times, so a row that was edited since has no token that fits it.
    """
    drawn = secrets.token_hex(RANDOM_BYTES)
    row = {
        "terms": terms.decode(),
        "caller": caller,
        "issued_at": now.isoformat(),
        "expires_at": (now + LIFETIME).isoformat(),
    }
    token = Token(drawn + _seal(drawn, row), now + LIFETIME)
    with store.transaction() as connection:
        connection.execute(
            sa.insert(PREVIEWS).values(
                token_sha256=sha256_of(token.secret.encode()),
                terms_sha256=sha256_of(terms),
                **row,
            )
        )
    return token


def use(store: DeskStore, secret: str, *, caller: str, now: datetime) -> Used:
    """Use a token up and return what it stands for. Raises `TokenRefused`."""
    name = sha256_of(secret.encode())
    with store.transaction() as connection:
        row = connection.execute(
            sa.select(PREVIEWS).where(PREVIEWS.c.token_sha256 == name)
        ).mappings()
        found = row.first()
        if found is None or not _is_as_issued(secret, found):
            raise TokenAltered(
                "this desk issued no such token: it was altered, or is another desk's; nothing "
                "was sent. Preview the order and use the token as it is"
            )
        _refuse(found, caller=caller, now=now, used_before=_was_used(connection, name))
        connection.execute(
            sa.update(PREVIEWS)
            .where(PREVIEWS.c.token_sha256 == name)
            .values(used_at=now.isoformat())
        )
        note(connection, Act(now, caller, "used", name, {"terms": found["terms_sha256"]}))
    return Used(json.loads(found["terms"]), name)


def _seal(drawn: str, row: Mapping[str, Any]) -> str:
    told = [drawn, *(row[name] for name in ("terms", "caller", "issued_at", "expires_at"))]
    return sha256_of(canonical_json(told))[: 2 * RANDOM_BYTES]


def _is_as_issued(secret: str, row: Any) -> bool:
    drawn = secret[: 2 * RANDOM_BYTES]
    whole = sha256_of(row["terms"].encode()) == row["terms_sha256"]
    return whole and secret == drawn + _seal(drawn, row)


def _was_used(connection: sa.Connection, name: str) -> bool:
    """Tell what the audit trail says, whatever the token's own row does."""
    used = sa.select(AUDIT.c.id).where(AUDIT.c.subject == name, AUDIT.c.action == "used").limit(1)
    return connection.scalar(used) is not None


def _refuse(row: Any, *, caller: str, now: datetime, used_before: bool) -> None:
    if row["caller"] != caller:
        raise TokenForeign(
            "this token was issued to another caller; nothing was sent. Preview the order yourself"
        )
    if row["used_at"] is not None or used_before:
        raise TokenUsed(
            f"this token was used at {row['used_at'] or 'an earlier time'}; it is valid once. Look "
            "at what became of its order before you preview another"
        )
    issued, expires = (datetime.fromisoformat(row[name]) for name in ("issued_at", "expires_at"))
    if not issued <= now <= expires:
        raise TokenExpired(
            f"this token was valid until {local_time(expires, seconds=True)}, it is "
            f"{local_time(now, seconds=True)}; nothing was sent. Preview the order again"
        )
