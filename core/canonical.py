"""One way to turn values into bytes and bytes into a hash."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from core.errors import DataError


def canonical_json(value: Any, *, indent: int | None = None) -> bytes:
    """Encode as JSON with sorted keys, UTF-8 and a final newline.

    Dataclasses, aware datetimes, dates and enums are understood. What JSON cannot state (NaN,
    infinities, half a character, odd keys) is refused with `DataError`, which names the place of
    the first number that is none.
    """
    try:
        return _encoded(value, indent)
    except (ValueError, TypeError) as error:  # UnicodeEncodeError is a ValueError
        odd = next(_not_finite(plain(value)), str(error))
        raise DataError(f"cannot be written as JSON: {odd}") from error


def _encoded(value: Any, indent: int | None) -> bytes:
    text = json.dumps(
        value,
        sort_keys=True,
        ensure_ascii=False,
        allow_nan=False,
        indent=indent,
        separators=(",", ": ") if indent else (",", ":"),
        default=_plain,
    )
    return (text + "\n").encode()


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise DataError(f"a time without a zone cannot be written: {value}")
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    raise DataError(f"cannot be written as JSON: {type(value).__name__}")


def plain(value: object) -> Any:
    """Return a value as plain JSON values; `core.decoding.decode` is the way back.

    Unlike in `canonical_json` keys that are numbers become text before anything sorts them.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return _plain(value) if isinstance(value, Enum | date) else value


def _not_finite(value: Any, *place: str) -> Iterator[str]:
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{'.'.join(place) or 'it'} is {value}, not a finite number"
    inside = value if isinstance(value, Mapping) else {}
    if isinstance(value, list):
        inside = {str(at): one for at, one in enumerate(value)}
    for name, one in inside.items():
        yield from _not_finite(one, *place, name)


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 of the content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal, without reading it whole into memory."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
