from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree as ET

import feedparser
import numpy as np
import pytest
from starlette.testclient import TestClient

from simulator.clock import VirtualClock
from simulator.prices.market_view import MarketView
from simulator.vendors import build_vendors
from simulator.vendors.news import WINDOW, Headline, headlines
from simulator.vendors.rss import rss
from simulator.vendors.templates import (
    BREAKING_NEGATIVE,
    BREAKING_POSITIVE,
    NEGATIVE,
    NEUTRAL,
    POSITIVE,
)
from tests.simulator.synthetic_markets import synthetic_market

NOW = datetime(2026, 6, 15, 11, tzinfo=UTC)  # a Monday
FEEDS = ("/rss/markets.xml", "/rss/companies.xml")


@pytest.fixture(scope="module")
def market():
    return synthetic_market(7, 120)


@pytest.fixture(scope="module")
def view(market):
    return MarketView(market)


def served(market, now=NOW, seed=7):
    return TestClient(build_vendors(market, VirtualClock(now), seed=seed))


def items(content):
    return ET.fromstring(content).findall("channel/item")


@pytest.mark.parametrize("path", FEEDS)
def test_a_feed_is_what_a_feed_reader_expects(market, path):
    answer = served(market).get(path)
    feed = feedparser.parse(answer.content)
    assert not feed.bozo
    assert feed.version == "rss20"
    assert answer.headers["content-type"].startswith("application/rss+xml")
    symbols = {i.symbol for i in market.instruments if i.member_since}
    for entry in feed.entries:
        assert entry.tags[0].term in symbols
        assert entry.tags[0].scheme == "symbol"
        assert entry.title
        assert entry.link.startswith("https://news.invalid/")
        assert entry.source.title
    assert len({entry.id for entry in feed.entries}) == len(feed.entries)


def test_every_item_is_of_the_past_72_hours_newest_first(market):
    for path in FEEDS:
        dates = [
            parsedate_to_datetime(item.findtext("pubDate"))
            for item in items(served(market).get(path).content)
        ]
        assert dates == sorted(dates, reverse=True)
        assert NOW - WINDOW < dates[-1] <= dates[0] <= NOW


@pytest.mark.parametrize("weekday", range(7))
def test_there_is_a_little_more_than_one_story_per_company(view, weekday):
    found = headlines(view, 7, NOW + timedelta(days=weekday))
    assert 1.0 <= len(found) / 120 <= 1.7


def test_a_story_names_its_company(view, market):
    names = {i.symbol: i.name for i in market.instruments}
    found = headlines(view, 7, NOW)
    assert all(names[story.symbol] in story.title for story in found)
    with_ticker = [f": {story.symbol})" in story.title for story in found]
    assert 0.4 < np.mean(with_ticker) < 0.8


def test_some_stories_are_printed_twice_with_another_title(view):
    found = headlines(view, 7, NOW)
    markets = {s.title for s in found if s.feed == "markets"}
    companies = {s.title for s in found if s.feed == "companies"}
    again = [
        title
        for title in markets | companies
        if any(title != other and other in title for other in markets | companies)
    ]
    assert 0.03 < len(again) / len(found) < 0.25


def test_a_story_reads_the_same_an_hour_later_and_is_never_withdrawn(view):
    now = {s.guid: s for s in headlines(view, 7, NOW)}
    later_moment = NOW + timedelta(hours=14)
    later = {s.guid: s for s in headlines(view, 7, later_moment)}
    kept = {guid for guid, s in now.items() if s.published > later_moment - WINDOW}
    assert kept <= later.keys()
    assert all(later[guid] == now[guid] for guid in kept)
    assert all(later[guid].published > NOW for guid in later.keys() - now.keys())


def test_tone_leans_on_the_past_return_and_only_a_little(view, market):
    moves, tones = [], []
    for week in range(8):
        now = NOW - timedelta(weeks=week)
        for story in headlines(view, 7, now):
            con_id = next(i.con_id for i in market.instruments if i.symbol == story.symbol)
            bars = view.daily(con_id, now - WINDOW)
            if len(bars) > 6:
                moves.append(np.log(bars[-1].close / bars[-6].close))
                tones.append(story.tone)
    assert 0.05 < np.corrcoef(np.clip(moves, -0.1, 0.1), tones)[0, 1] < 0.5
    assert {-1, 0, 1} == set(tones)


def test_now_and_then_something_breaks(view):
    titles = [
        s.title for week in range(12) for s in headlines(view, 7, NOW - timedelta(weeks=week))
    ]
    breaking = [title for title in titles if "BREAKING" in title]
    assert 5 <= len(breaking) <= 0.05 * len(titles)


@pytest.mark.parametrize("only", [POSITIVE, NEGATIVE, NEUTRAL])
def test_a_template_has_no_field_that_is_never_filled(only):
    for template in only:
        filled = template.format(name="Some Company", percent=5, dollars=20, count=100)
        assert "Some Company" in filled
        assert "{" not in filled


def test_a_drug_is_only_rejected_where_drugs_are_made():
    for sector, template in (*BREAKING_NEGATIVE, *BREAKING_POSITIVE):
        assert ("FDA" in template) == (sector == "Health Care")


def test_markup_in_a_name_stays_text():
    story = Headline("markets", "1", "Smith & Sons <b>up</b>", "SAS", NOW, 0)
    (item,) = items(rss("markets", [story]))
    assert item.findtext("title") == "Smith & Sons <b>up</b>"


@pytest.mark.parametrize("path", FEEDS)
def test_an_unchanged_feed_is_not_sent_again(market, path):
    client = served(market)
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = client.get(path, headers={"If-None-Match": '"something else"'})
    assert (other.status_code, other.content) == (200, first.content)


def test_the_same_clock_and_seed_give_the_same_bytes_and_another_seed_others(market):
    first, again, other = served(market), served(market), served(market, seed=8)
    for path in FEEDS:
        assert first.get(path).content == again.get(path).content != other.get(path).content


def test_before_the_market_there_is_no_news(market):
    content = served(market, datetime(2021, 6, 15, 11, tzinfo=UTC)).get(FEEDS[0]).content
    assert items(content) == []
    assert not feedparser.parse(content).bozo
