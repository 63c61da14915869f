"""Answers that are being collected, item by item, until the gateway's end marker.

An answer is complete, or it is an error: an item that could not be read, a lost connection and a
missing end marker never turn into a shorter list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import GatewayError

Key = int | str  # the request's id, or the kind of a request that has no id on the wire


@dataclass(frozen=True, slots=True)
class _Open:
    answer: asyncio.Future[list[Any]]
    items: list[Any] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Replies:
    """The requests that wait for an answer."""

    def __init__(self) -> None:
        self._open: dict[Key, _Open] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._open

    @property
    def kinds(self) -> list[str]:
        """Requests without an id that wait for their end marker."""
        return [key for key in self._open if isinstance(key, str)]

    def open(self, key: Key) -> asyncio.Future[list[Any]]:
        """Start to collect an answer."""
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._open[key] = _Open(answer)
        return answer

    def add(self, key: Key, item: Any) -> None:
        """Collect one item. Items that nobody asked for are dropped."""
        if key in self._open:
            self._open[key].items.append(item)

    def so_far(self, key: Key) -> Sequence[Any]:
        """Return what has come of an answer that is still on its way."""
        return tuple(self._open[key].items) if key in self._open else ()

    def drop_so_far(self, key: Key) -> None:
        """Drop what has come of an answer: the gateway begins it anew."""
        if key in self._open:
            self._open[key].items.clear()

    def finish(self, key: Key) -> None:
        """Complete an answer: the end marker has come."""
        request = self._close(key)
        if request and not request.answer.done():
            request.answer.set_result(request.items)

    def refuse(self, key: Key, error: GatewayError) -> None:
        """End a request with an error; nothing more will come for it."""
        request = self._close(key)
        if request and not request.answer.done():
            request.answer.set_exception(error)

    def fail(self, key: Key, error: GatewayError) -> None:
        """End a request with an error while the rest of its answer is still on its way."""
        request = self._open.get(key)
        if request and not request.answer.done():
            request.answer.set_exception(error)

    def forget(self, key: Key) -> None:
        """Drop a request; what still comes for its id is ignored."""
        self._close(key)

    def fail_all(self, error: GatewayError) -> None:
        """End every request with the same error."""
        for key in list(self._open):
            self.refuse(key, error)

    async def ended(self, kind: str) -> None:
        """Wait until no answer of this kind is on its way.

        Without an id, the second half of a late answer could not be told from the answer to a
        new request: it would pass for the whole.
        """
        if kind in self._open:
            await self._open[kind].ended.wait()

    def _close(self, key: Key) -> _Open | None:
        request = self._open.pop(key, None)
        if request:
            request.ended.set()
        return request
