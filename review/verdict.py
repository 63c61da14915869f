"""What a day is, said once: one value from the desk's records, and one table of what it means.

Screen, page, message, ``--json``, exit code and Prefect state all read this table, so that none
of them can say something else than another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.types import OrderState, OrderStatus
from desk.tickets.ticket_store import TicketState

# States in which an order may still become something else at the broker.
MAY_CHANGE = frozenset({OrderStatus.PENDING, OrderStatus.WORKING, OrderStatus.UNCERTAIN})


class Verdict(StrEnum):
    """What a day is, as the desk has it."""

    PROPOSED = "proposed"  # orders wait for a person
    APPROVED = "approved"  # and none has been committed to
    REFUSED = "refused"  # approved, and the desk's checks kept it from being sent
    SENT = "sent"  # orders work at the broker, nothing has filled
    PARTLY_FILLED = "partly filled"
    FILLED = "filled"
    NOT_FILLED = "not filled"  # every order is over, none filled
    HELD_BACK = "held back"  # committed to, and part of it has not left
    BROKER_REJECTED = "rejected by the broker"  # every order
    UNCERTAIN = "uncertain"  # an order may have left, and its fate is not known
    REJECTED = "rejected"  # by a person
    EXPIRED = "expired"  # not approved, or not sent, by the order cut-off
    CLOSED = "closed"  # nothing was sent for the session, and nothing more can be
    HALTED = "halted"  # the kill switch lets nothing leave
    SUPERSEDED = "superseded"  # the session was decided anew
    RECOMMENDATION_ONLY = "recommendation only"  # a check failed, or it was too late to send
    NO_ORDERS = "no orders"  # nothing to trade; the reason says why


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskFacts:
    """What the desk knows of a session, as far as the verdict depends on it."""

    ticket: TicketState  # of the ticket committed to if there is one, else of the day's own
    orders: int  # on that ticket
    failed_checks: int = 0  # on that ticket
    states: tuple[OrderState, ...] = ()  # of each order that is committed to
    unsent: int = 0  # approved besides them, and not committed to
    halted: bool = False
    refused: bool = False  # the desk's last word on an approved ticket was no
    late: bool = False  # the gateway's clock has passed the order cut-off
    expired_before: bool = False  # an earlier ticket of the session expired
    closed: bool = False  # the session's close is on record


@dataclass(frozen=True, slots=True)
class Wording:
    """What one verdict means, at every exit. The texts are formats: see `review.standing`."""

    headline: str
    meaning: str
    next_step: str
    exit_code: int
    prefect: str  # the name of the Prefect state
    tone: str  # of the page's banner: ask, good, calm, warn, bad


_TOLD = "{count} sent: {tally}"
_LEFT = "The orders went to the broker, approved by {by}."
_ASK = "To ask the broker again: daybook orders --date {session}"
_UNTIL = "Orders can be sent until {until} Bucharest."

TABLE: Mapping[Verdict, Wording] = {
    Verdict.PROPOSED: Wording(
        "{orders} proposed",
        f"Nothing has been sent. {_UNTIL}",
        "To send ticket {short}: daybook approve {session}; "
        "to refuse it: daybook reject {session} --reason TEXT",
        0, "Proposed", "ask",
    ),
    Verdict.APPROVED: Wording(
        "{orders} approved, none sent",
        f"Nothing has been sent; approved by {{by}}. {_UNTIL}",
        "To send ticket {short}: daybook execute {session}; "
        "to take the approval back: daybook reject {session} --reason TEXT",
        0, "Approved", "ask",
    ),
    Verdict.REFUSED: Wording(
        "{orders} approved and refused by the desk",
        "Nothing was sent: {why}.",
        "To try again until {until} Bucharest: daybook execute {session}; "
        "to take the approval back: daybook reject {session} --reason TEXT",
        3, "Refused", "warn",
    ),
    Verdict.SENT: Wording(
        _TOLD, _LEFT, f"Open orders are valid for {{session}} only. {_ASK}",
        0, "Sent", "good",
    ),
    Verdict.PARTLY_FILLED: Wording(
        _TOLD, _LEFT, f"Open orders are valid for {{session}} only. {_ASK}",
        0, "PartlyFilled", "good",
    ),
    Verdict.FILLED: Wording(
        _TOLD, _LEFT, "After the close: daybook close --date {session}", 0, "Filled", "good"
    ),
    Verdict.NOT_FILLED: Wording(
        _TOLD, "No order filled, and none is open.",
        "The next session's run decides again.",
        0, "NotFilled", "warn",
    ),
    Verdict.HELD_BACK: Wording(
        "{count} approved, not all sent: {tally}",
        "Pending orders were not sent: {why}.",
        "To continue until {until} Bucharest: daybook execute {session}",
        1, "HeldBack", "bad",
    ),
    Verdict.BROKER_REJECTED: Wording(
        _TOLD, "The broker rejected every order: {why}.",
        "No position changed. Its reasons: daybook orders --date {session}",
        1, "BrokerRejected", "bad",
    ),
    Verdict.UNCERTAIN: Wording(
        _TOLD,
        "The status of {uncertain} is unknown: sent, not confirmed, and not sent again. "
        "Check the broker's own order list.",
        "Then, to ask the broker again: daybook execute {session}",
        1, "Uncertain", "bad",
    ),
    Verdict.REJECTED: Wording(
        "{orders} rejected",
        "Nothing was sent; rejected by {by}.",
        "To take the rejection back until {until} Bucharest: daybook reopen {short}",
        0, "Rejected", "calm",
    ),
    Verdict.EXPIRED: Wording(
        "{orders} expired",
        "Nothing was sent by the order cut-off, {until} Bucharest.",
        "It will not be sent; the next session's run decides again.",
        5, "Expired", "warn",
    ),
    Verdict.CLOSED: Wording(
        "{orders} not sent, the session is closed",
        "Nothing was sent, and nothing more can be sent for {session}: {why}.",
        "The next session's run decides again: daybook run --date YYYY-MM-DD",
        5, "Closed", "warn",
    ),
    Verdict.HALTED: Wording(
        "HALTED",
        "Nothing was sent: {why}.",
        "To resume trading: daybook resume --by NAME; then: daybook run --date {session}",
        4, "Halted", "bad",
    ),
    Verdict.SUPERSEDED: Wording(
        "{orders} superseded",
        "Nothing of this ticket was sent: its session was decided again.",
        "See: daybook orders --date {session}",
        0, "Superseded", "calm",
    ),
    Verdict.RECOMMENDATION_ONLY: Wording(
        "RECOMMENDATION ONLY",
        "Nothing was sent. {why}.",
        "Nothing will be sent. Correct what failed, then run the day again.",
        3, "RecommendationOnly", "warn",
    ),
    Verdict.NO_ORDERS: Wording("No orders today", "{why}", "", 0, "NoOrders", "calm"),
}  # fmt: skip


_DECIDED = {
    TicketState.REJECTED: Verdict.REJECTED,
    TicketState.SUPERSEDED: Verdict.SUPERSEDED,
    TicketState.EXPIRED: Verdict.EXPIRED,
}


def verdict_of(desk: DeskFacts) -> Verdict:
    """Return what the day is. Orders that are committed to decide it, whatever came later."""
    if desk.states:
        return _of_orders(desk.states, desk.unsent)
    expired = desk.ticket is TicketState.EXPIRED
    if desk.ticket in _DECIDED and not (desk.closed and expired):
        return _DECIDED[desk.ticket]
    if desk.closed and (desk.orders or desk.failed_checks):
        return Verdict.CLOSED
    could_leave = desk.ticket in {TicketState.WAITING, TicketState.APPROVED}
    if desk.late and (could_leave or desk.expired_before):
        return Verdict.EXPIRED
    if desk.halted and (could_leave or desk.failed_checks):
        return Verdict.HALTED
    return _of_ticket(desk)


def _of_ticket(desk: DeskFacts) -> Verdict:
    if desk.ticket is TicketState.WAITING:
        return Verdict.PROPOSED
    if desk.ticket is TicketState.APPROVED:
        return Verdict.REFUSED if desk.refused else Verdict.APPROVED
    return Verdict.RECOMMENDATION_ONLY if desk.failed_checks or desk.orders else Verdict.NO_ORDERS


def _of_orders(states: tuple[OrderState, ...], unsent: int) -> Verdict:
    found = {state.status for state in states}
    if OrderStatus.UNCERTAIN in found:
        return Verdict.UNCERTAIN
    if unsent or OrderStatus.PENDING in found:
        return Verdict.HELD_BACK
    if found == {OrderStatus.FILLED}:
        return Verdict.FILLED
    if any(state.filled for state in states):
        return Verdict.PARTLY_FILLED
    if OrderStatus.WORKING in found:
        return Verdict.SENT
    return Verdict.BROKER_REJECTED if found == {OrderStatus.REJECTED} else Verdict.NOT_FILLED
