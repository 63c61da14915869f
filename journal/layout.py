"""Which files a journal's folder holds, and whether they are those the checkpoint counts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from core.errors import JournalError
from journal.segment import number_of

NO_SEGMENT = 0  # the number under which files are listed that are no segment


def segments_in(folder: Path) -> Path:
    """Return where the segments of a journal are."""
    return folder / "segments"


def quarantine_in(folder: Path) -> Path:
    """Return where interrupted appends are set aside."""
    return folder / "quarantine"


def names_by_number(folder: Path) -> dict[int, list[str]]:
    """Return the names in the segments folder, sorted, by segment number.

    Names with a leading dot are what an interrupted write left behind: never read, never counted.
    """
    found: dict[int, list[str]] = {}
    segments = segments_in(folder)
    if segments.is_dir():
        for name in sorted(path.name for path in segments.iterdir()):
            if not name.startswith("."):
                found.setdefault(number_of(name) or NO_SEGMENT, []).append(name)
    return found


def read_bytes(path: Path) -> bytes:
    """Return a file's content. Raises `JournalError` when the disk does not give it."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise JournalError(
            f"cannot read {path}: {error.strerror}; permit it to be read, then try again"
        ) from error


def count_findings(found: dict[int, list[str]], sealed: int) -> Iterator[str]:
    """Yield every way in which the files are not exactly segments 1 to ``sealed``."""
    yield from (f"segments/{name} is not a segment" for name in found.get(NO_SEGMENT, ()))
    gaps = sealed - sum(NO_SEGMENT < number <= sealed for number in found)
    if gaps:
        # Named up to a handful: a forged checkpoint may count to any number.
        absent = (n for n in range(1, sealed + 1) if n not in found)
        named = ", ".join(f"{n:06d}" for n in itertools.islice(absent, 5))
        yield f"{gaps} of {sealed} segments missing: {named}{', …' if gaps > 5 else ''}"
    for number, names in sorted(found.items()):
        if NO_SEGMENT < number <= sealed and len(names) > 1:
            yield f"segment {number:06d} is there {len(names)} times: {', '.join(names)}"
        if number > sealed:
            yield (
                f"{', '.join(names)} is beyond the checkpoint ({sealed} segments): an append was "
                "interrupted, and repeating it repairs this, or the checkpoint was put back"
            )
