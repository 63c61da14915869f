"""What faults do to one request and to the frames that answer it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

from core.errors import RequestRefused
from simulator.faults.request import FaultRequest

Garbage = Literal["noise", "short", "truncated", "huge"]

# What TWS says with these codes, for faults that do not bring a text of their own.
_TEXTS = {
    100: "Max rate of messages per second has been exceeded:max=50 rec=51 (1)",
    103: "Duplicate order id",
    162: "Historical Market Data Service error message:Historical data request pacing violation",
    200: "No security definition has been found for the request",
    201: "Order rejected - reason:refused on purpose",
    202: "Order Canceled - reason:cancelled on purpose",
    354: "Requested market data is not subscribed.",
    399: "Order Message:\nWarning: your order will not be placed at the exchange until the open.",
    404: "Order held while securities are located.",
    460: "No trading permissions.",
    10197: "No market data during competing live session",
    10349: "Order TIF was set to DAY based on order preset.",
}


class Ending(Enum):
    """What happens to the connection after a request was served."""

    NONE = auto()
    RESET = auto()  # at once: what was not read yet is lost
    CLOSED = auto()  # after everything written has left


@dataclass(frozen=True, slots=True)
class FaultEffects:
    """What faults change in how one request is served."""

    acted_on: bool = True
    answered: bool = True
    delay: float = 0.0  # seconds until its answers leave
    garbage: Garbage | None = None
    refusal: RequestRefused | None = None  # instead of acting on it
    warnings: tuple[RequestRefused, ...] = ()  # after acting on it
    ending: Ending = Ending.NONE
    restart: FaultRequest | None = None  # of the whole gateway, after acting on it


NO_EFFECTS = FaultEffects()


def effects_of(triggered: Sequence[FaultRequest]) -> FaultEffects:
    """Combine the faults that one request has triggered."""
    if not triggered:
        return NO_EFFECTS
    by_name = {fault.fault: fault for fault in triggered}
    drop, late = by_name.get("drop"), by_name.get("late")
    garbage, refuse = by_name.get("garbage"), by_name.get("refuse")
    restart = by_name.get("restart")
    lost = (drop.kind or "answers") if drop else ""
    return FaultEffects(
        acted_on=lost != "request",
        answered=lost not in {"answers", "request"} and restart is None,
        delay=late.seconds or 0.0 if late else 0.0,
        garbage=garbage.kind if garbage else None,  # type: ignore[arg-type]  # checked on entry
        refusal=error_of(refuse) if refuse else None,
        warnings=tuple(error_of(fault) for fault in triggered if fault.fault == "warn"),
        ending=_ending(lost, garbage),
        restart=restart,
    )


def error_of(fault: FaultRequest) -> RequestRefused:
    """Return the error a fault speaks of, in its own words or those of TWS."""
    code = fault.code or 0
    return RequestRefused(fault.text or _TEXTS.get(code, "refused on purpose"), code=code)


def _ending(lost: str, garbage: FaultRequest | None) -> Ending:
    if lost == "nothing" or (garbage and garbage.kind == "truncated"):
        return Ending.CLOSED
    return Ending.RESET if lost else Ending.NONE
