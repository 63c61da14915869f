"""Tokens: what a preview hands out, and what placing an order takes instead of terms."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.canonical import sha256_of
from desk.audit import Act, note
from desk.errors import TokenAltered, TokenExpired, TokenForeign, TokenUsed
from desk.schema import PREVIEWS
from desk.store import DeskStore

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
    """Issue a token for these terms, canonical JSON. Only its hash is kept."""
    token = Token(secrets.token_hex(RANDOM_BYTES), now + LIFETIME)
    with store.transaction() as connection:
        connection.execute(
            sa.insert(PREVIEWS).values(
                token_sha256=sha256_of(token.secret.encode()),
                terms=terms.decode(),
                terms_sha256=sha256_of(terms),
                caller=caller,
                issued_at=now.isoformat(),
                expires_at=token.expires_at.isoformat(),
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
        if found is None or sha256_of(found["terms"].encode()) != found["terms_sha256"]:
            raise TokenAltered(
                "this desk issued no such token: it was altered, or is another desk's; nothing "
                "was sent. Preview the order and use the token as it is"
            )
        _refuse(found, caller=caller, now=now)
        connection.execute(
            sa.update(PREVIEWS)
            .where(PREVIEWS.c.token_sha256 == name)
            .values(used_at=now.isoformat())
        )
        note(connection, Act(now, caller, "used", name, {"terms": found["terms_sha256"]}))
    return Used(json.loads(found["terms"]), name)


def _refuse(row: Any, *, caller: str, now: datetime) -> None:
    if row["caller"] != caller:
        raise TokenForeign(
            "this token was issued to another caller; nothing was sent. Preview the order yourself"
        )
    if row["used_at"] is not None:
        raise TokenUsed(
            f"this token was used at {row['used_at']}; it is good once. Look at what became of "
            "its order before you preview another"
        )
    issued, expires = (datetime.fromisoformat(row[name]) for name in ("issued_at", "expires_at"))
    if not issued <= now <= expires:
        raise TokenExpired(
            f"this token was good until {expires:%H:%M:%S} UTC, it is {now:%H:%M:%S} UTC; nothing "
            "was sent. Preview the order again"
        )
