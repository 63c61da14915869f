"""Sending a ticket's orders, what the broker says became of them, and the sealed entry about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd

import journal
from core import clock
from core.canonical import canonical_json, sha256_of
from core.errors import NoData
from core.money import Rates
from core.order_action import action
from core.storage.artefacts import Artefact
from core.storage.runs import StageRecord
from core.tables import FILLS
from core.types import Fill, OrderState, OrderStatus
from desk.clocks import read
from desk.errors import NotPermitted
from desk.orders import intents
from desk.orders.intents import Intent, IntentState
from desk.orders.reconciliation import reconcile, state_of
from desk.orders.submission import Submission, submit
from desk.orders.transaction_costs import commission_of
from desk.records.order_events import OVER, last_seen
from desk.records.store import DeskStore
from desk.tickets import approvals, ticket_store
from desk.tickets.approvals import AUTO
from desk.tickets.ticket_store import TicketRecord, TicketState
from review.states import counted, uncertain_names
from tasks.day import Day
from tasks.snapshot import record_of
from tasks.stage import stage


@stage("8 submit")
def submit_ticket(day: Day, sha256: str) -> StageRecord:
    """Send an approved ticket's orders, each at most once, sales first.

    Raises what `desk.orders.submission.submit` raises; nothing was sent then.
    """
    with DeskStore.of(day.paths) as store:
        return _submitted(day, sha256, store)


@stage("8 submit")
def submit_automatically(day: Day, proposed: StageRecord) -> StageRecord:
    """Send the day's ticket without a person, where the settings say so.

    What speaks against it is noted and leaves the ticket waiting: the day itself stands.
    """
    sha256 = proposed.facts["sha256"]
    with DeskStore.of(day.paths) as store:
        earlier = ticket_store.committed(store, day.account, day.session.day)
        if earlier is not None:
            return _submitted(day, earlier.sha256, store)
        try:
            if ticket_store.fetch(store, sha256).state is not TicketState.APPROVED:
                approvals.approve(store, sha256, by=AUTO, now=_gateway_time(day))
            return _submitted(day, sha256, store)
        except NotPermitted as error:
            facts = {"ticket": sha256, "sent": 0, "states": [], "held_back": str(error)}
            return StageRecord("submit", {}, facts, rows_out=0, notes=f"NOT SENT: {error}")


@stage("8 fills", retries=2)
def collect_fills(day: Day, submitted: StageRecord) -> StageRecord:
    """Ask the broker how a ticket's orders stand, with fills and commissions."""
    sha256 = submitted.facts["ticket"]
    with DeskStore.of(day.paths) as store, day.connect(for_orders=True) as gateway:
        found = reconcile(
            store,
            gateway.trading,
            account=day.account,
            session=day.session.day,
            now=gateway.server_time(),
        )
        snapshot = gateway.portfolio.snapshot()
        own = [intent.order.order_ref for intent in intents.of_source(store, sha256)]
        held = ticket_store.fetch(store, sha256).held
    states = [found.states[ref] for ref in own]
    fills = fills_table(states, snapshot.exchange_rates)
    return StageRecord(
        stage="fills",
        artefacts={
            "fills": day.write("fills_so_far", fills, FILLS),
            "positions_after": day.write_record("positions_after", record_of(snapshot)),
        },
        facts={"ticket": sha256, "states": state_records(states, held)},
        rows_in=len(states),
        rows_out=len(fills),
        notes=f"{uncertain_names(states)}{counted(states)}; {len(fills)} fills, "
        f"commission {fills['commission'].sum():,.2f}; {len(snapshot.positions)} positions",
    )


@stage("8 fills")
def keep_submission(submitted: StageRecord, problem: str) -> StageRecord:
    """Keep how the orders stood when they left, where the broker could not be asked afterwards.

    ``problem`` is what it failed over. Nothing is made up: there are no fills and no positions.
    """
    states = submitted.facts["states"]
    tally = ", ".join(f"{state['symbol']} {state['status']}" for state in states)
    return StageRecord(
        stage="fills",
        artefacts={},
        facts={"ticket": submitted.facts["ticket"], "states": states, "not_asked": problem},
        rows_in=len(states),
        notes=f"NOT ASKED AGAIN: {problem}; as they left: {tally}",
    )


@stage("8 submit")
def recall_submission(day: Day, sha256: str, problem: str) -> StageRecord:
    """Return what the desk knows of a ticket's orders of which bytes may have left before.

    For when the sending itself failed over ``problem``. Raises `NoData` when none can have left.
    """
    with DeskStore.of(day.paths) as store:
        known = intents.of_source(store, sha256)
        seen = last_seen(store, [intent.order for intent in known])
        held = ticket_store.fetch(store, sha256).held
    if not any(intent.state is not IntentState.INTENDED for intent in known):
        raise NoData("no order of the ticket has left")
    states = [as_last_known(intent, seen) for intent in known]
    return StageRecord(
        stage="submit",
        artefacts={},
        facts={
            "ticket": sha256,
            "sent": 0,
            "states": state_records(states, held),
            "held_back": problem,
        },
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


@stage("9 journal")
def seal_execution(day: Day, submitted: StageRecord, filled: StageRecord) -> StageRecord:
    """Seal what was approved by whom and what became of every order."""
    sha256 = submitted.facts["ticket"]
    with DeskStore.of(day.paths) as store:
        record = ticket_store.fetch(store, sha256)
        approval = approvals.approval_of(store, sha256)
    states = filled.facts["states"]
    facts = {
        "run_key": record.ticket.run_key,
        "mode": record.ticket.mode,
        "account": record.ticket.account,
        "ticket": sha256,
        "approved_by": approval.by,
        "approved_at": approval.at.isoformat(),
        "approved_only": list(approval.only),
        "held_back": submitted.facts["held_back"],
        "not_asked": filled.facts.get("not_asked", ""),
        "orders": len(states),
        "uncertain": [state["order_ref"] for state in states if state["status"] == "uncertain"],
    }
    artefacts = (ticket_artefact(record), *filled.artefacts.values())
    sealed = seal(day, "execution", facts, artefacts, order_rows(states))
    return StageRecord(
        stage="seal_execution",
        artefacts={},
        facts={"seq": sealed.seq, "head": sealed.head},
        rows_out=len(states),
        notes=f"entry {sealed.number}, head {sealed.head[:12]}",
    )


def seal(
    day: Day,
    kind: str,
    facts: Mapping[str, Any],
    artefacts: Iterable[Artefact],
    decisions: Iterable[Mapping[str, Any]],
) -> journal.Sealed:
    """Seal an entry that is named after its own content: the same again is sealed once."""
    rows, named = list(decisions), tuple(artefacts)
    content = sha256_of(canonical_json([facts, named, rows]))
    entry = journal.Entry(
        run_id=f"{facts['run_key']}.{content[:12]}",
        kind=kind,
        timestamp=clock.now(),
        session=day.session.day,
        facts=facts,
        artefacts=named,
        decisions=rows,
    )
    return journal.log(day.paths.journal, entry)


def ticket_artefact(record: TicketRecord) -> Artefact:
    """Return the reference to a ticket's file."""
    return Artefact(record.path, record.sha256, schema="json", rows=len(record.ticket.lines))


def order_rows(states: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return orders as rows of a journal entry."""
    return [
        {"symbol": state["symbol"], "con_id": state["con_id"], "payload": dict(state)}
        for state in states
    ]


def fills_table(states: Iterable[OrderState], rates: Rates) -> pd.DataFrame:
    """Return the fills of these orders as a table of schema ``fills``."""
    rows = [_fill_row(fill, rates) for state in states for fill in state.fills]
    return pd.DataFrame(rows, columns=[column.name for column in FILLS.columns])


def _fill_row(fill: Fill, rates: Rates) -> dict[str, Any]:
    paid = commission_of(fill, rates)
    return asdict(fill) | {"commission": None if paid is None else paid.amount}


def state_records(states: Iterable[OrderState], held: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return how orders stand as plain JSON values; ``held`` as `TicketRecord.held`."""
    return [
        {
            "order_ref": state.order_ref,
            "con_id": state.con_id,
            "symbol": state.symbol,
            "side": state.side.value,
            "action": action(state.side, state.quantity, held.get(state.order_ref)),
            "quantity": state.quantity,
            "status": state.status.value,
            "filled": state.filled,
            "average_price": average_price(state),
            "perm_id": state.perm_id,
            "message": state.message,
        }
        for state in states
    ]


def average_price(state: OrderState) -> float | None:
    """Return the mean price of an order's fills, weighted by quantity; None without a fill."""
    quantity = sum(fill.quantity for fill in state.fills)
    if not quantity > 0.0:
        return None
    return sum(fill.quantity * fill.price for fill in state.fills) / quantity


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


def _submitted(day: Day, sha256: str, store: DeskStore) -> StageRecord:
    outcome = submit(
        store,
        sha256,
        open_gateway=partial(day.connect, for_orders=True),
        settings=day.settings,
        run_key=day.run_key,
        home=day.paths.home,
        now=day.as_of,
        past=day.past,
    )
    return StageRecord(
        stage="submit",
        artefacts={},
        facts={
            "ticket": sha256,
            "sent": outcome.sent,
            "states": state_records(outcome.states, ticket_store.fetch(store, sha256).held),
            "held_back": outcome.held_back,
        },
        rows_in=len(outcome.states),
        rows_out=outcome.sent,
        notes=submission_note(outcome),
    )
