"""The stages of a day and what they left, as people see them."""

from __future__ import annotations

from collections.abc import Mapping

from core.storage.artefacts import Artefact
from core.storage.runs import StageRecord
from review.day import Stage

Records = Mapping[str, StageRecord]

# Where a stage stands among the nine of the operating manual.
NUMBERS = {
    "universe": 1, "market": 1, "fundamentals": 1, "news": 1, "macro": 1, "earnings": 1,
    "features": 1,
    "signals": 2, "snapshot": 3, "optimise": 4, "override": 5, "check": 6, "rehearse": 7,
    "propose": 8, "register": 8, "submit": 8, "fills": 8, "state": 8,
    "seal_execution": 9, "seal": 9, "notify": 9,
}  # fmt: skip
TITLES = {
    "override": "overlay", "check": "risk gate", "rehearse": "what-if", "propose": "orders",
    "register": "desk", "seal_execution": "execution", "seal": "journal",
}  # fmt: skip


def stage_lines(records: Records) -> tuple[Stage, ...]:
    """Return the stages in the order of the day."""
    ordered = sorted(records, key=lambda name: (NUMBERS[name], list(NUMBERS).index(name)))
    return tuple(stage_line_of(name, records[name]) for name in ordered)


def stage_line_of(name: str, record: StageRecord) -> Stage:
    """Return one stage as people see it."""
    note = f"resumed; {record.notes}".rstrip("; ") if record.resumed else record.notes
    return Stage(
        number=NUMBERS[name],
        name=TITLES.get(name, name),
        seconds=record.seconds,
        rows_in=record.rows_in,
        rows_out=record.rows_out,
        note=note,
    )


def artefacts_of(records: Records) -> tuple[Artefact, ...]:
    """Return every artefact of these stages, each once, by path."""
    found = {a.path: a for record in records.values() for a in record.artefacts.values()}
    return tuple(found[path] for path in sorted(found))
