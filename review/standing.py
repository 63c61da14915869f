"""How a session stands at the desk: its verdict, with the words for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self

from core.calendar import BUCHAREST, local_moment
from core.storage.old_records import check_name
from core.text.counts import count
from core.types import OrderState, OrderStatus
from desk import kill_switch
from desk.kill_switch import KillSwitch, TradingState
from desk.orders import intents
from desk.orders.reconciliation import state_of
from desk.records import audit
from desk.records.audit import Act
from desk.records.order_events import last_seen
from desk.records.store import DeskStore
from desk.tickets import approval_state, ticket_store
from desk.tickets.closed_sessions import closed_at
from desk.tickets.ticket_store import SHORT, TicketRecord, TicketState
from review.states import counted, some_of
from review.verdict import MAY_CHANGE, TABLE, DeskFacts, Verdict, Wording, verdict_of

_COMMAND = re.compile(r"\bdaybook (approve|close|execute|orders|reject|reopen|resume|run)\b")
# What a close leaves as it is: nothing of it is to be done any more.
_SETTLED = frozenset(
    {Verdict.SENT, Verdict.PARTLY_FILLED, Verdict.FILLED, Verdict.HELD_BACK, Verdict.REJECTED}
)
_RESUME = "daybook resume --by NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a day is, and every word its exits say of it. Plain values: it is sealed as it is."""

    verdict: Verdict
    session: date
    ticket_sha256: str  # the ticket that counts: the one committed to, else the day's own
    orders: int  # on that ticket
    until: datetime  # the order cut-off
    committed: int = 0  # orders the account is committed to
    tally: str = ""  # how they stand: "3 filled, 1 working"
    by: str = ""  # who approved or rejected it
    why: str = ""  # what it rests on, in words, without a full stop
    uncertain: tuple[str, ...] = ()  # symbols
    unapproved: tuple[str, ...] = ()  # symbols of a part that can still be approved
    unsent: tuple[str, ...] = ()  # symbols approved besides those committed to, and not sent
    late: bool = False  # the order cut-off has passed
    halted: bool = False  # the kill switch lets nothing leave
    over: bool = False  # no order that is committed to can change any more
    mode: str = "sim"  # of the ticket; the commands that go on name any other
    closed: bool = False  # the session's close is on record
    anew: bool = False  # the day was decided anew since; that decision is not to be sent

    @property
    def said(self) -> Wording:
        """The row of the table."""
        return TABLE[self.verdict]

    @property
    def exit_code(self) -> int:
        """The exit code of whatever ends in this."""
        return self.said.exit_code

    @property
    def headline(self) -> str:
        """What it is, in one line."""
        return self._filled_in(self.said.headline)

    @property
    def meaning(self) -> str:
        """What it means for the account."""
        told = self._filled_in(self.said.meaning).replace(": .", ".").replace(" .", "")
        if not self.anew:
            return told
        return (
            f"{told} The orders are of ticket {self.ticket_sha256[:SHORT]}; this later decision "
            "is a recommendation only and none of it will be sent."
        )

    @property
    def next_step(self) -> str:
        """What a person can do; empty when there is nothing."""
        told = self._filled_in(self.said.next_step)
        if self.over and self.verdict is Verdict.PARTLY_FILLED:
            told = self._filled_in(TABLE[Verdict.FILLED].next_step)
        if self.late and self.verdict is Verdict.RECOMMENDATION_ONLY:
            told = self._filled_in(TABLE[Verdict.EXPIRED].next_step)
        if self.halted and self.verdict is Verdict.HELD_BACK:
            told = f"To resume trading: {self._for_mode(_RESUME)}. {told}"
        if self.late and self.verdict in {Verdict.HELD_BACK, Verdict.REJECTED}:
            told = (
                f"The order cut-off, {_local(self.until)} Bucharest, has passed: "
                "no more orders will be sent."
            )
        if self.closed and self.verdict in _SETTLED:
            told = self._filled_in(TABLE[Verdict.CLOSED].next_step)
        if not self.rest:
            return told
        return f"{told.removesuffix('.')}. {self.rest}" if told else self.rest

    @property
    def rest(self) -> str:
        """What of the ticket can still be approved, until when and how; empty for nothing."""
        if not self.unapproved:
            return ""
        first = f"{_RESUME}; then: " if self.halted else ""
        return self._for_mode(
            f"Not approved: {count(len(self.unapproved), 'order')} ({some_of(self.unapproved)}), "
            f"open until {_local(self.until)} Bucharest: {first}"
            f"daybook approve {self.ticket_sha256[:SHORT]}"
        )

    def _filled_in(self, words: str) -> str:
        filled = words.format(
            orders=count(self.orders, "order"),
            count=count(self.committed + len(self.unsent), "order"),
            tally=self.tally,
            by=self.by,
            why=self.why.rstrip(". "),
            uncertain=", ".join(self.uncertain),
            short=self.ticket_sha256[:SHORT],
            session=self.session,
            until=_local(self.until),
        )
        return self._for_mode(filled)

    def _for_mode(self, words: str) -> str:
        """Return words whose commands go to this ticket's mode, however daybook is set up."""
        return words if self.mode == "sim" else _COMMAND.sub(rf"\g<0> --mode {self.mode}", words)

    def because(self, why: str) -> Self:
        """Return the same with a reason that only the caller knows."""
        return replace(self, why=why)


def standing(
    store: DeskStore, own: TicketRecord, *, now: datetime | None, why: str = ""
) -> Standing:
    """Return how the session of a ticket stands, as the desk last saw it.

    ``now`` is the gateway's time; None where time stands still, as in the embedded simulator.
    ``why`` is the reason that only the caller knows, such as why part of a batch was held back.
    """
    counts = ticket_store.committed(store, own.ticket.account, own.ticket.session) or own
    found = ticket_standing(store, counts, now=now, why=why)
    return replace(found, anew=counts.sha256 != own.sha256)


def ticket_standing(
    store: DeskStore, record: TicketRecord, *, now: datetime | None, why: str = ""
) -> Standing:
    """Return how one ticket stands, whatever other tickets its session has; see `standing`."""
    ticket, turned = record.ticket, kill_switch.read(store)
    states = order_states(store, record)
    trail = audit.about(store, record.sha256)
    closed_on = _closed_on(store, record)
    late = bool(closed_on) or (now is not None and now > ticket.finish_line)
    unsent = _unsent(store, record)
    facts = DeskFacts(
        ticket=record.state,
        orders=len(ticket.lines),
        failed_checks=len(ticket.failed_checks),
        states=states,
        unsent=len(unsent),
        halted=turned.state is TradingState.HALTED,
        refused=bool(trail) and trail[-1].action == "refused",
        late=late,
        expired_before=_expired_before(store, record),
        closed=bool(closed_on),
    )
    return Standing(
        verdict=(verdict := verdict_of(facts)),
        session=ticket.session,
        ticket_sha256=record.sha256,
        orders=len(ticket.lines),
        until=ticket.finish_line,
        committed=len(states),
        tally=counted(states, pending=len(unsent)),
        by=_by(store, record, trail),
        why=why or _why(verdict, record, states, turned, trail, closed_on),
        uncertain=tuple(s.symbol for s in states if s.status is OrderStatus.UNCERTAIN),
        unapproved=() if late else _unapproved(store, record),
        unsent=unsent,
        late=late,
        mode=ticket.mode,
        halted=facts.halted,
        closed=bool(closed_on),
        over=not any(state.status in MAY_CHANGE for state in states),
    )


def _closed_on(store: DeskStore, record: TicketRecord) -> str:
    """Return when the session was closed, in words; empty while it is open."""
    with store.transaction() as connection:
        at = closed_at(connection, record.ticket.account, record.ticket.session)
    return "" if at is None else local_moment(at)


def order_states(store: DeskStore, record: TicketRecord) -> tuple[OrderState, ...]:
    """Return how the orders of a ticket stand that are committed to, as the desk last saw them."""
    committed = intents.of_source(store, record.sha256)
    seen = last_seen(store, [intent.order for intent in committed])
    return tuple(state_of(intent, seen, {}) for intent in committed)


def _why(
    verdict: Verdict,
    record: TicketRecord,
    states: Sequence[OrderState],
    turned: KillSwitch,
    trail: Sequence[Act],
    closed_on: str,
) -> str:
    failed = ", ".join(check_name(check.name) for check in record.ticket.failed_checks)
    said = next((state.message for state in states if state.message), "it gave no reason")
    halted = f"{turned.by} halted trading{f' ({turned.reason})' if turned.reason else ''}"
    reasons = {
        Verdict.CLOSED: f"it was closed at {closed_on}",
        Verdict.HALTED: halted,
        Verdict.REFUSED: str(trail[-1].detail.get("why", "")) if trail else "",
        Verdict.HELD_BACK: "sending was interrupted or refused"
        if turned.state is TradingState.ACTIVE
        else f"{turned.by} turned the kill switch to {turned.state}",
        Verdict.BROKER_REJECTED: said,
        Verdict.RECOMMENDATION_ONLY: f"Failed: {failed}"
        if failed
        else "Orders of another ticket of the session were committed before",
    }
    return reasons.get(verdict, "")


def _by(store: DeskStore, record: TicketRecord, trail: Sequence[Act]) -> str:
    if record.state is TicketState.REJECTED:
        return approval_state.rejection_of(store, record.sha256)
    given: list[str] = []
    for act in trail:
        if act.action == "approved":
            only = act.detail["only"]
            given.append(f"{act.actor}, only {some_of(only)}" if only else act.actor)
        elif act.action in {"registered", "rejected"}:
            given.clear()  # what was said before does not count any more
    return "; ".join(given)


def _unapproved(store: DeskStore, record: TicketRecord) -> tuple[str, ...]:
    if record.state not in {TicketState.APPROVED, TicketState.COMMITTED}:
        return ()  # of a ticket that waits it is the whole
    with store.transaction() as connection:
        return tuple(order.symbol for order in approval_state.unapproved(connection, record))


def _unsent(store: DeskStore, record: TicketRecord) -> tuple[str, ...]:
    if record.state is not TicketState.COMMITTED:
        return ()  # of an approved ticket it is the whole
    with store.transaction() as connection:
        return tuple(order.symbol for order in approval_state.uncommitted(connection, record))


def _expired_before(store: DeskStore, own: TicketRecord) -> bool:
    return any(
        record.state is TicketState.EXPIRED and record.ticket.account == own.ticket.account
        for record in ticket_store.listed(store, own.ticket.session)
    )


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(BUCHAREST):%H:%M}"
