"""The replay as a Prefect flow, for the weekly schedule."""

from __future__ import annotations

from pathlib import Path

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas import State
from prefect.states import Completed

from core import clock
from core.settings import load_settings
from flows.replay import replay
from flows.replay_range import MONTHS, Range
from flows.replay_results import write_results


@flow(
    name="weekly-replay",
    retries=0,  # a run that is started again goes on where it was
    timeout_seconds=6 * 3600,
    persist_result=False,
)
def weekly_replay(months: int = MONTHS, bars: Path | None = None) -> State[None]:
    """Replay the last months up to the newest session that the bars hold.

    Ends Completed, named Replayed; its artifact is the replay's row of the metrics.
    """
    settings = load_settings(simulator={"bars": bars} if bars else None)
    done = replay(
        settings,
        Range(months=months),
        now=clock.now(),
        resume=f"start the deployment again, or: daybook replay --months {months}",
    )
    results = write_results(settings, done)
    rows = [f"| {name} | {value} |" for name, value in results.row.items()]
    create_markdown_artifact(
        key="weekly-replay",
        markdown="\n".join(["| measure | value |", "|---|---|", *rows]),
        description=results.page.path,
    )
    return Completed(name="Replayed", message=f"{len(done.sessions)} sessions: {results.page.path}")
