"""What makes a function a stage of the day: a Prefect task that says how long it took."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import ParamSpec

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from core.clock import stopwatch
from core.errors import ConfigurationError, DataError, RequestRefused, WrongAccount
from core.runs import StageRecord

P = ParamSpec("P")
Stage = Task[P, StageRecord]

POINTLESS_TO_REPEAT = (ConfigurationError, DataError, RequestRefused, WrongAccount)


def stage(name: str, *, retries: int = 0) -> Callable[[Callable[P, StageRecord]], Stage[P]]:
    """Make a function a stage called ``name``.

    Stages are never cached by Prefect: the run book decides what is resumed. ``retries`` is for
    stages that only read from the outside; errors that a repetition cannot mend are not retried.
    """

    def decorate(function: Callable[P, StageRecord]) -> Stage[P]:
        @wraps(function)
        def timed(*args: P.args, **kwargs: P.kwargs) -> StageRecord:
            started = stopwatch()
            record = function(*args, **kwargs)
            return replace(record, seconds=round(stopwatch() - started, 3))

        return task(
            name=name,
            retries=retries,
            retry_delay_seconds=exponential_backoff(backoff_factor=5),
            retry_condition_fn=_worth_repeating,
            cache_policy=NO_CACHE,
            persist_result=False,
        )(timed)

    return decorate


def _worth_repeating(_task: object, _run: object, state: object) -> bool:
    error = state.result(raise_on_failure=False)  # type: ignore[attr-defined]  # a Prefect State
    return not isinstance(error, POINTLESS_TO_REPEAT)
