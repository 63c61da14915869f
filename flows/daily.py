"""The day as a Prefect flow: for the schedule, the UI and its artifacts.

`daybook run` is the same day without any Prefect server, which makes it the way to recover.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow, runtime
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas import State
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner

from core import clock
from core.settings import Mode, Settings, Submit, load_settings, with_bars
from core.storage.runs import StageRecord
from core.text.untrusted import PARAGRAPH, markdown
from flows.prefect_states import command_line, scheduled_day, state_of
from flows.prefect_tasks import as_task
from flows.run.alerts import settings_failures
from flows.run.day import NoSession, run_session
from flows.run.preflight import bucharest_day
from review.text import gate_figures
from review.verdict import Verdict
from risk.figures import figures
from tasks.day import silent
from tasks.decide.risk_gate import RiskGateResult, risk_gate
from tasks.decide.what_if import WhatIfResult, what_if


def run_name() -> str:
    """Return the flow run's name: its session, or the day it was scheduled for."""
    asked = runtime.flow_run.parameters.get("session_date")
    return str(asked or scheduled_day())


@flow(
    name="daily-portfolio",
    flow_run_name=run_name,
    retries=0,  # a whole day is never repeated blindly: a rerun resumes, the desk sends once
    timeout_seconds=7200,
    task_runner=ThreadPoolTaskRunner(max_workers=4),  # type: ignore[arg-type]  # generic in its result
    persist_result=False,
)
def daily_portfolio(
    session_date: date | None = None,
    auto: bool = False,  # noqa: FBT001, FBT002 - Prefect passes parameters by name
    bars: Path | None = None,
    fresh: bool = False,  # noqa: FBT001, FBT002
) -> State[None]:
    """Run one day through all nine stages.

    Ends named after what the day is (`review.verdict.TABLE`): Proposed, Filled, Halted, or
    Skipped where the exchange does not trade or the day has passed. Completed, or Failed where a
    person has to look. A stage that fails fails the run.
    """
    with settings_failures("run"):
        settings = settings_of(auto=auto, bars=bars)
    again = command_line(
        "run", {"--date": session_date, "--auto": auto, "--bars": bars, "--fresh": fresh}
    )
    if session_date is None and settings.mode is not Mode.SIM:
        session_date, today = scheduled_day(), bucharest_day(clock.now())
        if session_date < today:  # the worker was away, or somebody tries a past day again
            late = (
                f"scheduled for {session_date}, and it is {today}: only its own day can be traded"
            )
            return Completed(name="Skipped", message=late)
    try:
        outcome = run_session(
            settings,
            session_date,
            start=as_task,
            watch=ArtifactWatcher(),
            resume=f"start the deployment again, or: {again}",
            progress=silent,
            fresh=fresh,
        )
    except NoSession as skipped:
        return Completed(name="Skipped", message=str(skipped))
    told = ""
    if outcome.standing.verdict is Verdict.RECOMMENDATION_ONLY:
        gate, asked = outcome.records[risk_gate], outcome.records[what_if]
        told = asked.notes if asked.result.judged_again else gate.notes
    return state_of(outcome.standing, attention=outcome.attention, detail=told)


def settings_of(*, auto: bool, bars: Path | None) -> Settings:
    """Return the worker's settings with the flow's parameters on top."""
    submit = Submit.AUTO if auto else None
    return with_bars(bars, submit=submit) if bars else load_settings(submit=submit)


class ArtifactWatcher:
    """Leaves one artifact for each stage in the Prefect UI; its history is kept by key."""

    def begins(self, world: str) -> None:
        """Note what the run talks to."""
        create_markdown_artifact(key="environment", markdown=markdown(world))

    def started(self, title: str) -> None:
        """Nothing: Prefect shows running tasks itself."""

    def finished(self, title: str, record: StageRecord[Any]) -> None:
        """Leave what the stage did."""
        create_markdown_artifact(
            key=title.replace(" ", "-"),
            markdown=stage_markdown(title, record),
            description=markdown(record.notes),
        )


def stage_markdown(title: str, record: StageRecord[Any]) -> str:
    """Return a stage's record as markdown: figures, notes, checks and artefacts."""
    rows = ["| artefact | rows | sha256 |", "|---|---|---|"]
    rows += [
        f"| {markdown(a.path)} | {a.rows} | `{a.sha256[:12]}` |" for a in record.artefacts.values()
    ]
    judged = isinstance(record.result, RiskGateResult | WhatIfResult)
    found = record.result.checks if judged else ()
    checks = [
        f"- {'passed' if check.passed else '**FAILED**'} "
        f"{markdown(check.name)}: {markdown(check.detail)}"
        for check in found
    ]
    took = f"{record.seconds:.1f} s, {record.rows_in} in, {record.rows_out} out"
    state = "resumed" if record.resumed else took
    measured = gate_figures(figures(found)) if found else ""
    parts = [
        f"## {title}",
        f"{state}. {markdown(record.notes, PARAGRAPH)}",
        measured,
        "\n".join(checks),
        "\n".join(rows),
    ]
    return "\n\n".join(part for part in parts if part)
