"""Many requests of one kind, side by side: one that fails never sinks the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from core.errors import DataError, GatewayError, GatewayTimeout, GatewayUnreachable

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

Progress = Callable[[int, int], None]  # called with (done, all) on the connection's thread


async def ask_each(
    items: Sequence[K],
    ask: Callable[[K], Awaitable[T]],
    *,
    at_once: int,
    progress: Progress | None = None,
) -> tuple[dict[K, T], dict[K, str]]:
    """Ask about every item, at most ``at_once`` at a time; return the answers and the failures.

    A refusal, an unusable answer or a single time-out is that item's failure, in words. A lost
    connection ends everything at once, and so does silence: as many time-outs in a row as were
    under way say more about the gateway than about the items.
    """
    batch = _Batch[K, T](len(items), min(at_once, len(items)), progress)
    waiting = iter(items)

    async def work() -> None:
        for item in waiting:
            await batch.ask_one(item, ask)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(batch.at_once):
                group.create_task(work())
    except* GatewayError as errors:
        fatal = errors
    else:
        return batch.answers, batch.failures
    raise fatal.exceptions[0]


class _Batch(Generic[K, T]):
    """What came of the requests so far."""

    def __init__(self, total: int, at_once: int, progress: Progress | None) -> None:
        self.answers: dict[K, T] = {}
        self.failures: dict[K, str] = {}
        self.at_once = at_once
        self._total = total
        self._progress = progress
        self._silent = 0

    async def ask_one(self, item: K, ask: Callable[[K], Awaitable[T]]) -> None:
        try:
            self.answers[item] = await ask(item)
            self._silent = 0
        except GatewayUnreachable:
            raise
        except GatewayTimeout as error:
            self.failures[item] = str(error)
            self._note_silence(error)
        except (GatewayError, DataError) as error:
            self.failures[item] = str(error)
            self._silent = 0
        if self._progress:
            self._progress(len(self.answers) + len(self.failures), self._total)

    def _note_silence(self, error: GatewayTimeout) -> None:
        self._silent += 1
        if self._silent >= self.at_once:
            raise GatewayTimeout(
                f"{self._silent} requests in a row without an answer, the last one: {error}"
            )
