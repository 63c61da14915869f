"""A feed that is not well-formed, item by item: damage costs what it touches, never the rest.

Newspapers serve bare ampersands, entities of HTML, control characters, downloads that end in the
middle and scripts behind the last tag. Such a text is cut at its items. An item that is well-formed
by itself stays as it is; of another the elements that headlines are made of are written anew, each
for itself. No parser is asked to guess: what comes out is XML, and `feeds.xml_sanitizer` reads it
as strictly as any other.

feedparser's own lenient parser reads most of this too, but the whole document at once: an unclosed
CDATA section takes every item behind it along, ``AT&T`` becomes ``AT&T;``, and none of the limits
on hostile feeds would stand before it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest
from xml.sax.saxutils import escape, quoteattr

MOST_NAMESPACES = 32
MOST_ELEMENTS = 64  # of one item that are written anew

ROOT = re.compile(r"<((?:[A-Za-z][\w.-]*:)?(?:rss|feed|RDF))(?=[\s>])([^<>]*)>", re.IGNORECASE)
_ITEM = re.compile(r"<((?:[A-Za-z][\w.-]*:)?(?:item|entry))(?=[\s/>])", re.IGNORECASE)
_TAG = re.compile(r"<((?:[A-Za-z][\w.-]*:)?([A-Za-z][\w.-]*))(?=[\s/>])([^<>]*)>")
# Each name is looked at once, wherever it ends: a megabyte of one letter takes no longer than text.
_ATTRIBUTE = re.compile(
    r"(?<![\w:.-])([A-Za-z_][\w:.-]*+)\s*+=\s*+(?:\"([^\"<>]*)\"|'([^'<>]*)'|([^\s\"'<>]+))"
)
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
# Char of XML 1.0; all others are no text, and neither are their references.
_NO_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# What is within these are not the item's own titles, links and dates.
_NOT_OURS = frozenset({"source", "author", "content", "encoded", "group", "image"})
# Prefixes that feeds use without declaring them; those of anybody else are nobody's.
_USUAL = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "atom": "http://www.w3.org/2005/Atom",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}


@dataclass(frozen=True, slots=True)
class Mended:
    """What can be read of a damaged feed, and what that cost."""

    text: str  # well-formed
    items: int
    repaired: int  # items of which elements were written anew
    lost: int  # items of which nothing could be read
    cut: bool  # the end tag of the whole is missing


def mended(
    text: str, wanted: frozenset[str], readable: Callable[[str], bool], *, most: int
) -> Mended | None:
    """Write a damaged feed anew, item by item; None where no feed begins.

    Parameters
    ----------
    text
        Decoded, without its XML declaration.
    wanted
        Names of elements, in lower case and without prefix, that an item is repaired from.
    readable
        Whether a document of one item is well-formed, and nothing in it is refused.
    most
        Items looked at; what follows them is counted only.
    """
    root = ROOT.search(text)
    if root is None:
        return None
    starts = [found.start() for found in _ITEM.finditer(text, root.end())]
    name = root[1]
    opening, closing = _frame(name, root[2], text[root.end() : starts[0] if starts else None])
    kept: list[str] = []
    repaired = lost = 0
    for start, end in islice(zip_longest(starts, starts[1:]), most):
        item, whole = _item(text[start:end])
        if whole and readable(f"{opening}{item}{closing}"):
            kept.append(item)
            continue
        anew = _anew(item, wanted, cut=not whole and end is None)
        if anew and readable(f"{opening}{anew}{closing}"):
            kept.append(anew)
            repaired += 1
        else:
            lost += 1
    return Mended(
        f"{opening}{''.join(kept)}{closing}",
        items=len(starts),
        repaired=repaired,
        lost=lost,
        cut=text.find(f"</{name}", starts[-1] if starts else 0) < 0,
    )


def _frame(root: str, attributes: str, head: str) -> tuple[str, str]:
    """Return what stands before and behind the items: the root, with its names of spaces."""
    given = _attributes(attributes)
    for tag in _TAG.finditer(head):
        given |= {n: v for n, v in _attributes(tag[3]).items() if n.startswith("xmlns:")}
    spaces = {f"xmlns:{prefix}": space for prefix, space in _USUAL.items()}
    declared = [(n, v) for n, v in given.items() if n == "xmlns" or n.startswith("xmlns:")]
    spaces |= dict(declared[:MOST_NAMESPACES])
    kept = "".join(f" {n}={quoteattr(v)}" for n, v in spaces.items())
    version = f" version={quoteattr(given['version'])}" if "version" in given else ""
    inner = "channel" if root.lower() == "rss" else ""
    opening, closing = (f"<{inner}>", f"</{inner}>") if inner else ("", "")
    return f"<{root}{version}{kept}>{opening}", f"{closing}</{root}>"


def _item(text: str) -> tuple[str, bool]:
    """Return an item up to its end tag, and whether it has one."""
    name = _ITEM.match(text)
    assert name is not None
    end = re.compile(rf"</{re.escape(name[1])}\s*>", re.IGNORECASE).search(text)
    return (text[: end.end()], True) if end else (text, False)


def _anew(item: str, wanted: frozenset[str], *, cut: bool) -> str:
    """Write an item from its wanted elements, nothing where none of them is a title.

    An element that the end of the text cuts is left out.
    """
    name = _ITEM.match(item)
    assert name is not None
    found = list(_elements(item[name.end() :], wanted, cut=cut))
    titled = any(re.match(r"<(?:[\w.-]+:)?title\b", element, re.IGNORECASE) for element in found)
    return f"<{name[1]}>{''.join(found)}</{name[1]}>" if titled else ""


def _elements(item: str, wanted: frozenset[str], *, cut: bool) -> Iterator[str]:
    tags = [tag for tag in _TAG.finditer(item) if tag[2].lower() in wanted | _NOT_OURS]
    position = 0
    for tag, following in zip_longest(tags[:MOST_ELEMENTS], tags[1:MOST_ELEMENTS]):
        if tag.start() < position:
            continue  # within an element that has been read
        name, attributes = tag[1], tag[3]
        if tag[2].lower() in _NOT_OURS:
            position = item.find(f"</{name}", tag.end())
            continue
        kept = "".join(
            f" {n}={quoteattr(_clean(v))}"
            for n, v in _attributes(attributes.removesuffix("/")).items()
            if not n.startswith("xmlns")
        )
        if attributes.endswith("/"):
            yield f"<{name}{kept}/>"
            continue
        end = item.find(f"</{name}", tag.end())
        if end < 0 and following is None and cut:
            return  # half a headline may say the opposite of the whole
        # Without an end tag an element ends where the next one begins.
        position = end if end >= 0 else following.start() if following else len(item)
        yield f"<{name}{kept}>{escape(_clean(item[tag.end() : position]))}</{name}>"


def _attributes(text: str) -> dict[str, str]:
    return {found[1]: found[2] or found[3] or found[4] or "" for found in _ATTRIBUTE.finditer(text)}


def _clean(text: str) -> str:
    """Return what a text says: references resolved as HTML has them, but in CDATA, and no NUL."""
    parts = _CDATA.split(text) if "<![CDATA[" in text else [html.unescape(text)]
    return _NO_CHARACTER.sub("", "".join(parts))
