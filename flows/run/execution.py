"""An approved ticket on its way to the broker: checked anew, sent, followed, sealed.

The desk is the lock and the memory: started twice, at once or after a crash, no order is sent
twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from core import clock
from core.errors import DaybookError, GatewayError, JournalError, NoData, StorageError
from core.settings import Settings
from core.storage.paths import Paths
from core.storage.runs import StageRecord
from desk.errors import OrdersAltered, UnknownOrders
from desk.orders.agreement import refuse_if_ticket_altered
from desk.records.store import DeskStore
from desk.tickets import approval_state, approvals
from desk.tickets.ticket_store import TicketRecord, fetch, name_of
from flows.run.alerts import failure, send_alert
from flows.run.preflight import bucharest_day
from flows.run.runner import Starter, Threads, Watcher
from flows.run.session import EXECUTE, OpenSession, begin, open_session
from flows.run.steps import Silent, Steps
from review.alert import with_mode
from review.execution import ExecutionReport, execution_message, not_asked
from review.standing import standing
from tasks.day import Day
from tasks.record.answer import seal_answer
from tasks.record.execution import execution
from tasks.record.notify import notify
from tasks.trade.fills import FillsResult, fills, keep_submission
from tasks.trade.submit import SubmitResult, recall_submission, submit

AFTER_THE_OPEN = timedelta(minutes=1)


def execute(
    settings: Settings,
    ticket: str | date | None,
    *,
    approve_as: str | None = None,
    only: Sequence[str] = (),
    start: Starter | None = None,
    watch: Watcher | None = None,
) -> ExecutionReport:
    """Send a ticket's approved orders and follow them; sends nothing that was sent before.

    Parameters
    ----------
    ticket
        Its hash, or its session; None for the newest.
    approve_as
        Whoever approves it first, whole or ``only`` some of its symbols. None: it is approved.
    start, watch
        How a stage is started, and who is told of it; default: in this process, and nobody.

    Raises
    ------
    DaybookError
        As `desk.tickets.approvals.approve` and `desk.orders.submission.submit`; nothing was sent
        then.
    """
    threads = Threads()
    try:
        _refuse_if_altered(settings, ticket)
        with open_session(settings, ticket, command=EXECUTE) as opened:
            day = begin(opened)
            if day.clocks is not None:
                day.clocks.refuse_if_apart()  # a wrong one would let the ticket expire, or live on
            if approve_as is not None:
                _approve(opened.record, day, by=approve_as, only=only)
            run_key = opened.record.ticket.run_key
            return _send(opened, day, Steps(day, run_key, start or threads, watch or Silent()))
    finally:
        threads.close()


def _refuse_if_altered(settings: Settings, ticket: str | date | None) -> None:
    """Look at the desk's rows before anything is read from them, approved or asked."""
    with DeskStore.of(Paths.of(settings)) as store:
        now = clock.now()
        named = name_of(store, ticket, today=bucharest_day(now))
        try:
            refuse_if_ticket_altered(store, named, now=now)
        except OrdersAltered as error:
            go_on = with_mode("daybook resume --by NAME", settings)
            send_alert(settings, failure(settings, EXECUTE, error.session, error, go_on=go_on))
            raise


def _approve(record: TicketRecord, day: Day, *, by: str, only: Sequence[str]) -> None:
    with DeskStore.of(day.paths) as store:
        given = approvals.approve(store, record.sha256, by=by, only=only, now=day.as_of)
    seal_answer(day.paths, record, "approval", by=given.by, at=given.at, only=given.only)


def _send(opened: OpenSession, day: Day, steps: Steps) -> ExecutionReport:
    submitted = _submit(day, opened.record.sha256, steps)
    if not _part_is_open(day, opened.record):
        # Simulated time waits for an answer to the rest of a ticket, as the broker's clock would.
        opened.advance_to(day.session.open + AFTER_THE_OPEN)
    filled = _fills(day, submitted, steps)
    unrecorded: tuple[str, ...] = ()
    head = ""
    try:
        head = steps.run(execution, day, submitted, filled).result.head
    except (JournalError, StorageError) as error:
        unrecorded = (f"not recorded in the journal: {error}",)
    problems = (*unrecorded, *steps.problems)
    report = _report(opened, day, submitted.result, filled.result, head=head, problems=problems)
    steps.run(notify, day, execution_message(report), f"execution {report.head}")
    return report


def _part_is_open(day: Day, record: TicketRecord) -> bool:
    with DeskStore.of(day.paths) as store:
        known = fetch(store, record.sha256)
        with store.transaction() as connection:
            return bool(approval_state.unapproved(connection, known))


def _submit(day: Day, sha256: str, steps: Steps) -> StageRecord[SubmitResult]:
    """Send what is to be sent; where that fails, say what left before, if anything did."""
    try:
        return steps.run(submit, day, sha256)
    except (GatewayError, StorageError, UnknownOrders) as error:
        try:
            return steps.run(recall_submission, day, sha256, str(error))
        except NoData:
            raise error from None


def _fills(
    day: Day, submitted: StageRecord[SubmitResult], steps: Steps
) -> StageRecord[FillsResult]:
    """Ask how the orders stand; a question that fails loses nothing of what was sent."""
    try:
        return steps.run(fills, day, submitted)
    except DaybookError as error:
        return steps.run(keep_submission, submitted, str(error))


def _report(
    opened: OpenSession,
    day: Day,
    submitted: SubmitResult,
    filled: FillsResult,
    *,
    head: str,
    problems: Sequence[str],
) -> ExecutionReport:
    sha256 = submitted.ticket
    with DeskStore.of(day.paths) as store:
        approval = approval_state.approval_of(store, sha256)
        now = opened.moment if opened.environment.advance_to is not None else day.as_of
        found = standing(store, fetch(store, sha256), now=now, why=submitted.held_back)
    return ExecutionReport(
        session=day.session.day,
        mode=day.settings.mode,
        account=day.account,
        ticket_sha256=sha256,
        approved_by=approval.by,
        approved_at=approval.at,
        only=approval.only,
        sent=submitted.sent,
        held_back=submitted.held_back,
        states=filled.states,
        head=head,
        standing=found,
        problems=(*not_asked(filled.not_asked), *problems),
    )
