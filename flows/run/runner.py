"""Runs stages: resumes what is done, writes down what gets done, says how to go on after a failure.

A stage is started in the background and waited for where its record is needed, so independent
stages overlap. Two bodies of `Starter`: plain threads, and Prefect.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol

from core.canonical import canonical_json, sha256_of
from core.errors import DaybookError, StageFailed
from core.storage.runs import RunBook, StageRecord
from tasks.day import Day
from tasks.stage import Stage

RESUMED = frozenset(
    {
        "universe",
        "market",
        "fundamentals",
        "news",
        "macro",
        "earnings",
        "features",
        "signals",
        "optimise",
    }
)


class Pending(Protocol):
    """A stage that was started."""

    def result(self) -> StageRecord:
        """Wait for the record, or raise what the stage raised."""


class Starter(Protocol):
    """Starts a stage in the background."""

    def __call__(self, stage: Stage[Any], /, *args: Any) -> Pending:
        """Start the stage."""


class Watcher(Protocol):
    """Is told how the day goes."""

    def begins(self, world: str) -> None:
        """Take note of what the run talks to, in one line."""

    def started(self, title: str) -> None:
        """Take note that a stage, by its title, has begun."""

    def finished(self, title: str, record: StageRecord) -> None:
        """Take note of what a stage did."""


class Threads:
    """Starts stages in threads, without Prefect's engine or any server."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="stage")

    def __call__(self, stage: Stage[Any], /, *args: Any) -> Pending:
        """Start the stage's plain function."""
        return self._pool.submit(stage.fn, *args)

    def close(self) -> None:
        """Wait for what still runs and let the threads go."""
        self._pool.shutdown()


@dataclass(frozen=True, slots=True)
class Done:
    """A stage that needs no waiting: it was resumed."""

    record: StageRecord

    def result(self) -> StageRecord:
        """Return the record."""
        return self.record


class Runner:
    """Takes one run through its stages."""

    def __init__(self, book: RunBook, start: Starter, watch: Watcher, *, resume: str) -> None:
        self._book = book
        self._start = start
        self._watch = watch
        self._resume = resume
        self.records: dict[str, StageRecord] = {}

    def start(self, name: str, stage: Stage[Any], *args: Any) -> Callable[[], StageRecord]:
        """Start a stage; call what this returns for its record.

        The call raises `StageFailed`, with what is kept and how to resume, when the stage fails.
        """
        rests_on = foundations(args)
        resumed = self._resumable(name, rests_on)
        if resumed is not None:
            pending: Pending = Done(replace(resumed, resumed=True, seconds=0.0))
        else:
            self._watch.started(stage.name)
            pending = self._start(stage, *args)
        return lambda: self._finish(name, stage, pending, rests_on)

    def run(self, name: str, stage: Stage[Any], *args: Any) -> StageRecord:
        """Start a stage and wait for it."""
        return self.start(name, stage, *args)()

    def _resumable(self, name: str, rests_on: str) -> StageRecord | None:
        if name not in RESUMED:
            return None
        record = self._book.intact(name)
        if record is None or record.rests_on != rests_on or record.facts.get("degraded"):
            return None
        return record

    def _finish(self, name: str, stage: Stage[Any], pending: Pending, rests_on: str) -> StageRecord:
        try:
            record = replace(pending.result(), rests_on=rests_on)
            if not record.resumed:
                self._book.put(record)
        except DaybookError as error:
            raise StageFailed(
                stage.name,
                str(error),
                kept=self._book.done,
                resume=self._resume,
                exit_code=error.exit_code,
            ) from error
        self.records[name] = record
        self._watch.finished(stage.name, record)
        return record


def foundations(args: tuple[Any, ...]) -> str:
    """Return a hash of what a stage rests on: only over the same foundations it is resumed."""
    # A market whose files were changed may answer otherwise than it did.
    files = [arg.data_id for arg in args if isinstance(arg, Day) and arg.data_id]
    records = [_content(arg) for arg in args if isinstance(arg, StageRecord)]
    return sha256_of(canonical_json([*files, *records]))


def _content(record: StageRecord) -> Any:
    # A snapshot's prices change by the minute; a target rests on what is held.
    if "holdings" in record.facts:
        return record.facts["holdings"]
    return sorted(artefact.sha256 for artefact in record.artefacts.values())
