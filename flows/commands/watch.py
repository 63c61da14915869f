"""``daybook watch``: alerts on what did not happen in time today."""

from __future__ import annotations

import logging
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from flows.terminal.lazy import lazy
from flows.terminal.options import DAILY, Json, ModeOption, day_option
from flows.terminal.output import say, say_json, show_logs

if TYPE_CHECKING:
    from core import settings as config
    from flows.run import alerts, watchdog
else:
    config = lazy("core.settings")
    alerts = lazy("flows.run.alerts")
    watchdog = lazy("flows.run.watchdog")

Day = Annotated[date | None, day_option("The session; default: today, in Bucharest.")]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=DAILY)(watch)


def watch(day: Day = None, mode: ModeOption = None, *, as_json: Json = False) -> None:
    """Send an alert if a run did not start, failed or is late, or a ticket expired unanswered.

    Needs no gateway and no Prefect server; for cron, weekdays at 14:20, 15:20, 16:20 and 23:50 in
    Bucharest. Exit codes: 0 no alerts, or no session; 1 alerts.
    """
    show_logs(least=logging.CRITICAL)  # what went wrong is printed below
    with alerts.settings_failures("watch"):
        settings = config.load_settings(mode=mode)
    seen = watchdog.watch(settings, day)
    if as_json:
        found = [{**alert.plain(), "message": note} for alert, note in seen.alerts]
        session = seen.session.isoformat() if seen.session else None
        say_json({"session": session, "alerts": found})
    else:
        say("\n".join(watchdog.watch_lines(seen)))
    raise typer.Exit(1 if seen.alerts else 0)
