"""Content that arrives packed, unpacked piece by piece under a ceiling.

How far a megabyte unpacks is its sender's choice: nothing here ever holds more than was allowed.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator

PIECE = 65_536  # bytes unpacked at a time
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


class PackedError(ValueError):
    """What is packed is damaged, too large, or no single file."""


def gunzipped(received: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack gzip, at most `PIECE` bytes at a time. Raises `PackedError` where it is damaged."""
    member = zlib.decompressobj(zlib.MAX_WBITS | 16)
    begun = False
    for packed in received:
        rest = packed
        while rest:
            if member.eof:  # RFC 1952: members may follow one another
                member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            begun = True
            try:
                yield member.decompress(rest, PIECE)
            except zlib.error:
                raise PackedError("damaged") from None
            rest = member.unused_data if member.eof else member.unconsumed_tail
    if begun and not member.eof:
        raise PackedError("damaged: its end is missing")


def unpacked(content: bytes, *, limit: int) -> bytes:
    """Return what a gzip file or a zip of one file holds; anything else as it is.

    Raises `PackedError` for damage, for a zip of several files or one with a password, for what
    is packed twice, and for more than ``limit`` bytes.
    """
    if content.startswith(_GZIP):
        whole = _bounded(gunzipped([content]), limit)
    elif content.startswith(_ZIP):
        whole = _bounded(_unzipped(content), limit)
    else:
        return content
    if whole.startswith((_GZIP, _ZIP)):
        raise PackedError("packed twice")
    return whole


def _unzipped(content: bytes) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = [one for one in archive.infolist() if not one.is_dir()]
            if len(files) != 1:
                raise PackedError(f"a zip of {len(files)} files instead of one")
            with archive.open(files[0]) as file:
                while piece := file.read(PIECE):
                    yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError):
        raise PackedError("damaged") from None
    except (RuntimeError, NotImplementedError) as error:  # a password, another way of packing
        raise PackedError(f"a zip that cannot be read ({error})") from None


def _bounded(pieces: Iterable[bytes], limit: int) -> bytes:
    whole = bytearray()
    for piece in pieces:
        whole += piece
        if len(whole) > limit:
            raise PackedError(f"larger than {limit / 1e6:g} MB")
    return bytes(whole)
