"""What the desk's rows have to say, derived anew from the approved bytes and the audit trail.

An order of a ticket follows from the ticket's bytes, which its hash names, and from what was
approved of it. An order or change of a preview follows from the terms its token stood for. How far
each got, and who decided, the audit trail tells.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa

from core.canonical import canonical_json, sha256_of
from core.types import Side
from desk.records.order_changes import ChangeState
from desk.records.order_ref import order_ref
from desk.records.order_rows import columns_of
from desk.records.schema import AUDIT, FILLS, INTENTS, ORDER_EVENTS, PREVIEWS, TICKETS
from desk.tickets.order_ticket import Ticket, read_ticket
from desk.tickets.ticket_store import TicketState

Row = dict[str, Any]

_DECIDED = ("approved", "rejected")
_MOVED = {
    "approved": TicketState.APPROVED,
    "rejected": TicketState.REJECTED,
    "reopened": TicketState.WAITING,
    "expired": TicketState.EXPIRED,
    "superseded": TicketState.SUPERSEDED,
    "committed": TicketState.COMMITTED,
}
CHANGE_ACTS = ("changing", "changed", "not changed")
MOST_REVISIONS = 1000  # of one contract and side in a session


@dataclass(frozen=True, slots=True)
class Acts:
    """What the audit trail says of one subject, oldest first."""

    rows: tuple[Mapping[str, Any], ...] = ()

    def of(self, *actions: str) -> list[Mapping[str, Any]]:
        """Return the acts of these kinds."""
        return [row for row in self.rows if row["action"] in actions]


@dataclass(slots=True)
class Derived:
    """The rows that follow from what was approved: by table, then by the row's key."""

    tables: dict[str, dict[Any, Row]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)  # orders of the tickets, approved or not

    def put(self, table: str, key: Any, **columns: Any) -> None:
        """Add a row, as far as its columns follow."""
        self.tables.setdefault(table, {})[key] = columns

    def of(self, table: str) -> dict[Any, Row]:
        """Return the rows of a table."""
        return self.tables.get(table, {})


def acts_of(connection: sa.Connection, subjects: Collection[str]) -> dict[str, Acts]:
    """Return what the trail says of these tickets, tokens and orders."""
    chosen = sa.select(AUDIT).where(AUDIT.c.subject.in_(list(subjects))).order_by(AUDIT.c.id)
    found: dict[str, list[Mapping[str, Any]]] = {subject: [] for subject in subjects}
    for row in connection.execute(chosen).mappings():
        found[row["subject"]].append({**row, "detail": json.loads(row["detail"])})
    return {subject: Acts(tuple(rows)) for subject, rows in found.items()}


def derive(
    connection: sa.Connection, account: str, session: date, tickets: Collection[str]
) -> Derived:
    """Derive every row of a session that bears on what is sent, and of these tickets."""
    derived = Derived()
    for sha256, acts in acts_of(
        connection, _tickets_of(connection, account, session, tickets)
    ).items():
        _ticket(connection, derived, sha256, acts)
    for token, ref, action in _tokens_of(connection, account, session):
        _preview(connection, derived, token, ref, action)
    intents, changes = derived.of("intents"), derived.of("changes")
    changed = {row["order_ref"] for row in changes.values()}
    names = {*intents, *derived.named}
    trail = acts_of(connection, {*names, *changed})
    shown = _shown(connection, names)
    left = {ref for ref in names if ref in shown or _left(trail[ref])}
    for ref in left - set(intents):
        derived.put("intents", ref)  # it has left, so its row has to be there
    for ref, row in intents.items():
        row["left"] = ref in left
    for token, row in changes.items():
        row["state"] = _change_state(trail[row["order_ref"]], token)
    _switch(connection, derived)
    return derived


def _tickets_of(
    connection: sa.Connection, account: str, session: date, more: Collection[str]
) -> set[str]:
    chosen = (TICKETS.c.account == account) & (TICKETS.c.session == session)
    return {*more, *connection.scalars(sa.select(TICKETS.c.sha256).where(chosen))}


def _tokens_of(
    connection: sa.Connection, account: str, session: date
) -> Iterator[tuple[str, str, str]]:
    """Yield each token that became an order or a change of the session, with the order's name."""
    of_session = (INTENTS.c.account == account) & (INTENTS.c.session == session)
    sources = set(connection.scalars(sa.select(INTENTS.c.source).where(of_session)))
    chosen = (
        sa.select(AUDIT)
        .where(AUDIT.c.action.in_(("committed", "changing")), AUDIT.c.detail.contains('"token"'))
        .order_by(AUDIT.c.id)
    )
    for row in connection.execute(chosen).mappings():
        detail = json.loads(row["detail"])
        here = (detail.get("account"), detail.get("session")) == (account, session.isoformat())
        if here or detail["token"] in sources:
            yield detail["token"], row["subject"], row["action"]


def _ticket(connection: sa.Connection, derived: Derived, sha256: str, acts: Acts) -> None:
    chosen = sa.select(sa.cast(TICKETS.c.content, sa.LargeBinary))
    content = connection.scalar(chosen.where(TICKETS.c.sha256 == sha256))
    if content is None or sha256_of(content) != sha256:
        # Its bytes are not those of its name: nothing can be derived from them.
        derived.put("tickets", sha256, content=sha256)
        return
    ticket = read_ticket(content)
    moved = acts.of("registered", *_MOVED)
    columns: Row = {"content": sha256, "account": ticket.account, "session": ticket.session}
    if moved:
        columns["state"] = may_leave(_state_after(moved))
    first = [act["detail"]["holdings"] for act in moved if "holdings" in act["detail"]]
    if first:
        columns["holdings"] = first[0]
    derived.put("tickets", sha256, **columns)
    for number, act in enumerate(acts.of(*_DECIDED)):
        derived.put("decisions", (sha256, number), **_decision(act))
    derived.named.update(order.order_ref for order in ticket.orders)
    _orders(derived, ticket, sha256, acts)


def _orders(derived: Derived, ticket: Ticket, sha256: str, acts: Acts) -> None:
    """Add the orders that were approved each time the account was committed to some."""
    only: list[str] | None = None  # None: nothing is approved
    known: list[str] = []
    for act in acts.of(*_DECIDED, "committed"):
        if act["action"] != "committed":
            only = act["detail"]["only"] if act["action"] == "approved" else None
            continue
        # Earlier versions did not list them: all that was approved was committed at once.
        listed = act["detail"].get("order_refs")
        for order in ticket.orders:
            approved = only is not None and (not only or order.symbol in only)
            taken = listed is None or order.order_ref in listed
            if not (approved and taken) or order.order_ref in known:
                continue
            derived.put(
                "intents",
                order.order_ref,
                **columns_of(order),
                account=ticket.account,
                session=ticket.session,
                position=len(known),
                source=sha256,
                committed_at=act["at"],
            )
            known.append(order.order_ref)


def may_leave(state: str) -> str:
    """Return a ticket's state as far as it bears on what leaves: no other lets an order out."""
    return state if state in {TicketState.APPROVED, TicketState.COMMITTED} else "not to be sent"


def _decision(act: Mapping[str, Any]) -> Row:
    return {
        "approved": act["action"] == "approved",
        "by": act["actor"],
        "at": act["at"],
        "only": canonical_json(act["detail"]["only"]).decode(),
        "reason": act["detail"]["reason"],
    }


def _state_after(moved: list[Mapping[str, Any]]) -> str:
    act = moved[-1]
    if any(each["action"] == "committed" for each in moved):
        return TicketState.COMMITTED.value  # and stays so, whatever is approved of it later
    if act["action"] == "registered":
        return str(act["detail"]["state"])
    return _MOVED[act["action"]].value


def _preview(
    connection: sa.Connection, derived: Derived, token: str, ref: str, action: str
) -> None:
    acts = acts_of(connection, [token])[token].of("used")
    told = acts[-1]["detail"]["terms"] if acts else None
    derived.put("previews", token, terms=told, terms_sha256=told, used=True)
    row = connection.execute(
        sa.select(PREVIEWS.c.terms).where(PREVIEWS.c.token_sha256 == token)
    ).mappings().first()  # fmt: skip
    if row is None or sha256_of(row["terms"].encode()) != told:
        return  # nothing can be derived from other terms than those that were used
    terms = json.loads(row["terms"])
    order = terms["order"]
    if action == "changing":
        if order["order_ref"] == ref:
            derived.put(
                "changes", token, order_ref=ref,
                quantity=order["quantity"], limit_price=order["limit_price"],
            )  # fmt: skip
        return
    _previewed_order(derived, token, ref, terms)


def _previewed_order(derived: Derived, token: str, ref: str, terms: Mapping[str, Any]) -> None:
    order, account = terms["order"], terms["account"]
    session = date.fromisoformat(terms["session"])
    if not _is_name_of(ref, account, session, order):
        return
    legs = order.get("legs", ())
    columns = {name: value for name, value in order.items() if name not in {"legs", "order_ref"}}
    derived.put(
        "intents", ref, **columns, account=account, session=session, position=0, source=token
    )
    for position, leg in enumerate(legs):
        derived.put("legs", (ref, position), **leg)
    closes = terms.get("closes")
    if "strategy" in terms:
        derived.put("strategies", ref, terms=terms["strategy"], closes=closes)
    elif closes is not None:
        derived.put("closings", ref, trade=closes)


def _is_name_of(ref: str, account: str, session: date, order: Mapping[str, Any]) -> bool:
    side = Side(order["side"])
    return any(
        order_ref(account, session, order["con_id"], side, revision=revision) == ref
        for revision in range(1, MOST_REVISIONS)
    )


def _left(acts: Acts) -> bool:
    """Tell whether a byte of an order may have left."""
    told = acts.of("sending", "not sent")
    return bool(acts.of("sent")) or (bool(told) and told[-1]["action"] == "sending")


def _shown(connection: sa.Connection, order_refs: Collection[str]) -> set[str]:
    """Return those of these orders that the broker ever showed: they have left."""
    refs = list(order_refs)
    return {
        ref
        for table in (ORDER_EVENTS, FILLS)
        for ref in connection.scalars(
            sa.select(table.c.order_ref).where(table.c.order_ref.in_(refs)).distinct()
        )
    }


def _switch(connection: sa.Connection, derived: Derived) -> None:
    """Add where the kill switch stands by the trail; nothing while it was never touched."""
    turned = AUDIT.c.action.in_(("stopped", "resumed"))
    newest = sa.select(AUDIT).where(turned).order_by(AUDIT.c.id.desc()).limit(1)
    act = connection.execute(newest).mappings().first()
    if act is not None:
        reason = json.loads(act["detail"])["reason"]
        derived.put(
            "switches", "newest", state=act["subject"], by=act["actor"], reason=reason, at=act["at"]
        )


def _change_state(acts: Acts, token: str) -> str:
    """Return how far a change got, by its last act."""
    own = [act for act in acts.of(*CHANGE_ACTS) if act["detail"].get("token") == token]
    if own and own[-1]["action"] == "changed" and own[-1]["detail"]["confirmed"]:
        return ChangeState.CONFIRMED.value
    never = bool(own) and own[-1]["action"] == "not changed"
    return (ChangeState.NOT_SENT if never else ChangeState.SENT).value
