import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import VendorError
from feeds.rss import parse_feed
from feeds.universe.tickers import ibkr_symbol
from feeds.xml_sanitizer import ITEM_LIMIT, LEAF_LIMIT, TEXT_LIMIT

NOW = datetime(2026, 6, 15, 11, 0, tzinfo=UTC)


def item(title="A headline", date="Mon, 15 Jun 2026 09:00:00 GMT", extra=""):
    return f"<item><title>{title}</title><pubDate>{date}</pubDate>{extra}</item>"


def rss(*items):
    return f'<rss version="2.0"><channel><title>t</title>{"".join(items)}</channel></rss>'.encode()


def only(content):
    (article,) = parse_feed(content, now=NOW).articles
    return article


def test_an_rss_item_becomes_an_article():
    extra = (
        "<link>https://example.com/a?b=1</link><description>More &lt;b&gt;words&lt;/b&gt;"
        '</description><category domain="symbol">ACME</category><category>Deals</category>'
    )
    article = only(rss(item("Acme &amp;amp; Beta &lt;i&gt;merge&lt;/i&gt;", extra=extra)))
    assert article.title == "Acme & Beta merge"
    assert article.summary == "More words"
    assert article.url == "https://example.com/a?b=1"
    assert article.published == datetime(2026, 6, 15, 9, 0, tzinfo=UTC)
    assert article.categories == (("symbol", "ACME"), ("", "Deals"))


def test_an_atom_entry_becomes_an_article():
    article = only(
        b'<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><title>Hello</title>'
        b'<link href="https://example.com/x"/><updated>2026-06-14T10:00:00+02:00</updated>'
        b"</entry></feed>"
    )
    assert article.title == "Hello"
    assert article.published == datetime(2026, 6, 14, 8, 0, tzinfo=UTC)


def test_an_empty_feed_is_an_answer_and_is_said():
    feed = parse_feed(rss(), now=NOW)
    assert feed.articles == ()
    assert feed.problems == ("the feed is empty",)


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + rss(item("&b;")),
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "no-such-file">]>' + rss(item("&x;")),
        b'<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd">' + rss(item()),
        ("<?xml version='1.0' encoding='utf-16'?><!DOCTYPE rss []>" + rss().decode()).encode(
            "utf-16"
        ),
    ],
    ids=["nested", "file", "remote", "utf-16"],
)
def test_a_document_type_is_refused_before_any_parser_sees_it(content, monkeypatch):
    # Harmless stand-ins: refused for what they declare, whatever it would grow to.
    seen = []
    monkeypatch.setattr("feedparser.parse", seen.append)
    with pytest.raises(VendorError, match="document type"):
        parse_feed(content, now=NOW)
    assert seen == []


@pytest.mark.parametrize("encoding", ["utf-7", "cp037", "rot13", "idna", "no-such-codec"])
def test_an_encoding_that_could_hide_markup_is_refused(encoding):
    content = f"<?xml version='1.0' encoding='{encoding}'?>".encode() + rss(item())
    with pytest.raises(VendorError, match="encoding"):
        parse_feed(content, now=NOW)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "malformed"),
        (b"404 not found", "malformed"),
        (rss(item("a & b"))[:60], "malformed"),
        (rss()[:-10], "malformed"),
        (b"\0" * 100, "malformed"),
        (b"<html><body><p>hello</p></body></html>", "neither RSS nor Atom"),
        (rss(item("x" * 2_000_000)), "larger than 2 MB"),
        (rss("<a>" * 70 + "</a>" * 70), "levels"),
        (rss("<a " + " ".join(f"a{n}=''" for n in range(70)) + "/>"), "attributes"),
        (rss("<a " + " ".join(f"xmlns:a{n}='b'" for n in range(70)) + "/>"), "attributes"),
        (rss("<item><a:title>x</a:title></item>"), "unbound prefix"),
    ],
)
def test_what_is_no_feed_is_a_vendor_error(content, said):
    with pytest.raises(VendorError, match=said):
        parse_feed(content, now=NOW)


@pytest.mark.parametrize(
    "extra",
    [
        "<author>" + "a." * 5_000 + "@</author>",  # feedparser searches it for an address
        "<category>x</category>" * 500,
        "<title>" + "\n" * 10_000 + "</title>",
        "<description>" + "&lt;b&gt;" * 5_000 + "</description>",
        "<pubDate>" + "1" * 10_000 + "</pubDate>",
    ],
    ids=["author", "categories", "newlines", "tags", "date"],
)
def test_a_parser_is_given_little_of_any_element(extra, monkeypatch):
    given = []
    parse = feedparser.parse
    monkeypatch.setattr(
        "feedparser.parse",
        lambda stream, **k: given.append(stream.getvalue()) or parse(stream, **k),
    )
    assert only(rss(item("Still read", extra=extra))).title == "Still read"
    assert b"author" not in given[0]
    assert given[0].count(b"<category") <= LEAF_LIMIT
    assert max(len(text) for text in re.split(rb"<[^>]+>", given[0])) <= 4 * TEXT_LIMIT


def test_tags_within_a_title_and_titles_of_other_things_are_no_headlines():
    article = only(
        b'<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><source><title>not me'
        b'</title></source><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Big '
        b"<b>news</b></div></title><author><name>n</name></author></entry></feed>"
    )
    assert article.title == "Big news"


def test_only_the_first_500_items_are_read():
    feed = parse_feed(rss(*(item(f"Headline {n}") for n in range(600))), now=NOW)
    assert len(feed.articles) == ITEM_LIMIT
    assert feed.articles[-1].title == "Headline 499"
    assert "only the first 500 of 600" in feed.problems[0]


def test_a_namespace_may_be_declared_anew_in_every_item():
    extra = "<m:x xmlns:m='http://search.yahoo.com/mrss/'/>"
    assert len(parse_feed(rss(*[item(extra=extra)] * 300), now=NOW).articles) == 300


def test_an_atom_flood_with_prefixes_is_cut_too():
    entries = "".join(f"<a:entry><a:title>{n}</a:title></a:entry>" for n in range(600))
    feed = f'<a:feed xmlns:a="http://www.w3.org/2005/Atom">{entries}</a:feed>'
    articles = parse_feed(feed.encode(), now=NOW).articles
    assert [article.title for article in articles] == [str(n) for n in range(ITEM_LIMIT)]


@pytest.mark.parametrize(
    ("moment", "believed"),
    [
        (NOW - timedelta(days=30), True),
        (NOW - timedelta(days=30, seconds=1), False),
        (NOW + timedelta(hours=1), True),
        (NOW + timedelta(hours=1, seconds=1), False),
    ],
)
def test_a_date_is_believed_from_30_days_ago_to_an_hour_ahead(moment, believed):
    published = only(rss(item(date=format_datetime(moment)))).published
    assert (published == moment) if believed else (published is None)


@pytest.mark.parametrize("date", ["9999999999999", "0000-00-00", "", "yesterday"])
def test_an_impossible_date_leaves_the_article_undated(date):
    assert only(rss(item(date=date))).published is None


def test_wrong_bytes_are_read_as_cp1252_and_said():
    feed = parse_feed(rss(item("Caf\u00e9 opens")).decode().encode("latin-1"), now=NOW)
    assert feed.articles[0].title == "Caf\u00e9 opens"
    assert "read as cp1252" in feed.problems[0]


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "file:///etc/passwd", "https://a b", "//host/x", "http://[x"]
)
def test_a_link_that_is_no_web_address_is_dropped(link):
    url = only(rss(item(extra=f"<link>{link}</link>"))).url
    assert url == "" or url.startswith("http://[x")


@given(st.binary(max_size=400))
def test_arbitrary_bytes_raise_only_vendor_errors(content):
    with suppress(VendorError):
        parse_feed(content, now=NOW)


_ELEMENTS = """
    title link pubDate description category guid author image source updated id enclosure
    dc:date media:content content:encoded georss:point itunes:duration"""
_TAGS = st.sampled_from(_ELEMENTS.split())
_PIECE = st.builds(
    lambda tag, text, name, value: f'<{tag} {name}="{value}">{text}</{tag}>',
    _TAGS,
    st.text(st.characters(exclude_characters='<>&"', exclude_categories=("Cs", "Cc")), max_size=30)
    | st.sampled_from(["http://[", "&lt;![CDATA[", "&lt;!--", "&lt;![if", "-1", "1e999", "//:0"]),
    st.sampled_from(["href", "url", "type", "rel", "domain", "scheme", "xml:base", "length"]),
    st.sampled_from(["http://[", "html", "application/xhtml+xml", "base64", "::", "alternate"]),
)
_SPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:georss="http://www.georss.org/georss" '
    'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
)


@given(st.lists(_PIECE, max_size=8))
def test_well_formed_nonsense_raises_only_vendor_errors(pieces):
    content = (
        f'<rss version="2.0" {_SPACES}><channel><item>{"".join(pieces)}</item></channel></rss>'
    )
    try:
        feed = parse_feed(content.encode(), now=NOW)
    except VendorError:
        return
    assert len(feed.articles) <= 1


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("BRK-B", "BRK B"),
        ("brk.b", "BRK B"),
        ("\uff21\uff21\uff30\uff2c", "AAPL"),
        ("\u0410APL", None),
        ("", None),
        ("A" * 13, None),
        ("../etc", None),
    ],
)
def test_a_ticker_is_spelled_as_at_ibkr_or_refused(text, symbol):
    assert ibkr_symbol(text) == symbol
