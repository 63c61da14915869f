"""The desk's rows held against what was approved, before anything is sent.

Every row that bears on what is sent is derived anew (`desk.orders.approved_rows`) and compared with
the row that is stored: a column that differs, a row too many and a row too few are incidents. Then
the kill switch is set, so that nothing leaves by any way until a person has looked; the audit trail
and the journal say what differed.

This finds accidents and edits by hand. Whoever rewrites the rows, the ticket's bytes *and* the
audit trail of the file so that they agree is not found by it: nothing in the file is signed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

import journal
from core.canonical import canonical_json, sha256_of
from core.errors import DataError, JournalError, StorageError
from core.text.counts import count
from core.types import Order
from desk import kill_switch
from desk.errors import OrdersAltered
from desk.orders.approved_rows import Row, derive
from desk.orders.intents import IntentState
from desk.orders.stored_rows import intent_row, leg_row, stored_rows
from desk.records.audit import DESK, Act, note
from desk.records.journal_orders import sealed_as_sent
from desk.records.order_rows import columns_of, kept_legs
from desk.records.schema import INTENTS
from desk.records.store import DeskStore
from desk.tickets.order_ticket import read_ticket
from desk.tickets.ticket_store import SHORT

TOLD = 5  # differences that a message names; the journal has them all
_MISSING, _ADDED = "no row", "a row"


@dataclass(frozen=True, slots=True)
class Difference:
    """One stored value that is not what was approved."""

    table: str
    row: str  # an order's name, a ticket or a token
    column: str  # empty: the row itself
    stored: str
    approved: str

    @property
    def words(self) -> str:
        """The difference in words."""
        what = f"{self.table}.{self.column}" if self.column else self.table
        return f"{what} of {self.row}: stored {self.stored}, approved {self.approved}"


def refuse_if_altered(
    store: DeskStore, *, account: str, session: date, ticket: str | None = None, now: datetime
) -> None:
    """Raise `OrdersAltered` unless every row of a session says what was approved.

    ``ticket`` is the hash of one that is looked at wherever its row says it belongs. The kill
    switch is set and the incident sealed before it raises.
    """
    sealed = sealed_as_sent(store.journal, session)
    with store.transaction() as connection:
        try:
            found = (
                *differences(connection, account, session, [ticket] if ticket else []),
                *_sent_before(connection, sealed),
            )
        except (ValueError, KeyError, TypeError, AttributeError, DataError) as error:
            # Rows that cannot be read cannot be compared, so nothing may follow from them.
            found = (Difference("desk", session.isoformat(), "", repr(error), "readable rows"),)
    if found:
        raise declared(store, found, session=session, now=now)


def refuse_if_ticket_altered(store: DeskStore, sha256: str, *, now: datetime) -> None:
    """Raise `OrdersAltered` unless a ticket, and every row of its session, is as approved.

    Says nothing of a ticket that the desk does not know.
    """
    with store.transaction() as connection:
        of = sa.text("SELECT account, session, content FROM tickets WHERE sha256 = :sha256")
        row = connection.execute(of, {"sha256": sha256}).mappings().first()
    if row is None:
        return
    content = row["content"]
    if isinstance(content, bytes) and sha256_of(content) == sha256:
        ticket = read_ticket(content)
        account, session = ticket.account, ticket.session
    else:
        account, session = row["account"], _day(row["session"], now)
    refuse_if_altered(store, account=account, session=session, ticket=sha256, now=now)


def _day(stored: str, now: datetime) -> date:
    try:
        return date.fromisoformat(stored)
    except ValueError:
        return now.date()


def differences(
    connection: sa.Connection, account: str, session: date, tickets: Collection[str] = ()
) -> tuple[Difference, ...]:
    """Return every difference between a session's stored rows and what was approved."""
    derived = derive(connection, account, session, tickets)
    stored = stored_rows(connection, account, session, derived)
    return tuple(
        difference
        for table in stored
        for difference in _compared(table, stored[table], derived.of(table))
    )


def _sent_before(connection: sa.Connection, sealed: Mapping[str, str]) -> Iterator[Difference]:
    """Yield each order that is sealed as sent and that the desk would send, or does not know."""
    chosen = sa.select(INTENTS.c.order_ref, INTENTS.c.state).where(
        INTENTS.c.order_ref.in_(list(sealed))
    )
    stored = {row.order_ref: row.state for row in connection.execute(chosen)}
    for ref, told in sorted(sealed.items()):
        state = stored.get(ref, _MISSING)
        if state in {_MISSING, IntentState.INTENDED.value}:
            yield Difference("intents", ref, "state", state, told)


def refuse_if_row_differs(connection: sa.Connection, order: Order, session: date) -> None:
    """Raise `OrdersAltered` unless an order's own rows are its terms, within a transaction.

    What is about to leave is held against the disk once more. Nothing is declared here: the
    caller holds the disk and has to let go of it first.
    """
    ref = order.order_ref
    row = connection.execute(sa.select(INTENTS).where(INTENTS.c.order_ref == ref)).mappings()
    found = row.first()
    wanted = {**columns_of(order), "left": True}
    kept = kept_legs(connection, [ref]).get(ref, ())
    odd = [
        *_compared("intents", {ref: intent_row(found)} if found else {}, {ref: wanted}),
        *_compared(
            "legs",
            {(ref, place): leg_row(each) for place, each in enumerate(kept)},
            {(ref, place): leg_row(each) for place, each in enumerate(order.parts)},
        ),
    ]
    if odd:
        raise OrdersAltered(_told(odd), session=session, differences=odd)


def declared(
    store: DeskStore, found: Iterable[Difference], *, session: date, now: datetime
) -> OrdersAltered:
    """Set the kill switch over differences, write them down, seal them; return the error."""
    odd = tuple(found)
    told = _told(odd)
    with store.transaction() as connection:
        if kill_switch.load(connection).reason != told:  # said once, however often it is met
            kill_switch.halt(connection, by=DESK, reason=told, now=now)
            detail = {"differences": [asdict(each) for each in odd]}
            note(connection, Act(now, DESK, "altered", session.isoformat(), detail))
    told += _sealed(store, odd, session, now)
    return OrdersAltered(told, session=session, differences=odd)


def _sealed(store: DeskStore, odd: Collection[Difference], session: date, now: datetime) -> str:
    """Seal an incident; return what kept it from being sealed, in words."""
    if store.journal is None:
        return ""
    try:
        journal.log(store.journal, _entry(odd, session, now))
    except (JournalError, StorageError) as error:
        return f" (not recorded in the journal: {error})"
    return ""


def _entry(odd: Collection[Difference], session: date, now: datetime) -> journal.Entry:
    rows = [{"symbol": each.row[:32], "con_id": None, "payload": asdict(each)} for each in odd]
    facts = {"what": "stored orders differ from what was approved", "differences": len(odd)}
    named = sha256_of(canonical_json([facts, rows]))[:SHORT]
    return journal.Entry(
        run_id=f"{session.isoformat()}-incident.{named}",
        kind="incident",
        timestamp=now,
        session=session,
        facts=facts,
        artefacts=(),
        decisions=rows,
    )


def _told(odd: Collection[Difference]) -> str:
    named = "; ".join(each.words for each in list(odd)[:TOLD])
    more = f"; and {len(odd) - TOLD} more" if len(odd) > TOLD else ""
    return (
        f"the desk's rows are not what was approved, {count(len(odd), 'difference')}: {named}"
        f"{more}. No order is sent: the kill switch is set. Keep a copy of the desk's folder "
        "and find out who changed it, look at the broker's orders, then: daybook resume --by NAME"
    )


def _compared(
    table: str, stored: Mapping[Any, Row], derived: Mapping[Any, Row]
) -> Iterator[Difference]:
    for key in sorted({*stored, *derived}, key=str):
        name = _name(key)
        if key not in stored:
            yield Difference(table, name, "", _MISSING, _ADDED)
        elif key not in derived:
            yield Difference(table, name, "", _ADDED, _MISSING)
        else:
            for column, approved in sorted(derived[key].items()):
                kept = stored[key].get(column)
                if kept != approved:
                    yield Difference(table, name, column, str(kept), str(approved))


def _name(key: Any) -> str:
    if isinstance(key, tuple):
        return f"{_name(key[0])} no. {key[1] + 1}"
    name = str(key)
    return name[:SHORT] if len(name) == 64 else name  # hashes are long
