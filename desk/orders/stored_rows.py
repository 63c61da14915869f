"""The desk's rows as stored, in the form in which `desk.orders.approved_rows` derives them."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa

from core.canonical import sha256_of
from core.types import Leg
from desk.orders.approved_rows import Derived, Row, may_leave
from desk.orders.intents import IntentState
from desk.records.schema import (
    CHANGES,
    CLOSINGS,
    DECISIONS,
    INTENTS,
    KILL_SWITCH,
    LEGS,
    PREVIEWS,
    STRATEGIES,
    TICKETS,
)

Rows = dict[str, dict[Any, Row]]
"""By table, then by the row's key."""

# An editor may have stored the bytes as text: another value, which is read all the same.
_TICKETS = sa.select(
    *(column for column in TICKETS.columns if column.name != "content"),
    sa.cast(TICKETS.c.content, sa.LargeBinary).label("content"),
)


def stored_rows(connection: sa.Connection, account: str, session: date, derived: Derived) -> Rows:
    """Return every row of a session, and every other one that was derived for it."""
    names, tokens = list(derived.of("tickets")), list(derived.of("previews"))
    of_session = (INTENTS.c.account == account) & (INTENTS.c.session == session)
    derived_too = INTENTS.c.order_ref.in_(list(derived.of("intents")))
    of_sources = INTENTS.c.source.in_([*names, *tokens])
    intents = _rows(connection, INTENTS, of_session | of_sources | derived_too)
    refs = [row["order_ref"] for row in intents]
    return {
        **_sources(connection, names, tokens),
        "intents": {row["order_ref"]: intent_row(row) for row in intents},
        **_of_orders(connection, refs, tokens),
        "switches": _switch(connection),
    }


def _sources(connection: sa.Connection, names: list[str], tokens: list[str]) -> Rows:
    """Return the rows of tickets and previews, and what people said of them."""
    tickets = connection.execute(_TICKETS.where(TICKETS.c.sha256.in_(names))).mappings()
    previews = _among(connection, PREVIEWS.c.token_sha256, tokens)
    return {
        "tickets": {row["sha256"]: _ticket(row) for row in tickets},
        "decisions": _decisions(_among(connection, DECISIONS.c.ticket_sha256, names)),
        "previews": {row["token_sha256"]: _preview(row) for row in previews},
    }


def _of_orders(connection: sa.Connection, refs: Collection[str], tokens: list[str]) -> Rows:
    """Return the rows that say more of these orders."""
    changed = CHANGES.c.order_ref.in_(refs) | CHANGES.c.source.in_(tokens)
    return {
        "legs": {
            (row["order_ref"], row["position"]): dict(row)
            for row in _among(connection, LEGS.c.order_ref, refs)
        },
        "strategies": {
            row["order_ref"]: {**row, "terms": json.loads(row["terms"])}
            for row in _among(connection, STRATEGIES.c.order_ref, refs)
        },
        "closings": {
            row["order_ref"]: dict(row) for row in _among(connection, CLOSINGS.c.order_ref, refs)
        },
        "changes": {row["source"]: dict(row) for row in _rows(connection, CHANGES, changed)},
    }


def _rows(connection: sa.Connection, table: sa.Table, which: Any) -> list[Any]:
    return list(connection.execute(sa.select(table).where(which)).mappings())


def _among(connection: sa.Connection, key: sa.Column[Any], values: Collection[str]) -> list[Any]:
    """Return the rows of a key's table that have one of these values."""
    if not values:
        return []  # without asking: the desk looks at its rows before every step
    return list(connection.execute(_chosen(key), {"values": list(values)}).mappings())


@cache
def _chosen(key: sa.Column[Any]) -> sa.Select[Any]:
    return sa.select(key.table).where(key.in_(sa.bindparam("values", expanding=True)))


def _switch(connection: sa.Connection) -> dict[Any, Row]:
    newest = sa.select(KILL_SWITCH).order_by(KILL_SWITCH.c.id.desc()).limit(1)
    row = connection.execute(newest).mappings().first()
    return {} if row is None else {"newest": dict(row)}


def intent_row(row: Any) -> Row:
    """Return an order's row; of how far it got only whether a byte may have left."""
    return {**row, "left": IntentState(row["state"]) is not IntentState.INTENDED}


def _ticket(row: Any) -> Row:
    return {
        **row,
        "content": sha256_of(row["content"]),
        "holdings": sha256_of(row["holdings"].encode()),
        "state": may_leave(row["state"]),
    }


def _preview(row: Any) -> Row:
    used = row["used_at"] is not None
    return {**row, "terms": sha256_of(row["terms"].encode()), "used": used}


def _decisions(rows: list[Any]) -> dict[Any, Row]:
    found: dict[Any, Row] = {}
    seen: dict[str, int] = {}
    for row in sorted(rows, key=lambda each: int(each["id"])):
        number = seen[row["ticket_sha256"]] = seen.get(row["ticket_sha256"], -1) + 1
        found[row["ticket_sha256"], number] = dict(row)
    return found


def leg_row(leg: Leg) -> Row:
    """Return what a leg does."""
    return {"con_id": leg.con_id, "side": leg.side.value, "ratio": leg.ratio}
