"""Artefacts: files that are written once, whole, and referred to by path and hash."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from core.canonical import sha256_of, sha256_of_file
from core.errors import DataError, StorageError


@dataclass(frozen=True, slots=True)
class Artefact:
    """A reference to a file: what stages hand on instead of the data itself."""

    path: str  # relative to the home folder, with forward slashes
    sha256: str
    schema: str  # the name of the table's schema, or "json", "html", "raw"
    rows: int


class Store:
    """Write-once files under one home folder.

    Nothing is ever overwritten: the same bytes under the same name are the same artefact, other
    bytes become a new revision (``name.r2.parquet``), so whatever the journal sealed stays.
    """

    def __init__(self, home: Path) -> None:
        self.home = home

    def put(self, path: Path, content: bytes, *, schema: str, rows: int) -> Artefact:
        """Write the content at the first revision of ``path`` that is free or already equal.

        ``path`` is absolute, under the home folder. Raises `StorageError` when the disk refuses;
        no half-written file is left.
        """
        wanted = sha256_of(content)
        revision, target = 1, path
        while target.exists() and sha256_of_file(target) != wanted:
            revision += 1
            target = path.with_name(f"{path.stem}.r{revision}{path.suffix}")
        if not target.exists():
            write_atomically(target, content)
        relative = target.relative_to(self.home).as_posix()
        return Artefact(path=relative, sha256=wanted, schema=schema, rows=rows)

    def open(self, artefact: Artefact) -> Path:
        """Return the artefact's file after checking its hash. Raises `DataError` if it changed."""
        path = self.home / artefact.path
        if not path.is_file():
            raise DataError(f"{artefact.path} is gone; run the day again with --fresh")
        found = sha256_of_file(path)
        if found != artefact.sha256:
            raise DataError(
                f"{artefact.path} was changed after it was written: sha256 {found[:12]}… "
                f"instead of {artefact.sha256[:12]}…; run the day again with --fresh"
            )
        return path


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that readers see it whole or not at all, even after a power cut."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}; "
            "free or permit the space, then run the same command again"
        ) from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
