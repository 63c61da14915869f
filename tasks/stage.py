"""What makes a function a stage of the day: a name, its retries, and that it is timed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Generic, ParamSpec

from core.clock import stopwatch
from core.errors import ConfigurationError, DataError, RequestRefused, WrongAccount
from core.storage.runs import StageRecord

P = ParamSpec("P")

POINTLESS_TO_REPEAT = (ConfigurationError, DataError, RequestRefused, WrongAccount)


@dataclass(frozen=True)
class Stage(Generic[P]):
    """A step of the day. Whoever starts it decides in what: a thread, or a Prefect task."""

    name: str
    fn: Callable[P, StageRecord]
    retries: int = 0


def stage(name: str, *, retries: int = 0) -> Callable[[Callable[P, StageRecord]], Stage[P]]:
    """Make a function a stage called ``name``.

    ``retries`` is for stages that only read from the outside; errors that a repetition cannot mend
    are not retried.
    """

    def decorate(function: Callable[P, StageRecord]) -> Stage[P]:
        @wraps(function)
        def timed(*args: P.args, **kwargs: P.kwargs) -> StageRecord:
            started = stopwatch()
            record = function(*args, **kwargs)
            return replace(record, seconds=round(stopwatch() - started, 3))

        return Stage(name, timed, retries)

    return decorate


def worth_repeating(error: object) -> bool:
    """Tell whether a stage that failed with this may succeed when it is done again."""
    return not isinstance(error, POINTLESS_TO_REPEAT)
