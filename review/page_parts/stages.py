"""The stages of a day and what they left, as people see them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.storage.artefacts import Artefact
from core.storage.runs import StageRecord, shown_name
from review.day import Stage


def stage_lines(records: Iterable[StageRecord[Any]]) -> tuple[Stage, ...]:
    """Return the stages of a day by their number, those of one number as they ended."""
    return tuple(stage_line_of(one) for one in sorted(records, key=lambda one: one.number or 0))


def stage_line_of(record: StageRecord[Any]) -> Stage:
    """Return one stage as people see it."""
    note = f"resumed; {record.notes}".rstrip("; ") if record.resumed else record.notes
    return Stage(
        number=record.number,
        name=shown_name(record.stage),
        seconds=record.seconds,
        rows_in=record.rows_in,
        rows_out=record.rows_out,
        note=note,
    )


def artefacts_of(records: Iterable[StageRecord[Any]]) -> tuple[Artefact, ...]:
    """Return every artefact of these stages, each once, by path."""
    found = {a.path: a for record in records for a in record.artefacts.values()}
    return tuple(found[path] for path in sorted(found))
