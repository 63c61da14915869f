"""One session from settings to outcome: environment, preflight, nine stages."""

from __future__ import annotations

from datetime import date

from core import clock
from core.calendar import Exchange, is_session, next_session
from core.errors import NoData
from core.settings import Mode, Settings
from core.storage.runs import RunBook
from flows.run.alerts import expected_session, watched
from flows.run.environment import open_environment
from flows.run.preflight import begin_day, bucharest_day
from flows.run.runner import Runner, Starter, Watcher
from flows.run.stages import Outcome, run_day
from review.alert import with_mode
from review.text import local
from review.verdict import Verdict
from tasks.day import Day, Progress


class NoSession(NoData):
    """The exchange does not trade on that day: nothing to do, and nothing wrong."""

    exit_code = 0


def run_session(
    settings: Settings,
    session_date: date | None,
    *,
    start: Starter,
    watch: Watcher,
    resume: str,
    progress: Progress,
    fresh: bool = False,
) -> Outcome:
    """Run the day of one session.

    Parameters
    ----------
    session_date
        The day to trade. None: today; in the embedded simulator the newest it has.
    start
        How a stage is started: `flows.run.runner.Threads`, or as a Prefect task.
    watch, progress
        Are told of stages, and of work within a stage.
    resume
        The command that would continue this day, for error texts.
    fresh
        Do every stage anew, even those whose artefacts are there.

    Raises
    ------
    NoSession
        The exchange does not trade on that day.
    StageFailed
        A stage failed; what earlier stages wrote is kept.
    DaybookError
        The run could not begin.
    """
    if session_date is None and settings.mode is not Mode.SIM:
        session_date = bucharest_day(clock.now())
    if session_date is not None and not is_session(session_date, exchange=settings.sessions):
        raise NoSession(no_session_line(session_date, settings.sessions))
    meant = expected_session(settings, session_date)
    with (
        watched(settings, "run", meant, go_on=with_mode(resume, settings)) as run,
        open_environment(settings, session_date) as environment,
    ):
        watch.begins(environment.title)
        day = begin_day(
            environment.settings,
            session_date,
            progress=progress,
            world=environment.title,
            data_id=environment.data_id,
        )
        runner = Runner(_book(day, fresh=fresh), start, watch, resume=resume)
        outcome = run_day(day, runner, advance_to=environment.advance_to)
        run.late = _lateness(outcome)
        return outcome


def _lateness(outcome: Outcome) -> str:
    """Say that a day ended after its order cut-off with nothing sent or answered; else empty.

    By the gateway's clock at the beginning and the time that has passed since.
    """
    day = outcome.day
    ended = day.as_of + (clock.now() - day.started_at)
    found = outcome.standing
    settled = found.committed or found.verdict in {Verdict.REJECTED, Verdict.NO_ORDERS}
    if settled or ended <= day.session.finish_line:
        return ""
    return (
        f"the run ended at {local(ended)} Bucharest, the order cut-off was "
        f"{local(day.session.finish_line)}: its orders are a recommendation only"
    )


def no_session_line(day: date, exchange: Exchange) -> str:
    """Say in one line that there is nothing to do, and when there will be."""
    following = next_session(day, exchange=exchange).day
    return (
        f"{exchange} has no session on {day:%A %d %B %Y}; nothing to do. "
        f"The next one is {following:%A %d %B}."
    )


def _book(day: Day, *, fresh: bool) -> RunBook:
    return RunBook.open(day.paths, day.session.day, day.run_key, fresh=fresh)
