"""A few stages after one another, for flows that are shorter than a day.

Unlike `flows.run.runner.Runner` nothing is resumed, and a stage's own error passes as it is.
"""

from __future__ import annotations

from typing import Any, ParamSpec, TypeVar

from core.storage.runs import RunBook, StageRecord
from flows.run.runner import Starter, Watcher
from tasks.stage import Stage, StageResult

P = ParamSpec("P")
R = TypeVar("R", bound=StageResult)


class Steps:
    """Runs stages one after the other and adds them to the book of a run."""

    def __init__(self, book: RunBook, start: Starter, watch: Watcher) -> None:
        self._book = book
        self._start = start
        self._watch = watch

    def run(self, stage: Stage[P, R], *args: P.args, **kwargs: P.kwargs) -> StageRecord[R]:
        """Run one stage and keep its record."""
        self._watch.started(stage.title)
        record = self._start(stage, *args, **kwargs).result()
        self._book.put(record)
        self._watch.finished(stage.title, record)
        return record


class Silent:
    """A watcher that says nothing."""

    def begins(self, world: str) -> None:
        """Take no note of the world."""

    def started(self, title: str) -> None:
        """Take no note of a stage."""

    def finished(self, title: str, record: StageRecord[Any]) -> None:
        """Take no note of what it did."""
