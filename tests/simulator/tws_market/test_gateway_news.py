import asyncio
from datetime import UTC, datetime

import pytest

from simulator.vendors.news import SOURCES
from tests.simulator.gateway_harness import run_scenario, settle, stock
from tests.simulator.synthetic_markets import synthetic_market
from tests.simulator.tiny_market import ACME

MARKET = synthetic_market(7, 12)
CODES = "SIMC+SIMM"


async def headlines(ib, con_id, providers=CODES, begin="", end="", most=300):
    return await asyncio.wait_for(ib.reqHistoricalNewsAsync(con_id, providers, begin, end, most), 3)


async def one_with_news(harness, ib):
    """Return the conId of a company with several stories, and those, newest first."""
    for share in MARKET.instruments:
        stories = harness.gateway.news.of(share, harness.gateway.clock.now())
        if len(stories) > 1:
            return share.con_id, stories
    raise AssertionError("nobody is in the news twice")


def test_the_providers_are_the_vendors_feeds(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        found = await ib.reqNewsProvidersAsync()
        assert [provider.code for provider in found] == ["SIMC", "SIMM"]
        assert {provider.name for provider in found} == set(SOURCES.values())

    run_scenario(tmp_path, scenario)


def test_headlines_are_those_of_the_vendors_newest_first(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        con_id, stories = await one_with_news(harness, ib)
        found = await headlines(ib, con_id)
        assert [row.headline for row in found] == [story.headline for story in stories]
        titles = {
            one.title for one in harness.gateway.vendor_facts.headlines(harness.gateway.clock.now())
        }
        assert {row.headline for row in found} <= titles
        assert found[0].time.replace(tzinfo=UTC) == stories[0].published
        assert all(row.time.replace(tzinfo=UTC) <= harness.gateway.clock.now() for row in found)

    run_scenario(tmp_path, scenario, market=MARKET)


def test_headlines_can_be_bounded_in_time_number_and_provider(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        con_id, stories = await one_with_news(harness, ib)
        assert len(await headlines(ib, con_id, most=1)) == 1
        newest = stories[0].published
        older = await headlines(ib, con_id, end=stories[1].published)
        assert [row.headline for row in older] == [story.headline for story in stories[1:]]
        assert await headlines(ib, con_id, begin=newest) == []
        for code in CODES.split("+"):
            rows = await headlines(ib, con_id, providers=code)
            assert {row.providerCode for row in rows} <= {code}

    run_scenario(tmp_path, scenario, market=MARKET)


def test_a_bound_in_time_that_cannot_be_read_bounds_nothing(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        con_id, stories = await one_with_news(harness, ib)
        found = await headlines(ib, con_id, begin="2026-06-10", end="tomorrow")
        assert [row.headline for row in found] == [story.headline for story in stories]
        assert harness.codes() == []

    run_scenario(tmp_path, scenario, market=MARKET)


def test_an_article_tells_its_headline_and_that_it_is_invented(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        con_id, _ = await one_with_news(harness, ib)
        row = (await headlines(ib, con_id))[0]
        article = await ib.reqNewsArticleAsync(row.providerCode, row.articleId)
        assert article.articleType == 0
        assert row.headline in article.articleText
        assert "not real news" in article.articleText

    run_scenario(tmp_path, scenario, market=MARKET)


def test_unknown_providers_and_articles_are_refused_and_not_empty(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        ib.RaiseRequestErrors = True
        with pytest.raises(Exception, match="No data available"):
            await asyncio.wait_for(ib.reqNewsArticleAsync("SIMM", "SIMM$none"), 2)
        with pytest.raises(Exception, match="not allowed: BRFG"):
            await headlines(ib, ACME, providers="BRFG")

    run_scenario(tmp_path, scenario)


def test_a_stream_can_carry_the_newest_headline(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        con_id, stories = await one_with_news(harness, ib)
        heard = []
        ib.tickNewsEvent += heard.append
        symbol = harness.gateway.view.instrument(con_id).symbol
        ib.reqMktData(stock(symbol, conId=con_id), "292")
        await settle()
        assert [tick.headline for tick in heard] == [stories[0].headline]
        at = datetime.fromtimestamp(heard[0].timeStamp / 1000, UTC)
        assert at == stories[0].published.replace(microsecond=0)

    run_scenario(tmp_path, scenario, market=MARKET)
