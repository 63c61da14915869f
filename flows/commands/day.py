"""``daybook run``: the day on a terminal, without any Prefect server."""

from __future__ import annotations

from datetime import date
from typing import Any

from core.settings import Settings
from flows.run.day import run_session
from flows.run.runner import Threads
from flows.run.stages import Outcome
from flows.terminal.console import Terminal
from flows.terminal.day_progress import ConsoleWatcher
from flows.terminal.output import say_json
from review.day import DayPage
from review.page_parts.stages import stage_line_of
from review.terminal import show
from tasks.decide.order_ticket import order_ticket
from tasks.record.day_page import day_page
from tasks.record.journal import gate_facts, journal


def run_command(
    settings: Settings, day: date | None, *, fresh: bool, as_json: bool, resume: str
) -> int:
    """Run a day, print how it went, and return the exit code."""
    console = Terminal()
    threads = Threads()
    try:
        with ConsoleWatcher(console, quiet=as_json) as watcher:
            outcome = run_session(
                settings,
                day,
                start=threads,
                watch=watcher,
                resume=resume,
                progress=watcher.progress,
                fresh=fresh,
            )
    finally:
        threads.close()
    page = day_page(outcome.day, outcome.records)
    if as_json:
        say_json(summary(outcome, page))
    else:
        show(page, console, places=places(outcome))
    return outcome.exit_code


def places(outcome: Outcome) -> dict[str, str]:
    """Return where the ticket, the page and the journal are, relative to the home folder."""
    sealed = outcome.records[journal]
    return {
        "ticket": outcome.records[order_ticket].artefacts["ticket"].path,
        "report": sealed.artefacts["page"].path,
        "journal": f"{sealed.notes} (daybook journal verify)",
    }


def summary(outcome: Outcome, page: DayPage) -> dict[str, Any]:
    """Return a day as plain JSON values, for programs."""
    return {
        "session": page.session.isoformat(),
        "mode": page.mode.value,
        "environment": page.world,
        "unknown": list(page.unknown),
        "run_id": page.run_id,
        "verdict": page.verdict.value,
        "headline": page.standing.headline,
        "next_step": page.next_step,
        "exit_code": outcome.exit_code,
        "unchanged_since": outcome.records[journal].result.unchanged_since,
        "net_asset_value": page.net_asset_value,
        "orders": len(page.orders),
        "actions": [
            {"action": line.action, "symbol": line.symbol, "quantity": line.quantity,
             "short_opened": line.short_opened}
            for line in page.orders
        ],
        "figures": gate_facts(page),
        "hours": page.hours,
        "reason": page.standing.why,
        "failed_checks": [
            {"name": c.name, "value": c.value, "limit": c.limit, "detail": c.detail}
            for c in page.failed_checks
        ],
        "uncertain": [line.symbol for line in page.uncertain],
        "stages": [
            {"stage": record.stage, "seconds": record.seconds, "in": record.rows_in,
             "out": record.rows_out, "note": stage_line_of(record).note}
            for record in outcome.records
        ],
        "artefacts": {
            f"{record.stage}.{kind}": {"path": artefact.path, "sha256": artefact.sha256}
            for record in outcome.records
            for kind, artefact in record.artefacts.items()
        },
    }  # fmt: skip
