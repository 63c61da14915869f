"""The TWS wire: frames of text fields, each closed by a NUL, behind a 4-byte big-endian length."""

from __future__ import annotations

import asyncio
import math
import re
import struct
from collections.abc import Iterable
from functools import cached_property

from core.errors import DataError, RequestRefused
from core.text.counts import count
from simulator.tws.protocol.versions import NEWEST

FRAME_LIMIT = (
    1 << 16
)  # bytes; the longest honest request, a bracket with conditions, has under 2 kB
UNSET_DOUBLE = 1.7976931348623157e308  # how TWS writes "no number"
UNSET_INTEGER = 2147483647
UNSET_TEXT = "1.7976931348623157E308"
READING_FAILED = 320  # TWS: "Server error when reading an API client request."

Field = str | int | float | bool | None

_PREFIX = struct.Struct(">I")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_FLAGS = {"0": False, "1": True, "false": False, "true": True, "": False}


async def read_frame(reader: asyncio.StreamReader, *, limit: int = FRAME_LIMIT) -> bytes:
    """Read one frame and return its payload.

    Raises `DataError` when more than ``limit`` bytes are announced (nothing of them is read) and
    `asyncio.IncompleteReadError` when the other side closes.
    """
    (length,) = _PREFIX.unpack(await reader.readexactly(_PREFIX.size))
    if length > limit:
        raise DataError(f"a frame of {length} bytes was announced; at most {limit} are read")
    return await reader.readexactly(length)


def frame(payload: bytes) -> bytes:
    """Put the length in front of a payload."""
    return _PREFIX.pack(len(payload)) + payload


def message(*fields: Field) -> bytes:
    """Encode fields as one frame."""
    return frame(encode(fields))


def encode(fields: Iterable[Field]) -> bytes:
    """Encode fields as a payload, or as a part of one."""
    return "".join(f"{text_of(field)}\0" for field in fields).encode("utf-8", "backslashreplace")


def text_of(field: Field) -> str:
    """Return one field as TWS writes it: 1/0, empty for unset, whole numbers without ``.0``."""
    match field:
        case None:
            return ""
        case bool():
            return "1" if field else "0"
        case float():
            return _text_of_number(field)
        case str():
            # A NUL inside a text would shift every later field of the frame.
            return field.replace("\0", " ")
    return str(field)


def _text_of_number(number: float) -> str:
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity"
    if number == UNSET_DOUBLE:
        return UNSET_TEXT
    # Clients read bar counts and sizes with int(), which refuses "10.0".
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    return repr(round(number, 8))


class Fields:
    """The fields of one request, read in order and strictly by type.

    Every method raises `RequestRefused` with code 320 that names the field, so a bad request is
    answered and never acted on. ``request_id`` is what that answer refers to: -1 until known;
    ``version`` is the protocol version of the connection, which decides what fields there are.
    """

    def __init__(self, payload: bytes, *, version: int = NEWEST) -> None:
        self.request_id = -1
        self.version = version
        self._payload = payload
        self._next = 0

    @cached_property
    def _fields(self) -> list[str]:
        try:
            text = self._payload.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _unreadable(f"not UTF-8 text: {error.reason} at byte {error.start}") from error
        if not text.endswith("\0"):
            raise _unreadable("the last field is not closed by a NUL")
        return text[:-1].split("\0")

    def text(self, name: str) -> str:
        """Return the next field as it is."""
        if self._next >= len(self._fields):
            raise _unreadable(f"the request ends before {name}")
        self._next += 1
        return self._fields[self._next - 1]

    def whole(self, name: str) -> int:
        """Return the next field as a whole number."""
        value = self.optional_whole(name)
        if value is None:
            raise _unreadable(f"{name} is empty, it must be a whole number")
        return value

    def number(self, name: str) -> float:
        """Return the next field as a finite number."""
        value = self.optional_number(name)
        if value is None:
            raise _unreadable(f"{name} is empty, it must be a number")
        return value

    def optional_whole(self, name: str) -> int | None:
        """Return the next field as a whole number, None when unset in either spelling."""
        text = self.text(name)
        if text in {"", str(UNSET_INTEGER)}:
            return None
        if not _WHOLE.fullmatch(text):
            raise _unreadable(f"{text!r} is not a whole number, for {name}")
        return int(text)

    def optional_number(self, name: str) -> float | None:
        """Return the next field as a finite number, None when unset in either spelling."""
        text = self.text(name)
        try:
            value = float(text) if text else UNSET_DOUBLE
        except ValueError as error:
            raise _unreadable(f"{text!r} is not a number, for {name}") from error
        if not math.isfinite(value):
            raise _unreadable(f"{text!r} is not a finite number, for {name}")
        return None if value == UNSET_DOUBLE else value

    def flag(self, name: str) -> bool:
        """Return the next field as yes or no; empty is no."""
        text = self.text(name)
        if text.lower() not in _FLAGS:
            raise _unreadable(f"{text!r} is neither 0 nor 1, for {name}")
        return _FLAGS[text.lower()]

    def copy(self) -> Fields:
        """Return the same fields at the same place, to look ahead."""
        ahead = Fields(self._payload, version=self.version)
        ahead._next = self._next
        return ahead

    def identify(self, name: str = "reqId") -> int:
        """Read the request's id; answers and errors refer to it from here on."""
        self.request_id = self.whole(name)
        return self.request_id

    def skip(self, *names: str) -> None:
        """Pass over fields whose value has no meaning here."""
        for name in names:
            self.text(name)

    def skip_options(self) -> None:
        """Pass over a request's last fields, its options: with their number, or without.

        The official clients in C++ and Python send how many options there are, then these; the
        one in Java, and clients made after it, only these.
        """
        self.skip("optionsCount or options")
        if self._next < len(self._fields):
            self.skip("options")

    def end(self) -> None:
        """Refuse a request with fields left over: something before them was read wrongly."""
        left = len(self._fields) - self._next
        if left:
            raise _unreadable(f"{count(left, 'field')} more than expected")


def _unreadable(detail: str) -> RequestRefused:
    return RequestRefused(f"Error reading request. {detail}", code=READING_FAILED)
