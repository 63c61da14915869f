"""Feeds as newspapers serve them: damage costs what it touches, and hostile ones stay held.

Each form is from a public report of a program that lost the whole feed over it.
"""

import codecs
import gzip
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import VendorError
from feeds.feed_dates import odd_date
from feeds.rss import parse_feed

NOW = datetime(2026, 6, 15, 23, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]


def item(title, more="", date="Mon, 15 Jun 2026 09:00:00 GMT"):
    return f"<item><title>{title}</title><pubDate>{date}</pubDate>{more}</item>"


def rss(*items, before="", behind=""):
    inner = "".join(items)
    text = f'{before}<rss version="2.0"><channel><title>t</title>{inner}</channel></rss>{behind}'
    return text.encode("utf-8", "surrogateescape")


def titles(content):
    return [article.title for article in parse_feed(content, now=NOW).articles]


NETSCAPE = (
    '<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" '
    '"http://my.netscape.com/publish/formats/rss-0.91.dtd">'
)
BEACON = """<script defer src="https://static.example/b.js" data-cf='{"r":1}'></script>"""


@pytest.mark.parametrize(
    ("damaged", "title"),
    [
        (item("The street&rsquo;s view"), "The street\u2019s view"),  # brief #184
        (item("Chips&nbsp;down", "<description>a&nbsp;b</description>"), "Chips down"),
        (
            item("I'm just doing D&D, but at work"),
            "I'm just doing D&D, but at work",
        ),  # miniflux 416
        (item("AT&T cuts dividend"), "AT&T cuts dividend"),
        (item("Acme \x0bfalls"), "Acme falls"),  # feedjira #418
        (item("Acme &#x18;falls"), "Acme falls"),  # miniflux #52
        (item("Acme\0 falls"), "Acme falls"),
        (item("P/E <10 at Acme"), "P/E <10 at Acme"),
        (item("Acme", "<description>one<br>two<img src=x></description>"), "Acme"),
        (item("Acme", "<link>https://a.example/?b=1&c=2</link>"), "Acme"),  # k9mail.app #214
        (item("<![CDATA[Acme falls"), "Acme falls"),  # thesassway.com #51
        (item("<![CDATA[Acme <![CDATA[not]]> falls]]>"), "Acme not falls"),
        (item("Acme", "<guid isPermaLink=false>x</guid>"), "Acme"),
        (item("Acme", "<dc:subject>x</dc:subject><media:group>"), "Acme"),
        ("<item><title>Acme falls<link>https://a.example/</link></item>", "Acme falls"),
        (item("Caf\udce9 Acme"), "Caf\u00e9 Acme"),  # feedparser PR #421: one byte of latin-1
    ],
)
def test_one_damaged_item_is_read_and_costs_no_other(damaged, title):
    feed = parse_feed(rss(item("First \u2019"), damaged, item("Third")), now=NOW)
    assert [article.title for article in feed.articles] == ["First \u2019", title, "Third"]
    assert feed.lost == 0
    assert {article.published for article in feed.articles[::2]} == {NOW.replace(hour=9)}


@pytest.mark.parametrize(
    "content",
    [
        rss(item("Acme"), behind=BEACON),  # kriss_feed #446
        rss(item("Acme"), behind="[]"),  # FeedKit PR #53
        rss(item("Acme"), behind="]]>"),  # buttondown #276
        rss(item("Acme"), before="<br />\n<b>Warning</b>: x() in /y.php on line 3<br />"),
        rss(item("Acme"), before=NETSCAPE),  # reader #270
        rss(item("Acme"), before="<!-- c -->\n<!DOCTYPE rss>"),
        rss(item("Acme"), before="\n\n<?xml version='1.0'?>"),
        codecs.BOM_UTF8 + rss(item("Acme"), before='<?xml version="1.0" encoding="iso-8859-1"?>'),
        rss(item("Acme"), before='<?xml version="1.0" encoding="utf-16"?>'),  # fornever.me #278
        rss(item("Acme")).decode().encode("utf-16-le"),  # rss-parser #219
        rss(item("Acme"), before='<?xml version="1.0" encoding="windows-1251"?>'),
        rss(item("Acme"), behind=rss(item("Acme")).decode())[: -len(rss(item("Acme")))],
        rss(item("Acme"))[:-8],  # www.ruby-lang.org #1070
    ],
)
def test_what_stands_around_the_items_costs_none_of_them(content):
    assert titles(content) == ["Acme"]


def test_a_download_that_ends_in_a_headline_keeps_those_before_it_and_counts_it():
    content = rss(item("First"), item("Acme does not file for bankruptcy"))
    feed = parse_feed(content[: content.index(b" not file")], now=NOW)
    assert [article.title for article in feed.articles] == ["First"]  # not "Acme does"
    assert feed.lost == 1
    assert "its end is missing" in feed.problems[0]


def test_a_title_within_another_thing_is_not_the_title_of_a_damaged_item():
    other = "<source><title>The Other Paper</title></source><content><title>x</title></content>"
    assert titles(rss(item("AT&T cuts", other), f"<item>{other}<title>A & b</title></item>")) == [
        "AT&T cuts",
        "A & b",
    ]


def test_an_item_without_a_title_is_no_damage_and_one_that_loses_it_is():
    untitled = "<item><description>Words &amp; more</description></item>"
    assert parse_feed(rss(item("First"), untitled), now=NOW).lost == 0
    torn = "<item><description>Words & more</description><link>x</link></item>"
    assert parse_feed(rss(item("First"), torn), now=NOW).lost == 1


def test_damage_before_the_first_item_is_no_empty_feed():
    with pytest.raises(VendorError, match="malformed"):
        parse_feed(rss()[:-8], now=NOW)


def test_an_atom_feed_and_one_of_rdf_are_mended_with_their_own_names_of_spaces():
    atom = (
        b'<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><title>A & b</title>'
        b'<link href="https://a.example/?b=1&c=2"/><updated>2026-06-15T09:00:00Z</updated></entry>'
        b"</feed>"
    )
    (article,) = parse_feed(atom, now=NOW).articles
    assert (article.title, article.url) == ("A & b", "https://a.example/?b=1&c=2")
    rdf = (
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/'
        b'rss/1.0/"><channel rdf:about="x"><title>t</title></channel><item rdf:about="u"><title>A &'
        b" b</title><dc:date>2026-06-15T09:00:00Z</dc:date></item></rdf:RDF>"
    )
    (article,) = parse_feed(rdf, now=NOW).articles
    assert (article.title, article.published) == ("A & b", NOW.replace(hour=9))


@pytest.mark.parametrize(
    "declared",
    ['<!DOCTYPE rss [<!ENTITY b "ha">]>', '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd">'],
)
def test_a_document_type_is_refused_in_a_damaged_feed_too(declared):
    with pytest.raises(VendorError, match="document type"):
        parse_feed(rss(item("a & b &b;"), before=declared), now=NOW)
    with pytest.raises(VendorError, match="document type"):
        parse_feed(rss(item("a"), before=f"junk & {declared}"), now=NOW)


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("Fri, Jun 12 2026 10:04:03 PM", (12, 22, 4)),  # NetNewsWire #5341, miniflux #2159
        ("Sun, 14 Jun 2026 12:15 AM", (14, 0, 15)),  # Feeder #456
        ("Fri, 12 Jun 2026 09:00 EDT", (12, 13, 0)),  # android-rss #26
        ("WED,10 JUN 2026 02:23:01", (10, 2, 23)),  # rome #166
        ("Tue, 9 Juni 2026 15:53:56 +0300", (9, 12, 53)),  # as "Sept" in rome #395
        ("Monday, June 15, 2026 - 09:00", (15, 9, 0)),
        ("2026-06-15 09:00:00 UTC", (15, 9, 0)),
        ("6/15/2026 1:30 pm", (15, 13, 30)),
        ("Mon, 15 Jun 2026 11:00:00 CEST", (15, 9, 0)),
    ],
)
def test_a_date_in_an_odd_form_is_the_moment_it_names(said, moment):
    (article,) = parse_feed(rss(item("Acme", date=said)), now=NOW).articles
    published = article.published
    assert published is not None
    assert (published.day, published.hour, published.minute) == moment


@pytest.mark.parametrize("said", ["5/6/2026 09:00", "31 Feb 2026 09:00", "15 Foo 2026 09:00", ""])
def test_a_date_that_could_be_another_is_not_guessed(said):
    assert odd_date(said) is None


FORTY = rss(*(item(f"Company {n} cuts jobs", "<link>https://a.example/</link>") for n in range(40)))
PIECES = ["&", "<", "\0", "]]>", "<![CDATA[", "<!--", "</title>", "</item>", "&nbsp;", '"', "<b>"]


@given(
    st.integers(FORTY.index(b"<item>"), len(FORTY) - len("</channel></rss>")),
    st.sampled_from(PIECES),
    st.integers(0, 9),
)
def test_damage_at_one_place_costs_no_more_than_the_item_it_is_in(place, piece, dropped):
    content = FORTY[:place] + piece.encode() + FORTY[place + dropped :]
    expected = {f"Company {n} cuts jobs" for n in range(40)}
    assert len(expected - set(titles(content))) <= 2  # two, where it stands between them


HOSTILE = """
import resource, sys, time
from datetime import datetime, UTC
from core.errors import VendorError
from feeds.rss import parse_feed
now, size = datetime(2026, 6, 15, tzinfo=UTC), 1_000_000
units = ["<", "&", "&a", "&\\xff", "<title>", "<title a='", "<title ", "<link a=", "<item>",
    "</title", "<b>", "<a:", "<![CDATA[", "<!--", "<?xml ", "</item ", "<!DOCTYPE rss ", "<entry/>"]
frames = ["<rss><channel><item><title>& {}</title></item></channel></rss>", "<rss {}>", "{}"]
slowest = 0.0
for unit in units:
    for frame in frames:
        fill = unit + unit[-1] * size if unit == "&\\xff" else unit * (size // len(unit))
        started = time.process_time()
        try:
            parse_feed(frame.format(fill).encode("latin-1"), now=now)
        except VendorError:
            pass
        slowest = max(slowest, time.process_time() - started)
print(slowest, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.world
@pytest.mark.timeout(120)
def test_no_hostile_feed_takes_long_or_much_memory_for_being_damaged():
    # In a process of its own. The shell between them: what starts a process passes on its own
    # size as the most memory that the new one ever had.
    run = subprocess.run(
        ["/bin/sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", HOSTILE],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=110,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    seconds, megabytes = map(float, run.stdout.split())
    assert seconds < 10.0
    assert megabytes < 512


def test_a_feed_that_is_a_gzip_file_is_unpacked_within_the_limit_of_feeds():
    assert titles(gzip.compress(rss(item("Apple beats")))) == ["Apple beats"]
    with pytest.raises(VendorError, match="larger than 2 MB"):
        titles(gzip.compress(rss(item("a" * 3_000_000))))
    with pytest.raises(VendorError, match="the feed is damaged"):
        titles(gzip.compress(rss(item("Apple beats")))[:-9])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b'\xef\xbb\xbf{"version": "https://jsonfeed.org/version/1.1"}',
            "^neither RSS nor Atom but JSON",
        ),
        (b"\n<!DOCTYPE html><html><body>Enable cookies", "but a web page: Enable cookies"),
        (b" \n", "it is empty"),
    ],
)
def test_what_is_no_feed_is_refused_by_what_it_is(content, said):
    with pytest.raises(VendorError, match=said):
        titles(content)
