"""Frames on their way to one client, and what faults do to them there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence

from simulator.faults.effects import NO_EFFECTS
from simulator.tws.handler_context import SharedState
from simulator.tws.messages.numbers import Answer
from simulator.tws.protocol.frames import frame
from simulator.tws.protocol.versions import SPOKEN

PREFIX_SIZE = 4
NOISE_BYTES = 64
# What TWS sends by itself while it cannot reach IBKR; a greeting begins with its version.
LOCAL = frozenset(
    {Answer.ERROR, Answer.NEXT_VALID_ID, Answer.MANAGED_ACCOUNTS, Answer.CURRENT_TIME, *SPOKEN}
)
HUGE = b"\xff\xff\xff\xff"  # announces a frame of 4 GB


class Outbox:
    """Writes frames in order; a fault may drop, delay, duplicate, reorder or corrupt them."""

    def __init__(self, write: Callable[[bytes], None], gateway: SharedState) -> None:
        self.effects = NO_EFFECTS  # of the request being served
        self._write = write
        self._gateway = gateway
        self._faults = gateway.faults
        self._held_back: list[bytes] = []

    def put(self, frames: Sequence[bytes]) -> None:
        """Send frames, each a whole one."""
        effects = self.effects
        if self._gateway.is_cut_off:
            frames = [content for content in frames if number_of(content) in LOCAL]
        if self._faults.mute or not effects.answered or not frames:
            return
        content = b"".join(self._faulted(frames) if self._faults.touches_answers else frames)
        if effects.garbage is not None:
            content = self._corrupted(frames, effects.garbage)
        if effects.delay:
            asyncio.get_running_loop().call_later(effects.delay, self._write, content)
        elif content:
            self._write(content)

    def _faulted(self, frames: Iterable[bytes]) -> Iterator[bytes]:
        for content in frames:
            triggered = {fault.fault for fault in self._faults.on_answer(number_of(content))}
            if "swallow" in triggered:
                continue
            if "swap" in triggered:
                self._hold_back(content)
                continue
            yield content
            if "duplicate" in triggered:
                yield content

    def _hold_back(self, content: bytes) -> None:
        """Keep a frame until everything else of this turn has left."""
        if not self._held_back:
            asyncio.get_running_loop().call_soon(self._release)
        self._held_back.append(content)

    def _release(self) -> None:
        content = b"".join(self._held_back)
        self._held_back.clear()
        self._write(content)

    def _corrupted(self, frames: Sequence[bytes], kind: str) -> bytes:
        content = b"".join(frames)
        match kind:
            case "noise":
                return frame(self._faults.random.randbytes(NOISE_BYTES)) + content
            case "short":
                return b"".join(map(_without_last_field, frames))
            case "truncated":
                return content[: len(content) // 2]
        return HUGE + content


def number_of(content: bytes) -> int:
    """Return the message number of a frame."""
    return int(content[PREFIX_SIZE : content.index(b"\0", PREFIX_SIZE)])


def _without_last_field(content: bytes) -> bytes:
    payload = content[PREFIX_SIZE:-1]
    return frame(payload[: payload.rindex(b"\0") + 1])
