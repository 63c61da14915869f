"""Headlines as an RSS 2.0 document."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import format_datetime
from xml.etree import ElementTree as ET

from simulator.vendors.news import SOURCES, Headline

SITE = "https://news.invalid"  # RFC 2606: a name that never resolves


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
