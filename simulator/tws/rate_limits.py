"""The limits IBKR sets a client, each on its own switch, and the counting of messages.

Sources: IBKR's pages on order, historical-data and market-data limitations. How TWS windows its
50 messages a second is not published; a sliding second is the strictest reading.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, Field, FiniteFloat

from core.clock import stopwatch

TOO_FAST = 100
TOO_FAST_TEXT = "Max rate of messages per second has been exceeded:max={} rec={} ({})"
STRIKES = 3  # seconds with too many messages that end a connection

Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[FiniteFloat, Field(ge=0.0, le=600.0)]


class Limits(BaseModel, frozen=True, extra="forbid"):
    """What the gateway enforces; the defaults are quick and forgiving, `IBKR` is the real thing.

    ``messages_per_second`` counts the messages of all clients together in any second; None counts
    and never refuses. ``open_histories`` is how many requests for bars may be unanswered, which
    they are for ``history_seconds``. ``small_bar_pacing`` are the rules for bars of 30 seconds and
    less, ``step_sizes`` the bar sizes that go with each duration. ``market_data_lines`` are quotes
    per client, five-second bars included; a snapshot is one until it ends, after
    ``snapshot_seconds``. ``tick_by_tick`` are streams of single ticks: 3 go with 100 lines.
    """

    messages_per_second: Count | None = None
    open_histories: Count | None = None
    history_seconds: Seconds = 0.0
    small_bar_pacing: bool = False
    step_sizes: bool = False
    market_data_lines: Count | None = 100
    tick_by_tick: Count | None = 3
    snapshot_seconds: Seconds = 0.0

    @property
    def concern_histories(self) -> bool:
        """Whether anything is asked of requests for bars."""
        return bool(
            self.open_histories or self.history_seconds or self.small_bar_pacing or self.step_sizes
        )


IBKR = Limits(
    messages_per_second=50,
    open_histories=50,
    history_seconds=0.25,
    small_bar_pacing=True,
    step_sizes=True,
    market_data_lines=100,
    tick_by_tick=3,
    snapshot_seconds=11.0,
)
PRESETS = {"none": Limits(), "ibkr": IBKR}


class MessageRate:
    """Counts what arrives, of all clients together."""

    def __init__(self, *, seconds: Callable[[], float] = stopwatch) -> None:
        self.total = 0
        self.refused = 0
        self.most = 0  # accepted in any second
        self._seconds = seconds
        self._accepted: deque[float] = deque()  # moments within the last second

    def admits(self, limit: int | None) -> bool:
        """Count one message; return whether it may be acted on."""
        now = self._seconds()
        while self._accepted and self._accepted[0] <= now - 1.0:
            self._accepted.popleft()
        self.total += 1
        if limit is not None and len(self._accepted) >= limit:
            self.refused += 1
            return False
        self._accepted.append(now)
        self.most = max(self.most, len(self._accepted))
        return True


class Overruns:
    """The seconds in which one client sent too much: three, and it is disconnected."""

    def __init__(self, *, seconds: Callable[[], float] = stopwatch) -> None:
        self.strikes = 0
        self._seconds = seconds
        self._newest = 0.0

    def strike(self) -> bool:
        """Note a refused message; return whether the connection must end."""
        now = self._seconds()
        if not self.strikes or now >= self._newest + 1.0:
            self.strikes += 1
            self._newest = now
        return self.strikes >= STRIKES
