"""Modules that are imported when something of theirs is first used.

A help page needs a command's options, and nothing of what the command does, which takes up to
seconds to import. A command module therefore names what it works with twice: as ordinary imports
under ``TYPE_CHECKING``, for readers and type checkers, and else as `lazy` modules.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class _LazyModule:
    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)


def lazy(name: str) -> Any:
    """Return what stands for a module until an attribute of it is asked for."""
    return _LazyModule(name)
