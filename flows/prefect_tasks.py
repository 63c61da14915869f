"""Stages as Prefect tasks: repeated where that may help, and never remembered.

Nothing that `daybook run` needs imports this: the day also goes without Prefect.
"""

from __future__ import annotations

from functools import cache
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture
from prefect.tasks import exponential_backoff

from core.storage.runs import StageRecord
from flows.run.runner import Pending
from flows.terminal.output import safe_records
from tasks.stage import Stage, StageResult, worth_repeating

P = ParamSpec("P")
R = TypeVar("R", bound=StageResult)

# Prefect's handlers, to the console and to its server, show what any library logs.
safe_records()


def as_task(stage: Stage[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Pending[R]:
    """Start a stage as a Prefect task."""
    started: PrefectFuture[StageRecord[R]] = task_of(stage).submit(*args, **kwargs)
    return started


@cache
def task_of(stage: Stage[..., Any]) -> Task[..., StageRecord[Any]]:
    """Return a stage as a task that Prefect never caches: the run book decides what is resumed."""
    return task(
        name=stage.title,
        retries=stage.retries,
        retry_delay_seconds=exponential_backoff(backoff_factor=5),
        retry_condition_fn=_worth_repeating,
        cache_policy=NO_CACHE,
        persist_result=False,
    )(stage.fn)


def _worth_repeating(_task: object, _run: object, state: object) -> bool:
    return worth_repeating(state.result(raise_on_failure=False))  # type: ignore[attr-defined]  # a Prefect State
