"""After the US close: fills, costs and positions of a session, reconciled and sealed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from core.settings import Settings
from desk.records.store import DeskStore
from desk.tickets.ticket_store import OPEN, TicketRecord, fetch
from flows.run.runner import Starter, Threads, Watcher
from flows.run.session import CLOSE, begin, open_session
from flows.run.steps import Silent, Steps
from review.closing import CloseReport, close_message
from review.standing import standing
from tasks.day import Day
from tasks.record.close import CloseResult
from tasks.record.close import close as close_stage
from tasks.record.close_journal import close_journal
from tasks.record.notify import notify

AFTER_THE_CLOSE = timedelta(minutes=1)


def close(
    settings: Settings,
    session: date | None,
    *,
    start: Starter | None = None,
    watch: Watcher | None = None,
) -> CloseReport:
    """Close a session: collect what filled, hold it against the decision, seal it.

    ``session`` None means the newest that has a ticket. In the embedded simulator the clock is
    moved past the close; elsewhere it has to have come. Closing twice with the same outcome seals
    once.

    Raises
    ------
    UnknownTicket
        The session has no ticket.
    ConfigurationError
        The session has not closed yet, or is not the gateway's day any more.
    DaybookError
        The broker did not say what it knows.
    """
    threads = Threads()
    try:
        with open_session(settings, session, command=CLOSE) as opened:
            waited, stood = opened.record.state in OPEN, opened.moment
            opened.advance_to(opened.session.close + AFTER_THE_CLOSE)
            day = begin(opened)
            sha256 = opened.record.sha256
            run_key = opened.record.ticket.run_key
            steps = Steps(day, run_key, start or threads, watch or Silent())
            settled = steps.run(close_stage, day, sha256)
            # How it stands as it is closed; from the next step on it is closed.
            found = _report(day, opened.record, settled.result)
            sealed = steps.run(close_journal, day, sha256, settled)
            report = replace(
                found,
                head=sealed.result.head,
                problems=steps.problems,
                expired=waited,
                moved_to=opened.moment if opened.moment > stood else None,
            )
            steps.run(notify, day, close_message(report), f"close {report.head}")
    finally:
        threads.close()
    return report


def _report(day: Day, record: TicketRecord, settled: CloseResult) -> CloseReport:
    with DeskStore.of(day.paths) as store:
        found = standing(store, fetch(store, record.sha256), now=day.as_of)
    return CloseReport(
        session=day.session.day,
        mode=day.settings.mode,
        account=day.account,
        ticket_sha256=record.sha256,
        standing=found,
        states=settled.states,
        costs=settled.costs,
        mismatches=settled.mismatches,
        net_asset_value=settled.net_asset_value,
        unreported=settled.unreported,
        head="",
    )
