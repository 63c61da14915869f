"""Stage 8: how the orders stand at the broker after they left, with fills and commissions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from core.money import Rates
from core.storage.runs import StageRecord
from core.tables import FILLS
from core.text.counts import count
from core.types import Fill, OrderState
from desk.orders import intents
from desk.orders.reconciliation import look_back
from desk.orders.transaction_costs import commission_of
from desk.records.store import DeskStore
from desk.tickets import ticket_store
from review.states import OrderReport, counted, order_reports, uncertain_names
from tasks.day import Day
from tasks.decide.snapshot import record_of
from tasks.stage import Output, StageResult, stage
from tasks.trade.submit import SubmitResult


@dataclass(frozen=True, slots=True, kw_only=True)
class FillsResult(StageResult):
    """How a ticket's orders stand. Its artefacts: ``fills`` and ``positions_after``."""

    ticket: str  # its hash
    states: tuple[OrderReport, ...]
    not_asked: str = ""  # why the broker could not be asked; empty: it was


@stage(8, FillsResult, retries=2)
def fills(day: Day, submitted: StageRecord[SubmitResult]) -> Output[FillsResult]:
    """Ask the broker how a ticket's orders stand, with fills and commissions."""
    sha256 = submitted.result.ticket
    with DeskStore.of(day.paths) as store, day.connect(for_orders=True) as gateway:
        account = look_back(store, gateway, session=day.session.day, now=gateway.server_time())
        states = account.states_of(intents.of_source(store, sha256))
        held = ticket_store.fetch(store, sha256).held
    table = fills_table(states, account.snapshot.exchange_rates)
    return Output(
        result=FillsResult(ticket=sha256, states=order_reports(states, held)),
        artefacts={
            "fills": day.write("fills_so_far", table, FILLS),
            "positions_after": day.write_record("positions_after", record_of(account.snapshot)),
        },
        rows_in=len(states),
        rows_out=len(table),
        notes=f"{uncertain_names(states)}{counted(states)}; {count(len(table), 'fill')}, "
        f"commission {table['commission'].sum():,.2f}; "
        f"{count(len(account.snapshot.positions), 'position')}",
    )


@fills.otherwise
def keep_submission(submitted: StageRecord[SubmitResult], problem: str) -> Output[FillsResult]:
    """Keep how the orders stood when they left, where the broker could not be asked afterwards.

    ``problem`` is what it failed over. Nothing is made up: there are no fills and no positions.
    """
    states = submitted.result.states
    tally = ", ".join(f"{state.symbol} {state.status}" for state in states)
    return Output(
        result=FillsResult(ticket=submitted.result.ticket, states=states, not_asked=problem),
        rows_in=len(states),
        notes=f"NOT ASKED AGAIN: {problem}; as sent: {tally}",
    )


def fills_table(states: Iterable[OrderState], rates: Rates) -> pd.DataFrame:
    """Return the fills of these orders as a table of schema ``fills``."""
    rows = [_fill_row(fill, rates) for state in states for fill in state.fills]
    return pd.DataFrame(rows, columns=[column.name for column in FILLS.columns])


def _fill_row(fill: Fill, rates: Rates) -> dict[str, Any]:
    paid = commission_of(fill, rates)
    return asdict(fill) | {"commission": None if paid is None else paid.amount}
