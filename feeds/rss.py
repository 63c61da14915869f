"""The articles of an RSS or Atom feed, from bytes that may be hostile."""

from __future__ import annotations

import calendar
import io
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import feedparser

from core.errors import VendorError
from core.text.counts import count
from core.text.packed import PackedError, unpacked
from core.text.untrusted import plain
from feeds import feed_dates  # noqa: F401 - feedparser asks it for dates of odd forms
from feeds.http import FEED_LIMIT, MEGABYTE
from feeds.xml_sanitizer import sanitize

URL_LIMIT = 2_000
SUMMARY_LIMIT = 2_000
_SNIFFED, _SHOWN = 400, 80  # first bytes and characters of what is no feed
_OTHERS = {"{": "JSON", "[": "JSON", "<!doctype html": "a web page", "<html": "a web page"}
OLDEST, NEWEST = timedelta(days=30), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Article:
    """One item of a feed. All text is untrusted."""

    title: str
    summary: str
    url: str  # http or https, else empty
    published: datetime | None  # None: undated, or a date that cannot be true
    categories: tuple[tuple[str, str], ...]  # (scheme, term)


@dataclass(frozen=True, slots=True)
class Feed:
    """What one feed said, and what to know about it."""

    articles: tuple[Article, ...]
    problems: tuple[str, ...]
    lost: int = 0  # items that could not be read
    cut: bool = False  # its end is missing: how many items are lost is not known


def parse_feed(content: bytes, *, now: datetime) -> Feed:
    """Read one feed.

    Parameters
    ----------
    content
        As fetched or as staged.
    now
        Dates outside ``now`` - 30 days to ``now`` + 1 hour are not believed.

    Raises
    ------
    VendorError
        Too large, with a DTD of its own, not a feed, or damaged beyond every item. An empty feed
        is an answer.
    """
    problems: list[str] = []
    sanitized = sanitize(_document(content), problems)
    document = _parsed(sanitized.content)
    if not document.get("version"):
        raise VendorError("this is XML, but neither RSS nor Atom")
    if document.get("bozo"):
        raise VendorError(f"the feed is malformed: {plain(str(document.get('bozo_exception')))}")
    entries = document["entries"]
    if not entries:
        problems.append("the feed is empty")
    found = [_article(entry, now) for entry in entries]
    articles = tuple(article for article in found if article.title)
    untitled = len(found) - len(articles)
    if untitled:
        problems.append(f"{count(untitled, 'item')} without a title left out")
    return Feed(articles, tuple(problems), lost=sanitized.lost, cut=sanitized.cut)


def _document(content: bytes) -> bytes:
    """Return the XML of a feed, unpacked. Raises `VendorError` that says what came instead."""
    if len(content) > FEED_LIMIT:
        raise VendorError(f"the feed is larger than {FEED_LIMIT / MEGABYTE:g} MB")
    try:
        document = unpacked(content, limit=FEED_LIMIT)  # feed.xml.gz, as a file on a server
    except PackedError as error:
        raise VendorError(f"the feed is {error}") from error
    start = document[:_SNIFFED].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if not document.strip():
        raise VendorError("the feed is malformed: it is empty")
    for begins, kind in _OTHERS.items():
        if start.lower().startswith(begins):
            raise VendorError(f"neither RSS nor Atom but {kind}: {plain(start, limit=_SHOWN)}")
    return document


def _parsed(content: bytes) -> Any:
    try:
        # As a stream: given a text, feedparser would open files and addresses.
        return feedparser.parse(
            io.BytesIO(content), sanitize_html=False, resolve_relative_uris=False
        )
    except (ValueError, TypeError, LookupError, AttributeError, AssertionError) as error:
        # feedparser promises no errors of its own; one feed's surprise must not cost the others.
        raise VendorError(f"the feed cannot be read: {type(error).__name__}") from error


def _article(entry: Any, now: datetime) -> Article:
    # Past feedparser's own get(), which answers for a missing date with another and a warning.
    dated = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
    return Article(
        title=plain(_text(entry.get("title"))),
        summary=plain(_text(entry.get("summary")), limit=SUMMARY_LIMIT),
        url=_url(_text(entry.get("link"))),
        published=_moment(dated, now),
        categories=tuple(
            (plain(_text(tag.get("scheme"))), plain(_text(tag.get("term"))))
            for tag in entry.get("tags", [])
        ),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _url(text: str) -> str:
    address = plain(text, limit=URL_LIMIT)
    return address if re.match(r"https?://[^\s<>\"']+$", address) else ""


def _moment(parsed: time.struct_time | None, now: datetime) -> datetime | None:
    """Return a believable moment. feedparser reads year 9999 and 30 February without a word."""
    if parsed is None:
        return None
    try:
        moment = datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if now - OLDEST <= moment <= now + NEWEST else None
