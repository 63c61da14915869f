"""Which values of the settings are secrets: every `SecretStr`, however deep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, SecretStr


def secrets_of(settings: BaseModel) -> tuple[str, ...]:
    """Return every secret that the settings hold, wherever in them it is."""
    return tuple(sorted(set(_secrets(settings))))


def _secrets(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name))
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _secrets(each)
