"""What the gateway says of its own links: to IBKR's servers, and to each of its data farms."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.text.untrusted import PARAGRAPH, one_line
from ibkr.wire.error_codes import (
    FARM_BROKEN,
    FARM_IDLE,
    FARM_READY,
    UPSTREAM_BACK,
    UPSTREAM_LOST,
    UPSTREAM_RESTORED_WITHOUT_DATA,
)

_NAME = re.compile(r"(\w+)\W*$")  # it comes last: "… farm connection is OK:usfarm"


@dataclass(frozen=True, slots=True)
class Farm:
    """One of IBKR's data farms as the gateway last spoke of it."""

    name: str
    state: str  # "ready", "idle" (it connects when it is asked for something) or "broken"
    message: str


class LinkStatus:
    """The last notice about each link."""

    def __init__(self) -> None:
        self.upstream_lost = (
            ""  # what was said when IBKR's servers were lost; empty: they are there
        )
        self.data_losses = 0  # how often the servers came back without what was subscribed to
        self._farms: dict[str, Farm] = {}

    @property
    def farms(self) -> tuple[Farm, ...]:
        """The farms that were spoken of, by name."""
        return tuple(farm for _, farm in sorted(self._farms.items()))

    @property
    def broken_farms(self) -> tuple[Farm, ...]:
        """Those whose data does not come."""
        return tuple(farm for farm in self.farms if farm.state == "broken")

    def note(self, code: int, text: str) -> None:
        """Take in an error or a notice; those about other things are ignored."""
        if code in UPSTREAM_LOST:
            self.upstream_lost = f"{code}: {one_line(text, PARAGRAPH)}"
        elif code in UPSTREAM_BACK:
            self.upstream_lost = ""
            self.data_losses += code == UPSTREAM_RESTORED_WITHOUT_DATA
        elif state := _farm_state(code):
            found = _NAME.search(one_line(text, PARAGRAPH))
            name = found[1] if found else "data farm"
            self._farms[name] = Farm(name, state, f"{code}: {one_line(text, PARAGRAPH)}")


def _farm_state(code: int) -> str:
    if code in FARM_BROKEN:
        return "broken"
    if code in FARM_READY:
        return "ready"
    return "idle" if code in FARM_IDLE else ""
