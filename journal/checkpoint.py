"""The checkpoint: five lines of text that say how far the journal is sealed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from core.storage.artefacts import write_atomically
from journal.chain import GENESIS

ORIGIN = "daybook journal 1"
_FORM = re.compile(
    rb"daybook journal 1\nsegments ([0-9]+)\nrows ([0-9]+)\n"
    rb"head ([0-9a-f]{64})\nlast ([0-9a-f]{64})\n"
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything up to here is sealed; anything beyond is not part of the journal."""

    segments: int = 0
    rows: int = 0
    head: str = GENESIS
    last: str = GENESIS  # sha256 of the newest segment's file

    def __bytes__(self) -> bytes:
        """Return the file's content."""
        return (
            f"{ORIGIN}\nsegments {self.segments}\nrows {self.rows}\n"
            f"head {self.head}\nlast {self.last}\n"
        ).encode()


def parse(content: bytes) -> Checkpoint | None:
    """Read a checkpoint back, or return None when the content is not exactly one."""
    match = _FORM.fullmatch(content)
    if match is None:
        return None
    segments, rows, head, last = (group.decode() for group in match.groups())
    checkpoint = Checkpoint(int(segments), int(rows), head, last)
    # A reader that accepts two spellings of one value lets a changed byte pass.
    return checkpoint if bytes(checkpoint) == content else None


def path_in(folder: Path) -> Path:
    """Return where the checkpoint of a journal is."""
    return folder / "checkpoint"


def write(folder: Path, checkpoint: Checkpoint) -> None:
    """Put the checkpoint in place: the moment at which an append counts."""
    write_atomically(path_in(folder), bytes(checkpoint))
