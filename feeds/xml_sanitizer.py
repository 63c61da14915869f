"""What is worth reading in a feed, as XML that cannot hurt.

The document is read once by expat, strictly, and written anew with nothing but the elements that
headlines are made of, each cut to size. A DTD (and with it every entity attack), depth and foreign
encodings are refused; a damaged document is first cut to the items that can be read
(`feeds.damaged_feed`). What a feed parser gets afterwards is small and plain: its own weaknesses,
such as minutes spent on one long author, cannot be reached.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import NoReturn
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from core.errors import VendorError
from core.text.counts import count
from core.text.untrusted import plain
from feeds.damaged_feed import ROOT, mended

ITEM_LIMIT = 500
LEAF_LIMIT = 64  # elements of one item
TEXT_LIMIT = 8_000  # characters of one element or attribute
DEPTH_LIMIT = 64
ATTRIBUTE_LIMIT = 64
ODD_BYTES = 1_000  # that are read as cp1252 one by one

_ROOTS = frozenset({"rss", "rdf", "feed"})
_ITEMS = frozenset({"item", "entry"})
_CONTAINERS = _ROOTS | _ITEMS | {"channel"}
_LEAVES = frozenset(
    {"title", "link", "guid", "id", "description", "summary", "category", "subject"}
    | {"pubdate", "date", "published", "updated", "issued", "modified", "created"}
)
# How a feed begins says more than what it says of itself.
_BEGINNINGS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}
_ATTRIBUTES = frozenset({"version", "href", "rel", "term", "scheme", "domain", "isPermaLink"})

_DECLARATION = re.compile(
    r"^\s*<\?xml[^>]*?(?:encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"'][^>]*)?\?>"
)
# What RSS 0.91 and 0.92 prescribed: it names a file that is never fetched, and declares nothing.
_OLD_RSS = re.compile(
    r"""^((?:\s|<!--(?:(?!-->).){0,500}-->|<\?[^<>?]*\?>){0,9})<!DOCTYPE\s+rss(?:
    \s+SYSTEM\s+["'][^"'<>\[\]]{0,200}\brss-0\.9[0-9]\.dtd["']
    |\s+PUBLIC\s+["']-//Netscape\ Communications//DTD\ RSS\ 0\.9[0-9]//EN["']
     \s+["'][^"'<>\[\]]{0,200}\brss-0\.9[0-9]\.dtd["']
    )?\s*>""",
    re.VERBOSE | re.DOTALL,
)
# Decoded here, so that no parser downstream decides anew. Other codecs of Python (UTF-7, EBCDIC,
# ...) could hide markup from one parser and not the next.
_ENCODINGS = frozenset(
    {"utf-8", "ascii", "utf-16", "koi8-r", "koi8-u", "mac-roman"}
    | {f"iso8859-{part}" for part in range(1, 17)}
    | {f"cp125{page}" for page in range(9)}
)


@dataclass(frozen=True, slots=True)
class Sanitized:
    """The headlines' part of a feed."""

    content: bytes  # XML in UTF-8, at most `ITEM_LIMIT` items
    lost: int = 0  # items that could not be read
    cut: bool = False  # its end is missing


def sanitize(content: bytes, problems: list[str]) -> Sanitized:
    """Return the headlines' part of a feed.

    What was repaired or left out is added to ``problems``. Raises `VendorError` for anything
    that is no RSS or Atom, of which no item can be read, or that has a DTD of its own.
    """
    text = _OLD_RSS.sub(r"\1", _text(content, problems), count=1)
    try:
        sanitizer = _sanitized(text)
        lost, cut = 0, False
    except (expat.ExpatError, NotAFeed) as error:
        sanitizer, lost, cut = _mended(text, error, problems)
    if sanitizer.items > ITEM_LIMIT:
        problems.append(f"only the first {ITEM_LIMIT} of {sanitizer.items} items were read")
    return Sanitized(sanitizer.written(), lost, cut)


class NotAFeed(VendorError):
    """XML of another kind."""

    def __init__(self) -> None:
        super().__init__("this is XML, but neither RSS nor Atom")


def _sanitized(text: str) -> _Sanitizer:
    sanitizer = _Sanitizer()
    sanitizer.read(text.encode("utf-8", "replace"))
    # Once more with namespaces: the first pass takes a prefix that nothing declares.
    expat.ParserCreate("utf-8", namespace_separator=" ").Parse(sanitizer.written())
    return sanitizer


def _readable(document: str) -> bool:
    try:
        _sanitized(document)
    except (expat.ExpatError, VendorError):
        return False
    return True


def _mended(
    text: str, error: expat.ExpatError | NotAFeed, problems: list[str]
) -> tuple[_Sanitizer, int, bool]:
    """Return what can be read of a damaged feed, items lost, and whether its end is missing.

    Raises `VendorError` where nothing can be read.
    """
    root = ROOT.search(text)
    if re.search(r"<!(DOCTYPE|ENTITY)", text[: root.start() if root else None], re.IGNORECASE):
        _refuse_doctype()  # an undamaged feed may not have one either
    found = mended(text, _LEAVES, _readable, most=ITEM_LIMIT)
    if found is None and isinstance(error, NotAFeed):
        raise error
    if found is None or found.lost == min(found.items, ITEM_LIMIT):
        raise VendorError(f"the feed is malformed: {error}") from error
    sanitizer = _sanitized(found.text)
    sanitizer.items += found.items - min(found.items, ITEM_LIMIT)
    said = [
        f"{count(found.repaired, 'item')} repaired" if found.repaired else "",
        f"{count(found.lost, 'item')} that cannot be read left out" if found.lost else "",
        "its end is missing" if found.cut else "",
    ]
    problems.append(
        f"the feed is malformed ({error}): {', '.join(filter(None, said)) or 'all read'}"
    )
    return sanitizer, found.lost, found.cut


def _text(content: bytes, problems: list[str]) -> str:
    """Decode a feed as it declares itself, without the declaration.

    A byte that its encoding has no character for is read as cp1252, alone; in a feed of many, all.
    """
    codec = _codec(content)
    odd: list[bytes] = []

    def as_cp1252(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)
        odd.append(error.object[error.start : error.end])
        if len(odd) > ODD_BYTES:
            raise error
        return odd[-1].decode("cp1252", "replace"), error.end

    codecs.register_error("daybook-cp1252", as_cp1252)
    try:
        text = content.decode(codec, "daybook-cp1252")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    if odd:
        much = "all of it" if len(odd) > ODD_BYTES else count(len(odd), "byte")
        problems.append(f"the feed is not {codec.removesuffix('-sig')}: {much} read as cp1252")
    return _DECLARATION.sub("", text, count=1)


def _codec(content: bytes) -> str:
    """Name the codec of a feed. Raises `VendorError` for one that is not read."""
    for begin, codec in _BEGINNINGS.items():
        if content.startswith(begin):
            return codec
    declared = _DECLARATION.match(content[:200].decode("latin-1"))
    name = declared[1] if declared and declared[1] else "utf-8"
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        codec = name
    if codec not in _ENCODINGS:
        raise VendorError(f"the feed is in the encoding {plain(name, limit=40)}; UTF-8 is wanted")
    # A declaration that can be read byte by byte is not in UTF-16, whatever it says.
    return "utf-8" if codec == "utf-16" else codec


class _Sanitizer:
    """Expat's handlers, and what they have written so far.

    At any time it is outside of anything wanted (``_skipped`` levels deep), inside an element
    that is kept (``_leaf``: its text is wanted, tags within it are not), or between elements.
    """

    def __init__(self) -> None:
        self.items = 0
        self._out: list[str] = []
        self._depth = self._skipped = self._leaf = self._leaves = self._room = 0
        self._in_item = False
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = _refuse_doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def read(self, content: bytes) -> None:
        """Read a whole document. Raises `expat.ExpatError` when it is damaged."""
        # At once: given in pieces, expat begins a token of megabytes anew with each of them.
        self._parser.Parse(content, True)  # noqa: FBT003 - expat's own: this is the end

    def written(self) -> bytes:
        """Return the document that is left."""
        return "".join(["<?xml version='1.0' encoding='utf-8'?>", *self._out]).encode()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        kind = name.rpartition(":")[2].lower()
        self._depth += 1
        if self._depth == 1 and kind not in _ROOTS:
            raise NotAFeed
        if self._depth > DEPTH_LIMIT or len(attributes) > ATTRIBUTE_LIMIT:
            raise VendorError(
                f"the feed nests more than {DEPTH_LIMIT} levels, or an element has more than "
                f"{ATTRIBUTE_LIMIT} attributes"
            )
        if kind in _ITEMS:
            self.items += 1
        if self._leaf:
            self._leaf += 1
        elif self._skipped or not self._wanted(kind):
            self._skipped += 1
        else:
            self._write_start(name, attributes)

    def _wanted(self, kind: str) -> bool:
        if kind in _ITEMS:
            wanted = not self._in_item and self.items <= ITEM_LIMIT
            self._in_item, self._leaves = self._in_item or wanted, 0
            return wanted
        if self._in_item and kind in _LEAVES and self._leaves < LEAF_LIMIT:
            self._leaf, self._room = 1, TEXT_LIMIT
            self._leaves += 1
            return True
        return kind in _CONTAINERS and not self._in_item

    def _write_start(self, name: str, attributes: dict[str, str]) -> None:
        kept = (
            f" {key}={quoteattr(value[:TEXT_LIMIT])}"
            for key, value in attributes.items()
            if key in _ATTRIBUTES or key.startswith("xmlns")
        )
        self._out.append(f"<{name}{''.join(kept)}>")

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._skipped:
            self._skipped -= 1
            return
        if self._leaf:
            self._leaf -= 1
            if self._leaf:
                return
        elif name.rpartition(":")[2].lower() in _ITEMS:
            self._in_item = False
        self._out.append(f"</{name}>")

    def _characters(self, text: str) -> None:
        if self._leaf and self._room:
            self._out.append(escape(text[: self._room]))
            self._room = max(0, self._room - len(text))


def _refuse_doctype(*declared: object) -> NoReturn:
    del declared
    raise VendorError("the feed has a document type declaration, which no feed needs: refused")
