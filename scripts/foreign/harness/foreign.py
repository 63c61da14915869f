"""For programs that use the simulator: where it is, and what came of each of their features.

Only the standard library: it runs inside the environment of every program.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PORT = int(os.environ["FOREIGN_PORT"])
CONTROL = os.environ["FOREIGN_CONTROL"]
ACCOUNT = os.environ["FOREIGN_ACCOUNT"]

# The market of seed 7 with 60 companies: its most active share, and what every market has.
STOCK, STOCK_EXCHANGE = "RRVBS", "NASDAQ"
FUND, INDEX, INDEX_WEEKLY, FUTURE = "DBETF", "DBOOK", "DBOOKW", "DBF"

OPEN = "2026-06-15T13:30:00Z"
CLOSE = "2026-06-15T20:00:00Z"


def control(route: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ask the control port of the simulator; with a body, tell it."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{CONTROL}/control/{route}", data=data)  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
        return dict(json.loads(answer.read()))


def move(*, to: str | None = None, by: str | None = None) -> None:
    """Move the clock of the simulator to a moment, or by a duration such as PT5S."""
    control("clock", {"to": to} if to else {"by": by})


def wait(ready: Callable[[], object], *, seconds: float = 20, what: str = "an answer") -> Any:
    """Return what becomes true within some seconds, looked at again and again."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := ready():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come within {seconds:g} s")


async def async_wait(ready: Callable[[], object], *, seconds: float = 20, what: str = "it") -> Any:
    """Do the same without blocking an event loop."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := ready():
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"{what} did not come within {seconds:g} s")


class Features:
    """The features of a program, each with what came of it.

    One that fails by the program's own fault says so beforehand: how it fails, and why that is no
    fault of the simulator's. Whatever else happens differs from what is stated.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self.differing: list[str] = []
        self.tried = 0

    @contextmanager
    def __call__(self, name: str, *, fails: str = "", because: str = "") -> Iterator[None]:
        """Try one feature; ``fails`` is a pattern of the error that is the program's own."""
        self.tried += 1
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever a foreign program raises is its answer
            said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            if fails and re.search(fails, said):
                self.say("failed", f"{name}: {said} (its own fault: {because})")
            else:
                self.differs(f"{name}: {said}")
        else:
            if fails:
                self.differs(f"{name}: works, and was to fail with {fails!r}")
            else:
                self.say("ok", name)

    def differs(self, what: str) -> None:
        """Take down what is not as stated."""
        self.differing.append(what)
        self.say("DIFFERS", what)

    def say(self, outcome: str, what: str) -> None:
        """Print one line, at once."""
        print(f"{outcome:<8}{what}", flush=True)

    def end(self) -> None:
        """Leave with 1 where anything differs from what is stated, or nothing was tried."""
        sys.stdout.flush()
        os._exit(1 if self.differing or not self.tried else 0)  # threads of clients may linger
