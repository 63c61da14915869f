"""Stage 8: a ticket's orders are sent, each at most once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from core.errors import NoData
from core.storage.runs import StageRecord
from core.types import OrderState, OrderStatus
from desk.clocks import read
from desk.errors import NotPermitted
from desk.orders import intents
from desk.orders.intents import Intent, IntentState
from desk.orders.reconciliation import state_of
from desk.orders.submission import Submission
from desk.orders.submission import submit as send
from desk.records.order_events import OVER, last_seen
from desk.records.store import DeskStore
from desk.tickets import approvals, ticket_store
from desk.tickets.approvals import AUTO
from desk.tickets.ticket_store import TicketState
from review.states import OrderReport, counted, order_reports, uncertain_names
from tasks.day import Day
from tasks.decide.order_ticket import OrderTicketResult
from tasks.stage import Output, StageResult, stage


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitResult(StageResult):
    """What became of sending a ticket."""

    ticket: str  # its hash
    sent: int  # orders that left in this call
    states: tuple[OrderReport, ...] = ()  # of every order committed to, in send order
    held_back: str = ""  # why others did not leave


@stage(8, SubmitResult)
def submit(day: Day, sha256: str) -> Output[SubmitResult]:
    """Send an approved ticket's orders, each at most once, sales first.

    Raises what `desk.orders.submission.submit` raises; nothing was sent then.
    """
    with DeskStore.of(day.paths) as store:
        return _submitted(day, sha256, store)


@submit.otherwise
def submit_automatically(
    day: Day, proposed: StageRecord[OrderTicketResult]
) -> Output[SubmitResult]:
    """Send the day's ticket without a person, where the settings say so.

    What speaks against it is noted and leaves the ticket waiting: the day itself stands.
    """
    sha256 = proposed.result.sha256
    with DeskStore.of(day.paths) as store:
        earlier = ticket_store.committed(store, day.account, day.session.day)
        if earlier is not None:
            return _submitted(day, earlier.sha256, store)
        try:
            if ticket_store.fetch(store, sha256).state is not TicketState.APPROVED:
                approvals.approve(store, sha256, by=AUTO, now=_gateway_time(day))
            return _submitted(day, sha256, store)
        except NotPermitted as error:
            result = SubmitResult(ticket=sha256, sent=0, held_back=str(error))
            return Output(result=result, rows_out=0, notes=f"NOT SENT: {error}")


@submit.otherwise
def recall_submission(day: Day, sha256: str, problem: str) -> Output[SubmitResult]:
    """Return what the desk knows of a ticket's orders of which bytes may have left before.

    For when the sending itself failed over ``problem``. Raises `NoData` when none can have left.
    """
    with DeskStore.of(day.paths) as store:
        known = intents.of_source(store, sha256)
        seen = last_seen(store, [intent.order for intent in known])
        held = ticket_store.fetch(store, sha256).held
    if not any(intent.state is not IntentState.INTENDED for intent in known):
        raise NoData("no order of the ticket was sent")
    states = [as_last_known(intent, seen) for intent in known]
    return Output(
        result=SubmitResult(
            ticket=sha256, sent=0, states=order_reports(states, held), held_back=problem
        ),
        rows_in=len(states),
        notes=f"{uncertain_names(states)}{counted(states)} before; FAILED: {problem}",
    )


def as_last_known(intent: Intent, seen: Mapping[str, OrderState]) -> OrderState:
    """Return how an order stands when the broker cannot be asked: an end stays, else uncertain."""
    earlier = seen.get(intent.order.order_ref)
    if earlier is None or earlier.status in OVER or intent.state is IntentState.INTENDED:
        return state_of(intent, {}, seen)
    was = f"was {earlier.status} when the broker was last asked"
    return replace(earlier, status=OrderStatus.UNCERTAIN, message=was)


def submission_note(outcome: Submission) -> str:
    """Return one line on what became of a batch; the uncertain come first."""
    counts = f"{outcome.sent} sent, {len(outcome.states)} in all: {counted(outcome.states)}"
    held_back = f"; HELD BACK: {outcome.held_back}" if outcome.held_back else ""
    return f"{uncertain_names(outcome.states)}{counts}{held_back}"


def _gateway_time(day: Day) -> datetime:
    with day.connect() as gateway:
        clocks = read(gateway, day.settings)
    clocks.refuse_if_apart()
    return clocks.moment


def _submitted(day: Day, sha256: str, store: DeskStore) -> Output[SubmitResult]:
    outcome = send(
        store,
        sha256,
        open_gateway=partial(day.connect, for_orders=True),
        settings=day.settings,
        run_key=day.run_key,
        home=day.paths.home,
        now=day.as_of,
        past=day.past,
    )
    held = ticket_store.fetch(store, sha256).held
    return Output(
        result=SubmitResult(
            ticket=sha256,
            sent=outcome.sent,
            states=order_reports(outcome.states, held),
            held_back=outcome.held_back,
        ),
        rows_in=len(outcome.states),
        rows_out=outcome.sent,
        notes=submission_note(outcome),
    )
