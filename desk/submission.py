"""Sending a batch at most once, and never losing sight of an order.

1. One process at a time per account and session holds the desk's lock.
2. The whole batch is committed to disk before the first byte is sent. A later run of the session
   works on the committed batch, whatever it would itself have wanted.
3. The broker is asked what it knows (open and completed orders, executions) before anything goes
   out. An order it knows is not sent again. An order marked as sent that it does not know is
   UNCERTAIN: held and reported, never resent, because a late message may still arrive.
4. Only orders whose bytes cannot have left (intended, not sent) are sent.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from core.errors import DaybookError, StorageError
from core.types import Order, OrderState, OrderStatus
from desk.store import DeskStore, Intent, IntentState
from desk.ticket import Ticket, TicketStatus


class NotPermitted(DaybookError):
    """The ticket must not be sent."""


class DeskBusy(DaybookError):
    """Another process is sending for this account and session."""


class Broker(Protocol):
    """What the desk needs of `ibkr.trading.TradingTools`."""

    def order_states(self) -> dict[str, OrderState]:
        """Return everything the broker knows of today's orders, complete or an error."""

    def place_orders(self, orders: Sequence[Order], *, timeout: float) -> tuple[OrderState, ...]:
        """Send in this order and wait for each to be acknowledged."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of a batch."""

    states: tuple[OrderState, ...]  # one per committed order, in send order
    sent: int  # orders that left in this call

    @property
    def uncertain(self) -> tuple[OrderState, ...]:
        """Orders whose fate is not known: look at the broker before anything else."""
        return tuple(s for s in self.states if s.status is OrderStatus.UNCERTAIN)


def submit(
    ticket: Ticket,
    broker: Broker,
    store: DeskStore,
    *,
    folder: Path,
    now: datetime,
    acknowledge_timeout: float,
) -> Submission:
    """Send a ticket's orders, each at most once however often this is called.

    Parameters
    ----------
    ticket
        What to send. For a session that already has a committed batch, that batch counts.
    folder
        Where the lock file lives.
    now
        The broker's time: past the finish line nothing is sent.
    acknowledge_timeout
        Seconds to wait for the broker to name each order.

    Raises
    ------
    NotPermitted
        The ticket is a recommendation only, or the finish line has passed.
    DeskBusy
        Another process is sending for this account and session.
    GatewayError
        The broker did not say what it knows, so nothing could be sent safely.
    """
    with _alone(folder / f"{ticket.account}-{ticket.session.isoformat()}.lock"):
        batch = store.batch(ticket.account, ticket.session)
        if not batch:
            _refuse_unless_sendable(ticket, now)
            store.commit_batch(
                ticket.orders,
                account=ticket.account,
                session=ticket.session,
                ticket_sha256=ticket.sha256,
                at=now,
            )
            batch = store.batch(ticket.account, ticket.session)
        known = broker.order_states()
        sendable = (
            [i.order for i in batch if _never_left(i, known)] if _in_time(ticket, now) else []
        )
        answered = _send(sendable, broker, store, acknowledge_timeout)
        store.mark([ref for ref in known if ref in _refs(batch)], IntentState.ACKNOWLEDGED)
        states = {**known, **answered}
        return Submission(
            states=tuple(_state(intent, states) for intent in batch), sent=len(sendable)
        )


def _refuse_unless_sendable(ticket: Ticket, now: datetime) -> None:
    if ticket.status is not TicketStatus.PROPOSED:
        raise NotPermitted(f"the ticket of {ticket.session} is a recommendation only")
    if not _in_time(ticket, now):
        raise NotPermitted(
            f"the finish line {ticket.finish_line:%H:%M} UTC of {ticket.session} has passed "
            f"(the broker's clock says {now:%Y-%m-%d %H:%M} UTC): nothing was sent"
        )


def _in_time(ticket: Ticket, now: datetime) -> bool:
    return now <= ticket.finish_line


def _never_left(intent: Intent, known: Mapping[str, OrderState]) -> bool:
    return intent.state is IntentState.INTENDED and intent.order.order_ref not in known


def _refs(batch: Sequence[Intent]) -> set[str]:
    return {intent.order.order_ref for intent in batch}


def _send(
    orders: Sequence[Order], broker: Broker, store: DeskStore, timeout: float
) -> dict[str, OrderState]:
    if not orders:
        return {}
    store.mark([order.order_ref for order in orders], IntentState.SENT)
    states = broker.place_orders(orders, timeout=timeout)
    named = [s.order_ref for s in states if s.status is not OrderStatus.UNCERTAIN]
    store.mark(named, IntentState.ACKNOWLEDGED)
    return {state.order_ref: state for state in states}


def _state(intent: Intent, states: Mapping[str, OrderState]) -> OrderState:
    order = intent.order
    unknown = OrderState(
        order_ref=order.order_ref,
        con_id=order.con_id,
        symbol=order.symbol,
        side=order.side,
        quantity=order.quantity,
        status=OrderStatus.UNCERTAIN,
        filled=0.0,
        perm_id=0,
        message="sent, but the broker does not know it: look there before anything else",
    )
    if intent.state is IntentState.INTENDED:
        unknown = replace(unknown, status=OrderStatus.PENDING, message="never left: too late")
    return states.get(order.order_ref, unknown)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("w")
    except OSError as error:
        raise StorageError(f"cannot open {path}: {error.strerror}") from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DeskBusy(f"another process is sending ({path.name} is locked)") from error
        yield
