"""What can be made to go wrong on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

FaultName = Literal["mute", "drop", "refuse_history", "nan_bars", "whatif_silent", "reject_margin"]
_NEEDS_SYMBOL = {"refuse_history", "nan_bars", "reject_margin"}


class FaultRequest(BaseModel, frozen=True, extra="forbid"):
    """One fault to switch on or off, as it comes over the control port.

    ``mute``: connections are accepted, requests read and acted on, nothing is ever answered.
    ``drop``: when ``after`` more requests have come, the last of them is acted on, its answers
    are lost and its connection is reset; with ``message`` only requests of that number count.
    ``refuse_history``, ``nan_bars``, ``reject_margin``: for one ``symbol`` bars are refused, or
    are NaN and -1, or a rehearsal reports a maintenance margin above equity.
    ``whatif_silent``: rehearsals are never answered.
    """

    fault: FaultName
    on: bool = True
    symbol: str | None = None
    after: Annotated[int, Field(ge=1)] | None = None
    message: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _complete(self) -> FaultRequest:
        if self.fault in _NEEDS_SYMBOL and not self.symbol:
            raise ValueError(f"{self.fault} needs a symbol")
        if self.fault == "drop" and self.on and self.after is None:
            raise ValueError("drop needs after, a number of requests")
        return self


@dataclass(slots=True)
class Faults:
    """The faults that are on."""

    mute: bool = False
    whatif_silent: bool = False
    drop_after: int | None = None
    drop_message: int | None = None
    symbols: dict[str, set[str]] = field(default_factory=dict)

    def switch(self, request: FaultRequest) -> None:
        """Switch one fault on or off."""
        match request.fault:
            case "mute":
                self.mute = request.on
            case "whatif_silent":
                self.whatif_silent = request.on
            case "drop":
                self.drop_after = request.after if request.on else None
                self.drop_message = request.message
            case name:
                hit = self.symbols.setdefault(name, set())
                (hit.add if request.on else hit.discard)(request.symbol or "")

    def hits(self, name: str, symbol: str) -> bool:
        """Tell whether a fault is on for a symbol."""
        return symbol in self.symbols.get(name, ())

    def drops_on(self, message: int) -> bool:
        """Count one request; tell whether its connection must be dropped. Happens once."""
        if self.drop_after is None or self.drop_message not in {None, message}:
            return False
        self.drop_after -= 1
        if self.drop_after:
            return False
        self.drop_after = None
        return True
