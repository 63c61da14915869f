"""Runs stages: resumes what is done, writes down what gets done, says how to go on after a failure.

A stage is started in the background and waited for where its record is needed, so independent
stages overlap. Two implementations of `Starter`: plain threads, and Prefect.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from core.canonical import canonical_json, sha256_of
from core.errors import DaybookError, StageFailed
from core.storage.runs import Records, RunBook, StageRecord
from tasks.day import Day
from tasks.stage import Stage, StageResult

P = ParamSpec("P")
R = TypeVar("R", bound=StageResult)
R_co = TypeVar("R_co", covariant=True)


class Pending(Protocol[R_co]):
    """A stage that was started."""

    def result(self) -> StageRecord[R_co]:
        """Wait for the record, or raise what the stage raised."""


class Starter(Protocol):
    """Starts a stage in the background."""

    def __call__(self, stage: Stage[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Pending[R]:
        """Start the stage."""


class Watcher(Protocol):
    """Is told how the day goes."""

    def begins(self, world: str) -> None:
        """Take note of what the run talks to, in one line."""

    def started(self, title: str) -> None:
        """Take note that a stage, by its title, has begun."""

    def finished(self, title: str, record: StageRecord[Any]) -> None:
        """Take note of what a stage did."""


class Threads:
    """Starts stages in threads, without Prefect's engine or any server."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="stage")

    def __call__(self, stage: Stage[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Pending[R]:
        """Start the stage's plain function."""
        return self._pool.submit(stage.fn, *args, **kwargs)

    def close(self) -> None:
        """Wait for what still runs and let the threads go."""
        self._pool.shutdown()


@dataclass(frozen=True, slots=True)
class Done(Generic[R_co]):
    """A stage that needs no waiting: it was resumed."""

    record: StageRecord[R_co]

    def result(self) -> StageRecord[R_co]:
        """Return the record."""
        return self.record


class Runner:
    """Takes one run through its stages."""

    def __init__(self, book: RunBook, start: Starter, watch: Watcher, *, resume: str) -> None:
        self._book = book
        self._start = start
        self._watch = watch
        self._resume = resume
        self.records = Records()

    def start(
        self, stage: Stage[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> Callable[[], StageRecord[R]]:
        """Start a stage; call what this returns for its record.

        The call raises `StageFailed`, with what is kept and how to resume, when the stage fails.
        """
        rests_on = foundations((*args, *kwargs.values()))
        resumed = self._resumable(stage, rests_on)
        if resumed is not None:
            pending: Pending[R] = Done(replace(resumed, resumed=True, seconds=0.0))
        else:
            self._watch.started(stage.title)
            pending = self._start(stage, *args, **kwargs)
        return lambda: self._finish(stage, pending, rests_on)

    def run(self, stage: Stage[P, R], *args: P.args, **kwargs: P.kwargs) -> StageRecord[R]:
        """Start a stage and wait for it."""
        return self.start(stage, *args, **kwargs)()

    def _resumable(self, stage: Stage[P, R], rests_on: str) -> StageRecord[R] | None:
        record = self._book.intact(stage) if stage.resumable else None
        if record is None or record.rests_on != rests_on or record.result.incomplete:
            return None
        return record

    def _finish(self, stage: Stage[P, R], pending: Pending[R], rests_on: str) -> StageRecord[R]:
        try:
            record = replace(pending.result(), rests_on=rests_on)
            if not record.resumed:
                self._book.put(record)
        except DaybookError as error:
            raise StageFailed(
                stage.title,
                str(error),
                kept=self._book.done,
                resume=self._resume,
                exit_code=error.exit_code,
            ) from error
        self.records.add(record)
        self._watch.finished(stage.title, record)
        return record


def foundations(inputs: tuple[object, ...]) -> str:
    """Return a hash of what a stage rests on: only over the same foundations it is resumed."""
    # A market whose files were changed may answer otherwise than it did.
    files = [each.data_id for each in inputs if isinstance(each, Day) and each.data_id]
    records = [_content(each) for each in inputs if isinstance(each, StageRecord)]
    return sha256_of(canonical_json([*files, *records]))


def _content(record: StageRecord[StageResult]) -> str | list[str]:
    identity = record.result.identity
    if identity is not None:
        return identity
    return sorted(artefact.sha256 for artefact in record.artefacts.values())
