"""The replay as a Prefect flow, for the weekly schedule."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas import State
from prefect.states import Completed

from core import clock
from core.settings import load_settings
from core.text.counts import count
from core.text.untrusted import markdown
from flows.prefect_states import command_line
from flows.replay.date_range import Range
from flows.replay.replay import replay
from flows.replay.results import write_results
from flows.run.alerts import REPLAY, settings_failures, watched
from flows.run.preflight import bucharest_day


@flow(
    name="weekly-replay",
    retries=0,  # a run that is started again goes on where it was
    timeout_seconds=6 * 3600,
    persist_result=False,
)
def weekly_replay(
    months: int | None = None,
    first: date | None = None,
    last: date | None = None,
    bars: Path | None = None,
) -> State[None]:
    """Replay the last months, six if nothing is said, up to the newest session of the bars.

    ``first`` and ``last`` are days, for a range of one's own. Ends Completed, named Replayed; its
    artifact is the replay's row of the metrics.
    """
    with settings_failures(REPLAY):
        settings = load_settings(simulator={"bars": bars} if bars else None)
    go_on = f"start the deployment again, or: {_command(months, first, last, bars)}"
    with watched(settings, REPLAY, bucharest_day(clock.now()), go_on=go_on):
        done = replay(settings, Range(first, last, months), now=clock.now(), resume=go_on)
        results = write_results(settings, done)
    rows = [f"| {name} | {markdown(str(value))} |" for name, value in results.row.items()]
    create_markdown_artifact(
        key="weekly-replay",
        markdown="\n".join(["| measure | value |", "|---|---|", *rows]),
        description=markdown(results.page.path),
    )
    return Completed(
        name="Replayed", message=f"{count(len(done.sessions), 'session')}: {results.page.path}"
    )


def _command(months: int | None, first: date | None, last: date | None, bars: Path | None) -> str:
    return command_line(
        "replay", {"--months": months, "--from": first, "--to": last, "--bars": bars}
    )
