"""Stage 9 of an execution: what was approved by whom, and what became of every order, sealed."""

from __future__ import annotations

from dataclasses import dataclass

from core.storage.runs import StageRecord
from core.types import OrderStatus
from desk.records.store import DeskStore
from desk.tickets import approval_state, ticket_store
from tasks.day import Day
from tasks.record.entry import Entered, entered, order_rows, seal
from tasks.stage import Output, stage
from tasks.trade.fills import FillsResult
from tasks.trade.submit import SubmitResult


@dataclass(frozen=True, slots=True)
class ExecutionResult(Entered):
    """The entry about an execution."""


@stage(9, ExecutionResult)
def execution(
    day: Day, submitted: StageRecord[SubmitResult], filled: StageRecord[FillsResult]
) -> Output[ExecutionResult]:
    """Seal what was approved by whom and what became of every order."""
    sha256, states = submitted.result.ticket, filled.result.states
    with DeskStore.of(day.paths) as store:
        record = ticket_store.fetch(store, sha256)
        approval = approval_state.approval_of(store, sha256)
    facts = {
        "approved_by": approval.by,
        "approved_at": approval.at.isoformat(),
        "approved_only": list(approval.only),
        "held_back": submitted.result.held_back,
        "not_asked": filled.result.not_asked,
        "orders": len(states),
        "uncertain": [s.order_ref for s in states if s.status is OrderStatus.UNCERTAIN],
    }
    artefacts = filled.artefacts.values()
    sealed = seal(day, "execution", record, facts, artefacts, order_rows(states))
    return entered(ExecutionResult, sealed, len(states))
