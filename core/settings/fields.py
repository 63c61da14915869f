"""Kinds of values that settings are made of, each refusing what it cannot mean."""

from __future__ import annotations

import difflib
import math
import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    FiniteFloat,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from core.calendar import exchange_names
from core.limits import Term
from core.text.masking import SHORTEST
from core.types.sought import read_sought

Fraction = Annotated[FiniteFloat, Field(ge=0.0, le=1.0)]
NotNegative = Annotated[FiniteFloat, Field(ge=0.0)]
Seconds = Annotated[FiniteFloat, Field(gt=0.0, le=3600.0)]
Port = Annotated[int, Field(ge=1, le=65535)]
ClientId = Annotated[int, Field(ge=1, le=31)]


def _no_number(value: object) -> object:
    """Refuse what pydantic would take for seconds since 1970, so that 0 were a day."""
    if isinstance(value, int | float):
        raise PydanticCustomError("date_type", "a number instead of a day")
    return value


Day = Annotated[date, BeforeValidator(_no_number)]
_SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .+'-]{0,31}")
_HISTORY = re.compile(r"[1-9]\d{0,3} [DWMY]")


def _symbol(text: str) -> str:
    if text != text.strip() or not _SYMBOL.fullmatch(text):
        raise ValueError('is not a symbol; write it as IBKR does, such as "AAPL" or "BRK B"')
    return text


def history_text(text: str) -> str:
    """Return the duration if IBKR reads it as one; for a validator."""
    if not _HISTORY.fullmatch(text):
        raise ValueError('must be a number and D, W, M or Y for its unit, such as "2 Y"')
    return text


def _sought(text: str) -> str:
    read_sought(text)
    return text


Symbol = Annotated[str, AfterValidator(_symbol)]
Instrument = Annotated[str, AfterValidator(_sought)]  # see `core.types.sought`


def _has_a_calendar(exchange: str) -> str:
    known = exchange_names()
    if exchange not in known:
        near = difflib.get_close_matches(exchange.upper(), known, n=1, cutoff=0.6)
        hint = f"; did you mean {near[0]}?" if near else ", a MIC code such as XNYS, XLON or XBSE"
        raise PydanticCustomError(
            "unknown_exchange", "{problem}", {"problem": f"not an exchange with a calendar{hint}"}
        )
    return exchange


Exchange = Annotated[str, AfterValidator(_has_a_calendar)]


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < SHORTEST:
        raise ValueError(
            f"has {len(secret)} characters; a secret has at least {SHORTEST}, since a shorter one "
            "cannot be masked without tearing up other text"
        )
    return secret


def _without_password(address: str) -> str:
    parts = urlsplit(address)
    try:
        parts.port  # noqa: B018 - reading it checks it: a / in a password ends up here
    except ValueError:
        raise ValueError("cannot be read as https://host/path") from None
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValueError("must be an address, such as https://host/path")
    if "@" in parts.netloc:
        raise ValueError(
            "holds a user or password, which every log would show; take it out of the address"
        )
    return address


Secret = Annotated[SecretStr, AfterValidator(_long_enough)]
Address = Annotated[str, AfterValidator(_without_password)]


class Submit(StrEnum):
    """What happens to the orders that survive: proposed for review, or sent."""

    PROPOSE = "propose"
    AUTO = "auto"


class Effect(StrEnum):
    """What a tool may change, from least to most; what is allowed includes everything before it."""

    READ = "read"
    PREVIEW = "preview"  # what-if, proposals: nothing at the broker changes
    TRADE = "trade"  # orders are sent or cancelled, or trading is stopped
    APPROVE = "approve"  # what a person answers for

    @property
    def includes(self) -> frozenset[Effect]:
        """What is allowed where this is: itself and everything less."""
        ordered = list(Effect)
        return frozenset(ordered[: ordered.index(self) + 1])


class Section(BaseModel, frozen=True, extra="forbid"):
    """A group of settings; unknown names are refused."""

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: object, info: ValidationInfo) -> object:
        # Python counts true as 1: max_single = true would allow the whole account in one name.
        name = info.field_name or ""
        if isinstance(value, bool) and cls.model_fields[name].annotation is not bool:
            raise ValueError("must be a number or a text, not true or false")
        return value


def setting(term: Term[Any]) -> Any:
    """Return the field of a setting with the default, range and meaning of its definition."""
    low = term.range.low if math.isfinite(term.range.low) else None
    high = term.range.high if math.isfinite(term.range.high) else None
    return Field(
        term.default,
        description=f"{term.meaning}, {term.unit}",
        gt=low if term.range.low_open else None,
        ge=None if term.range.low_open else low,
        lt=high if term.range.high_open else None,
        le=None if term.range.high_open else high,
    )
