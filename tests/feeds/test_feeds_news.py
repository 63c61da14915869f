import hashlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import tables
from core.errors import VendorError
from feeds.dedup import Headline, without_copies
from feeds.entity_linking import Mentions
from feeds.http import Payload
from feeds.news import News, read_news
from feeds.rss import Article

from .conftest import Answer

NOW = datetime(2026, 6, 15, 11, 0, tzinfo=UTC)
COMPANIES = {
    "ACM": "Acme Industries, Inc.",
    "BRK B": "Berkshire Hathaway Inc. Class B",
    "AMR": "America Movers Corp",
    "BAM": "Bank of America Movers Corp",
    "TGT": "Target Corporation",
    "AAPL": "Apple Inc.",
    "IT": "Gartner",
    "NVR": "NVR, Inc.",
    "TEAM": "TEAM",
    "TWA": "Twin Corp Class A",
    "TWB": "Twin Corp Class B",
}


def article(title, *categories, summary=""):
    return Article(title, summary, "", None, categories)


@pytest.mark.parametrize(
    ("title", "symbols"),
    [
        ("Acme Industries (NYSE: ACM) opens a plant", ("ACM",)),
        ("Funds pile into Berkshire (NYSE: BRK.B)", ("BRK B",)),
        ("Two rivals (NYSE: ACM) (NASDAQ: AAPL) agree", ("AAPL", "ACM")),
        ("Two rivals (NYSE: ACM, NASDAQ: AAPL) agree", ("AAPL", "ACM")),
        ("Watching $AAPL and $BRK.B today", ("AAPL", "BRK B")),
        ("Costs of US$AAPL or $AAPLX or a$AAPL", ()),
        ("Acme Industries' new chief", ("ACM",)),
        ("ACME INDUSTRIES new chief", ("ACM",)),  # whatever the case
        ("Acmes Industries new chief", ()),
        ("Berkshire Hathaway buys Acme Industries", ("ACM", "BRK B")),
        ("Bank of America Movers hires", ("BAM",)),  # the longest name wins
        ("America Movers hires", ("AMR",)),
        ("Price Target raised", ()),  # a common word
        ("NVR builds homes", ()),  # too short to be believed
        ("Twin expands", ("TWA", "TWB")),  # two classes of one company
        ("Go TEAM", ()),  # a ticker in place of a name
        ("Apple Hospitality (NYSE: APLE) buys hotels", ()),  # the ticker says it is not Apple
        ("Apple pays a fine", ("AAPL",)),
        ("Acme Industries of London (LSE: ACM) reports", ()),  # another company's ticker
        ("", ()),
    ],
)
def test_a_headline_names_companies_by_ticker_else_by_name(title, symbols):
    assert Mentions(COMPANIES).of(article(title)) == symbols


@pytest.mark.parametrize(
    ("category", "symbols"),
    [
        (("symbol", "ACM"), ("ACM",)),
        (("symbol", "BRK.B"), ("BRK B",)),
        (("https://example.com/rss/stock", "NYSE:ACM"), ("ACM",)),
        (("", "ACM"), ("ACM",)),
        (("", "NYSE: ACM"), ("ACM",)),
        (("symbol", "IT"), ("IT",)),
        (("", "IT"), ("AAPL",)),  # a subject, not Gartner: the name in the title decides
        (("", "FDA"), ("AAPL",)),
        (("symbol", "ZZZ"), ()),  # stated, and not one of ours
    ],
)
def test_a_category_may_be_a_ticker(category, symbols):
    assert Mentions(COMPANIES).of(article("Apple in the news", category)) == symbols


def headline(title, hours=0.0, symbol="ACM", source="a"):
    published = None if hours is None else NOW - timedelta(hours=24) + timedelta(hours=hours)
    return Headline(symbol, published, source, title, "")


def titles(*headlines):
    return [kept.title for kept in without_copies(headlines, COMPANIES)]


def test_the_earliest_of_two_copies_is_kept():
    early = headline("Acme to buy Beta for $2 billion", 1)
    late = headline("Acme to buy Beta for $2 billion - The Example Times", 5)
    assert titles(late, early) == [early.title]


def test_the_same_words_in_another_case_are_one_story():
    assert titles(headline("ACME Rises!", 1), headline("Acme rises", 300)) == ["ACME Rises!"]


def test_opposite_news_in_nearly_the_same_words_are_two_stories():
    pair = [
        headline("Acme beats earnings estimates", 1),
        headline("Acme misses earnings estimates", 2),
    ]
    assert len(titles(*pair)) == 2


def test_similar_words_a_week_later_are_news_again():
    first, again = "Acme shares rise on strong demand", "Acme shares rise on strong demand again"
    assert len(titles(headline(first, 0), headline(again, 2))) == 1
    assert len(titles(headline(first, 0), headline(again, 73))) == 2


def test_the_company_s_own_name_makes_no_likeness():
    pair = [
        headline("Acme Industries (NYSE: ACM) hires", 1),
        headline("Acme Industries expands", 2),
    ]
    assert len(titles(*pair)) == 2


def test_one_story_about_two_companies_counts_for_both():
    both = [headline("Acme sues Beta", symbol="ACM"), headline("Acme sues Beta", symbol="BET")]
    assert len(titles(*both)) == 2


@pytest.mark.timeout(60)
def test_five_thousand_headlines_about_one_company_take_a_bounded_time():
    words = [hashlib.sha256(str(n).encode()).hexdigest()[:9] for n in range(30_000)]
    flood = [headline(" ".join(words[6 * n : 6 * n + 6]), n / 300) for n in range(5_000)]
    assert len(titles(*flood)) == 5_000


_HEADLINES = st.lists(
    st.builds(
        headline,
        st.text("ab 1", max_size=6),
        st.none() | st.floats(-100, 100),
        st.sampled_from(["ACM", "AAPL"]),
        st.sampled_from("ab"),
    ),
    max_size=12,
)


@given(_HEADLINES, st.randoms(use_true_random=False))
def test_dedup_does_not_depend_on_the_order_of_the_feeds(headlines, random):
    kept = without_copies(headlines, COMPANIES)
    shuffled = list(headlines)
    random.shuffle(shuffled)
    assert without_copies(shuffled, COMPANIES) == kept
    assert without_copies(kept, COMPANIES) == kept
    assert len({(h.symbol, h.headline_id) for h in kept}) == len(kept)


def rss(*items):
    body = "".join(f"<item><title>{t}</title><pubDate>{d}</pubDate></item>" for t, d in items)
    return f"<rss version='2.0'><channel><title>t</title>{body}</channel></rss>".encode()


GOOD = rss(
    ("Acme Industries wins contract", "Mon, 15 Jun 2026 08:00:00 GMT"),
    ("Apple and Acme Industries settle", "Sun, 14 Jun 2026 20:30:00 GMT"),
    ("Nothing about us", "Mon, 15 Jun 2026 08:00:00 GMT"),
    ("Apple pie", "never"),
)


def script(asked):
    return {
        "/good": Answer(GOOD),
        "/empty": Answer(rss()),
        "/broken": Answer(b"<rss>"),
        "/down": Answer(b"", 503),
        "/moved": Answer(b"", 302, {"Location": "/good"}),
    }[asked.path]


def test_a_feed_that_fails_costs_only_itself(serve, fetcher):
    vendor = serve(script)
    urls = [f"{vendor.url}/{name}" for name in ("down", "good", "broken", "empty", "moved")]
    result = News(fetcher, urls).fetch(COMPANIES, now=NOW)
    assert list(result.headlines["symbol"]) == ["AAPL", "AAPL", "ACM", "ACM"]
    assert [payload.content for payload in result.payloads] == [GOOD, b"<rss>", rss()]
    said = "; ".join(result.problems)
    for fault in ("503", "malformed", "the feed is empty", "redirects are not followed"):
        assert fault in said
    assert len(result.problems) == 4


def test_headlines_fit_their_table_and_undated_ones_have_no_moment(serve, fetcher):
    vendor = serve(script)
    frame = News(fetcher, [f"{vendor.url}/good"]).fetch(COMPANIES, now=NOW).headlines
    tables.HEADLINES.build(frame.assign(polarity=0.0))
    moments = dict(zip(frame["title"], frame["published"], strict=True))
    assert moments["Acme Industries wins contract"] == datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
    assert pd.isna(moments["Apple pie"])


def test_a_past_day_is_derived_again_from_its_payloads(serve, fetcher):
    vendor = serve(script)
    urls = [f"{vendor.url}/good", f"{vendor.url}/empty"]
    first = News(fetcher, urls).fetch(COMPANIES, now=NOW)
    again = read_news(first.payloads, COMPANIES, now=NOW)
    pd.testing.assert_frame_equal(again.headlines, first.headlines)
    assert again.problems == first.problems


@pytest.mark.parametrize("names", [["down"], ["down", "broken"]])
def test_when_every_feed_fails_there_is_no_news_instead_of_no_headlines(serve, fetcher, names):
    vendor = serve(script)
    with pytest.raises(VendorError, match="no news feed could be read"):
        News(fetcher, [f"{vendor.url}/{name}" for name in names]).fetch(COMPANIES, now=NOW)


def test_no_feed_configured_is_empty_and_said(fetcher):
    result = News(fetcher, []).fetch(COMPANIES, now=NOW)
    assert result.headlines.empty
    assert "no news feed is configured" in result.problems[0]
    tables.HEADLINES.build(result.headlines.assign(polarity=pd.Series(dtype=float)))


@given(st.binary(max_size=200))
def test_arbitrary_payloads_raise_only_vendor_errors(content):
    with suppress(VendorError):
        read_news([Payload("news-00-x.xml", content)], COMPANIES, now=NOW)


def test_of_many_feeds_of_one_source_a_cut_one_is_no_verdict_and_of_few_it_is():
    def read(whole):
        feeds = [GOOD] * whole + [GOOD[:-40]]
        payloads = [Payload(f"news-{n:02d}-a.xml", content) for n, content in enumerate(feeds)]
        return read_news(payloads, COMPANIES, now=NOW).doubted

    assert read(50) == {}
    assert read(48) == {"a": "its end is missing, how much of it is not known"}
