"""Stage 8: the ticket becomes known to the desk, where it waits for a person."""

from __future__ import annotations

from dataclasses import dataclass

from core.calendar import local_time
from core.settings import Mode
from core.storage.runs import StageRecord
from core.tables import TARGETS
from core.tables.columns import numbers
from desk.clocks import told
from desk.records.store import DeskStore
from desk.tickets.order_ticket import read_ticket
from desk.tickets.registration import register
from desk.tickets.ticket_store import Holding, TicketRecord, TicketState
from tasks.day import Day
from tasks.decide.order_ticket import OrderTicketResult
from tasks.decide.overlay import OverlayResult
from tasks.decide.snapshot import SnapshotResult, whole_account
from tasks.stage import Output, StageResult, stage


@dataclass(frozen=True, slots=True)
class DeskResult(StageResult):
    """The ticket as the desk has it."""

    ticket: str  # its hash
    state: TicketState


@stage(8, DeskResult)
def desk(
    day: Day,
    proposed: StageRecord[OrderTicketResult],
    targets: StageRecord[OverlayResult],
    held: StageRecord[SnapshotResult],
) -> Output[DeskResult]:
    """Hand the ticket to the desk, with the holdings and prices its decision rests on."""
    artefact = proposed.artefacts["ticket"]
    prices = numbers(day.read(targets.artefacts["targets"], TARGETS).set_index("con_id")["price"])
    positions = whole_account(day, held).positions
    simulated = day.settings.mode is Mode.SIM
    with DeskStore.of(day.paths) as store:
        record = register(
            store,
            read_ticket(day.store.open(artefact).read_bytes()),
            path=artefact.path,
            holdings=[
                Holding(p.con_id, p.symbol, p.quantity, prices.get(p.con_id, p.market_price))
                for p in positions
            ],
            world=day.settings.simulator.model_dump(mode="json") if simulated else {},
            now=day.as_of,
        )
    return Output(
        result=DeskResult(record.sha256, record.state),
        rows_out=len(record.ticket.lines),
        notes=_apart(day) + _note(record),
    )


def _apart(day: Day) -> str:
    """Say that nothing of this ticket can be sent by these clocks; nothing where they agree."""
    if day.clocks is None or day.clocks.agree:
        return ""
    return f"CLOCKS APART, nothing can be sent: {told(day.clocks.ahead)}; "


def _note(record: TicketRecord) -> str:
    if record.state is TicketState.WAITING:
        until = record.ticket.finish_line
        return f"ticket {record.short} waits for approval until {local_time(until)}"
    return f"ticket {record.short}: {record.state}"
