"""Letting the simulated clock run by itself, for programs that expect time to pass."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from core.clock import stopwatch
from core.errors import DaybookError
from simulator.tws.gateway import Gateway

log = logging.getLogger(__name__)

TICK = 0.25  # real seconds between two moves


@contextmanager
def running_clock(gateway: Gateway, speed: float) -> Iterator[None]:
    """Move the clock ``speed`` simulated seconds in every second, while the block lasts."""
    running = asyncio.create_task(_run(gateway, speed)) if speed else None
    try:
        yield
    finally:
        if running is not None:
            running.cancel()


async def _run(gateway: Gateway, speed: float) -> None:
    before = stopwatch()
    while True:
        await asyncio.sleep(TICK)
        now = stopwatch()
        passed = timedelta(seconds=speed * (now - before))
        try:
            await gateway.advance_to(gateway.clock.now() + passed)
        except DaybookError as error:
            log.warning("the clock stands still from here on: %s", error)
            return
        before = now
