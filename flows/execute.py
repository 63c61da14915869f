"""An approved ticket sent by Prefect; `daybook approve` and `execute` do the same without it."""

from __future__ import annotations

from prefect import flow, runtime
from prefect.client.schemas import State

from core.settings import load_settings
from desk.tickets.ticket_store import named
from flows.prefect_states import state_of
from flows.prefect_tasks import as_task
from flows.run.alerts import settings_failures
from flows.run.execution import execute


def run_name() -> str:
    """Return the flow run's name: the ticket."""
    return f"execute-{runtime.flow_run.parameters.get('ticket') or 'newest'}"


@flow(
    name="execute",
    flow_run_name=run_name,
    retries=0,  # sending is never repeated blindly: started again, it reconciles first
    timeout_seconds=3600,
    persist_result=False,
)
def execute_ticket(
    ticket: str | None = None, approved_by: str | None = None, only: list[str] | None = None
) -> State[None]:
    """Send the approved orders of a ticket, named by its hash or session; default: the newest.

    Running this with ``approved_by`` is the approval, whole or ``only`` some symbols.
    """
    from flows.daily import ArtifactWatcher  # noqa: PLC0415 - brings in every stage

    with settings_failures("execute"):
        settings = load_settings()
    report = execute(
        settings,
        named(ticket),
        approve_as=approved_by,
        only=only or (),
        start=as_task,
        watch=ArtifactWatcher(),
    )
    return state_of(report.standing, attention=report.attention)
