"""The faults that are switched on, and what triggers each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from random import Random
from typing import get_args

from simulator.faults.request import FaultRequest, OnAnswer, OnRequest
from simulator.prices.announcements import Announced, new_york_day

REMEMBERED = 1000
LONG_AGO = datetime.min.replace(tzinfo=UTC)
_ON_REQUEST = frozenset({*get_args(OnRequest), "restart"})
_ON_ANSWER = frozenset(get_args(OnAnswer))


@dataclass(slots=True)
class _Armed:
    """A fault that is switched on, and how far its counters are."""

    request: FaultRequest
    matched: int = 0
    triggered: int = 0

    @property
    def is_spent(self) -> bool:
        most = self.request.most
        return most is not None and self.triggered >= most

    def triggers(self, random: Random) -> bool:
        """Count one match; return whether it triggers the fault."""
        self.matched += 1
        if self.matched < (self.request.after or 1):
            return False
        # Drawn only when there is a choice: the draws of a script stay the same when a fault
        # that is certain is added to it.
        if self.request.chance < 1.0 and random.random() >= self.request.chance:
            return False
        self.triggered += 1
        return True


class Faults:
    """The faults that are on. The same script, seed and requests trigger the same faults.

    Attributes
    ----------
    random
        What chances and noise are drawn from; seeded.
    history
        The newest faults triggered, oldest first.
    """

    def __init__(
        self,
        requests: Iterable[FaultRequest] = (),
        *,
        seed: int = 0,
        now: Callable[[], datetime] = lambda: LONG_AGO,
    ) -> None:
        self.random = Random(seed)  # noqa: S311 - repeatable, not secret
        self.history: deque[FaultRequest] = deque(maxlen=REMEMBERED)
        self._now = now
        self._armed: list[_Armed] = []
        self.touches_answers = False
        for request in requests:
            self.switch(request)

    @property
    def armed(self) -> list[FaultRequest]:
        """What is on and may still be triggered."""
        return [armed.request for armed in self._armed]

    @property
    def mute(self) -> bool:
        """Whether nothing is answered at present."""
        return any(
            self._has_come(armed) and (armed.triggered or not armed.request.awaits_a_request)
            for armed in self._named("mute")
        )

    @property
    def whatif_silent(self) -> bool:
        """Whether what-if orders are never answered."""
        return any(self._named("whatif_silent"))

    def switch(self, request: FaultRequest) -> None:
        """Switch one fault on, or every one of its name and symbol off."""
        if request.on:
            self._armed.append(_Armed(request))
        else:
            self._armed = [
                armed
                for armed in self._armed
                if armed.request.fault != request.fault
                or request.symbol not in {None, armed.request.symbol}
            ]
        self._count()

    def hits(self, name: str, symbol: str) -> bool:
        """Return whether a standing fault is on for a symbol."""
        return self.of_symbol(name, symbol) is not None

    def of_symbol(self, name: str, symbol: str) -> FaultRequest | None:
        """Return the newest standing fault of this name for a symbol, None when there is none."""
        found = [a.request for a in self._named(name) if a.request.symbol == symbol]
        return found[-1] if found else None

    def standing(self, name: str) -> FaultRequest | None:
        """Return the newest fault of this name, None when there is none."""
        found = [armed.request for armed in self._named(name)]
        return found[-1] if found else None

    def announced(self, day: date) -> Announced | None:
        """Return what the newest fault about the session of a day says of it."""
        found = [
            Announced(armed.request.kind)
            for armed in self._named("session")
            if armed.request.at is not None and new_york_day(armed.request.at) == day
        ]
        return found[-1] if found else None

    def record(self, request: FaultRequest) -> None:
        """Count a fault that was triggered elsewhere."""
        for armed in self._armed:
            if armed.request is request:
                armed.triggered += 1
                self._note(request)
                return

    def on_request(self, number: int, payload: bytes) -> list[FaultRequest]:
        """Count one request; return the faults it triggers."""
        if not self._armed:
            return []
        return self._triggered(
            armed
            for armed in self._armed
            if armed.request.fault in _ON_REQUEST
            and not armed.request.triggers_by_itself
            and armed.request.message in {None, number}
            and _names(payload, armed.request.symbol)
        )

    def on_answer(self, number: int) -> list[FaultRequest]:
        """Count one frame to a client; return the faults it triggers."""
        return self._triggered(
            armed
            for armed in self._armed
            if armed.request.fault in _ON_ANSWER and number in armed.request.answer
        )

    def moments(self, until: datetime) -> list[datetime]:
        """Return the moments at which faults are due up to ``until``, in order."""
        return sorted(
            {
                armed.request.at
                for armed in self._armed
                if armed.request.triggers_by_itself
                and armed.request.at is not None
                and armed.request.at <= until
            }
        )

    def due(self) -> list[FaultRequest]:
        """Return the faults whose moment has come: the gateway's, and connections to drop."""
        return self._triggered(armed for armed in self._armed if armed.request.triggers_by_itself)

    def _triggered(self, candidates: Iterable[_Armed]) -> list[FaultRequest]:
        found = [
            armed.request
            for armed in list(candidates)
            if self._has_come(armed) and armed.triggers(self.random)
        ]
        for request in found:
            self._note(request)
        return found

    def _note(self, request: FaultRequest) -> None:
        self.history.append(request)
        self._armed = [armed for armed in self._armed if not armed.is_spent]
        self._count()

    def _count(self) -> None:
        self.touches_answers = any(armed.request.fault in _ON_ANSWER for armed in self._armed)

    def _has_come(self, armed: _Armed) -> bool:
        return armed.request.at is None or self._now() >= armed.request.at

    def _named(self, name: str) -> Iterator[_Armed]:
        return (armed for armed in self._armed if armed.request.fault == name)


def _names(payload: bytes, symbol: str | None) -> bool:
    return symbol is None or f"\0{symbol}\0".encode() in payload
