"""Linear algebra on one thread, so that the number of cores decides no digit of an answer."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[Any]:
    """Return a context in which sums are added up in the same order on every machine.

    The problems are small: a second thread would save little time, and it would split the sums.
    """
    limits: AbstractContextManager[Any] = _controller().limit(limits=1)
    return limits


@cache
def _controller() -> Any:
    return ThreadpoolController()  # looks through the loaded libraries, once
