"""Daily bars kept between days, so that only the missing ones are asked for.

One parquet file holds the bars, one beside it says which time each contract was asked for. A
split changes all prices before it; the store notices because the newest bars it holds are asked
for again and must agree, and forgets everything it has of that contract.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import DataError, SchemaError
from core.storage.artefacts import write_atomically
from core.tables import BARS, CON_ID, DAY, Column, Schema

PRICES = ["open", "high", "low", "close"]

COVERAGE = Schema(
    "bar_coverage",
    ("con_id",),
    (
        CON_ID,
        Column("since", DAY, "oldest session that was asked for"),
        Column("until", DAY, "newest session that is held"),
    ),
)


@dataclass(frozen=True, slots=True)
class Span:
    """The time of one contract that the store holds, both ends included."""

    since: date
    until: date


@dataclass(frozen=True)
class Held:
    """What the store holds: bars by conId, oldest first, and the time they cover."""

    bars: Mapping[int, pd.DataFrame] = field(default_factory=dict)
    spans: Mapping[int, Span] = field(default_factory=dict)


class BarStore:
    """Bars in one folder. Of two writers at once the later one wins; the loss is asked again."""

    def __init__(self, folder: Path) -> None:
        self._bars = folder / "daily.parquet"
        self._coverage = folder / "daily-coverage.parquet"

    def read(self) -> Held:
        """Return what is held; nothing where there is no file.

        Raises `DataError` for a file that cannot be read: delete the folder to start anew.
        """
        if not (self._bars.is_file() and self._coverage.is_file()):
            return Held()
        bars, coverage = _read(self._bars, BARS), _read(self._coverage, COVERAGE)
        columns = (coverage[column.name].to_list() for column in COVERAGE.columns)
        spans = {con_id: Span(since, until) for con_id, since, until in zip(*columns, strict=True)}
        held = {int(str(con_id)): rows for con_id, rows in bars.groupby("con_id", sort=True)}
        # The two files are written one after the other: what only one of them knows, or knows
        # otherwise, was interrupted.
        agree = {
            con_id
            for con_id, rows in held.items()
            if con_id in spans and rows["session"].max() == spans[con_id].until
        }
        return Held(
            {con_id: held[con_id].reset_index(drop=True) for con_id in sorted(agree)},
            {con_id: spans[con_id] for con_id in sorted(agree)},
        )

    def write(self, held: Held) -> None:
        """Replace what is held. Raises `StorageError` when the disk refuses."""
        frames = [held.bars[con_id] for con_id in sorted(held.bars)]
        coverage = pd.DataFrame(
            [(con_id, span.since, span.until) for con_id, span in sorted(held.spans.items())],
            columns=[column.name for column in COVERAGE.columns],
        )
        if frames:
            _write(self._bars, pd.concat(frames, ignore_index=True), BARS)
            _write(self._coverage, coverage, COVERAGE)


def joined(held: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame | None:
    """Return held and fresh bars of one contract as one series. Both are sorted, oldest first.

    None when they cannot be joined: no session is in both, the sessions of what is in both
    differ, or a price does, as after a split. Where both have a session the fresh bar counts:
    volumes are revised.
    """
    place = int(np.searchsorted(held["session"].to_numpy(), fresh["session"].iloc[0]))
    both = len(held) - place
    mine, theirs = held.iloc[place:], fresh.iloc[:both]
    if not both or list(mine["session"]) != list(theirs["session"]):
        return None
    if not np.array_equal(mine[PRICES].to_numpy(), theirs[PRICES].to_numpy()):
        return None
    return pd.concat([held.iloc[:place], fresh], ignore_index=True)


def _read(path: Path, schema: Schema) -> pd.DataFrame:
    try:
        table = pq.read_table(path)
        problems = list(schema.problems(table))
    except pa.ArrowException as error:
        raise DataError(f"{path} cannot be read: {error}; delete it to start afresh") from error
    if problems:
        raise SchemaError(schema.name, problems)
    frame: pd.DataFrame = table.to_pandas(date_as_object=True)
    return frame


def _write(path: Path, frame: pd.DataFrame, schema: Schema) -> None:
    buffer = io.BytesIO()
    pq.write_table(schema.build(frame), buffer, compression="zstd")
    write_atomically(path, buffer.getvalue())
