"""Two clocks, this computer's and the gateway's: neither is believed alone.

The order cut-off is a moment; a clock that is wrong lets orders out after it, or expires a ticket
before. Where time passes by itself, in paper and live mode, both clocks are read together and must
agree. In sim mode time is the simulator's own, on any day it is told: there is no second clock to
hold it against, and no real order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock
from core.calendar import local_moment
from core.settings import Mode, Settings
from desk.errors import ClocksDisagree
from ibkr.gateway import Gateway


@dataclass(frozen=True, slots=True)
class Clocks:
    """Both clocks, read together. ``tolerance`` None: time is the simulator's."""

    gateway: datetime
    host: datetime
    tolerance: timedelta | None
    read_at: float  # seconds of a stopwatch that no clock moves

    @property
    def ahead(self) -> timedelta:
        """How far the gateway's clock is ahead of this computer's; negative when it is behind."""
        return self.gateway - self.host

    @property
    def agree(self) -> bool:
        """Whether orders may be sent by these clocks."""
        return self.tolerance is None or abs(self.ahead) <= self.tolerance

    @property
    def moment(self) -> datetime:
        """The later of both, or the simulator's time: what the order cut-off is held against."""
        return self.gateway if self.tolerance is None else max(self.gateway, self.host)

    def now(self) -> Clocks:
        """Return both as they are now, without asking the gateway again.

        Its clock is taken to have gone on as the stopwatch did: one that jumped since is this
        computer's. The gateway's own jump shows when it is asked the next time.
        """
        if self.tolerance is None:
            return self
        passed = clock.stopwatch() - self.read_at
        gateway = self.gateway + timedelta(seconds=passed)
        return Clocks(gateway, clock.now(), self.tolerance, self.read_at + passed)

    def refuse_if_apart(self) -> None:
        """Raise `ClocksDisagree` unless they agree."""
        if self.agree or self.tolerance is None:
            return
        raise ClocksDisagree(
            f"the gateway's clock says {local_moment(self.gateway, seconds=True)}, this computer's "
            f"{local_moment(self.host, seconds=True)}: {told(self.ahead)}, more than "
            f"gateway.clock_tolerance allows ({self.tolerance.total_seconds():g} s). Nothing more "
            "was sent. Set the clock that is wrong (chronyc tracking or timedatectl shows this "
            "computer's; a gateway elsewhere has its own), then: daybook doctor"
        )


def read(gateway: Gateway, settings: Settings) -> Clocks:
    """Ask the gateway for its time and read this computer's beside it.

    TWS tells whole seconds, and the answer takes its time: half of that is allowed for.
    """
    before = clock.now()
    told_by_gateway = gateway.server_time()
    after = clock.now()
    return Clocks(
        gateway=told_by_gateway,
        host=before + (after - before) / 2,
        tolerance=tolerance(settings),
        read_at=clock.stopwatch(),
    )


def tolerance(settings: Settings) -> timedelta | None:
    """Return how far the clocks may be apart; None where time is the simulator's."""
    if settings.mode is Mode.SIM:
        return None
    return timedelta(seconds=settings.gateway.clock_tolerance)


def told(ahead: timedelta) -> str:
    """Return a difference in words: ``the gateway's is 1800 s behind``."""
    seconds = ahead.total_seconds()
    way = "ahead" if seconds >= 0 else "behind"
    return f"the gateway's is {abs(seconds):.0f} s {way}"
