"""A few stages after one another, for flows that are shorter than a day.

Unlike `flows.run.runner.Runner` nothing is resumed, and a stage's own error passes as it is. The
book of the run is an index that these flows only add to: where it cannot be read or written they go
on without it and say so, since orders may have been sent.
"""

from __future__ import annotations

from typing import Any, ParamSpec, TypeVar

from core.errors import DataError, StorageError
from core.storage.runs import RunBook, StageRecord
from flows.run.runner import Starter, Watcher
from tasks.day import Day
from tasks.stage import Stage, StageResult

P = ParamSpec("P")
R = TypeVar("R", bound=StageResult)


class Steps:
    """Runs stages one after the other and adds them to the book of a run.

    Attributes
    ----------
    problems
        Why the book lacks what was done; empty where it does not.
    """

    def __init__(self, day: Day, run_key: str, start: Starter, watch: Watcher) -> None:
        self.problems: tuple[str, ...] = ()
        self._start = start
        self._watch = watch
        self._book: RunBook | None = None
        try:
            self._book = RunBook.open(day.paths, day.session.day, run_key)
        except DataError as error:
            self.problems = (str(error),)

    def run(self, stage: Stage[P, R], *args: P.args, **kwargs: P.kwargs) -> StageRecord[R]:
        """Run one stage and keep its record."""
        self._watch.started(stage.title)
        record = self._start(stage, *args, **kwargs).result()
        self._keep(record)
        self._watch.finished(stage.title, record)
        return record

    def _keep(self, record: StageRecord[Any]) -> None:
        if self._book is None:
            return
        try:
            self._book.put(record)
        except (StorageError, DataError) as error:
            self.problems = (f"the run book lacks what was done: {error}",)


class Silent:
    """A watcher that says nothing."""

    def begins(self, world: str) -> None:
        """Take no note of the world."""

    def started(self, title: str) -> None:
        """Take no note of a stage."""

    def finished(self, title: str, record: StageRecord[Any]) -> None:
        """Take no note of what it did."""
