"""What makes a function a stage: its place in the day, one name, its result, its repetitions.

All of it is declared where the function is. The function's own name is the stage's: the record, the
line of progress, the page's heading and the Prefect task take it, and so does its module. Its
parameters are its inputs: records of other stages, each of its own type, so that two of them cannot
change places.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Generic, ParamSpec, TypeVar

from core.clock import stopwatch
from core.errors import ConfigurationError, DataError, RequestRefused, WrongAccount
from core.storage.artefacts import Artefact
from core.storage.runs import StageRecord, title_of

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R", bound="StageResult")

POINTLESS_TO_REPEAT = (ConfigurationError, DataError, RequestRefused, WrongAccount)


class StageResult:
    """What a stage hands on besides its artefacts: a frozen dataclass of each stage's own.

    A field that is added later needs a default: books of earlier runs do not have it.
    """

    __slots__ = ()

    @property
    def incomplete(self) -> bool:
        """Whether something is missing that a rerun should ask for again."""
        return False

    @property
    def identity(self) -> str | None:
        """What later stages rest on; None: the artefacts, by their hashes."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output(Generic[R]):
    """What the function of a stage returns; name, place and duration are added to it."""

    result: R
    artefacts: Mapping[str, Artefact] = field(default_factory=dict)
    rows_in: int | None = None
    rows_out: int | None = None
    notes: str = ""


@dataclass(frozen=True)
class Stage(Generic[P, R]):
    """A step of the day. Whoever starts it decides in what: a thread, or a Prefect task."""

    name: str
    number: int | None  # among the nine of the day; None: of no day, as a session's close
    result: type[R]
    fn: Callable[P, StageRecord[R]]
    retries: int = 0
    resumable: bool = False  # a rerun takes its record where nothing it rests on has changed

    @property
    def title(self) -> str:
        """Its place and its name, as people are told of it: ``6 risk gate``."""
        return title_of(self.number, self.name)

    def otherwise(self, function: Callable[Q, Output[R]]) -> Stage[Q, R]:
        """Make another function a way to do this stage, never repeated and never resumed."""
        return _declared(function, self.name, self.number, self.result)


def stage(
    number: int | None, result: type[R], *, retries: int = 0, resumable: bool = False
) -> Callable[[Callable[P, Output[R]]], Stage[P, R]]:
    """Make a function the stage of its name.

    ``retries`` is for stages that only read from the outside; errors that a repetition cannot mend
    are not retried.
    """

    def declare(function: Callable[P, Output[R]]) -> Stage[P, R]:
        plain = _declared(function, function.__name__, number, result)
        return replace(plain, retries=retries, resumable=resumable)

    return declare


def _declared(
    function: Callable[P, Output[R]], name: str, number: int | None, result: type[R]
) -> Stage[P, R]:
    @wraps(function)
    def timed(*args: P.args, **kwargs: P.kwargs) -> StageRecord[R]:
        started = stopwatch()
        made = function(*args, **kwargs)
        return StageRecord(
            stage=name,
            number=number,
            result=made.result,
            artefacts=made.artefacts,
            rows_in=made.rows_in,
            rows_out=made.rows_out,
            notes=made.notes,
            seconds=round(stopwatch() - started, 3),
        )

    return Stage(name, number, result, timed)


def worth_repeating(error: object) -> bool:
    """Tell whether a stage that failed with this may succeed when it is done again."""
    return not isinstance(error, POINTLESS_TO_REPEAT)
