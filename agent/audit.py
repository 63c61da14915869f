"""The trail of tool calls: one JSON line when a call begins and one when it ends.

Arguments are named by their hash only, so that no secret a caller pastes can be read here.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

from core.canonical import canonical_json
from core.errors import StorageError


class AuditTrail:
    """Files ``tools-YYYY-MM-DD.jsonl`` in one folder; lines are only ever added."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, at: datetime, **facts: Any) -> None:
        """Add a line; on disk when this returns. Raises `StorageError`."""
        line = canonical_json({"at": at, **facts})
        path = self._folder / f"tools-{at:%Y-%m-%d}.jsonl"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                # One write of a short line to an O_APPEND file: lines of two processes never mix.
                os.write(handle, line)
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise StorageError(
                f"cannot write the audit trail {path}: {error.strerror}; no tool is called "
                "without a trace"
            ) from error
