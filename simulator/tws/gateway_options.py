"""What can be chosen of the gateway on the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from simulator.tws.rate_limits import Limits


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    """How gateway and exchange behave: limits, what goes wrong, what is noted, how time passes."""

    limits: Limits = field(default_factory=Limits)
    faults: Path | None = None  # a script
    wire_log: Path | None = None
    master_client: int | None = None
    accounts: int = 1
    most_of_volume: float | None = None  # that one resting order may trade in a session
    speed: float = 0.0  # simulated seconds in a second; 0: time stands still until it is moved
