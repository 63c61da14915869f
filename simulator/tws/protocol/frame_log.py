"""Every frame, in and out, as one line of JSON: what a client really sent and really got."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from core.clock import stopwatch
from core.errors import ConfigurationError

MOST_FIELDS = 200  # of one line; bars of years are longer
PREFIX_SIZE = 4


class FrameLog:
    """Appends to a file; each line is on its way to the disk before the next frame is served."""

    def __init__(self, path: Path, *, now: Callable[[], datetime]) -> None:
        """Open or create the file. Raises `ConfigurationError` where it cannot be written."""
        self._now = now
        self._began = stopwatch()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8", buffering=1)
        except OSError as error:
            raise ConfigurationError(f"cannot write the wire log {path}: {error}") from error

    def received(self, client_id: int | None, payload: bytes) -> None:
        """Note a request."""
        self._note("in", client_id, payload)

    def sent(self, client_id: int | None, content: bytes) -> None:
        """Note what was written to a client: usually whole frames, after a fault anything."""
        while len(content) >= PREFIX_SIZE:
            length = int.from_bytes(content[:PREFIX_SIZE], "big")
            self._note("out", client_id, content[PREFIX_SIZE : PREFIX_SIZE + length])
            content = content[PREFIX_SIZE + length :]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _note(self, way: str, client_id: int | None, payload: bytes) -> None:
        fields = payload.decode("utf-8", "backslashreplace").removesuffix("\0").split("\0")
        line: dict[str, object] = {
            "seconds": round(stopwatch() - self._began, 4),
            "clock": self._now().isoformat(),
            "client": client_id,
            "way": way,
            "fields": fields[:MOST_FIELDS],
        }
        if len(fields) > MOST_FIELDS:
            line["more"] = len(fields) - MOST_FIELDS
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
