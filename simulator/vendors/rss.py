"""The news feeds: headlines as RSS 2.0 documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import format_datetime
from xml.etree import ElementTree as ET

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.canonical import sha256_of
from simulator.clock import VirtualClock
from simulator.untidy.documents import odd_feed
from simulator.untidy.oddities import TIDY, Untidiness
from simulator.vendors.news import SOURCES, Headline
from simulator.vendors.unknown import unknown_feed

SITE = "https://news.invalid"  # RFC 2606: a name that never resolves


def feed_route(
    feed: str,
    newsroom: Callable[[datetime], Sequence[Headline]],
    clock: VirtualClock,
    *,
    is_real: bool,
    untidy: Untidiness = TIDY,
) -> Route:
    """Return the route of a feed; beside real bars, where no news are known, it refuses."""

    def answer(request: Request) -> Response:
        if is_real:
            return unknown_feed()
        found = newsroom(clock.now())
        content = rss(feed, [headline for headline in found if headline.feed == feed])
        content = odd_feed(content, untidy, feed, clock.now().date())
        tag = f'"{sha256_of(content)[:32]}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        return Response(
            content, media_type="application/rss+xml; charset=utf-8", headers={"ETag": tag}
        )

    return Route(f"/rss/{feed}.xml", answer, methods=["GET"])


def rss(feed: str, headlines: Sequence[Headline]) -> bytes:
    """Return the feed ``markets`` or ``companies`` as UTF-8 XML, in the order given."""
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    _text(channel, "title", SOURCES[feed])
    _text(channel, "link", f"{SITE}/{feed}")
    _text(channel, "description", "Invented headlines of the daybook simulator. Not real news.")
    _text(channel, "language", "en-us")
    if headlines:
        newest = max(headline.published for headline in headlines)
        _text(channel, "lastBuildDate", format_datetime(newest, usegmt=True))
    for headline in headlines:
        _item(channel, headline)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _item(channel: ET.Element, headline: Headline) -> None:
    item = ET.SubElement(channel, "item")
    _text(item, "title", headline.title)
    _text(item, "link", f"{SITE}/{headline.feed}/{headline.guid}")
    _text(item, "guid", headline.guid).set("isPermaLink", "false")
    _text(item, "pubDate", format_datetime(headline.published, usegmt=True))
    _text(item, "category", headline.symbol).set("domain", "symbol")
    source = _text(item, "source", SOURCES[headline.feed])
    source.set("url", f"{SITE}/{headline.feed}.xml")


def _text(parent: ET.Element, tag: str, text: str) -> ET.Element:
    element = ET.SubElement(parent, tag)
    element.text = text
    return element
