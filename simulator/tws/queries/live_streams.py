"""What a client follows second by second: bars of five seconds, single ticks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simulator.tws.messages.historical_ticks import TickKind


@dataclass(frozen=True, slots=True)
class LiveBars:
    """Bars of five seconds that somebody follows."""

    con_id: int
    what: str
    since: datetime  # the next bar begins then, or later


@dataclass(frozen=True, slots=True)
class TickStream:
    """Single ticks that somebody follows."""

    con_id: int
    kind: TickKind
    since: datetime  # the next second
    shown: tuple[float, ...] = ()  # the quote sent last: only another one is sent
