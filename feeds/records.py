"""Rows and cells of a vendor's answer, JSON or CSV, with nothing taken on trust."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple, NoReturn

import pandas as pd

from core.errors import VendorError
from core.text.untrusted import plain
from feeds.http import Payload

Row = Mapping[str, Any]


class Parsed(NamedTuple):
    """A table, and what was wrong with its source, in words with counts."""

    frame: pd.DataFrame
    problems: tuple[str, ...]


# float() also takes "nan", "1_000" and digits of every alphabet.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T][0-9:.Z+-]*)?")


def rows(payload: Payload) -> Iterator[Row]:
    """Yield the rows of a JSON list of objects, or of a CSV with a header line.

    FMP documents JSON and serves its bulk files as CSV. Raises `VendorError` for anything else,
    with the first characters of what came, and for JSON that says ``Error Message``.
    """
    text = _decoded(payload).lstrip("\ufeff \t\r\n")
    if text[:1] in {"[", "{"}:
        yield from _json_rows(payload.name, text)
    else:
        yield from _csv_rows(payload.name, text)


def _decoded(payload: Payload) -> str:
    try:
        return payload.content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise VendorError(
            f"{payload.name} is not text: byte {error.start} of {len(payload.content)} is not UTF-8"
        ) from error


def _json_rows(name: str, text: str) -> Iterator[Row]:
    try:
        value = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise VendorError(f"{name} is not JSON ({error}): {_start(text)}") from error
    if isinstance(value, dict):
        said = value.get("Error Message", value)
        raise VendorError(f"{name} is not a list of rows: {_start(str(said))}")
    for row in value:
        if not isinstance(row, dict):
            raise VendorError(f"{name} has a row that is not an object: {_start(str(row))}")
        yield row


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number in JSON")


def _csv_rows(name: str, text: str) -> Iterator[Row]:
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(lines, [])
        if len(header) < 2 or len(set(header)) != len(header):
            raise VendorError(f"{name} is neither JSON nor CSV with one header: {_start(text)}")
        for cells in lines:
            if not cells:
                continue
            if len(cells) != len(header):
                raise VendorError(
                    f"{name}, line {lines.line_num}: {len(cells)} cells instead of {len(header)}"
                )
            yield dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise VendorError(f"{name}, line {lines.line_num}: {error}") from error


def _start(text: str) -> str:
    return f'"{plain(text, limit=80)}"' if text.strip() else "nothing"


def number(value: Any) -> float | None:
    """Return a finite number, or None for everything else: NaN, a flag, a word, nothing."""
    if isinstance(value, str):
        stripped = value.strip()
        if len(stripped) > 40 or not _NUMBER.fullmatch(stripped):
            return None
        value = float(stripped)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:  # an integer of more than 308 digits
        return None
    return found if math.isfinite(found) else None


def day(value: Any) -> date | None:
    """Return the date that a text starts with, as ``2026-06-15`` or with a time, or None."""
    matched = _DAY.fullmatch(value) if isinstance(value, str) else None
    try:
        return date.fromisoformat(matched[1]) if matched else None
    except ValueError:
        return None


def text(value: Any) -> str:
    """Return a cell as plain text; an empty one when it holds none."""
    return plain(value) if isinstance(value, str) else ""
