"""Rows and cells of a vendor's answer, JSON or CSV, with nothing taken on trust."""

from __future__ import annotations

import codecs
import csv
import io
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from itertools import islice
from typing import Any, NamedTuple

import pandas as pd

from core.errors import VendorError
from core.limits import MAX_UNREADABLE
from core.text.packed import PackedError, unpacked
from core.text.untrusted import plain
from feeds.http import BULK_LIMIT, Payload

Row = Mapping[str, Any]


class Parsed(NamedTuple):
    """A table, and what was wrong with its source, in words with counts."""

    frame: pd.DataFrame
    problems: tuple[str, ...]


# float() also takes "nan", "1_000" and digits of every alphabet. Commas part thousands or nothing.
_NUMBER = re.compile(
    r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?|[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
)
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T][0-9:.Z+-]*)?")
_BETWEEN = re.compile(r"\}\s*,?\s*(?=\{)")
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
NO_LETTER = "\ufffd"  # what stands for bytes that are no text
MOST_NESTED = 4  # objects in a row of a damaged list
MOST_LINES = 20  # of one row of a CSV, where a quoted cell goes over several
MOST_LOST = 1_000  # rows; where more are lost than read the rest is not looked at


class Reading:
    """How much of a vendor's file could be read."""

    def __init__(self) -> None:
        self.read = 0
        self.lost = 0
        self.first = ""  # what was wrong with the first row that could not be read

    def lose(self, why: str, rows: int = 1) -> None:
        """Count rows that cannot be read."""
        self.lost += rows
        self.first = self.first or why
        if self.lost > max(MOST_LOST, self.read):
            raise VendorError(self.first)  # whatever else is in it

    def judged(self, ceiling: float) -> tuple[str, ...]:
        """Return what to say of it. Raises `VendorError` where too little could be read."""
        if not self.lost:
            return ()
        total = self.read + self.lost
        said = f"{self.lost} of {total:,} rows cannot be read: {self.first}"
        if not self.read:
            raise VendorError(self.first)
        if self.lost > max(ceiling * total, 1.0):
            raise VendorError(f"{said}; more than {ceiling:.0%} (limits.max_unreadable)")
        return (said,)


def rows(
    payload: Payload,
    problems: list[str] | None = None,
    *,
    ceiling: float = MAX_UNREADABLE.default,
) -> Iterator[Row]:
    """Yield the rows of a JSON list of objects, or of a CSV with a header line.

    FMP documents JSON and serves its bulk files as CSV. The names of columns are in lower case. A
    row that cannot be read costs itself: it is counted, and said in ``problems``. Raises
    `VendorError` for what is no table, with the first characters of what came, for JSON that says
    ``Error Message``, and behind the last row where more than ``ceiling`` of them, and more than
    one, were lost.
    """
    reading = Reading()
    said: list[str] = []
    text = _decoded(payload, said).lstrip("\ufeff \t\r\n")
    found = _json_rows if text[:1] in {"[", "{"} else _csv_rows
    for row in found(payload.name, text, reading):
        reading.read += 1
        yield row
    said += reading.judged(ceiling)
    if problems is not None:
        problems.extend(said)


def _decoded(payload: Payload, said: list[str]) -> str:
    try:
        content = unpacked(payload.content, limit=BULK_LIMIT)
    except PackedError as error:
        raise VendorError(f"{payload.name} is {error}") from error
    codec = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
    try:
        return content.decode(codec)
    except UnicodeDecodeError as error:
        # A letter of latin-1 in one company's name; what is no text at all has such bytes and NUL.
        if codec == "utf-16" or b"\0" in content or error.start == 0:
            raise VendorError(
                f"{payload.name} is not text: byte {error.start} of {len(content)} is not UTF-8"
            ) from error
        text = content.decode("utf-8", "replace")
        said.append(f"{payload.name} has letters that are not UTF-8: {text.count(NO_LETTER)}")
        return text


def _json_rows(name: str, text: str, reading: Reading) -> Iterator[Row]:
    columns: dict[tuple[str, ...], list[str]] = {}  # rows mostly have the same
    for value in _json_values(name, text, reading):
        if not isinstance(value, dict):
            reading.lose(f"{name} has a row that is not an object: {_start(str(value))}")
            continue
        keys = tuple(value)
        if keys not in columns:
            columns = {keys: [key.strip().casefold() for key in keys]}
        yield dict(zip(columns[keys], value.values(), strict=True))


def _json_values(name: str, text: str, reading: Reading) -> Iterable[Any]:
    try:
        value = json.loads(text)  # NaN and Infinity become cells that hold no number
    except (ValueError, RecursionError) as error:
        whole = text.startswith("[") and text.rstrip().endswith("]")
        if isinstance(error, RecursionError) or not whole:
            raise VendorError(f"{name} is not JSON ({error}): {_start(text)}") from error
        return _damaged_json(name, text, reading)
    if isinstance(value, dict):
        said = value.get("Error Message", value)
        raise VendorError(f"{name} is not a list of rows: {_start(str(said))}")
    return value if isinstance(value, list) else [value]


def _damaged_json(name: str, text: str, reading: Reading) -> Iterator[Any]:
    """Yield the objects of a list, one by one; one that cannot be read costs itself."""
    begin = text.find("{")
    if begin < 0:
        raise VendorError(f"{name} is not JSON: {_start(text)}")
    while begin < len(text):
        # An object may hold others; what seems to hold many is one whose end is missing.
        ends = [end.end() for end in islice(_BETWEEN.finditer(text, begin), MOST_NESTED)]
        ends += [len(text)] if len(ends) < MOST_NESTED else []
        for end in ends:
            value = _object(text[begin:end].rstrip(" \t\r\n,]"))
            if value is not None:
                yield value
                begin = end
                break
        else:
            reading.lose(f"{name} has a row that is not JSON: {_start(text[begin : begin + 200])}")
            begin = ends[0]


def _object(piece: str) -> Any:
    """Return the object that a text is, a comma too many forgiven; None: it is none."""
    for told in (piece, _TRAILING_COMMA.sub("", piece)):
        with suppress(ValueError, RecursionError):
            return json.loads(told)
    return None


def _csv_rows(name: str, text: str, reading: Reading) -> Iterator[Row]:
    lines = _lines(text)
    header = [column.strip().casefold() for column in _cells(next(lines, "")) or []]
    while header and not header[-1]:
        header.pop()  # of a comma behind every row
    if len(header) < 2 or len(set(header)) != len(header):
        raise VendorError(f"{name} is neither JSON nor CSV with one header: {_start(text)}")
    held: list[str] = []  # lines since a quote that nothing has closed

    def lose_held(number: int) -> None:
        if held:
            why = "" if reading.first else f"line {number}: {_fault(held[0], len(header))}"
            reading.lose(f"{name}, {why}", len(held))
            held.clear()

    number = 1
    for number, line in enumerate(lines, start=2):
        cells = _cells(line, len(header))
        if cells is None and held:
            cells = _cells("".join([*held, line]), len(header))
            held[:] = held if cells is None else []
        if cells is None:
            held.append(line)
            if '"' not in held[0] or len(held) > MOST_LINES:
                lose_held(number)
        else:
            lose_held(number - len(held))
            if cells:
                yield dict(zip(header, cells, strict=True))
    lose_held(number - len(held) + 1)


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a text; `io.StringIO` would hold four bytes for each letter of it."""
    end = "\n" if "\n" in text else "\r"
    position = 0
    while position < len(text):
        found = text.find(end, position)
        following = len(text) if found < 0 else found + 1
        yield text[position:following]
        position = following


def _cells(line: str, count: int | None = None) -> list[str] | None:
    """Return the cells of a row, ``count`` of them; nothing of a blank line, None: unreadable."""
    if '"' not in line:  # nearly all, and as fast as it gets
        found = line.rstrip("\r\n").split(",") if line.strip() else []
    else:
        try:
            parsed = list(csv.reader(io.StringIO(line, newline=""), strict=True))
        except csv.Error:
            return None
        if len(parsed) != 1:
            return None
        found = parsed[0]
    if count is None or not found:
        return found
    while len(found) > count and not found[-1].strip():
        found.pop()
    return found if len(found) == count else None


def _fault(line: str, count: int) -> str:
    try:
        return f"{len(next(csv.reader([line], strict=True), []))} cells instead of {count}"
    except csv.Error as error:
        return f"a quote is not closed, or not where one may be ({error})"


def _start(text: str) -> str:
    return f'"{plain(text, limit=80)}"' if text.strip() else "nothing"


def number(value: Any) -> float | None:
    """Return a finite number, or None for everything else: NaN, a flag, a word, nothing."""
    if isinstance(value, str):
        stripped = value.strip()
        if len(stripped) > 40 or not _NUMBER.fullmatch(stripped):
            return None
        value = float(stripped.replace(",", ""))
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
