"""Sending the ticket's orders, and what the broker says became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import pandas as pd

from core.runs import StageRecord
from core.tables import FILLS
from core.types import OrderState, OrderStatus
from desk.store import DeskStore
from desk.submission import Submission, submit
from desk.ticket import Ticket, read_ticket
from ibkr.portfolio import Portfolio
from ibkr.trading import TradingTools
from tasks.day import Day
from tasks.snapshot import record_of
from tasks.stage import stage


@stage("8 submit")
def submit_orders(day: Day, proposed: StageRecord) -> StageRecord:
    """Send the ticket's orders, each at most once, sales first."""
    ticket = _ticket(day, proposed)
    folder = day.paths.data / "desk"
    store = DeskStore(folder / "desk.sqlite")
    try:
        with day.connect(for_orders=True) as connection:
            outcome = submit(
                ticket,
                TradingTools(connection),
                store,
                folder=folder,
                now=connection.server_time(),
                acknowledge_timeout=day.settings.orders.acknowledge_timeout,
            )
    finally:
        store.close()
    return StageRecord(
        stage="submit",
        artefacts={},
        facts={"sent": outcome.sent, "states": state_records(outcome.states)},
        rows_in=len(ticket.lines),
        rows_out=outcome.sent,
        notes=submission_note(outcome),
    )


@stage("8 fills", retries=2)
def collect_fills(day: Day, submitted: StageRecord) -> StageRecord:
    """Ask the broker how the session's orders stand, with fills and commissions."""
    refs = {state["order_ref"] for state in submitted.facts["states"]}
    with day.connect(for_orders=True) as connection:
        known = TradingTools(connection).order_states()
        snapshot = Portfolio(connection).snapshot()
    states = [known[ref] for ref in sorted(refs & set(known))]
    fills = fills_table(states)
    return StageRecord(
        stage="fills",
        artefacts={
            "fills": day.write("fills", fills, FILLS),
            "positions_after": day.write_record("positions_after", record_of(snapshot)),
        },
        facts={"states": state_records(states)},
        rows_in=len(refs),
        rows_out=len(fills),
        notes=f"{_counts(states)}; {len(fills)} fills, "
        f"commission {fills['commission'].sum():,.2f}; {len(snapshot.positions)} positions",
    )


def fills_table(states: Iterable[OrderState]) -> pd.DataFrame:
    """Return the fills of these orders as a table of schema ``fills``."""
    rows = [asdict(fill) for state in states for fill in state.fills]
    return pd.DataFrame(rows, columns=[column.name for column in FILLS.columns])


def state_records(states: Iterable[OrderState]) -> list[dict[str, Any]]:
    """Return how orders stand as plain JSON values."""
    return [
        {
            "order_ref": state.order_ref,
            "con_id": state.con_id,
            "symbol": state.symbol,
            "side": state.side.value,
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
    counts = f"{outcome.sent} sent, {len(outcome.states)} in all: {_counts(outcome.states)}"
    if outcome.uncertain:
        names = ", ".join(state.symbol for state in outcome.uncertain)
        return f"UNCERTAIN {names}: look at the broker; {counts}"
    return counts


def _counts(states: Iterable[OrderState]) -> str:
    counted = Counter(OrderStatus(state.status).value for state in states)
    return ", ".join(f"{number} {status}" for status, number in sorted(counted.items())) or "none"


def _ticket(day: Day, proposed: StageRecord) -> Ticket:
    return read_ticket(day.store.open(proposed.artefacts["ticket"]).read_bytes())
