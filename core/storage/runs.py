"""The book of one run: which stage wrote which artefacts, so that a rerun resumes.

It is an index, not evidence: the journal is what proves. Losing it costs time, never an order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Generic, NoReturn, Protocol, TypeVar, cast

from core.canonical import canonical_json, plain
from core.decoding import decode
from core.errors import DataError
from core.storage.artefacts import Artefact, Store, write_atomically
from core.storage.old_records import as_today
from core.storage.paths import Paths

R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")


class Declared(Protocol[R_co]):
    """A stage, as far as its record goes: its name, and the type of its result."""

    @property
    def name(self) -> str:
        """What the record is kept under."""

    @property
    def result(self) -> type[R_co]:
        """A frozen dataclass."""


def shown_name(stage: str) -> str:
    """Return the name of a stage as people read it: ``risk gate``."""
    return stage.replace("_", " ")


def title_of(number: int | None, stage: str) -> str:
    """Return the place and the name of a stage as people are told of it: ``6 risk gate``."""
    shown = shown_name(stage)
    return shown if number is None else f"{number} {shown}"


@dataclass(frozen=True, slots=True)
class StageRecord(Generic[R_co]):
    """What one stage did: its result, and its artefacts by name."""

    stage: str
    result: R_co
    artefacts: Mapping[str, Artefact] = field(default_factory=dict)
    number: int | None = None  # its place among the nine stages of the day; None: of no day
    rows_in: int | None = None
    rows_out: int | None = None
    notes: str = ""
    seconds: float = 0.0
    rests_on: str = ""  # hash of the records it was made from
    resumed: bool = False


class Records:
    """The records of one run, each found by the stage that declares it."""

    def __init__(self, *records: StageRecord[Any]) -> None:
        self._records = {record.stage: record for record in records}

    def add(self, record: StageRecord[Any]) -> None:
        """Add the record of a stage that ended."""
        self._records[record.stage] = record

    def __getitem__(self, stage: Declared[R]) -> StageRecord[R]:
        """Return the record of a stage; raises `KeyError` where it has not ended."""
        return self._records[stage.name]

    def __contains__(self, stage: Declared[Any]) -> bool:
        """Tell whether a stage has ended."""
        return stage.name in self._records

    def __iter__(self) -> Iterator[StageRecord[Any]]:
        """Yield the records in the order in which their stages ended."""
        return iter(self._records.values())


class RunBook:
    """The stages of one run key that are done."""

    def __init__(self, store: Store, path: Path, stored: Mapping[str, Mapping[str, Any]]) -> None:
        self._store = store
        self._path = path
        self._stored = dict(stored)
        self._encoded = {name: _lines(each) for name, each in stored.items()}

    @classmethod
    def open(cls, paths: Paths, day: date, run_key: str, *, fresh: bool = False) -> RunBook:
        """Open the book of a run; ``fresh`` starts with no stage done.

        Raises `DataError` if the book is not readable.
        """
        path = book_path(paths, day, run_key)
        store = Store(paths.home)
        return cls(store, path, {} if fresh or not path.is_file() else _read(path))

    @property
    def done(self) -> tuple[str, ...]:
        """The names of the stages that are done, in the order they were."""
        return tuple(self._stored)

    def __getitem__(self, stage: Declared[R]) -> StageRecord[R]:
        """Return the record of a stage, whatever became of its artefacts.

        Raises `DataError` where there is none, or where it is not what this code would write.
        """
        if stage.name not in self._stored:
            raise DataError(f"{self._path} has no stage {stage.name}; {_remedy(self._path)}")
        try:
            return record_of(self._stored[stage.name], stage.result)
        except DataError as error:
            raise DataError(
                f"{self._path}: stage {stage.name}: {error}; {_remedy(self._path)}"
            ) from error

    def intact(self, stage: Declared[R]) -> StageRecord[R] | None:
        """Return a stage's record if it is readable and every artefact of it has its hash."""
        try:
            record = self[stage]
            for artefact in record.artefacts.values():
                self._store.open(artefact)
        except DataError:
            return None
        return record

    def put(self, record: StageRecord[Any]) -> None:
        """Add a stage; written at once.

        Raises `StorageError` when the disk refuses, and `DataError` naming the field for a number
        that could not be read back: nothing is written then.
        """
        name, stored = record.stage, plain(record)
        # Only the new record is encoded: with all of them each time, a day would mostly encode.
        encoded = {key: each for key, each in self._encoded.items() if key != name}
        try:
            encoded[name] = _lines(stored)
        except DataError as error:
            raise DataError(
                f"the record of stage {name} {error}; nothing of it was kept in {self._path}"
            ) from error
        content = b'{\n "stages": [\n' + b",\n".join(encoded.values()) + b"\n ]\n}\n"
        write_atomically(self._path, content)
        self._encoded = encoded
        self._stored = {key: self._stored[key] for key in encoded if key != name} | {name: stored}


def _lines(stored: Mapping[str, Any]) -> bytes:
    """Return a record's lines as they stand in the book, which is indented JSON."""
    lines = canonical_json(stored, indent=1).splitlines()
    return b"\n".join(b"  " + line for line in lines)


def book_path(paths: Paths, day: date, run_key: str) -> Path:
    """Return where the book of a run is."""
    return paths.data / "runs" / day.isoformat() / f"{run_key}.json"


def record_of(stored: Mapping[str, Any], result: type[R]) -> StageRecord[R]:
    """Return the record that `core.canonical.plain` wrote, today or before stages had one name.

    Raises `DataError` naming the place that is not as expected.
    """
    kind: type[StageRecord[R]] = cast("Any", StageRecord)[result]
    return decode(kind, as_today(stored))


def _read(path: Path) -> dict[str, Mapping[str, Any]]:
    try:
        content = json.loads(path.read_bytes(), parse_constant=_refuse_constant)
        stages = [as_today(each) for each in content["stages"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{path} is not a run book ({error}); {_remedy(path)}") from error
    return {each["stage"]: each for each in stages}


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _remedy(path: Path) -> str:
    return f"to write it again: daybook run --date {path.parent.name} --fresh"
