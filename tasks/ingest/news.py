"""Stage 1: headlines about the universe and the polarity of each."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import VendorError
from core.storage.runs import StageRecord
from core.tables import HEADLINES, UNIVERSE
from feeds.http import Fetcher
from feeds.news import News
from feeds.sentiment import polarity
from tasks.day import Day
from tasks.ingest.universe import UniverseResult
from tasks.ingest.vendor_tables import Fetched, VendorResult, staged_or_empty
from tasks.stage import Output, stage


@dataclass(frozen=True, slots=True)
class NewsResult(VendorResult):
    """What came of reading the feeds; its table is ``headlines``."""


@stage(1, NewsResult, resumable=True)
def news(day: Day, chosen: StageRecord[UniverseResult]) -> Output[NewsResult]:
    """Fetch headlines about the universe and the polarity of each."""

    def fetch() -> Fetched:
        urls = day.settings.vendors.news_urls
        if not urls:
            raise VendorError("no news feed: set vendors.news_urls")
        universe = day.read(chosen.artefacts["universe"], UNIVERSE)
        companies = dict(zip(universe["symbol"], universe["name"], strict=True))
        found = News(Fetcher(day.settings.vendors), urls).fetch(companies, now=day.as_of)
        model = day.settings.signals.sentiment_model
        scored = found.headlines.assign(
            polarity=polarity(found.headlines["title"].tolist(), model=model)
        )
        return scored, found.payloads, found.problems

    return staged_or_empty(day, NewsResult, "headlines", HEADLINES, fetch)
