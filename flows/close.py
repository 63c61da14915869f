"""A session closed by Prefect, on its schedule; `daybook close` does the same without it."""

from __future__ import annotations

from datetime import date

from prefect import flow, runtime
from prefect.client.schemas import State
from prefect.states import Completed

from core.settings import Mode, load_settings
from desk.errors import UnknownTicket
from flows.prefect_states import scheduled_day, state_of
from flows.prefect_tasks import as_task
from flows.run.alerts import settings_failures
from flows.run.closing import close


def run_name() -> str:
    """Return the flow run's name: the session."""
    return f"close-{runtime.flow_run.parameters.get('session_date') or 'newest'}"


@flow(
    name="close",
    flow_run_name=run_name,
    retries=0,  # the stage that asks the broker has its own
    timeout_seconds=1800,
    persist_result=False,
)
def close_session(session_date: date | None = None) -> State[None]:
    """Close a session after the exchange has; default: the day it is scheduled for.

    Ends named after what the day came to (`review.verdict.TABLE`), or Skipped where it has no
    ticket; Failed when a position or an order's fate is not explained.
    """
    from flows.daily import ArtifactWatcher  # noqa: PLC0415 - brings in every stage

    with settings_failures("close"):
        settings = load_settings()
    if session_date is None and settings.mode is not Mode.SIM:
        session_date = scheduled_day()
    try:
        report = close(settings, session_date, start=as_task, watch=ArtifactWatcher())
    except UnknownTicket as nothing:
        return Completed(name="Skipped", message=str(nothing))
    odd = ", ".join(each.symbol for each in report.mismatches)
    return state_of(report.standing, attention=f"NOT EXPLAINED {odd}" if odd else "")
