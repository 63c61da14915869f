"""The watch as a Prefect flow, on its schedule; `daybook watch` does the same without it."""

from __future__ import annotations

from datetime import date

from prefect import flow
from prefect.client.schemas import State
from prefect.states import Completed, Failed

from core.settings import load_settings
from flows.prefect_states import scheduled_day
from flows.run.alerts import settings_failures
from flows.run.watchdog import watch, watch_lines


@flow(
    name="watch",
    retries=0,  # the next look is an hour away, and tells what this one could not
    timeout_seconds=300,
    persist_result=False,
)
def watch_day(session_date: date | None = None) -> State[None]:
    """Look at a session, default the scheduled day's, and tell people of what did not happen.

    Ends Completed, named NoAlerts or Skipped, and Failed when something is wrong.
    """
    with settings_failures("watch"):
        settings = load_settings()
    seen = watch(settings, session_date or scheduled_day())
    told = "\n".join(watch_lines(seen))
    if seen.session is None:
        return Completed(name="Skipped", message=told)
    if seen.alerts:
        return Failed(name="NeedsAttention", message=told)
    return Completed(name="NoAlerts", message=told)
