"""How a fault is asked for: the same words in a script file and over the control port."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import AwareDatetime, BaseModel, Field, FiniteFloat, model_validator

Count = Annotated[int, Field(ge=1)]

OnRequest = Literal["drop", "mute", "late", "garbage", "refuse", "warn"]
OnAnswer = Literal["swallow", "duplicate", "swap"]
OnWorld = Literal["restart", "link", "notice", "manual_order"]
Standing = Literal[
    "split", "halt", "id_in_use", "roll_back_ids", "skew", "quotes", "refuse_history", "nan_bars",
    "whatif_silent", "reject_margin", "session",
]  # fmt: skip
FaultName = Literal[OnRequest, OnAnswer, OnWorld, Standing]

# What a fault needs, and what it may have besides. Everything else is refused: a condition that
# is ignored would make a test pass for the wrong reason.
_REQUEST_TRIGGERS = frozenset({"message", "symbol", "after", "at", "chance", "times"})
_NEEDS: dict[str, frozenset[str]] = {
    "late": frozenset({"seconds"}),
    "garbage": frozenset({"kind"}),
    "refuse": frozenset({"code"}),
    "warn": frozenset({"code"}),
    "swallow": frozenset({"answer"}),
    "duplicate": frozenset({"answer"}),
    "swap": frozenset({"answer"}),
    "notice": frozenset({"code"}),
    "manual_order": frozenset({"symbol", "quantity"}),
    "split": frozenset({"symbol", "ratio", "at"}),
    "halt": frozenset({"symbol", "at"}),
    "id_in_use": frozenset({"client"}),
    "roll_back_ids": frozenset({"ids"}),
    "skew": frozenset({"seconds"}),
    "quotes": frozenset({"symbol", "kind"}),
    "refuse_history": frozenset({"symbol"}),
    "nan_bars": frozenset({"symbol"}),
    "reject_margin": frozenset({"symbol"}),
    "session": frozenset({"kind", "at"}),
}
_MAY: dict[str, frozenset[str]] = {
    "drop": _REQUEST_TRIGGERS | {"kind"},
    "mute": _REQUEST_TRIGGERS - {"times"},
    "late": _REQUEST_TRIGGERS,
    "garbage": _REQUEST_TRIGGERS,
    "refuse": _REQUEST_TRIGGERS | {"text"},
    "warn": _REQUEST_TRIGGERS | {"text"},
    "swallow": frozenset({"after", "at", "chance", "times"}),
    "duplicate": frozenset({"after", "at", "chance", "times"}),
    "swap": frozenset({"after", "at", "chance", "times"}),
    "restart": frozenset({"at", "message", "symbol", "after", "seconds", "ids"}),
    "link": frozenset({"at", "kind"}),
    "notice": frozenset({"at", "text"}),
    "manual_order": frozenset({"at"}),
    "id_in_use": frozenset({"times"}),
    "quotes": frozenset({"ratio"}),
}
_ON_WORLD = frozenset(get_args(OnWorld))
_STRIKE_ONCE = frozenset({"drop", "garbage"}) | _ON_WORLD
_KINDS: dict[str, tuple[str, ...]] = {
    "drop": ("answers", "request", "nothing"),
    "garbage": ("noise", "short", "truncated", "huge"),
    "link": ("lost", "kept"),
    "session": ("closed", "shortened", "silent"),
    "quotes": ("empty", "nan", "zero", "delayed", "halted", "jump"),
}


class FaultRequest(BaseModel, frozen=True, extra="forbid"):
    """One fault to switch on or off; `docs/simulator.md` has a table of all of them.

    When it triggers: ``after`` that many requests (or, for frames, answers) have matched; at the
    simulated moment ``at``; with a ``chance`` for each; ``times`` at most. Only requests of number
    ``message`` match, or those that name ``symbol``; only frames whose number is in ``answer``.
    """

    fault: FaultName
    on: bool = True
    message: Count | None = None
    symbol: Annotated[str, Field(min_length=1, max_length=32)] | None = None
    answer: frozenset[Count] = frozenset()
    after: Count | None = None
    at: AwareDatetime | None = None
    chance: Annotated[FiniteFloat, Field(gt=0.0, le=1.0)] = 1.0
    times: Count | None = None
    kind: str | None = None
    code: Count | None = None
    text: str | None = None
    seconds: Annotated[FiniteFloat, Field(ge=-86400.0, le=86400.0)] | None = None
    client: Annotated[int, Field(ge=0)] | None = None
    ids: Count | None = None
    quantity: int | None = None
    ratio: Annotated[FiniteFloat, Field(gt=0.0)] | None = None

    @model_validator(mode="after")
    def _complete(self) -> FaultRequest:
        given = self.model_fields_set - {"fault", "on"}
        if not self.on:
            return self
        needed = _NEEDS.get(self.fault, frozenset())
        if missing := needed - given:
            raise ValueError(f"{self.fault} needs {', '.join(sorted(missing))}")
        if odd := given - needed - _MAY.get(self.fault, frozenset()):
            raise ValueError(f"{self.fault} has no {', '.join(sorted(odd))}")
        kinds = _KINDS.get(self.fault, ())
        if self.kind is not None and self.kind not in kinds:
            raise ValueError(f"{self.fault} is of kind {', '.join(kinds)}; not {self.kind!r}")
        if self.fault == "drop" and not given & {"after", "at", "symbol", "chance"}:
            raise ValueError("drop needs after, a number of requests, or at, symbol or chance")
        return self

    @property
    def awaits_a_request(self) -> bool:
        """Whether a request must come before it triggers."""
        return bool({"message", "symbol", "after", "chance"} & self.model_fields_set)

    @property
    def triggers_by_itself(self) -> bool:
        """Whether it needs no request: it acts on the whole gateway, at once or at its moment."""
        if self.fault in {"drop", "restart"}:
            return not self.awaits_a_request
        return self.fault in _ON_WORLD

    @property
    def most(self) -> int | None:
        """How often it triggers at most, None for no end."""
        return 1 if self.times is None and self.fault in _STRIKE_ONCE else self.times
