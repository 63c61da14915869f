"""What is wrong with a path somebody gave, found out without opening it: a pipe would block."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def file_trouble(path: Path) -> str | None:
    """Say why a path is no file that can be read, or return None when it is one."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return _refused(error, "file")
    except ValueError:
        return "not a path: it holds a NUL character"
    if stat.S_ISDIR(mode):
        return "a folder, not a file"
    if not stat.S_ISREG(mode):
        return f"{_kind(mode)}, not a file"
    return None if os.access(path, os.R_OK) else "not readable by this user"


def folder_trouble(path: Path) -> str | None:
    """Say why a path is no folder, or return None when it is one."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return _refused(error, "folder")
    except ValueError:
        return "not a path: it holds a NUL character"
    return None if stat.S_ISDIR(mode) else f"{_kind(mode)}, not a folder"


def _kind(mode: int) -> str:
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "a file")


def _refused(error: OSError, wanted: str) -> str:
    if error.errno == errno.ELOOP:
        return "a loop of symbolic links"
    if error.errno == errno.ENOENT:
        return f"no such {wanted}"
    return f"no {wanted} that can be read ({error.strerror})"
