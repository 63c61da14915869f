"""What is worth reading in a feed, as XML that cannot hurt.

The document is read once by expat, strictly, and written anew with nothing but the elements that
headlines are made of, each cut to size. A DTD (and with it every entity attack), damage, depth
and foreign encodings are refused. What a feed parser gets afterwards is small and plain: its own
weaknesses, such as minutes spent on one long author, cannot be reached.
"""

from __future__ import annotations

import codecs
import io
import re
from typing import NoReturn
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from core.errors import VendorError
from core.text.untrusted import plain

ITEM_LIMIT = 500
LEAF_LIMIT = 64  # elements of one item
TEXT_LIMIT = 8_000  # characters of one element or attribute
DEPTH_LIMIT = 64
ATTRIBUTE_LIMIT = 64

_ROOTS = frozenset({"rss", "rdf", "feed"})
_ITEMS = frozenset({"item", "entry"})
_CONTAINERS = _ROOTS | _ITEMS | {"channel"}
_LEAVES = frozenset(
    {"title", "link", "guid", "id", "description", "summary", "category", "subject"}
    | {"pubdate", "date", "published", "updated", "issued", "modified", "created"}
)
_ATTRIBUTES = frozenset({"version", "href", "rel", "term", "scheme", "domain", "isPermaLink"})

_DECLARATION = re.compile(
    r"^\s*<\?xml[^>]*?(?:encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"'][^>]*)?\?>"
)
# Other codecs of Python (UTF-7, EBCDIC, ...) could hide markup from one parser and not the next.
_ENCODINGS = frozenset({"utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252", "utf-16"})


def sanitize(content: bytes, problems: list[str]) -> bytes:
    """Return the headlines' part of a feed in UTF-8, at most 500 items.

    What was repaired or left out is added to ``problems``. Raises `VendorError` for anything
    that is not well-formed RSS or Atom, or that has a DTD.
    """
    sanitizer = _Sanitizer()
    try:
        sanitizer.read(_text(content, problems).encode("utf-8", "replace"))
        sanitized = sanitizer.written()
        # Once more with namespaces: the first pass takes a prefix that nothing declares.
        expat.ParserCreate("utf-8", namespace_separator=" ").Parse(sanitized)
    except expat.ExpatError as error:
        raise VendorError(f"the feed is malformed: {error}") from error
    if sanitizer.items > ITEM_LIMIT:
        problems.append(f"only the first {ITEM_LIMIT} of {sanitizer.items} items were read")
    return sanitized


def _text(content: bytes, problems: list[str]) -> str:
    """Decode a feed as it declares itself, without the declaration."""
    declared = _DECLARATION.match(content[:200].decode("latin-1").lstrip("\xef\xbb\xbf"))
    name = declared[1] if declared and declared[1] else "utf-8"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        name = "utf-16"
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        codec = name
    if codec not in _ENCODINGS:
        raise VendorError(f"the feed is in the encoding {plain(name, limit=40)}; UTF-8 is wanted")
    try:
        text = content.decode("utf-8-sig" if codec == "utf-8" else codec)
    except UnicodeDecodeError:
        problems.append(f"the feed is not in {codec} as it says; read as cp1252")
        text = content.decode("cp1252", "replace")
    return _DECLARATION.sub("", text, count=1)


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
        self._parser.ParseFile(io.BytesIO(content))

    def written(self) -> bytes:
        """Return the document that is left."""
        return "".join(["<?xml version='1.0' encoding='utf-8'?>", *self._out]).encode()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        kind = name.rpartition(":")[2].lower()
        self._depth += 1
        if self._depth == 1 and kind not in _ROOTS:
            raise VendorError("this is XML, but neither RSS nor Atom")
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
