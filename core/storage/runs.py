"""The book of one run: which stage wrote which artefacts, so that a rerun resumes.

It is an index, not evidence: the journal is what proves. Losing it costs time, never an order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from core.canonical import canonical_json
from core.errors import DataError
from core.storage.artefacts import Artefact, Store, write_atomically
from core.storage.paths import Paths


@dataclass(frozen=True, slots=True)
class StageRecord:
    """What one stage did: its artefacts by name, and its facts, plain JSON values."""

    stage: str
    artefacts: Mapping[str, Artefact]
    facts: Mapping[str, Any] = field(default_factory=dict)
    rows_in: int | None = None
    rows_out: int | None = None
    notes: str = ""
    seconds: float = 0.0
    rests_on: str = ""  # hash of the records it was made from
    resumed: bool = False


class RunBook:
    """The stages of one run key that are done."""

    def __init__(self, store: Store, path: Path, records: Mapping[str, StageRecord]) -> None:
        self._store = store
        self._path = path
        self._records = dict(records)

    @classmethod
    def open(cls, paths: Paths, day: date, run_key: str, *, fresh: bool = False) -> RunBook:
        """Open the book of a run; ``fresh`` starts with no stage done."""
        path = book_path(paths, day, run_key)
        store = Store(paths.home)
        if fresh or not path.is_file():
            return cls(store, path, {})
        return cls(store, path, read_records(path))

    @property
    def done(self) -> tuple[str, ...]:
        """The names of the stages that are done, in the order they were."""
        return tuple(self._records)

    def intact(self, stage: str) -> StageRecord | None:
        """Return a stage's record if every artefact of it still has its hash, else None."""
        record = self._records.get(stage)
        if record is None:
            return None
        try:
            for artefact in record.artefacts.values():
                self._store.open(artefact)
        except DataError:
            return None
        return record

    def put(self, record: StageRecord) -> None:
        """Add a stage; written at once. Raises `StorageError` when the disk refuses."""
        records = {name: each for name, each in self._records.items() if name != record.stage}
        records[record.stage] = record
        stages = [asdict(each) for each in records.values()]
        write_atomically(self._path, canonical_json({"stages": stages}, indent=1))
        self._records = records


def book_path(paths: Paths, day: date, run_key: str) -> Path:
    """Return where the book of a run is."""
    return paths.data / "runs" / day.isoformat() / f"{run_key}.json"


def read_records(path: Path) -> dict[str, StageRecord]:
    """Read the stages of a run. Raises `DataError` if the book is not readable."""
    try:
        stages = json.loads(path.read_bytes())["stages"]
        records = [
            StageRecord(**(each | {"artefacts": _artefacts(each["artefacts"])})) for each in stages
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is not a run book ({error}); run with --fresh") from error
    return {record.stage: record for record in records}


def _artefacts(plain: Mapping[str, Mapping[str, Any]]) -> dict[str, Artefact]:
    return {name: Artefact(**each) for name, each in plain.items()}
