"""A list of faults with the seed of their chances, as a file keeps it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from pydantic import BaseModel, ValidationError

from core.errors import ConfigurationError
from core.path_checks import file_trouble
from simulator.faults.request import FaultRequest
from simulator.tws.messages.numbers import Answer, Request
from simulator.tws.permissions import Permissions


class FaultScript(BaseModel, frozen=True, extra="forbid"):
    """Faults to begin with, and what the account may see of the market.

    The same script makes the same things go wrong again.
    """

    seed: int = 0
    permissions: Permissions = Permissions()
    faults: tuple[FaultRequest, ...] = ()


def read_script(path: Path) -> FaultScript:
    """Read a script from a JSON file. Raises `ConfigurationError` naming everything wrong."""
    trouble = file_trouble(path)
    if trouble:
        raise ConfigurationError(f"cannot read the fault script {path}: it is {trouble}")
    try:
        return FaultScript.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"cannot read the fault script {path}: {error}") from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in error.errors()
        )
        raise ConfigurationError(f"fault script {path}: {problems}") from error


def random_script(seed: int, *, start: datetime, end: datetime, faults: int) -> FaultScript:
    """Return faults at random moments of a span, from which a good client recovers by itself.

    Connections break, answers are late, doubled, out of turn or unreadable, the gateway restarts.
    """
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    span = (end - start).total_seconds()
    chosen = (
        _random_fault(random, start + timedelta(seconds=random.uniform(0.0, span)))
        for _ in range(faults)
    )
    return FaultScript(seed=seed, faults=tuple(sorted(chosen, key=_moment)))


def _moment(fault: FaultRequest) -> datetime:
    assert fault.at is not None
    return fault.at


def _random_fault(random: Random, at: datetime) -> FaultRequest:
    order_frames = frozenset(map(int, (Answer.OPEN_ORDER, Answer.ORDER_STATUS, Answer.EXECUTION)))
    return random.choice(
        [
            FaultRequest(fault="drop", at=at),
            FaultRequest(fault="drop", at=at, message=int(Request.PLACE_ORDER), after=1),
            FaultRequest(fault="drop", at=at, after=random.randint(1, 9), kind="request"),
            FaultRequest(fault="restart", at=at, seconds=0.05),
            FaultRequest(fault="late", at=at, seconds=0.05, times=random.randint(1, 5)),
            FaultRequest(fault="garbage", at=at, after=1, kind=random.choice(["noise", "short"])),
            FaultRequest(fault="garbage", at=at, after=1, kind="truncated"),
            FaultRequest(fault="duplicate", at=at, answer=order_frames, times=9),
            FaultRequest(fault="swap", at=at, answer=order_frames, times=9),
            FaultRequest(fault="swallow", at=at, answer=order_frames, times=2),
        ]
    )
